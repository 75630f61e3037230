"""No doubles: a create is sent once, and what a lost answer leaves open is found out.

The API has no idempotency key. Where a field of the module holds the caller's own identity of a
record (`external_ids`), a lost create is looked for before it is repeated; where not, the record
stays in doubt until `record.crm.resolve()`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from ..calls.environment import Environment
from ..calls.operations import Create, Retrieve, Row
from ..calls.outcome import outcome_of
from ..calls.plans import Plan, collect_rows, perform
from ..calls.server import Facts
from ..conditions.tree import Compare, Equal, Node, Selection, all_of
from ..errors import ConfigError, OutcomeUnknown, VtigerError
from ..ids import parse_id
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner import plan_rows
from .answers import fields_of
from .doubt import failed, in_flight, not_there_yet, refuse_unsettled, unknown_outcome
from .state import LostCreate, state_of

if TYPE_CHECKING:
    from ..records import BaseRecord

_CLOCK_TOLERANCE: Final = timedelta(minutes=30)
"""How far this machine's clock and the server's may differ when a lost record is looked for."""

_SAFE_LENGTH: Final = 40
"""Text up to this length fits every standard column, so it is stored as it was sent."""


def create_once(
    record: BaseRecord, call: Create, facts: Facts, env: Environment, *, again: bool = True
) -> Plan[Row]:
    """Send the create of a claimed record. Raises `OutcomeUnknown` when nobody can tell its
    outcome.

    With `again` it is sent once more where the record is looked for and is not there.
    """
    identity_field(record.meta, facts)  # a wrong name is told before it is needed
    try:
        return (yield from perform(call))
    except VtigerError as error:
        lost = failed(record, error)
        if lost is None:
            raise
        over = lost.over()
        found = yield from _by_identity(record.meta, lost.sent, facts, env)
        if found:
            return (yield from perform(Retrieve(found)))
        if found is None or not (over and again and outcome_of(error).repeatable):
            raise unknown_outcome(record, lost) from error
    # Not there, and the server is done with it: sending it again cannot make a double.
    in_flight(record, call, facts)
    return (yield from create_once(record, call, facts, env, again=False))


def identity_field(meta: ModuleMeta, facts: Facts) -> FieldMeta | None:
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


def _by_identity(
    meta: ModuleMeta, sent: Mapping[str, Any], facts: Facts, env: Environment
) -> Plan[str | None]:
    """The id of the record with the external id that was sent, ``""`` when there is none, None
    when it cannot be told."""
    each = identity_field(meta, facts)
    value = sent.get(each.wire) if each is not None else None
    if each is None or not isinstance(value, str) or not value.strip():
        return None
    try:
        ids = yield from find_exactly(meta, each, value, env)
    except VtigerError:
        return None
    return ids[0] if len(ids) == 1 else None if ids else ""


def find_exactly(
    meta: ModuleMeta, each: FieldMeta, value: str, env: Environment
) -> Plan[list[str]]:
    """Ids of the records whose field is exactly this text; the CRM itself ignores case."""
    selection = Selection(meta, Equal(each, value), columns=(meta.id, each))
    rows = yield from collect_rows(plan_rows(selection, env))
    return [str(row["id"]) for row in rows if row.get(each.wire) == value]


def resolve(record: BaseRecord, facts: Facts, env: Environment) -> Plan[bool]:
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
        return record._saved_id is not None
    over = lost.over()
    meta = record.meta
    each = identity_field(meta, facts)
    value = lost.sent.get(each.wire) if each is not None else None
    if each is not None and isinstance(value, str) and value.strip():
        ids = yield from find_exactly(meta, each, value, env)
    else:
        ids = yield from _look_alikes(meta, lost, facts, env)
    if len(ids) > 1:
        raise _several(record, ids)
    if ids:
        yield from adopt(record, ids[0])
        return True
    if not over:
        raise not_there_yet(record, lost)
    state.lost = None
    return False


def adopt(record: BaseRecord, id_: str) -> Plan[None]:
    """Take an existing record for the one that was to be created, and load it."""
    row = yield from perform(Retrieve(str(parse_id(id_))))
    state = state_of(record)
    record._settle(fields_of(row), None, state.lost.given if state.lost is not None else None)
    state.lost = None


def forget(record: BaseRecord) -> None:
    """The caller knows that the record was not created: it may be saved again."""
    state_of(record).lost = None


def _several(record: BaseRecord, ids: list[str]) -> OutcomeUnknown:
    error = OutcomeUnknown(
        f"{len(ids)} records of {record.meta.name} have the values of the lost create: "
        f"{', '.join(ids[:10])}. Look at them, then call record.crm.resolve(id=...) with the one "
        "it became, or record.crm.resolve(absent=True) when it is none of them."
    )
    error.record = record
    return error


def _look_alikes(
    meta: ModuleMeta, lost: LostCreate, facts: Facts, env: Environment
) -> Plan[list[str]]:
    """Records made since the create was sent that have all the values that can be relied on."""
    wanted = dict(_reliable(meta, lost.sent))
    conditions: list[Node] = [Equal(each, value) for each, value in wanted.items()]
    made = meta.by_wire.get("createdtime")
    if made is not None and made.filterable:
        since = (lost.at - _CLOCK_TOLERANCE).astimezone(UTC)
        conditions.append(Compare(made, ">=", since.strftime("%Y-%m-%d %H:%M:%S")))
    if not wanted:
        raise OutcomeUnknown(
            f"No value of the lost create of {meta.name} can be searched for. Look for it in the "
            "CRM, then call record.crm.resolve(id=...) or record.crm.resolve(absent=True)."
        )
    selection = Selection(meta, all_of(*conditions), columns=(meta.id, *wanted))
    rows = yield from collect_rows(plan_rows(selection, env))
    return [
        str(row["id"])
        for row in rows
        if all(
            each.family is not Family.TEXT or row.get(each.wire) == value
            for each, value in wanted.items()
        )
    ]


def _reliable(meta: ModuleMeta, sent: Mapping[str, Any]) -> Iterator[tuple[FieldMeta, str]]:
    """Sent values that the CRM stores unchanged and can be asked for."""
    for name, value in sent.items():
        each = meta.by_wire.get(name)
        if each is None or not each.filterable or not isinstance(value, str) or not value.strip():
            continue
        match each.family:
            case Family.TEXT:
                plain = len(value) <= _SAFE_LENGTH and value == value.strip()
                if plain and all(ord(char) <= 0xFFFF for char in value):
                    yield each, value
            case Family.CHOICE | Family.REFERENCE | Family.DATE:
                yield each, value
            case _:
                continue
