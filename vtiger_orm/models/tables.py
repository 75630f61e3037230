"""Querysets as tables: the Arrow stream that other libraries read, and one-liners on it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..columns import Unreadables
from ..errors import MissingExtra, NoSession, UnsupportedQuery
from .asking import AskingQuerySet
from .related_conditions import selected_rows

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from ..calls.environment import Environment
    from ..calls.plans import RowStream
    from ..calls.protocols import Runner
    from ..columns.arrow import Batches
    from ..metadata.module import FieldMeta


class TabularQuerySet(AskingQuerySet):
    """A queryset whose rows can be read as columns.

    Whatever reads the Arrow PyCapsule interface takes a queryset as it is, and begins to read
    when it wants the first batch: ``pl.DataFrame(qs)``, ``pa.table(qs)``,
    ``pd.DataFrame.from_arrow(qs)``, ``duckdb.sql("select ... from qs")``. (pandas' own
    constructor iterates over records instead.)
    """

    __slots__ = ("_asked_for_schema",)

    _asked_for_schema: Runner
    """The session of whoever asked for the schema. Engines such as DuckDB read the stream from a
    thread of their own, where no session is open."""

    def __arrow_c_schema__(self) -> object:
        with suppress(NoSession):
            self._asked_for_schema = self._runner()
        return self._batches().schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        try:
            runner = self._runner()
        except NoSession:
            if not hasattr(self, "_asked_for_schema"):
                raise
            runner = self._asked_for_schema
        batches = self._batches(environment=runner.environment)
        reader = batches.reader(runner.stream(self._rows(runner)))
        stream: object = reader.__arrow_c_stream__(requested_schema)  # type: ignore[no-untyped-call]  # pyarrow's
        return stream

    def to_arrow(
        self, *, unreadable: Unreadables = "raise", categories: bool = False, labels: bool = False
    ) -> pa.Table:
        """The rows as a `pyarrow.Table`: one column a field, under its attribute's name.

        Text, picklists and references are strings, numbers with decimals ``decimal128(38, 8)``,
        moments ``timestamp[us, UTC]``, multi-selects lists; blank is NULL. `categories`
        dictionary-encodes picklists. Label and wire name stand in the metadata of each field; with
        `labels` columns and picklist values are called as the CRM's users read them.

        Raises `Unreadable` with record and field for a value that its type does not allow or
        that does not fit the column; ``unreadable="null"`` reads such values as NULL.
        Needs the extra ``arrow``.
        """
        batches = self._batches(unreadable, categories, labels)
        runner = self._runner()
        return batches.together(runner.stream(self._rows(runner)))

    async def ato_arrow(
        self, *, unreadable: Unreadables = "raise", categories: bool = False, labels: bool = False
    ) -> pa.Table:
        """`to_arrow`, awaited."""
        batches = self._batches(unreadable, categories, labels)
        runner = self._runner()
        pages = [page async for page in runner.astream(self._rows(runner))]
        return batches.together(pages)

    def to_polars(
        self, *, unreadable: Unreadables = "raise", categories: bool = False, labels: bool = False
    ) -> pl.DataFrame:
        """The rows as a `polars.DataFrame`; types and arguments are those of `to_arrow`.

        Needs the extra ``polars``.
        """
        return _polars(self.to_arrow(unreadable=unreadable, categories=categories, labels=labels))

    async def ato_polars(
        self, *, unreadable: Unreadables = "raise", categories: bool = False, labels: bool = False
    ) -> pl.DataFrame:
        """`to_polars`, awaited."""
        return _polars(
            await self.ato_arrow(unreadable=unreadable, categories=categories, labels=labels)
        )

    def to_pandas(
        self, *, unreadable: Unreadables = "raise", categories: bool = False, labels: bool = False
    ) -> pd.DataFrame:
        """The rows as a `pandas.DataFrame` of Arrow dtypes, which keep decimals, days and NULL;
        types and arguments are those of `to_arrow`.

        Needs the extra ``pandas``.
        """
        return _pandas(self.to_arrow(unreadable=unreadable, categories=categories, labels=labels))

    async def ato_pandas(
        self, *, unreadable: Unreadables = "raise", categories: bool = False, labels: bool = False
    ) -> pd.DataFrame:
        """`to_pandas`, awaited."""
        return _pandas(
            await self.ato_arrow(unreadable=unreadable, categories=categories, labels=labels)
        )

    # Inside

    def _batches(
        self,
        unreadable: Unreadables = "raise",
        categories: bool = False,
        labels: bool = False,
        environment: Environment | None = None,
    ) -> Batches:
        from ..columns.arrow import Batches

        env = environment or self._environment()
        return Batches(self._columns(), env.zone, unreadable, categories, labels)

    def _columns(self) -> Sequence[FieldMeta]:
        if self._state.fetches:
            raise UnsupportedQuery(
                "A table has no place for the records of select_related() and "
                "prefetch_related(): read them as a table of their own and join the two."
            )
        selection = self._state.selection
        if self.value_names:
            return tuple(selection.module.fields[name] for name in self.value_names)
        return selection.module.columns if selection.columns is None else selection.columns

    def _rows(self, runner: Runner) -> RowStream:
        selection = self._state.selection
        if runner.environment.lists is not None:
            # A record leaves out what no list tells; a table has a blank column.
            selection = selection.as_table(self._columns())
        return selected_rows(selection, runner)


def table_fields(queryset: TabularQuerySet) -> Sequence[FieldMeta]:
    """The columns of the queryset as a table, in their order."""
    return queryset._columns()


def _polars(table: pa.Table) -> pl.DataFrame:
    try:
        import polars
    except ImportError as error:
        raise MissingExtra("A polars.DataFrame", "polars") from error
    return polars.DataFrame(table)


def _pandas(table: pa.Table) -> pd.DataFrame:
    try:
        import pandas
    except ImportError as error:
        raise MissingExtra("A pandas.DataFrame", "pandas") from error
    return table.to_pandas(types_mapper=pandas.ArrowDtype)
