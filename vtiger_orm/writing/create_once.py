"""No doubles: a create is sent once, and what a lost answer leaves open is found out.

The API has no idempotency key. Where a field of the module holds the caller's own identity of a
record (`external_ids`), a lost create is looked for before it is repeated; where not, the record
stays in doubt until `record.crm.resolve()`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ..calls.environment import Environment
from ..calls.operations import Create, Retrieve, Row
from ..calls.outcome import outcome_of
from ..calls.plans import Plan, perform
from ..calls.server import ServerFacts
from ..errors import ConfigError, VtigerError
from ..ids import parse_id
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner.rows import read_row
from ..records.handle import saved_id
from ..records.handle import settle as take_over
from .answers import fields_of
from .doubt import (
    answered,
    failed,
    in_flight,
    not_there_yet,
    refuse_unsettled,
    undecided,
    unknown_outcome,
)
from .lost_records import Found, by_identity, look_alikes
from .memory import LostCreate, state_of

if TYPE_CHECKING:
    from ..records import BaseRecord


def create_once(
    record: BaseRecord, call: Create, facts: ServerFacts, env: Environment, *, again: bool = True
) -> Plan[Row]:
    """Send the create of a claimed record. Raises `OutcomeUnknown` when nobody can tell its
    outcome.

    With `again` it is sent once more where the record is looked for and is not there.
    """
    identity_field(record.meta, facts)  # a wrong name is told before it is needed
    try:
        row = yield from perform(call)
        answered(record, row, facts)
        return row
    except VtigerError as error:
        lost = failed(record, error)
        if lost is None:
            raise
        over, found = lost.over(), Found(doubt="it was not looked for")
        if (identity := _identity(record.meta, lost, facts)) is not None:
            with suppress(VtigerError):
                found = yield from by_identity(record.meta, *identity, env)
        if len(found.ids) == 1:
            return (yield from _read(record, found.ids[0], env))
        absent = over and not found.ids and not found.doubt
        if not (absent and again and outcome_of(error).repeatable):
            raise unknown_outcome(record, lost) from error
    # Not there, and the server is done with it: sending it again cannot make a double.
    in_flight(record, call, facts)
    return (yield from create_once(record, call, facts, env, again=False))


def identity_field(meta: ModuleMeta, facts: ServerFacts) -> FieldMeta | None:
    """The field that holds the caller's own identity of a record, if one is configured.

    Raises `ConfigError` for a name that is no field of the module.
    """
    name = facts.external_ids.get(meta.name)
    if name is None:
        return None
    found = meta.fields.get(name) or meta.by_wire.get(name)
    if found is None:
        raise ConfigError(
            f"external_ids names {meta.name}.{name}, which is no field of {meta.name}."
        )
    return found


def has_identity(meta: ModuleMeta, lost: LostCreate, facts: ServerFacts) -> bool:
    """Whether the create sent the caller's own identity of the record."""
    return _identity(meta, lost, facts) is not None


def _identity(
    meta: ModuleMeta, lost: LostCreate, facts: ServerFacts
) -> tuple[FieldMeta, str] | None:
    each = identity_field(meta, facts)
    value = lost.sent.get(each.wire) if each is not None else None
    if each is None or not isinstance(value, str) or not value.strip():
        return None
    return each, value


def resolve(record: BaseRecord, facts: ServerFacts, env: Environment) -> Plan[bool]:
    """Find out what became of a lost create.

    True: the record exists and is loaded. False: it does not, and may be saved again. Raises
    `OutcomeUnknown` while the server may still be at work on it (`outcome.until`), and when
    several records could be the one; then tell which with `adopt`.
    """
    state = state_of(record)
    if state.saving:
        refuse_unsettled(record)
    lost = state.lost
    if lost is None:
        return saved_id(record) is not None
    over = lost.over()
    identity = _identity(record.meta, lost, facts)
    if identity is not None:
        found = yield from by_identity(record.meta, *identity, env)
    else:
        found = yield from look_alikes(record.meta, lost, env)
    if len(found.ids) == 1:
        yield from adopt(record, found.ids[0], env)
        return True
    if found.ids:
        several = f"{len(found.ids)} records have its values: {', '.join(found.ids[:10])}"
        raise undecided(record, lost, several)
    if found.doubt:
        raise undecided(record, lost, found.doubt)
    if not over:
        raise not_there_yet(record, lost)
    state.lost = None
    return False


def adopt(record: BaseRecord, id_: str, env: Environment) -> Plan[None]:
    """Take an existing record for the one that was to be created, and load it."""
    row = yield from _read(record, str(parse_id(id_)), env)
    state = state_of(record)
    take_over(record, fields_of(row), None, state.lost.given if state.lost is not None else None)
    state.lost = None


def _read(record: BaseRecord, id_: str, env: Environment) -> Plan[Row]:
    if env.lists is None:
        return (yield from perform(Retrieve(id_)))
    row = yield from read_row(record.meta, id_, env)
    if row is None:
        raise record.DoesNotExist(f"{record.meta.name} {id_} is not there.")
    return row


def forget(record: BaseRecord) -> None:
    """The caller knows that the record was not created: it may be saved again."""
    state_of(record).lost = None
