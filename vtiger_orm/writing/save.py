"""Plans that create, save, delete and re-read one record.

`save` sends the changed fields with `revise` and nothing else; the answer, which is the whole
record as the CRM now has it, is loaded back and compared with what was sent. `create` fills in
the owner from the session's user.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from ..calls.operations import Create, Delete, FilePart, Me, Row
from ..calls.plans import Plan, perform
from ..calls.protocols import environment_of
from ..calls.server import Facts, facts_of
from ..errors import (
    AccessDenied,
    DoesNotExist,
    InvalidRecord,
    InvalidValue,
    NotFound,
    TransportError,
)
from ..planner.single import find_row, read_row
from . import clock
from .answers import (
    forget_unanswered,
    judged,
    must_be_read,
    read_again,
    refuse_adjusted,
)
from .create_once import create_once
from .line_items import is_inventory
from .prepare import Prepared, SaveOperation, needs_user, owned, prepare, read_stored
from .rules import Problem, Rule, check_delete, enforce
from .state import items_of, state_of, take_items
from .unmodified import check_unmodified
from .wire import fields_of

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..metadata.module import ModuleMeta
    from ..records import BaseRecord

R = TypeVar("R", bound="BaseRecord")

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
) -> Plan[None]:
    """Write what changed: `create` without an id, else `revise` (or `update` when asked).

    With `if_unmodified` the record's `modifiedtime` is read first and compared with the one
    that was loaded; raises `StaleRecord` when they differ. Raises `InvalidRecord` before
    anything is sent, `OutcomeUnknown` when the answer to a create was lost, and in strict mode
    `ValuesAdjusted` when the CRM stored other values than were sent.
    """
    if operation not in get_args(SaveOperation):
        raise InvalidValue(f"save() sends 'revise' or 'update', not {operation!r}.")
    facts = facts_of(runner)
    stored = yield from read_stored([record], runner, operation=operation)
    present = stored.get(str(record._saved_id))
    prepared = prepare(record, facts, operation=operation, present=present, file=file)
    if prepared is None:
        return
    if needs_user(record, facts):
        user = str((yield from perform(Me()))["id"])
        # Another task may have saved the record in the meantime.
        prepared = prepare(record, facts, operation=operation, present=present, file=file)
        if prepared is None:
            return
        prepared = owned(prepared, record.meta, user)
    if isinstance(prepared.call, Create):
        row = yield from create_once(record, prepared.call, facts, environment_of(runner))
    else:
        if if_unmodified:
            yield from check_unmodified(prepared, environment_of(runner))
        row = yield from perform(prepared.call)
    if must_be_read(prepared, row):
        # The record is known from here on, whatever becomes of the reading.
        record._settle(fields_of(row), runner)
        [(prepared, row)] = yield from read_again([(prepared, row)], runner)
    settle(record, prepared, row, facts, runner)


def settle(
    record: BaseRecord, prepared: Prepared, row: Row, facts: Facts, runner: Runner | None
) -> None:
    """Load the answer of a write back into its record; raises `ValuesAdjusted` if strict."""
    row, adjusted = judged(prepared, row)
    record._settle(row, runner)
    forget_unanswered(record, row)
    take_items(record, row)
    if isinstance(prepared.call, Create):
        clock.check(runner, row)
    state = state_of(record)
    state.lost = None
    state.adjusted = adjusted
    refuse_adjusted(f"{record.meta.name} {record._saved_id}", adjusted, facts, record)


def delete(record: BaseRecord, *, runner: Runner | None = None) -> Plan[None]:
    """Move the record to the CRM's recycle bin. One that is gone already counts as deleted."""
    id_ = record._saved_id
    meta = record.meta
    if id_ is None:
        raise DoesNotExist(f"This {meta.name} record was never saved: there is nothing to delete.")
    yield from delete_id(meta, id_, runner)


def delete_id(meta: ModuleMeta, id_: str, runner: Runner | None) -> Plan[None]:
    enforce(meta, check_delete(meta), facts_of(runner))
    try:
        yield from perform(Delete(id_))
    except (AccessDenied, NotFound, TransportError):
        # The server says the same of a record that is gone, perhaps by this very call whose
        # answer was lost, as of one that may not be deleted.
        found = yield from find_row(meta, id_, environment_of(runner), columns=("id",))
        if found is not None:
            raise


def refresh(record: BaseRecord, *, runner: Runner | None = None) -> Plan[None]:
    """Read the record again; unsaved changes are dropped. Raises the model's `DoesNotExist`."""
    id_ = record._saved_id
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
    record._settle(row, runner)
    forget_unanswered(record, row, items=True)
    take_items(record, row)
    state_of(record).adjusted = ()


def _refuse_read_only(meta: ModuleMeta, values: Mapping[str, object]) -> None:
    problems = [
        Problem(name, Rule.READ_ONLY, f"{name} cannot be given: the CRM sets it when it creates.")
        for name in values
        if (each := meta.fields.get(name)) is not None and not each.editable
    ]
    if problems:
        raise InvalidRecord(meta.name, problems)
