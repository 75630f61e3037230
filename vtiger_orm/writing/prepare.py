"""The one door for writes: from what is to be written to the one call that writes it.

Pure, and checked before anything is sent. Every way of writing comes through here, so that what
one of them refuses all of them refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .._dataclass import dataclass
from .._writes import Problem, Rule
from ..calls.operations import Create, FilePart, Revise, Row, Update
from ..calls.plans import Plan, collect_rows, together
from ..calls.protocols import environment_of
from ..calls.server import ServerFacts, server_facts
from ..conditions.tree import OneOf, Selection
from ..errors import DoesNotExist
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner import plan_rows
from ..planner.list_texts import stored_text
from ..planner.rows import read_row
from ..records.handle import saved_id
from .changeset import Changeset, changeset_of
from .doubt import refuse_unsettled
from .memory import has_state
from .policies.policy import UNSENT, Policy, Wire
from .policies.table import policies_of
from .posted import refuse_posted
from .rules import check_create, check_module, check_revise, check_values, enforce, to_wire

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord

SaveOperation: TypeAlias = Literal["revise", "update"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked write."""

    change: Changeset
    call: Create | Revise | Update
    sent: Mapping[str, Any]
    """What was asked for, in the wire form in which the answer has to show it; with the blanks of
    a new record, which are not sent."""
    unproved: frozenset[str] = frozenset()
    """Wire names of which the answer proves nothing; they are read back where they were sent."""
    doubtful: frozenset[str] = frozenset()
    """Wire names of texts that the answer may show otherwise than they are stored."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """How answers show what was sent, or was read before, where that is not its own form, though
    it is stored so."""

    @property
    def meta(self) -> ModuleMeta:
        return self.change.meta


def owner_field(meta: ModuleMeta) -> FieldMeta | None:
    """The mandatory owner field, which the CRM does not fill by itself."""
    for each in meta.fields.values():
        if each.mandatory and each.wire == "assigned_user_id":
            return each
    return None


def needs_user(record: BaseRecord, facts: ServerFacts) -> bool:
    """Whether the session's user has to be known to write the record."""
    owner = owner_field(record.meta)
    return (
        saved_id(record) is None
        and owner is not None
        and facts.dialect != "restfulapi"
        and record.__dict__.get(owner.name) is None
    )


def owned(prepared: Prepared, meta: ModuleMeta, user: str) -> Prepared:
    """The creation with the session's user as the owner."""
    owner = owner_field(meta)
    if owner is None or not isinstance(prepared.call, Create):
        return prepared
    values = {**prepared.call.values, owner.wire: user}
    sent = {**prepared.sent, owner.wire: user}
    return replace(prepared, call=replace(prepared.call, values=values), sent=sent)


def filled_names(record: BaseRecord, facts: ServerFacts) -> frozenset[str]:
    """Attributes that this new record gets a value for where it is given none."""
    change = changeset_of(record, None, facts.clock.zone.tz)
    meta = change.meta
    wire = to_wire(meta, change.values, change.zone)
    found: set[str] = set()
    for policy in policies_of(meta):
        filled = policy.fills(change, wire, facts)
        found |= policy.defaults | {name for name, value in filled.items() if value != ""}
    found = {name for name in found if not wire.get(name) and name in meta.by_wire}
    owner = owner_field(meta)
    if owner is not None and needs_user(record, facts):
        found.add(owner.wire)
    return frozenset(meta.by_wire[name].name for name in found)


def prepare(
    record: BaseRecord,
    facts: ServerFacts,
    *,
    operation: SaveOperation = "revise",
    present: Row | None = None,
    file: FilePart | None = None,
    accept_damage: bool = False,
    change: Changeset | None = None,
) -> Prepared | None:
    """The call that writes what changed, or None when nothing did.

    A new record may lack its owner yet (`owned`); `present` are the stored values that were read
    for it (`read_stored`), `change` is what is to be written, where that is known. Raises
    `InvalidRecord` and `NotSupported` (nothing may be sent then), `OutcomeUnknown` for a record
    whose create was lost, and `BeingSaved` while another task or thread creates it.
    """
    refuse_posted(record)
    if saved_id(record) is None and has_state(record):
        refuse_unsettled(record)
    if change is None:
        change = changeset_of(record, file, facts.clock.zone.tz)
    if accept_damage:
        change = replace(change, accepts_damage=True)
    return prepare_changeset(change, facts, operation=operation, stored=present)


