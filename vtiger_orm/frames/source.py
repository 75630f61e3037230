"""`scan`: a queryset as a polars LazyFrame. polars hands down columns, rows and predicates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..calls.plans import RowStream
from ..conditions.tree import Node, Selection, all_of
from ..errors import MissingExtra, NoSession, ScanTooLarge
from ..models.asking import environment_for, runner_of
from ..models.related_conditions import narrowed, outlined
from ..models.tables import table_fields
from ..planner import Explanation, plan_rows
from ..planner import explain as explained

try:
    import polars as pl
    from polars.io.plugins import register_io_source

    from ..columns.arrow import Batches, schema_of
    from .predicates import condition
except ImportError as _missing:
    raise MissingExtra("A scan", "polars") from _missing

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..metadata.module import FieldMeta
    from ..models.reading import BaseQuerySet


def scan(queryset: BaseQuerySet[Any], *, max_rows: int | None = None) -> pl.LazyFrame:
    """The records of a queryset as a `polars.LazyFrame`; nothing is read before it is collected.

    Columns are those of `to_polars`. polars asks for the columns it needs, and conditions on
    fields (comparisons, `is_in`, `is_between`, `is_null`, literal `str.starts_with`,
    `ends_with`, `contains`, joined by ``& | ~``) become conditions of the CRM; whatever cannot
    be said exactly is decided by polars on the rows. Joins, windows and group-bys are polars'
    own; `lf.select(pl.len())` reads all ids where `queryset.count()` is one call.

    It asks the session that is open here, or else the one where it is collected. Raises
    `ScanTooLarge` when a scan reads more than `max_rows` records. Needs the extra ``polars``.
    """
    runner = None
    with suppress(NoSession):
        runner = runner_of(queryset)
    source = _Source(queryset, runner, max_rows)
    return _frame(source, queryset)


def explain(
    query: Callable[..., pl.LazyFrame], *querysets: BaseQuerySet[Any]
) -> tuple[Explanation, ...]:
    """What the CRM is going to be asked, in the order in which polars does; nothing is sent.

    ``frames.explain(lambda deals: deals.filter(pl.col("amount") > 1000), Potentials.objects)``:
    `query` is given a scan of each queryset and returns what would be collected.
    """
    asked: list[Explanation] = []
    frames = [_frame(_Outline(each, asked), each) for each in querysets]
    query(*frames).collect()
    return tuple(asked)


def _frame(source: _Source | _Outline, queryset: BaseQuerySet[Any]) -> pl.LazyFrame:
    empty = pl.DataFrame(schema_of(table_fields(queryset)).empty_table())
    return register_io_source(source, schema=empty.schema, is_pure=False)


class _Source:
    """Reads a queryset for polars, a page a batch."""

    def __init__(
        self, queryset: BaseQuerySet[Any], runner: Runner | None, max_rows: int | None
    ) -> None:
        self._queryset = queryset
        self._runner = runner
        self._max_rows = max_rows

    def __call__(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        runner = self._runner or runner_of(self._queryset)
        wish = wish_for(self._queryset, with_columns, predicate, n_rows)
        batches = Batches(wish.columns, runner.environment.zone)
        read = 0
        for rows in runner.stream(_rows(wish, runner)):
            read += len(rows)
            self._check(read)
            yield _decided(pl.DataFrame(batches.of(rows)), with_columns, predicate)

    def _check(self, read: int) -> None:
        if self._max_rows is not None and read > self._max_rows:
            raise ScanTooLarge(
                f"A scan of {self._queryset.selection.module.name} read more than "
                f"{self._max_rows} records, which is its max_rows. Add a condition that the CRM "
                "can decide (frames.explain shows which are), or allow more."
            )


class _Outline:
    """Stands for a source: tells what would be asked, and answers nothing."""

    def __init__(self, queryset: BaseQuerySet[Any], asked: list[Explanation]) -> None:
        self._queryset = queryset
        self._asked = asked

    def __call__(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        wish = wish_for(self._queryset, with_columns, predicate, n_rows)
        selection = wish.limited(outlined(wish.selection))
        self._asked.append(explained(selection, environment_for(self._queryset)))
        nothing = pl.DataFrame(schema_of(wish.columns).empty_table())
        yield _decided(nothing, with_columns, predicate)


class Wish(NamedTuple):
    """What the CRM is asked for on behalf of polars."""

    selection: Selection
    """Of the queryset, with the columns and the number of rows that polars wants."""
    columns: list[FieldMeta]
    said: Node | None
    """What of the predicate the CRM can be asked."""

    def limited(self, selection: Selection) -> Selection:
        if self.said is None:
            return selection
        return replace(selection, where=all_of(selection.where, self.said))


def wish_for(
    queryset: BaseQuerySet[Any],
    with_columns: Sequence[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
) -> Wish:
    """polars means the predicate for the first `n_rows` rows, so with both nothing but the number
    is handed down, as with a queryset that is a slice itself."""
    selection, columns = queryset.selection, list(table_fields(queryset))
    if with_columns is not None:
        needed = {*with_columns, *(predicate.meta.root_names() if predicate is not None else ())}
        columns = [each for each in columns if each.name in needed]
    selection = selection.as_table(columns)
    if n_rows is not None:
        stop = selection.start + n_rows
        stop = stop if selection.stop is None else min(stop, selection.stop)
        return Wish(replace(selection, stop=stop), columns, None)
    if predicate is None or selection.start or selection.stop is not None:
        return Wish(selection, columns, None)
    return Wish(selection, columns, condition(predicate, selection.module))


def _rows(wish: Wish, runner: Runner) -> RowStream:
    selection = yield from narrowed(wish.selection, runner)
    yield from plan_rows(wish.limited(selection), runner.environment)


def _decided(
    frame: pl.DataFrame, with_columns: list[str] | None, predicate: pl.Expr | None
) -> pl.DataFrame:
    if predicate is not None:
        frame = frame.filter(predicate)
    return frame if with_columns is None else frame.select(with_columns)
