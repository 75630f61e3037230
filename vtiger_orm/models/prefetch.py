"""`select_related` and `prefetch_related`: the records that a page of records leads to.

For each page, the ids that its references name are read in batches of one full page each, one
batch a target module and page at best. A record that is already at hand is not read again, and
one record is one object as long as somebody holds it.

Relations that a reference field of the other side makes are read with one condition for the whole
page. For the others the CRM tells the related ids of one record a call; the records themselves
are then read in batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from .._dataclass import dataclass
from ..calls.operations import Retrieve, Row
from ..calls.plans import Plan, attempt_all, collect_rows, together
from ..calls.server import server_facts
from ..conditions.field_names import with_id
from ..conditions.q import resolve
from ..conditions.tree import Selection, all_of
from ..dialects.restfulapi_columns import UNLISTED
from ..dialects.restfulapi_filter import check_listed
from ..errors import (
    AccessDenied,
    MalformedAnswer,
    NotFound,
    NotLoaded,
    NotSupported,
    SchemaMismatch,
)
from ..ids import id_number
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner.related_ids import Side
from ..records.handle import columns_of, load, package_of
from ..records.references import Ref, attach
from ..values.uniform_rows import column_or_none
from ..writing.memory import state_of
from .fetches import Fetch, Fetches, modules_led_to
from .query_state import whole_of
from .related_conditions import selected_rows

if TYPE_CHECKING:
    from ..calls.protocols import Package, Runner
    from ..records import BaseRecord
    from ..values.whole_columns import ValueColumn


class IdentityMap:
    """Records at hand, by id: weak, so that streaming through a large module holds no memory."""

    def __init__(self) -> None:
        self._records: WeakValueDictionary[str, BaseRecord] = WeakValueDictionary()

    def get(self, id: str) -> BaseRecord | None:
        return self._records.get(id)

    def add(self, records: Iterable[BaseRecord]) -> None:
        for record in records:
            self._records[str(record.id)] = record


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the records come from that some references of a page name."""

    module: str
    selection: Selection | None


def _check_ids(model: type[BaseRecord], rows: Sequence[Row]) -> None:
    """Raises `MalformedAnswer` for a row without an id, or with that of another module: changes
    of such a record would be written over another one."""
    begin = f"{model.meta.prefix}x"
    for id in column_or_none(rows, "id"):
        if not isinstance(id, str) or not id.startswith(begin):
            raise MalformedAnswer(
                f"The CRM sent a row with the id {id!r} for {model.meta.name}, whose ids begin "
                f"with {begin}: no record can be made of it."
            )


