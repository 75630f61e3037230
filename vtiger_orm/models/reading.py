"""What every queryset can ask, whatever it yields: iterate, count, find one.

Each terminal is a plan (a generator of calls) and two lines that hand it to the session, one
for the sync and one for the async name.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, overload

from ..calls.plans import Plan, collect_rows
from ..calls.resuming import AsyncResumable, Resumable
from ..errors import LimitReached
from ..planner import explain, plan_count, plan_exists, plan_partitions
from .aggregation import AggregatingQuerySet
from .asking import asked, awaited
from .building import check_count, refuse_negative
from .prefetch import Loader
from .query_state import Projection
from .related_conditions import narrowed, outlined, selected_rows

if TYPE_CHECKING:
    from ..calls.operations import Row
    from ..calls.protocols import Runner
    from ..planner import Explanation

T = TypeVar("T")


class BaseQuerySet(AggregatingQuerySet, Generic[T]):
    """Records of one module under a condition, as values of type `T`; nothing is kept."""

    __slots__ = ()

    # What it is

    @property
    def query(self) -> str:
        """The text of the statements that will be sent, for people: one a line."""
        return "\n".join(self.explain().statements)

    def explain(self, of: Literal["rows", "count", "exists"] = "rows") -> Explanation:
        """What would be sent, what is decided locally and why, and how many calls it takes: to
        read the records, or for `count()` or `exists()`."""
        explanation = explain(outlined(self._state.reading), self._environment(), of)
        if not self._state.fetches or of != "rows":
            return explanation
        names = ", ".join(each.name for each in self._state.fetches)
        more = f"and for each page one for each module that {names} leads to, less what is at hand"
        return replace(
            explanation,
            calls=None,
            look_ahead=None,
            rows_per_call=None,
            calls_beside=None,
            expected_calls=f"{explanation.expected_calls}, {more}",
        )

    def _repr_html_(self) -> str:
        """In a notebook: the first rows and the plan, by at most one call."""
        from ..notebooks.html import queryset_html

        return queryset_html(self, self._state.reading, self._runner)

    @overload
    def __getitem__(self, key: int) -> T: ...
    @overload
    def __getitem__(self, key: slice) -> Self: ...
    def __getitem__(self, key: int | slice) -> T | Self:
        """`qs[10:60]` is a queryset, nothing is sent; `qs[3]` reads one record.

        Raises `IndexError` when there are not that many, and `UnsupportedQuery` for negative
        positions and steps.
        """
        if isinstance(key, slice):
            return self._slice(key)
        if not isinstance(key, int):
            raise TypeError(f"A queryset is indexed by whole numbers and slices, not {key!r}.")
        refuse_negative(key)
        found = self._slice(slice(key, key + 1))
        rows = asked(found, found._read)
        if not rows:
            raise IndexError(f"{self!r} has no position {key}.")
        return rows[0]

    # Reading

    def __iter__(self) -> Iterator[T]:
        return self.iterator()

    def __aiter__(self) -> AsyncIterator[T]:
        return self.aiterator()

    def __await__(self) -> Generator[Any, None, list[T]]:
        return self._alist().__await__()

    async def _alist(self) -> list[T]:
        return [row async for row in self]

    def iterator(self, page_size: int | None = None) -> Iterator[T]:
        """The records one by one, read page by page as the iteration proceeds.

        Where a limit of calls stops it (`LimitReached`), the same iterator goes on with the next
        record when it is asked again later.

        `page_size` asks for smaller pages than the CRM allows; larger ones cannot be had.
        """
        check_page_size(page_size)
        return self._pages(page_size)

    def aiterator(self, page_size: int | None = None) -> AsyncIterator[T]:
        """`iterator` for `async for`."""
        check_page_size(page_size)
        return self._apages(page_size)

    def _pages(self, page_size: int | None) -> Iterator[T]:
        return Resumable(self._records(page_size))

    def _records(self, page_size: int | None) -> Generator[T | LimitReached, None, None]:
        runner = self._runner()
        loader = self._loader(runner)
        pages = runner.stream(selected_rows(self._state.reading, runner, page_size))
        try:
            while True:
                try:
                    rows = next(pages)
                except StopIteration:
                    return
                except LimitReached as error:
                    yield error
                    continue
                if not self._state.fetches:
                    yield from self._made(loader, rows)
                    continue
                records = loader.load(rows)
                while True:
                    try:
                        runner.run(loader.attach(records))
                        break
                    except LimitReached as error:
                        yield error
                yield from self._shape(records)
        finally:
            close = getattr(pages, "close", None)
            if close is not None:
                close()

    def _apages(self, page_size: int | None) -> AsyncIterator[T]:
        return AsyncResumable(self._arecords(page_size))

    async def _arecords(self, page_size: int | None) -> AsyncGenerator[T | LimitReached, None]:
        runner = self._runner()
        loader = self._loader(runner)
        pages = runner.astream(selected_rows(self._state.reading, runner, page_size))
        try:
            while True:
                try:
                    rows = await anext(pages)
                except StopAsyncIteration:
                    return
                except LimitReached as error:
                    yield error
                    continue
                if not self._state.fetches:
                    for each in self._made(loader, rows):
                        yield each
                    continue
                records = loader.load(rows)
                while True:
                    try:
                        await runner.arun(loader.attach(records))
                        break
                    except LimitReached as error:
                        yield error
                for each in self._shape(records):
                    yield each
        finally:
            close = getattr(pages, "aclose", None)
            if close is not None:
                await close()

    def _read(self, runner: Runner, checked: bool = False) -> Plan[list[T]]:
        """All records in one list, with what `select_related` asks for; `checked` where a write
        is to follow."""
        loader = self._loader(runner)
        stream = selected_rows(self._state.reading, runner, checked=checked)
        rows = yield from collect_rows(stream)
        if not self._state.fetches:
            return self._made(loader, rows)
        records = loader.load(rows)
        yield from loader.attach(records)
        return self._shape(records)

    def get(self, *args: Any, **kwargs: Any) -> T:
        """The one record that satisfies the conditions, which may be given here.

        Raises the model's `DoesNotExist` or `MultipleRecords`.
        """
        found = self._only_one(args, kwargs)
        return asked(found, found._get)

    async def aget(self, *args: Any, **kwargs: Any) -> T:
        """`get`, awaited."""
        found = self._only_one(args, kwargs)
        return await awaited(found, found._get)

    def _only_one(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Self:
        return self._in_any_order().filter(*args, **kwargs)[:2]

    def _get(self, runner: Runner) -> Plan[T]:
        rows = yield from self._read(runner)
        if len(rows) == 1:
            return rows[0]
        model, selection = self._state.model, self._state.selection
        if not rows:
            raise model.DoesNotExist(f"No {model.__name__} satisfies: {selection.where}.")
        raise model.MultipleRecords(
            f"More than one {model.__name__} satisfies: {selection.where}. "
            "Narrow the condition, or take one of them with first()."
        )

    def first(self) -> T | None:
        """The first record in the queryset's order (by id if none was given), or None."""
        found = self[:1]
        return asked(found, found._head)

    async def afirst(self) -> T | None:
        """`first`, awaited."""
        found = self[:1]
        return await awaited(found, found._head)

    def last(self) -> T | None:
        """The last record in the queryset's order (by id if none was given), or None."""
        found = self.reverse()[:1]
        return asked(found, found._head)

    async def alast(self) -> T | None:
        """`last`, awaited."""
        found = self.reverse()[:1]
        return await awaited(found, found._head)

    def _head(self, runner: Runner) -> Plan[T | None]:
        rows = yield from self._read(runner)
        return rows[0] if rows else None

    def count(self) -> int:
        """How many records there are, without reading them where the CRM can count them."""
        return self._run(self._count)

    async def acount(self) -> int:
        """`count`, awaited."""
        return await self._arun(self._count)

    def _count(self, runner: Runner) -> Plan[int]:
        selection = yield from narrowed(self._state.selection, runner)
        return (yield from plan_count(selection, runner.environment))

    def exists(self) -> bool:
        """Whether there is any record."""
        return self._run(self._exists)

    async def aexists(self) -> bool:
        """`exists`, awaited."""
        return await self._arun(self._exists)

    def _exists(self, runner: Runner) -> Plan[bool]:
        selection = yield from narrowed(self._state.selection, runner)
        return (yield from plan_exists(selection, runner.environment))

    def partitions(self, n: int) -> list[Self]:
        """Up to `n` querysets over ranges of ids: together they are this one, none overlap.

        They are about equal in size and can be pickled, for a pool of processes or an engine
        such as Dask or Spark. Each worker needs a session of its own: `configure()`.
        """
        return self._run(self._partitions(n))

    async def apartitions(self, n: int) -> list[Self]:
        """`partitions`, awaited."""
        return await self._arun(self._partitions(n))

    def _partitions(self, n: int) -> Callable[[Runner], Plan[list[Self]]]:
        check_count("n of partitions(n)", n)
        self._refuse_if_sliced("partitions")

        def plan(runner: Runner) -> Plan[list[Self]]:
            selection = yield from narrowed(self._state.selection, runner)
            parts = yield from plan_partitions(selection, n, runner.environment)
            return [self._with(selection=each) for each in parts]

        return plan

    # Inside

    def _made(self, loader: Loader, rows: Sequence[Row]) -> list[T]:
        """What comes out for these rows, where nothing is followed from them."""
        projection = self._state.projection
        if isinstance(projection, Projection):
            module = self._state.selection.module
            columns = partial(loader.columns, rows)
            plain = projection.rows_of(module, columns, self._environment())
            if plain is not None:
                return plain
        return self._shape(loader.load(rows))

    def _shape(self, records: list[Any]) -> list[T]:
        """What comes out for these records."""
        projection = self._state.projection
        return records if projection is None else projection.rows(records, self._environment())

    def _loader(self, runner: Runner) -> Loader:
        state = self._state
        return Loader(state.model, state.selection, state.fetches, runner)


def read_all(queryset: BaseQuerySet[T], runner: Runner, checked: bool = False) -> Plan[list[T]]:
    """Everything the queryset yields in one list, for plans of other methods; `checked` where a
    write is to follow: raises `MisansweredQuery`."""
    return queryset._read(runner, checked)


def check_page_size(page_size: int | None) -> None:
    if page_size is not None:
        check_count("page_size", page_size)
