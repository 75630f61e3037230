"""From a record to the one call that writes it: pure, and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ..calls.operations import Create, FilePart, Revise, Update
from ..calls.server import Facts
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from ..values import encode
from .doubt import refuse_unsettled
from .line_items import is_inventory, refuse_individual_tax, with_items
from .rules import Problem, Rule, check_create, check_revise, enforce
from .state import has_state, items_of
from .wire import to_wire

if TYPE_CHECKING:
    from ..records import BaseRecord

SaveOperation: TypeAlias = Literal["revise", "update"]

_TASK: Final = "Task"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked write."""

    call: Create | Revise | Update
    sent: Mapping[str, Any]
    """The wire values of the call that the answer is compared with."""


def owner_field(meta: ModuleMeta) -> FieldMeta | None:
    """The mandatory owner field, which the CRM does not fill by itself."""
    for each in meta.fields.values():
        if each.mandatory and each.wire == "assigned_user_id":
            return each
    return None


def needs_user(record: BaseRecord, facts: Facts) -> bool:
    """Whether the session's user has to be known to write the record."""
    owner = owner_field(record.meta)
    return (
        record._saved_id is None
        and owner is not None
        and facts.dialect != "restfulapi"
        and record.__dict__.get(owner.name) is None
    )


def prepare(
    record: BaseRecord,
    facts: Facts,
    *,
    operation: SaveOperation = "revise",
    present: Mapping[str, Any] | None = None,
    file: FilePart | None = None,
) -> Prepared | None:
    """The call that writes what changed, or None when nothing did.

    A new record may lack its owner yet (`owned`); `present` are the stored values that `update`
    has to send again. Raises `InvalidRecord` (nothing may be sent then), `OutcomeUnknown` for a
    record whose create was lost, and `BeingSaved` while another task or thread creates it.
    """
    id_ = record._saved_id
    if id_ is None:
        return _prepare_create(record, facts, file)
    return _prepare_change(record, id_, facts, operation, present or {})


def owned(prepared: Prepared, meta: ModuleMeta, user: str) -> Prepared:
    """The creation with the session's user as the owner."""
    owner = owner_field(meta)
    if owner is None or not isinstance(prepared.call, Create):
        return prepared
    values = {**prepared.sent, owner.wire: user}
    return Prepared(replace(prepared.call, values=values), values)


def _prepare_create(record: BaseRecord, facts: Facts, file: FilePart | None) -> Prepared:
    meta = record.meta
    if has_state(record):
        refuse_unsettled(record)
    given = to_wire(meta, record._outgoing(), facts.clock.zone.tz)
    # A blank is what a new record has anyway, unless the CRM has a default.
    wire = {
        name: value
        for name, value in given.items()
        if value != "" or ((each := meta.by_wire.get(name)) and each.default)
    }
    if meta.name == "Calendar":
        wire.setdefault("activitytype", _TASK)
    if is_inventory(meta):
        items = items_of(record)
        if items.loaded:
            with_items(meta, wire, items, facts)
    problems = [*check_create(meta, wire, facts), *_check_activity(meta, wire)]
    if is_inventory(meta) and "LineItems" not in wire:
        problems.append(
            Problem(
                "",
                Rule.MANDATORY,
                "it needs at least one line item: create(..., items=[LineItem(...)]) or "
                "record.crm.items.append(...).",
            )
        )
    enforce(meta, problems, facts)
    refuse_individual_tax(meta, wire, facts)
    return Prepared(Create(meta.name, wire, file), wire)


def _prepare_change(
    record: BaseRecord,
    id_: str,
    facts: Facts,
    operation: SaveOperation,
    present: Mapping[str, Any],
) -> Prepared | None:
    meta = record.meta
    changed = to_wire(meta, record._outgoing(), facts.clock.zone.tz)
    items_changed = has_state(record) and is_inventory(meta) and items_of(record).changed
    if not changed and not items_changed:
        return None
    problems = check_revise(meta, changed, facts, present=_beside(record, facts))
    enforce(meta, [*problems, *_check_activity(meta, changed)], facts)
    wire: dict[str, Any] = dict(changed)
    if items_changed:
        wire = {**_currency(record, facts), **wire}
        with_items(meta, wire, items_of(record), facts)
    refuse_individual_tax(meta, wire, facts)
    if operation == "revise":
        return Prepared(Revise(id_, wire), wire)
    again = {
        name: value
        for name, value in present.items()
        if name == "description" or ((each := meta.by_wire.get(name)) and each.mandatory)
    }
    # `update` takes an empty reference for "leave it"; only null clears one.
    cleared = {name: None for name, value in wire.items() if value == "" and _refers(meta, name)}
    return Prepared(Update(id_, {**again, **wire, **cleared}), wire)


def _beside(record: BaseRecord, facts: Facts) -> dict[str, str]:
    """Stored values of picklists that others depend on, as far as they are loaded."""
    found = {}
    for dependency in facts.dependencies.get(record.meta.name, ()):
        for name in (dependency.source, dependency.target):
            each = record.meta.by_wire.get(name)
            if each is not None and each.name in record.__dict__:
                found[name] = encode(each, record.__dict__[each.name])
    return found


def _currency(record: BaseRecord, facts: Facts) -> dict[str, str]:
    """A foreign currency and its rate, which some servers reset when items are written."""
    found: dict[str, str] = {}
    for name in ("currency_id", "conversion_rate"):
        each = record.meta.by_wire.get(name)
        value = record.__dict__.get(each.name) if each is not None and each.editable else None
        if each is None or value is None:
            return {}
        found[name] = encode(each, value)
    return found if float(found["conversion_rate"]) != 1 else {}


def _check_activity(meta: ModuleMeta, wire: Mapping[str, Any]) -> list[Problem]:
    """Tasks are Calendar, everything else is Events: a wrong type hides the record from both."""
    kind = wire.get("activitytype")
    if kind is None or meta.name not in ("Calendar", "Events"):
        return []
    if meta.name == "Calendar" and kind != _TASK:
        return [Problem("activitytype", Rule.VALUE, f"a Calendar record is a {_TASK!r}.")]
    if meta.name == "Events" and kind in (_TASK, "Emails"):
        message = f"{kind!r} is no event: tasks are records of Calendar, mails of Emails."
        return [Problem("activitytype", Rule.VALUE, message)]
    return []


def _refers(meta: ModuleMeta, name: str) -> bool:
    each = meta.by_wire.get(name)
    return each is not None and each.family is Family.REFERENCE and each.kind is not Kind.OWNER