class Loader:
    """Makes records of the rows of one reading, and brings what they refer to."""

    def __init__(
        self, model: type[BaseRecord], selection: Selection, fetches: Fetches, runner: Runner
    ) -> None:
        """Raises `NotSupported` for fetches that this server cannot answer for any record."""
        self._model: Final = model
        self._fetches: Final = fetches
        self._runner: Final = runner
        self._complete: Final = selection.columns is None
        if runner.environment.lists is not None and fetches:
            _check_lists(self._package, model.meta, fetches)

    @cached_property
    def _package(self) -> Package:
        return package_of(self._model)

    @cached_property
    def _identity(self) -> IdentityMap:
        return IdentityMap()

    def load(self, rows: Sequence[Row]) -> list[Any]:
        """The rows as records of the model."""
        records = self._made(self._model, rows)
        if self._fetches and self._complete:
            self._identity.add(records)
        return list(records)

    def columns(self, rows: Sequence[Row], names: tuple[str, ...]) -> list[ValueColumn] | None:
        """The values of these attributes of the rows, attribute by attribute; None where only
        records can tell what is the matter with one."""
        _check_ids(self._model, rows)
        return columns_of(self._model, rows, names, self._runner)

    def _made(self, model: type[BaseRecord], rows: Sequence[Row]) -> list[Any]:
        """Records of rows."""
        _check_ids(model, rows)
        return load(model, rows, self._runner)

    def attach(self, records: Sequence[BaseRecord]) -> Plan[None]:
        """Read what the fetches name and attach it to the references of these records.

        A reference whose record does not come (deleted, or hidden from this user) stays; its
        `loaded` tells why there is none.
        """
        yield from self._follow(records, self._fetches)

    def _follow(self, records: Sequence[BaseRecord], fetches: Fetches) -> Plan[None]:
        for fetch in fetches:
            if fetch.relation:
                yield from self._relate(records, fetch)
        yield from self._refer(records, [each for each in fetches if not each.relation])

    # References

    def _refer(self, records: Sequence[BaseRecord], fetches: Sequence[Fetch]) -> Plan[None]:
        refs = {fetch.name: list(references(records, fetch.name)) for fetch in fetches}
        ids: dict[_Source, dict[str, None]] = {}
        for fetch in fetches:
            for ref in refs[fetch.name]:
                source = self._source(ref, fetch)
                if source is not None:
                    ids.setdefault(source, {})[str(ref)] = None
        found = yield from self._find({source: list(each) for source, each in ids.items()})
        for fetch in fetches:
            arrived: dict[str, BaseRecord] = {}
            for ref in refs[fetch.name]:
                source = self._source(ref, fetch)
                record = found[source].get(str(ref), GONE) if source is not None else UNKNOWN
                attach(ref, record)
                if not isinstance(record, NotLoaded):
                    arrived[str(ref)] = record
            if fetch.nested:
                yield from self._follow(list(arrived.values()), fetch.nested)

    def _source(self, ref: Ref[Any], fetch: Fetch) -> _Source | None:
        place = self._package.place_of(ref)
        if place is None:
            return None
        given = fetch.selection
        own = given is not None and given.module.name == place.module
        return _Source(place.module, given if own else None)

    def _find(
        self, ids: Mapping[_Source, Sequence[str]]
    ) -> Plan[dict[_Source, dict[str, BaseRecord | NotLoaded]]]:
        """The records of each source by id, those at hand and those read now."""
        page = self._runner.environment.page_size
        found: dict[_Source, dict[str, BaseRecord | NotLoaded]] = {}
        chunks: list[tuple[_Source, Sequence[str]]] = []
        for source, wanted in ids.items():
            at_hand = self._at_hand(source, wanted)
            found[source] = dict(at_hand)
            missing = [id for id in wanted if id not in at_hand]
            chunks += [(source, missing[at : at + page]) for at in range(0, len(missing), page)]
        pages = yield from together([self._read(source, chunk) for source, chunk in chunks])
        for (source, _), page_found in zip(chunks, pages):
            found[source].update(page_found)
        return found

    def _at_hand(self, source: _Source, ids: Sequence[str]) -> dict[str, BaseRecord]:
        if source.selection is not None:
            return {}
        known = ((id, self._identity.get(id)) for id in ids)
        return {id: record for id, record in known if record is not None}

    def _read(self, source: _Source, ids: Sequence[str]) -> Plan[dict[str, BaseRecord | NotLoaded]]:
        """One page of records by id; a refusal becomes the reason why they are not there."""
        try:
            model = self._package.model(source.module)
        except SchemaMismatch as error:
            return _refused(source, ids, error)
        try:
            rows = yield from self._query(model, source.selection, ids)
        except AccessDenied as error:
            # The Cloud queries no module that is no entity (Groups), but hands out its records.
            # Users are entities: they are never retrieved, since that answers their secrets.
            if source.selection is not None or model.meta.is_entity or not model.meta.retrievable:
                return _refused(source, ids, error)
            rows = yield from retrieved(ids)
        records = self._made(model, rows)
        if source.selection is None:
            self._identity.add(records)
        return {str(record.id): record for record in records}

    def _query(
        self, model: type[BaseRecord], given: Selection | None, ids: Sequence[str]
    ) -> Plan[Sequence[Row]]:
        selection = given or Selection(model.meta)
        among = resolve(model.meta, (), {"id__in": list(ids)})
        selection = replace(selection, where=all_of(selection.where, among), order=())
        return (yield from collect_rows(selected_rows(selection, self._runner)))

    # Relations

    def _relate(self, records: Sequence[BaseRecord], fetch: Fetch) -> Plan[None]:
        """Read the related records of all the records, each list in the order asked for."""
        sides = list(self._sides(records, fetch.name))
        if not sides:
            return
        reference = sides[0].reference
        if reference is not None:
            groups = yield from self._by_reference(sides, reference, fetch.selection)
        else:
            groups = yield from self._by_relation(sides, fetch.selection)
        by_id = {str(record.id): record for record in records}
        for side, group in zip(sides, groups):
            state_of(by_id[side.id]).related[fetch.name] = group
            for ref in references(group, reference.name) if reference is not None else ():
                attach(ref, by_id[side.id])
        if fetch.nested:
            once = {str(each.id): each for group in groups for each in group}
            yield from self._follow(list(once.values()), fetch.nested)

    def _sides(self, records: Sequence[BaseRecord], name: str) -> Iterator[Side]:
        for record in records:
            for relation in record.meta.relations:
                if relation.name == name:
                    target = self._package.model(relation.module).meta
                    yield Side(str(record.id), record.meta, relation, target)

    def _by_reference(
        self, sides: Sequence[Side], reference: FieldMeta, given: Selection | None
    ) -> Plan[list[list[BaseRecord]]]:
        """One condition on the field that makes the relation finds those of all sides."""
        found = yield from self._select(
            sides[0], given, {f"{reference.name}__in": [side.id for side in sides]}, reference
        )
        groups: dict[int, list[BaseRecord]] = {}
        for record in found:
            ref = record.__dict__.get(reference.name)
            if isinstance(ref, Ref):
                groups.setdefault(ref.number, []).append(record)
        return [groups.get(id_number(side.id), []) for side in sides]

    def _by_relation(
        self, sides: Sequence[Side], given: Selection | None
    ) -> Plan[list[list[BaseRecord]]]:
        """The CRM tells the ids, one record a call."""
        env = self._runner.environment
        facts = server_facts(self._runner)
        told = yield from together([side.read(env, facts) for side in sides])
        ids = list(dict.fromkeys(id for each in told for id in each))
        found = yield from self._select(sides[0], given, {"id__in": ids})
        return [
            [record for record in found if str(record.id) in wanted]
            for wanted in (frozenset(each) for each in told)
        ]

    def _select(
        self,
        side: Side,
        given: Selection | None,
        condition: Mapping[str, object],
        reference: FieldMeta | None = None,
    ) -> Plan[list[BaseRecord]]:
        model = self._package.model(side.relation.module)
        selection = given or whole_of(model)
        columns = selection.columns
        if columns is not None and reference is not None:
            columns = with_id(model.meta, (*columns, reference))
        where = all_of(selection.where, resolve(model.meta, (), condition))
        selection = replace(selection, where=where, columns=columns)
        rows = yield from collect_rows(selected_rows(selection, self._runner))
        records = self._made(model, rows)
        if given is not None:
            return records
        known = [self._identity.get(str(each.id)) or each for each in records]
        self._identity.add(known)
        return known