def prepare_changeset(
    change: Changeset,
    facts: ServerFacts,
    *,
    operation: SaveOperation = "revise",
    stored: Row | None = None,
) -> Prepared | None:
    """`prepare` for any changeset: the same rules for whoever writes."""
    meta, policies = change.meta, policies_of(change.meta)
    change = change.with_stored(stored or {})
    if operation == "update":
        change = replace(change, by_update=True)
    given = to_wire(meta, change.values, change.zone)
    wire = _worth_sending(meta, given) if change.creates else dict(given)
    for policy in policies:
        wire |= policy.given(change, facts)
    if not change.creates and not wire:
        return None
    if change.creates:
        for policy in policies:
            filled = policy.fills(change, wire, facts)
            wire |= {name: value for name, value in filled.items() if not wire.get(name)}
    enforce(meta, _problems(change, wire, facts, policies), facts)
    values = dict(wire)
    if not change.creates:
        if is_replaced(meta, facts):
            values = {**_whole(change, stored), **values}
        for policy in policies:
            values = {**policy.along(change, wire, facts), **values}
    for policy in policies:
        values |= policy.spelt(values, facts)
    values = {name: value for name, value in values.items() if value is not UNSENT}
    shown: dict[str, Any] = {}
    for policy in policies:
        shown |= policy.shown(change, wire, facts)
    if change.id is None:
        blank = {name: "" for name in given if name not in wire and _is_editable(meta, name)}
        return _prepared(change, Create(meta.name, values, change.file), {**blank, **wire}, shown)
    if operation == "revise":
        return _prepared(change, Revise(change.id, values), wire, shown)
    # `update` takes an empty reference for "leave it"; only null clears one.
    cleared = {name: None for name, value in wire.items() if value == "" and _refers(meta, name)}
    again = _damaged_otherwise(meta, stored or {})
    return _prepared(change, Update(change.id, {**again, **values, **cleared}), wire, shown)


def check_given(meta: ModuleMeta, wire: Mapping[str, Any], facts: ServerFacts) -> None:
    """The same rules for values that another operation puts into a new record, beside its own.

    Raises as `prepare` does."""
    change = Changeset(meta, None, {})
    problems = [*check_module(meta), *check_values(meta, wire, facts)]
    for policy in policies_of(meta):
        problems += [each for check in policy.checks for each in check(change, wire, facts)]
    enforce(meta, problems, facts)


def _problems(
    change: Changeset, wire: Mapping[str, Any], facts: ServerFacts, policies: Sequence[Policy]
) -> list[Problem]:
    """Every rule that the write breaks; of the reasons why a field is read-only the closest."""
    if change.creates:
        found = check_create(change.meta, wire, facts)
    else:
        found = check_revise(change.meta, wire, facts, present=_beside(change, facts))
    for policy in policies:
        for check in policy.checks:
            found += check(change, wire, facts)
    told = {each.field: each for each in found if each.rule is Rule.READ_ONLY}
    return [each for each in found if each.rule is not Rule.READ_ONLY or told[each.field] is each]


def _prepared(
    change: Changeset, call: Create | Revise | Update, sent: Wire, shown: Wire
) -> Prepared:
    unproved = [policy.unproved(change, call) for policy in policies_of(change.meta)]
    return Prepared(change, call, sent, frozenset().union(*unproved), shown=shown)


def _worth_sending(meta: ModuleMeta, given: Mapping[str, Any]) -> dict[str, Any]:
    """Without blanks, which a new record has anyway, unless the CRM has a default."""
    return {
        name: value
        for name, value in given.items()
        if value != "" or ((each := meta.by_wire.get(name)) and each.default)
    }


def is_replaced(meta: ModuleMeta, facts: ServerFacts) -> bool:
    """Whether a change of such a record has to send it whole."""
    return any(policy.replaces(facts) for policy in policies_of(meta))


def _whole(change: Changeset, stored: Row | None) -> dict[str, Any]:
    """Every field as it is stored. Raises `DoesNotExist` where it was not read: a part of it would
    empty the rest."""
    if stored is None:
        raise DoesNotExist(
            f"{change.meta.name} {change.id} could not be read, and this CRM empties what a change "
            "does not send. Nothing was sent."
        )
    return {
        name: "" if value is None else value
        for name, value in stored.items()
        if name in change.meta.by_wire and name != "id" and not isinstance(value, dict | list)
    }


