"""Plans that create, save, delete and re-read one record.

`save` sends the changed fields with `revise` and nothing else; the answer, which is the whole
record as the CRM now has it, is loaded back and compared with what was sent. `create` fills in
the owner from the session's user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

from .._dataclass import dataclass
from .._writes import Problem, Rule
from ..calls.environment import Environment
from ..calls.operations import Create, Delete, FilePart, Me, Row
from ..calls.outcome import Again, Fate, outcome_of
from ..calls.plans import Plan, perform
from ..calls.protocols import environment_of
from ..calls.server import ServerFacts, recognised, server_facts
from ..errors import DoesNotExist, InvalidRecord, InvalidValue, VtigerError
from ..metadata.server import Hazard
from ..planner.rows import find_row, read_row
from ..records.handle import outgoing, saved_id
from ..records.handle import settle as take_over
from .answers import (
    fields_of,
    forget_unanswered,
    judged,
    must_be_read,
    read_again,
    received,
    refuse_adjusted,
)
from .changeset import changeset_of
from .create_once import create_once
from .damage import write_and_tell
from .doubt import claimed
from .line_items import is_inventory
from .memory import items_of, state_of, take_items
from .owners import prove_owners
from .policies.servers import damages
from .policies.table import why_read_only
from .posted import refuse_posted
from .prepare import Prepared, SaveOperation, needs_user, owned, prepare, read_stored, reads_first
from .rebuild import quiet, rebuild
from .rules import check_delete, enforce
from .unmodified import check_unmodified

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..metadata.module import ModuleMeta
    from ..records import BaseRecord

R = TypeVar("R", bound="BaseRecord")

_OPERATIONS: Final = get_args(SaveOperation)

__all__ = ["SaveOperation", "create", "delete", "refresh", "save"]


def create(
    model: type[R],
    values: Mapping[str, object],
    *,
    runner: Runner | None = None,
    file: FilePart | None = None,
) -> Plan[R]:
    """Create a record of `model` from attributes and return it as the CRM stored it.

    `items` among the values are the line items of an inventory record. Raises `InvalidRecord`
    before anything is sent, `OutcomeUnknown` (with the record) when the answer was lost.
    """
    _refuse_read_only(model.meta, values)
    record = draft(model, values)
    yield from save(record, runner=runner, file=file)
    return record


def draft(model: type[R], values: Mapping[str, object]) -> R:
    """An unsaved record of attributes and, for an inventory record, `items`. Raises
    `InvalidValue`."""
    given: dict[str, Any] = dict(values)
    meta = model.meta
    items = given.pop("items", None) if is_inventory(meta) and "items" not in meta.fields else None
    record = model(**given)
    if items is not None:
        items_of(record).replace(items)
    return record


def save(
    record: BaseRecord,
    *,
    if_unmodified: bool = False,
    operation: SaveOperation = "revise",
    runner: Runner | None = None,
    file: FilePart | None = None,
    accept_damage: bool = False,
    rebuild_items: bool = False,
) -> Plan[None]:
    """Write what changed: `create` without an id, else `revise` (or `update` when asked).

    With `if_unmodified` the record's `modifiedtime` is read first and compared with the one
    that was loaded; raises `StaleRecord` when they differ. Raises `InvalidRecord` before
    anything is sent, `OutcomeUnknown` when the answer to a create was lost, and in strict mode
    `ValuesAdjusted` when the CRM stored other values than were sent.

    What would damage the record on this kind of server is refused (`NotSupported`) unless
    `accept_damage`, which tells by a warning what was lost; `rebuild_items` takes the way around
    that keeps the items of an inventory record, and raises `ItemsLost` where it does not.
    """
    if operation not in _OPERATIONS:
        raise InvalidValue(f"save() sends 'revise' or 'update', not {operation!r}.")
    facts = yield from recognised(runner)
    change, present = changeset_of(record, file, facts.clock.zone.tz), None
    if reads_first(change, facts, operation):
        stored = yield from read_stored([record], runner, operation=operation)
        present = stored.get(str(saved_id(record)))
        # Another task may have changed the record in the meantime.
        change = changeset_of(record, file, facts.clock.zone.tz)
    given = change.values
    rebuilds = rebuild_items and facts.server.refusal(Hazard.CHANGE_HEADER) is not None
    accepts = accept_damage or rebuilds
    prepared = prepare(
        record,
        facts,
        operation=operation,
        present=present,
        file=file,
        accept_damage=accepts,
        change=change,
    )
    if prepared is None:
        return
    if needs_user(record, facts):
        user = str((yield from perform(Me()))["id"])
        # Another task may have saved or changed the record in the meantime, and a login tells
        # which server it is.
        facts = server_facts(runner)
        given = outgoing(record)
        prepared = prepare(record, facts, operation=operation, present=present, file=file)
        if prepared is None:
            return
        prepared = owned(prepared, record.meta, user)
    yield from prove_owners([prepared], runner)
    written = Written(record, prepared, given)
    if isinstance(prepared.call, Create):
        with claimed(record, prepared.call, facts):
            row = yield from create_once(record, prepared.call, facts, environment_of(runner))
            yield from _take_over(written, row, facts, runner)
        return
    if if_unmodified:
        yield from check_unmodified(prepared, environment_of(runner))
    if rebuilds and is_inventory(record.meta):
        row = yield from rebuild(prepared)
        written = replace(written, prepared=quiet(prepared))
    elif accept_damage and damages(prepared.change, facts):
        row = yield from write_and_tell(prepared, environment_of(runner))
    else:
        row = yield from perform(prepared.call)
    yield from _take_over(written, row, facts, runner)


def _take_over(written: Written, row: Row, facts: ServerFacts, runner: Runner | None) -> Plan[None]:
    record, prepared = written.record, received(written.prepared, row, facts)
    if must_be_read(prepared, row):
        # The record is known from here on, whatever becomes of the reading.
        take_over(record, fields_of(row), runner, written.given)
        state_of(record).lost = None
        [(prepared, row)] = yield from read_again([(prepared, row)], runner)
        written = replace(written, prepared=prepared, given={})
    settle(written, row, facts, runner)


@dataclass(frozen=True, slots=True)
class Written:
    """A write that was sent, as long as its answer is not taken over."""

    record: BaseRecord
    prepared: Prepared
    given: Mapping[str, object]
    """The record's changes when the write was prepared: later ones are kept as changes."""


