"""No doubles: a create is sent once, and what a lost answer leaves open is found out.

The API has no idempotency key. Where a field of the module holds the caller's own identity of a
record (`external_ids`), a lost create is looked for before it is repeated; where not, the record
stays in doubt until `record.crm.resolve()`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ..calls.environment import Environment
from ..calls.operations import Create, Retrieve, Row
from ..calls.plans import Plan, collect_rows, perform
from ..calls.server import Facts
from ..conditions.tree import Compare, Equal, Node, Selection, all_of
from ..errors import (
    ApiError,
    ConfigError,
    NotSupported,
    OutcomeUnknown,
    RecordError,
    SchemaError,
    ServerError,
    Timeout,
    TransportError,
)
from ..ids import parse_id
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner import plan_rows
from .prepare import unknown_outcome
from .state import LostCreate, state_of
from .wire import fields_of

if TYPE_CHECKING:
    from ..records import BaseRecord

_CLOCK_TOLERANCE: Final = timedelta(minutes=30)
"""How far this machine's clock and the server's may differ when a lost record is looked for."""

_SAFE_LENGTH: Final = 40
"""Text up to this length fits every standard column, so it is stored as it was sent."""

_DEFINITE: Final = frozenset({"FAILED_TO_CREATE", "CURRENCY_INACTIVE"})

_GIVEN_UP: Final = frozenset({408, 504, 524})
"""HTTP statuses by which a proxy says that it waits no longer; the server may go on."""

_claiming = threading.Lock()


def lost(error: BaseException) -> bool:
    """Whether the error leaves open if the create took place."""
    if isinstance(error, TransportError):
        return error.sent
    return isinstance(error, ServerError) and error.code not in _DEFINITE


def unfinished(error: BaseException | None) -> bool:
    """Whether the server may still be at work on the call: that the record is not found then
    proves nothing yet."""
    return isinstance(error, Timeout) or getattr(error, "status", None) in _GIVEN_UP


def claim(record: BaseRecord, call: Create) -> None:
    """From now on the record is in doubt, until its create is answered.

    Raises `OutcomeUnknown` when it is already, and `RecordError` when it was saved meanwhile:
    another thread or task works on the same record.
    """
    with _claiming:
        if record._saved_id is not None:
            raise RecordError(
                f"This {record.meta.name} record became {record._saved_id} meanwhile: another "
                "thread or task saved it. Nothing was sent."
            )
        state = state_of(record)
        if state.lost is not None:
            raise unknown_outcome(record)
        state.lost = LostCreate(call.values, datetime.now(UTC))


def create_once(record: BaseRecord, call: Create, facts: Facts, env: Environment) -> Plan[Row]:
    """Send a create. Raises `OutcomeUnknown` with the record when nobody can tell its outcome."""
    identity_field(record.meta, facts)  # a wrong name is told before it is needed
    try:
        return (yield from _send(record, call))
    except (TransportError, ServerError) as error:
        if not lost(error):
            state_of(record).lost = None
            raise
        found = yield from _by_identity(record.meta, call.values, facts, env)
        if found is None or (not found and unfinished(error)):
            raise unknown_outcome(record) from error
        if found:
            return (yield from perform(Retrieve(found)))
    # It was looked for and is not there: repeating it cannot make a double.
    state_of(record).lost = None
    try:
        return (yield from _send(record, call))
    except (TransportError, ServerError) as error:
        if not lost(error):
            state_of(record).lost = None
            raise
        found = yield from _by_identity(record.meta, call.values, facts, env)
        if not found:
            raise unknown_outcome(record) from error
        return (yield from perform(Retrieve(found)))


def _send(record: BaseRecord, call: Create) -> Plan[Row]:
    """Until the answer is here, the record is in doubt: also when the task is cancelled."""
    claim(record, call)
    try:
        row = yield from perform(call)
    except (ApiError, ConfigError, NotSupported, SchemaError) as error:
        if not lost(error):  # refused by the CRM, or never sent
            state_of(record).lost = None
        raise
    state_of(record).lost = None
    return row


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
    except (TransportError, ServerError):
        return None
    return ids[0] if len(ids) == 1 else None if ids else ""


def find_exactly(
    meta: ModuleMeta, each: FieldMeta, value: str, env: Environment
) -> Plan[list[str]]:
    """Ids of the records whose field is exactly this text; the CRM itself ignores case."""
    selection = Selection(meta, Equal(each, value), columns=(meta.id, each))
    rows = yield from collect_rows(plan_rows(selection, env))
    return [str(row["id"]) for row in rows if row.get(each.wire) == value]


def resolve(
    record: BaseRecord, facts: Facts, env: Environment, *, conclusive: bool = True
) -> Plan[bool]:
    """Find out what became of a lost create.

    True: the record exists and is loaded. False: it does not, and may be saved again; unless
    `conclusive`, when the server may not be done with it yet, it stays in doubt. Raises
    `OutcomeUnknown` when several records could be the one; then tell which with `adopt`.
    """
    state = state_of(record)
    if state.lost is None:
        return record._saved_id is not None
    meta = record.meta
    each = identity_field(meta, facts)
    value = state.lost.sent.get(each.wire) if each is not None else None
    if each is not None and isinstance(value, str) and value.strip():
        ids = yield from find_exactly(meta, each, value, env)
    else:
        ids = yield from _look_alikes(meta, state.lost, facts, env)
    if len(ids) > 1:
        raise _several(record, ids)
    if not ids:
        if conclusive:
            state.lost = None
        return False
    yield from adopt(record, ids[0])
    return True


def adopt(record: BaseRecord, id_: str) -> Plan[None]:
    """Take an existing record for the one that was to be created, and load it."""
    row = yield from perform(Retrieve(str(parse_id(id_))))
    state_of(record).lost = None
    record._settle(fields_of(row), None)


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