def _check_lists(package: Package, module: ModuleMeta, fetches: Fetches) -> None:
    """Raise `NotSupported` for a step that leads nowhere but to modules that the server does not
    list, whether or not any record takes it."""
    for path, targets in modules_led_to(package, [module], fetches):
        if targets and UNLISTED.keys() >= set(targets):
            try:
                check_listed(targets[0])
            except NotSupported as error:
                raise NotSupported(f"{path} cannot be followed. {error}") from None


def retrieved(ids: Sequence[str]) -> Plan[list[Row]]:
    """The records one by one, for the few modules that cannot be queried; those that are not
    there are left out."""
    answers = yield from attempt_all([Retrieve(id) for id in ids])
    rows: list[Row] = []
    for answer in answers:
        if isinstance(answer, dict):
            rows.append(answer)
        elif not isinstance(answer, AccessDenied | NotFound):
            raise answer
    return rows


def _refused(
    source: _Source, ids: Sequence[str], error: Exception
) -> dict[str, BaseRecord | NotLoaded]:
    reason = NotLoaded(f"{source.module} could not be read: {error}")
    return dict.fromkeys(ids, reason)


GONE: Final = NotLoaded(
    "The CRM did not return the record: it was deleted, or the session's user may not see it, or "
    "the queryset of a Prefetch leaves it out."
)
UNKNOWN: Final = NotLoaded(
    "The id belongs to no module of the generated package. Run: vtiger-orm pull && vtiger-orm "
    "generate"
)


def references(records: Iterable[BaseRecord], name: str) -> Iterator[Ref[Any]]:
    """The references that the records hold in this attribute; blanks and unread ones have none."""
    for record in records:
        ref = record.__dict__.get(name)
        if isinstance(ref, Ref):
            yield ref
