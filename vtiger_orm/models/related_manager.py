"""`record.related.contacts`: a queryset of the related records that can also relate more.

Where a reference field of the related module makes the relation, it is an ordinary query on that
field, and relating means setting it. Elsewhere the CRM's related operations are used, read
completely and proved after every change, since the server answers success for nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from .._pickled import restores
from ..calls.plans import Plan, perform
from ..calls.protocols import PlanFor, environment_of
from ..calls.server import recognised, server_facts
from ..conditions.tree import Equal, Node, RelatedTo, Selection
from ..errors import InvalidValue, NotLoaded, NotSupported
from ..ids import parse_id
from ..planner.related_ids import Side, count_related
from ..planner.rows import find_row
from ..records.arguments import a_list, a_record
from ..records.handle import handed_out_by, package_of, saved_id
from ..writing import links, many, uploads
from ..writing import save as write
from ..writing.answers import judged, read_again
from ..writing.links import NotRelated
from ..writing.memory import state_of
from ..writing.posted import id_to_write, refuse_posted
from ..writing.report import BulkReport, ProgressCallback
from .portable import Plain, dumped, relation_named, restored
from .query_state import QueryState, whole_of
from .queryset import QuerySet, queryset_class
from .writing import no_positions

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..metadata.module import FieldMeta, Relation
    from ..records import BaseRecord
    from ..records.references import Ref

M = TypeVar("M", bound="BaseRecord")


class RelatedManager(QuerySet[M]):
    """The records in one relation of one record. Building it sends nothing.

    Everything a queryset can do, plus `add` and `remove`; what it creates is related at once.
    Reading raises `NotSupported` where the server would answer nothing whatever is related.
    Raises `NotLoaded` for an unsaved record.
    """

    __slots__ = ("_reference", "_side", "_source", "_whole")

    def __init__(self, record: BaseRecord, relation: Relation) -> None:
        model = cast("type[M]", package_of(type(record)).model(relation.module))
        id_ = saved_id(record)
        if id_ is None:
            raise NotLoaded(
                f"This {record.meta.name} record is not saved yet, so nothing is related to it."
            )
        self._source = record
        self._side = Side(str(id_), record.meta, relation, model.meta)
        self._reference = self._side.reference
        super().__init__(model)  # which an own queryset may extend
        self._whole = self._state = QueryState(
            model, whole_of(model, self._condition()), session=handed_out_by(record)
        )

    def _condition(self) -> Node:
        if self._reference is not None:
            return Equal(self._reference, self._side.id)
        return RelatedTo(self._side.target.id, self._side)

    def _twin(self, state: QueryState) -> Any:
        twin = super()._twin(state)
        twin._source, twin._side, twin._reference = self._source, self._side, self._reference
        twin._whole = self._whole
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        name = self._side.relation.name
        plain = (self._source, name, dumped(self._state))
        return restore_related_manager, plain, self._own_attributes()

    # What prefetch_related brought

    @property
    def loaded(self) -> list[M]:
        """The related records that `prefetch_related` read with this one; never asks the CRM.

        Raises `NotLoaded` when they were not read, or when conditions, an order or a slice were
        added since: those are for the CRM.
        """
        found = self._prefetched()
        if found is None:
            name = self._side.relation.name
            raise NotLoaded(
                f"The records of {self._side} were not read beforehand. Name the relation where "
                f"the {self._side.source.name} records are read: prefetch_related({name!r})."
            )
        return list(found)

    def _prefetched(self) -> list[M] | None:
        if self._state != self._whole:
            return None
        found: list[M] | None = state_of(self._source).related.get(self._side.relation.name)
        return found

    def __iter__(self) -> Iterator[M]:
        found = self._prefetched()
        return iter(list(found)) if found is not None else super().__iter__()

    def __aiter__(self) -> AsyncIterator[M]:
        found = self._prefetched()
        return _given(list(found)) if found is not None else super().__aiter__()

    def _count(self, runner: Runner) -> Plan[int]:
        whole = Selection(self._side.target, self._condition())
        asked = replace(self._state.selection, order=())
        if self._reference is None and asked == whole:
            facts = yield from recognised(runner)
            return (yield from count_related(self._side, runner.environment, facts))
        return (yield from super()._count(runner))

    # Writing

    def add(self, *records: M | Ref[M]) -> None:
        """Relate existing records (or references to them), and make sure that they are.

        Raises `NotSupported` where the CRM does not offer it, `NotRelated` when the CRM reported
        success for nothing.
        """
        self._run(self._add(records))

    async def aadd(self, *records: M | Ref[M]) -> None:
        """`add`, awaited."""
        await self._arun(self._add(records))

    def remove(self, *records: M | Ref[M]) -> None:
        """Take records out of the relation, and make sure that they are. They are not deleted.

        On servers without the operation this works where a reference field makes the relation
        and may be blank; elsewhere it raises `NotSupported`.
        """
        self._run(self._remove(records))

    async def aremove(self, *records: M | Ref[M]) -> None:
        """`remove`, awaited."""
        await self._arun(self._remove(records))

    def bulk_create(
        self, records: Iterable[M] | BulkReport[M], *, progress: ProgressCallback | None = None
    ) -> BulkReport[M]:
        """`QuerySet.bulk_create` of records that belong here; only where a reference field makes
        the relation. Elsewhere create them first, then `add` them."""
        return super().bulk_create(self._belonging(records), progress=progress)

    async def abulk_create(
        self, records: Iterable[M] | BulkReport[M], *, progress: ProgressCallback | None = None
    ) -> BulkReport[M]:
        """`bulk_create`, awaited."""
        return await super().abulk_create(self._belonging(records), progress=progress)

    def _belonging(self, records: Iterable[M] | BulkReport[M]) -> BulkReport[M]:
        self._begin_writing()
        report = records if isinstance(records, BulkReport) else BulkReport(a_list(records))
        if self._reference is None:
            raise NotSupported(
                f"{self._side}: records are linked one by one here. Create them with "
                f"{self.model.__name__}.objects.bulk_create(records), then add(*records)."
            )
        for record in report.items:
            if saved_id(a_record(record)) is None:
                setattr(record, self._reference.name, self._source.ref(self._side.id))
        return report

    def _add(self, records: Sequence[M | str]) -> PlanFor[None]:
        ids = self._ids(records)
        self._begin_writing()

        def plan(runner: Runner) -> Plan[None]:
            if self._reference is None:
                yield from links.link(self._side, ids, (yield from recognised(runner)))
            else:
                yield from self._refer(self._reference, ids, self._side.id, runner)

        return plan

    def _remove(self, records: Sequence[M | str]) -> PlanFor[None]:
        ids = self._ids(records)
        self._begin_writing()

        def plan(runner: Runner) -> Plan[None]:
            reference = self._reference
            if reference is None:
                yield from links.unlink(self._side, ids, (yield from recognised(runner)))
                return
            if reference.mandatory:
                raise NotSupported(
                    f"{self._side.target.name}.{reference.name} is mandatory, so a record cannot "
                    f"be taken out of {self._side}. Move it to another record, or delete it."
                )
            for id_ in ids:
                found = yield from find_row(
                    self._side.target, id_, environment_of(runner), ("id", reference.wire)
                )
                if found is not None and _same(str(found[reference.wire]), self._side.id):
                    yield from self._refer(reference, [id_], None, runner)

        return plan

    def _refer(
        self, reference: FieldMeta, ids: Sequence[str], value: str | None, runner: Runner
    ) -> Plan[None]:
        """Set the reference of these records, under the same rules as any other write."""
        writes = yield from many.change_each(
            self._side.target, ids, {reference.name: value}, runner
        )
        facts = server_facts(runner)
        for each in writes:
            row = yield from perform(each.call)
            [(each, row)] = yield from read_again([(each, row)], runner)
            _, adjusted = judged(each, row, facts)
            wrong = [each for each in adjusted if each.field == reference.name]
            if wrong:
                raise NotRelated(
                    f"{self._side}: {row['id']} was written, but {wrong[0]}: it is not what was "
                    "asked for."
                )

    def _create(self, args: tuple[Any, ...], values: Mapping[str, Any]) -> PlanFor[M]:
        no_positions("create", args)
        links.check_allowed(self._side, "add")
        self._begin_writing()
        reference, model = self._reference, self._writable

        def plan(runner: Runner) -> Plan[M]:
            if reference is not None:
                given = {**values, reference.name: self._source.ref(self._side.id)}
                return (yield from write.create(model, given, runner=runner))
            record = yield from write.create(model, values, runner=runner)
            try:
                yield from links.link(
                    self._side, [str(record.id)], server_facts(runner), created=True
                )
            except NotRelated as error:
                error.record = record
                raise
            return record

        return plan

    def _upload(self, upload: uploads.Upload, values: Mapping[str, Any]) -> PlanFor[M]:
        if self._side.target.name != "Documents":
            raise NotSupported(f"{self._side}: upload() is for related documents.")
        self._begin_writing()
        together = replace(upload, attach_to=(*upload.attach_to, self._source))
        return super()._upload(together, values)

    def _begin_writing(self) -> None:
        """What was read with the record is not what is related any more. Where no reference of
        the other records makes the relation, this record is changed as well: raises
        `InvalidValue` if its id came with data from outside."""
        if self._reference is None:
            refuse_posted(self._source)
        state_of(self._source).related.pop(self._side.relation.name, None)

    def _ids(self, records: Iterable[M | str]) -> list[str]:
        ids = []
        for record in records:
            id_ = id_to_write(record)
            if id_ is None:
                raise InvalidValue("A record is related by its id: save it first.")
            if parse_id(str(id_)).prefix != self._side.target.prefix:
                raise InvalidValue(
                    f"{id_} is not of {self._side.target.name}, to which {self._side} leads."
                )
            ids.append(str(id_))
        return ids


def related_manager(record: BaseRecord, relation: Relation) -> RelatedManager[Any]:
    """The relation of the record, with what the querysets of the related module can do.

    Raises `NotLoaded` for an unsaved record.
    """
    model = package_of(type(record)).model(relation.module)
    return _manager_class(queryset_class(model))(record, relation)


_manager_classes: Final[dict[type[QuerySet[Any]], type[RelatedManager[Any]]]] = {
    QuerySet: RelatedManager
}


def _manager_class(queryset: type[QuerySet[Any]]) -> type[RelatedManager[Any]]:
    if queryset not in _manager_classes:
        name = queryset.__name__.removesuffix("QuerySet") + "Manager"
        made = type(name, (RelatedManager, queryset), {"__module__": queryset.__module__})
        _manager_classes[queryset] = made
    return _manager_classes[queryset]


async def _given(records: Iterable[M]) -> AsyncIterator[M]:
    for record in records:
        yield record


@restores
def restore_related_manager(record: BaseRecord, relation: str, plain: Plain) -> RelatedManager[Any]:
    """The manager of that relation of the record, with the conditions it had."""
    manager = related_manager(record, relation_named(record.meta, relation))
    given = restored(manager.model, plain)
    state = replace(
        manager._state,
        selection=given.selection,
        fetches=given.fetches,
        max_writes=given.max_writes,
    )
    again: RelatedManager[Any] = manager._twin(state)
    return again


def _same(one: str, other: str) -> bool:
    """Whether two ids name one record; prefixes of references may be written differently."""
    return one.rpartition("x")[2] == other.rpartition("x")[2] if one and other else one == other