def _is_editable(meta: ModuleMeta, name: str) -> bool:
    each = meta.by_wire.get(name)
    return each is not None and each.editable


def _damaged_otherwise(meta: ModuleMeta, stored: Row) -> dict[str, Any]:
    """What `update` demands or damages where it is not told again."""
    return {
        name: value
        for name, value in stored.items()
        if name == "description" or ((each := meta.by_wire.get(name)) and each.mandatory)
    }


def _refers(meta: ModuleMeta, name: str) -> bool:
    each = meta.by_wire.get(name)
    return each is not None and each.family is Family.REFERENCE and each.kind is not Kind.OWNER


def _beside(change: Changeset, facts: ServerFacts) -> dict[str, str]:
    """Stored values of picklists that others depend on, as far as they are known."""
    found = {}
    for dependency in facts.dependencies.get(change.meta.name, ()):
        for name in (dependency.source, dependency.target):
            text = change.known_text(name)
            if text is not None:
                found[name] = text
    return found


# What has to be read first


def needed_fields(change: Changeset, facts: ServerFacts) -> tuple[FieldMeta, ...]:
    """Stored values, not known yet, without which the write would damage something."""
    names = [name for policy in policies_of(change.meta) for name in policy.needs(change, facts)]
    fields = (change.meta.by_wire.get(name) for name in names)
    needed = [
        each
        for each in fields
        if each is not None and each.name not in change.known and each.name not in change.values
    ]
    return (*needed, *(change.meta.by_wire[name] for name in _fresh(change, facts)))


def _fresh(change: Changeset, facts: ServerFacts) -> tuple[str, ...]:
    return tuple(
        name for policy in policies_of(change.meta) for name in policy.fresh(change, facts)
    )


def reads_first(change: Changeset, facts: ServerFacts, operation: SaveOperation) -> bool:
    """Whether stored values have to be read before this is sent: nearly never."""
    if change.creates or operation == "update":
        return not change.creates
    changed = bool(change.values) or change.writes_items
    return changed and (is_replaced(change.meta, facts) or bool(needed_fields(change, facts)))


def read_stored(
    records: Sequence[BaseRecord], runner: Runner | None, *, operation: SaveOperation = "revise"
) -> Plan[dict[str, Row]]:
    """Id -> what `prepare` has to know of these records of one module beside what they hold.

    Nearly always nothing, and no call. `update` has to be told again what it would damage.
    """
    changes = [changeset_of(record) for record in records if saved_id(record) is not None]
    if operation == "update":
        ids = [str(change.id) for change in changes]
        return (yield from _read_whole(changes[0].meta, ids, runner)) if ids else {}
    changed = [each for each in changes if each.values or each.writes_items]
    return (yield from read_needed(changed, runner))


def read_needed(changes: Sequence[Changeset], runner: Runner | None) -> Plan[dict[str, Row]]:
    """Id -> stored values that these changes of records of one module need."""
    facts = server_facts(runner)
    if changes and is_replaced(changes[0].meta, facts):
        return (yield from _read_whole(changes[0].meta, [str(each.id) for each in changes], runner))
    wanted = {str(change.id): needed_fields(change, facts) for change in changes}
    fields = tuple(dict.fromkeys(each for needed in wanted.values() for each in needed))
    ids = [id_ for id_, needed in wanted.items() if needed]
    if not ids:
        return {}
    meta = changes[0].meta
    if not all(each.selectable for each in fields):
        return (yield from _read_whole(meta, ids, runner))
    selection = Selection(meta, OneOf(meta.id, tuple(ids)), columns=(meta.id, *fields))
    env = environment_of(runner)
    rows = yield from collect_rows(plan_rows(selection, env))
    found = {str(row["id"]): row for row in rows}
    texts = {
        (str(change.id), name)
        for change in changes
        for name in _fresh(change, facts)
        if str(change.id) in found
    }
    for id_, name in sorted(texts):
        text = str(found[id_].get(name) or "")
        stored = yield from stored_text(meta, id_, name, text)
        if stored is None:
            del found[id_][name]
        else:
            found[id_][name] = stored
    return found


def _read_whole(
    meta: ModuleMeta, ids: Sequence[str], runner: Runner | None
) -> Plan[dict[str, Row]]:
    env = environment_of(runner)
    rows = yield from together([read_row(meta, id_, env) for id_ in ids])
    return {id_: row for id_, row in zip(ids, rows) if row is not None}