def settle(written: Written, row: Row, facts: ServerFacts, runner: Runner | None) -> None:
    """Load the answer of a write back into its record; raises `ValuesAdjusted` if strict."""
    record, prepared = written.record, written.prepared
    row, adjusted = judged(prepared, row, facts)
    take_over(record, row, runner, written.given)
    forget_unanswered(record, row)
    take_items(record, row)
    state = state_of(record)
    state.lost = None
    state.adjusted = adjusted
    refuse_adjusted(f"{record.meta.name} {saved_id(record)}", adjusted, facts, record)


def delete(record: BaseRecord, *, runner: Runner | None = None) -> Plan[None]:
    """Move the record to the CRM's recycle bin. One that is gone already counts as deleted."""
    id_ = saved_id(record)
    meta = record.meta
    if id_ is None:
        raise DoesNotExist(f"This {meta.name} record was never saved: there is nothing to delete.")
    refuse_posted(record)
    yield from delete_id(meta, id_, runner)


def delete_id(meta: ModuleMeta, id_: str, runner: Runner | None) -> Plan[None]:
    enforce(meta, check_delete(meta), server_facts(runner))
    try:
        yield from perform(Delete(id_))
    except VtigerError as error:
        if not may_be_gone(error) or not (yield from is_gone(meta, id_, environment_of(runner))):
            raise


def may_be_gone(error: VtigerError) -> bool:
    """Whether a record may be gone although its deletion failed.

    The server says the same of a record that is gone, perhaps by this very call whose answer was
    lost, as of one that may not be deleted.
    """
    outcome = outcome_of(error)
    return not outcome.undone or (outcome.fate is Fate.REFUSED and outcome.again is Again.NO)


def is_gone(meta: ModuleMeta, id_: str, env: Environment) -> Plan[bool | None]:
    """Whether the record is no longer there to be read; None where the CRM cannot be asked."""
    try:
        return (yield from find_row(meta, id_, env, columns=("id",))) is None
    except VtigerError:
        return None


def refresh(record: BaseRecord, *, runner: Runner | None = None) -> Plan[None]:
    """Read the record again; unsaved changes are dropped. Raises the model's `DoesNotExist`."""
    id_ = saved_id(record)
    meta = record.meta
    if id_ is None:
        raise record.DoesNotExist(
            f"This {meta.name} record was never saved: there is nothing to read."
        )
    row = yield from read_row(meta, id_, environment_of(runner))
    if row is None:
        raise record.DoesNotExist(
            f"{meta.name} {id_} is not there: deleted, or hidden from this session's user."
        )
    row = fields_of(row)
    take_over(record, row, runner)
    forget_unanswered(record, row, items=True)
    take_items(record, row)
    state_of(record).adjusted = ()


def _refuse_read_only(meta: ModuleMeta, values: Mapping[str, object]) -> None:
    problems = [
        Problem(
            name,
            Rule.READ_ONLY,
            f"{name} cannot be given: "
            f"{why_read_only(meta, each.wire) or 'the CRM sets it when it creates.'}",
        )
        for name in values
        if (each := meta.fields.get(name)) is not None and not each.editable
    ]
    if problems:
        raise InvalidRecord(meta.name, problems)
