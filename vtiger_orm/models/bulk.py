"""Many records at once, each with an outcome of its own; the plans are made in `writing`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..calls.gates import aone_at_a_time, one_at_a_time
from ..calls.protocols import PlanFor
from ..errors import InvalidValue
from ..records import BaseRecord
from ..records.arguments import a_list
from ..records.handle import package_of, saved_id
from ..writing.report import BulkReport, ProgressCallback
from .reading import BaseQuerySet

if TYPE_CHECKING:
    from ..records.references import Ref
    from ..writing.bulk_upsert import Upsert

M = TypeVar("M", bound="BaseRecord")


class BulkQuerySet(BaseQuerySet[M]):
    """What a queryset does with many records that are given to it."""

    __slots__ = ()

    def bulk_create(
        self, records: Iterable[M] | BulkReport[M], *, progress: ProgressCallback | None = None
    ) -> BulkReport[M]:
        """Create unsaved records, several at a time where the session has `parallel` sessions.

        Returns one outcome a row; never raises for a row. `progress` is called with the report
        after each round. Give the report again to go on with what is left. A report that is made
        before (`BulkReport(records)`) also tells what was reached when this is interrupted.
        """
        from ..writing import bulk

        report = self._records_of(records)
        self._run(lambda runner: bulk.bulk_create(report, runner, progress))
        return report

    async def abulk_create(
        self, records: Iterable[M] | BulkReport[M], *, progress: ProgressCallback | None = None
    ) -> BulkReport[M]:
        """`bulk_create`, awaited."""
        from ..writing import bulk

        report = self._records_of(records)
        await self._arun(lambda runner: bulk.bulk_create(report, runner, progress))
        return report

    def bulk_update(
        self, records: Iterable[M] | BulkReport[M], *, progress: ProgressCallback | None = None
    ) -> BulkReport[M]:
        """Save the changes of records; those without changes are left alone. As `bulk_create`."""
        from ..writing import bulk

        report = self._records_of(records)
        self._run(lambda runner: bulk.bulk_update(report, runner, progress))
        return report

    async def abulk_update(
        self, records: Iterable[M] | BulkReport[M], *, progress: ProgressCallback | None = None
    ) -> BulkReport[M]:
        """`bulk_update`, awaited."""
        from ..writing import bulk

        report = self._records_of(records)
        await self._arun(lambda runner: bulk.bulk_update(report, runner, progress))
        return report

    def bulk_update_or_create(
        self,
        rows: Iterable[Mapping[str, object]] | BulkReport[Upsert[M]],
        key: str | Sequence[str],
        *,
        progress: ProgressCallback | None = None,
    ) -> BulkReport[Upsert[M]]:
        """Bring rows into the CRM: each is the record with its key, changed where it differs, or a
        new one.

        ``Contacts.objects.bulk_update_or_create(rows, key="cf_external")``: rows are mappings of
        attribute to value. Records are read in batches by `key` (several names together tell a
        record), also in the forms that the CRM may have made of a value; only differences are
        written. Never raises for a row: a key that is blank, given twice or held by several
        records is that row's error. ``row.item.record`` and ``row.item.created`` tell what
        became of it. Raises `MisansweredQuery`, before anything is written, for an answer that
        does not have the keys. Called again, with the report or with the same rows, it goes on
        with what is left; a create whose answer was lost is looked for by the key first.
        """
        report = _upserts(rows)
        plan = self._bulk_upsert(report, key, progress)
        with one_at_a_time(*self._same({})):
            self._run(plan)
        return report

    async def abulk_update_or_create(
        self,
        rows: Iterable[Mapping[str, object]] | BulkReport[Upsert[M]],
        key: str | Sequence[str],
        *,
        progress: ProgressCallback | None = None,
    ) -> BulkReport[Upsert[M]]:
        """`bulk_update_or_create`, awaited."""
        report = _upserts(rows)
        plan = self._bulk_upsert(report, key, progress)
        async with aone_at_a_time(*self._same({})):
            await self._arun(plan)
        return report

    def _bulk_upsert(
        self,
        report: BulkReport[Upsert[M]],
        key: str | Sequence[str],
        progress: ProgressCallback | None,
    ) -> PlanFor[None]:
        from ..writing import bulk_upsert

        model = self._writable
        fields = bulk_upsert.key_fields(model.meta, key)
        return lambda runner: bulk_upsert.bulk_update_or_create(
            report, model, fields, runner, progress
        )

    def bulk_delete(
        self,
        records: Iterable[M | Ref[M]] | BulkReport[M | Ref[M]],
        *,
        progress: ProgressCallback | None = None,
    ) -> BulkReport[M | Ref[M]]:
        """Delete records or references to them; one that is gone counts as deleted. As
        `bulk_create`."""
        from ..writing import bulk

        report = _report(records)
        meta = self._writable.meta
        self._run(lambda runner: bulk.bulk_delete(report, meta, runner, progress))
        return report

    async def abulk_delete(
        self,
        records: Iterable[M | Ref[M]] | BulkReport[M | Ref[M]],
        *,
        progress: ProgressCallback | None = None,
    ) -> BulkReport[M | Ref[M]]:
        """`bulk_delete`, awaited."""
        from ..writing import bulk

        report = _report(records)
        meta = self._writable.meta
        await self._arun(lambda runner: bulk.bulk_delete(report, meta, runner, progress))
        return report

    def _records_of(self, records: Iterable[M] | BulkReport[M]) -> BulkReport[Any]:
        """A report of records of this model; raises `InvalidValue` for anything else."""
        report, module = _report(records), self._writable.meta.name
        for item in report.items:
            meta = getattr(type(item), "meta", None)
            if getattr(meta, "name", None) != module:
                raise InvalidValue(f"Records of {module} are wanted here, not {item!r}.")
        return report

    def _same(self, values: Mapping[str, Any]) -> tuple[Hashable, ...]:
        """What stands for calls that look for the same record: in one process, one waits until
        the other has made it."""
        told = frozenset((name, _alike(value)) for name, value in values.items())
        return package_of(self.model).name, self.model.meta.name, told

    @property
    def _writable(self) -> type[M]:
        return cast("type[M]", self._state.model)


def _report(records: Iterable[Any]) -> BulkReport[Any]:
    return records if isinstance(records, BulkReport) else BulkReport(a_list(records))


def _upserts(rows: Iterable[Mapping[str, object]] | BulkReport[Upsert[M]]) -> BulkReport[Upsert[M]]:
    if isinstance(rows, BulkReport):
        return rows
    return BulkReport(_upsert(row) for row in a_list(rows))


def _upsert(row: Mapping[str, object]) -> Upsert[Any]:
    from ..writing.bulk_upsert import Upsert

    if not isinstance(row, Mapping):
        raise InvalidValue(
            f"A row is a mapping of fields to values, not {type(row).__name__}. Nothing was sent."
        )
    return Upsert(dict(row))


def _alike(value: object) -> str:
    """A value as the CRM compares it, nearly; a record is what its reference is."""
    text = saved_id(value) if isinstance(value, BaseRecord) else value
    return str(text).rstrip().casefold()
