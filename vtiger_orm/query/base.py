"""What every queryset can do, whatever it yields: build, slice, iterate, count.

Each terminal is a plan (a generator of calls) and two lines that hand it to the session, one
for the sync and one for the async name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from dataclasses import fields, replace
from operator import index
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, cast, overload

from ..errors import NoSession, UnsupportedQuery
from ..operations.calls import Plan, collect_rows
from .conditions import FALSE, Node, all_of, any_of, negated, resolve
from .environment import Environment
from .fetches import Fetches
from .fields import parse_order
from .habits import missing_attribute
from .related_loading import Loader
from .relating import explain, plan_count, plan_exists, plan_partitions, plan_rows
from .selection import Order, Selection
from .shapes import Projection
from .state import QueryState
from .strangers import refuse_strangers

if TYPE_CHECKING:
    from ..protocols import Runner
    from ..records import Record
    from .planner import Explanation

T = TypeVar("T")
R = TypeVar("R")


class SizeUnknown(UnsupportedQuery, TypeError):
    """`len(qs)` or `bool(qs)`. A `TypeError` too, so that `list(qs)` is not misled."""


class BaseQuerySet(Generic[T]):
    """Records of one module under a condition, as values of type `T`; nothing is kept."""

    __slots__ = ("_state",)

    def __init__(self, state: QueryState) -> None:
        self._state = state

    # What it is

    @property
    def selection(self) -> Selection:
        """The condition, order, slice and columns, as the planner takes them."""
        return self._state.selection

    @property
    def query(self) -> str:
        """The text of the statements that will be sent, for people: one a line."""
        return "\n".join(str(each) for each in self.explain().statements)

    def explain(self) -> Explanation:
        """What would be sent, what is decided locally and why, and how many calls it takes."""
        return explain(self._state.reading, self._environment())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._state.selection}>"

    # Building: nothing is sent

    def filter(self, *args: Any, **kwargs: Any) -> Self:
        """Only records that satisfy all of the conditions as well.

        Text compares as the CRM compares it: without regard to case, accents and trailing
        blanks. `None` means blank.
        """
        return self._where(args, kwargs, "filter", wanted=True)

    if TYPE_CHECKING:
        exclude = filter
    else:

        def exclude(self, *args: Any, **kwargs: Any) -> Self:
            """Only records that do not satisfy the conditions taken together.

            Records in which the field is blank are kept, as Python would keep them.
            """
            return self._where(args, kwargs, "exclude", wanted=False)

    def _where(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], method: str, *, wanted: bool
    ) -> Self:
        selection = self._state.selection
        self._refuse_if_sliced(method)
        if not args and not kwargs:
            return self
        refuse_strangers(self._state.model._package(), args, kwargs.values())
        condition = resolve(selection.module, args, kwargs)
        if not wanted:
            condition = negated(condition)
        return self._select(where=all_of(selection.where, condition))

    def order_by(self, *args: Any, **kwargs: Any) -> Self:
        """Order by these fields, ``"-name"`` for descending; replaces an earlier order.

        Without arguments the order is the default one, by id. References sort by the number
        of the record, not by its label; blanks come first ascending and last descending.
        """
        if kwargs:
            raise TypeError("order_by() takes field names, not keywords.")
        self._refuse_if_sliced("order_by")
        module = self._state.selection.module
        return self._select(order=tuple(parse_order(module, name) for name in args))

    def reverse(self) -> Self:
        """The opposite order."""
        self._refuse_if_sliced("reverse")
        selection = self._state.selection
        order = selection.order or (Order(selection.module.id, descending=False),)
        turned = (replace(each, descending=not each.descending) for each in order)
        return self._select(order=tuple(turned))

    def all(self) -> Self:
        """The same records; querysets are immutable, so there is nothing to copy."""
        return self

    def none(self) -> Self:
        """No record at all; asking it sends nothing."""
        return self._select(where=FALSE)

    def using(self, session: Runner) -> Self:
        """Ask this session instead of the one found in the context.

        Raises `SchemaMismatch` when it belongs to another generated package.
        """
        self._state.model._package().check_runner(session)
        return self._with(session=session)

    def __or__(self, other: Self) -> Self:
        """Records of either queryset; order, columns and session are those of the left one."""
        return self._combine(other, any_of, "|")

    def __and__(self, other: Self) -> Self:
        """Records of both querysets; order, columns and session are those of the left one."""
        return self._combine(other, all_of, "&")

    def __invert__(self) -> Self:
        """Every record of the module that is not among these."""
        self._refuse_if_sliced("~")
        return self._select(where=negated(self._state.selection.where))

    def _combine(self, other: Self, join: Callable[..., Node], sign: str) -> Self:
        if not isinstance(other, BaseQuerySet):
            return cast(Self, NotImplemented)
        mine, theirs = self._state.selection, other._state.selection
        if mine.module.name != theirs.module.name:
            raise UnsupportedQuery(
                f"{mine.module.name} {sign} {theirs.module.name}: only querysets of one module "
                "can be combined. Iterate one after the other (itertools.chain)."
            )
        self._refuse_if_sliced(sign)
        other._refuse_if_sliced(sign)
        return self._select(where=join(mine.where, theirs.where))

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
        _refuse_negative(key)
        found = self._slice(slice(key, key + 1))
        rows = found._run(found._read)
        if not rows:
            raise IndexError(f"{self!r} has no position {key}.")
        return rows[0]

    def _slice(self, key: slice) -> Self:
        if key.step is not None and key.step != 1:
            raise UnsupportedQuery(
                "A slice of a queryset has no step: read qs[a:b] and take list(...)[::step]."
            )
        low, high = (None if each is None else _whole(each) for each in (key.start, key.stop))
        for bound in (low, high):
            if bound is not None:
                _refuse_negative(bound)
        selection = self._state.selection
        start = selection.start + (low or 0)
        stop = selection.stop
        if high is not None:
            end = selection.start + high
            stop = end if stop is None else min(stop, end)
        if stop is not None:
            start = min(start, stop)
        return self._select(start=start, stop=stop)

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

        `page_size` asks for smaller pages than the CRM allows; larger ones cannot be had.
        """
        check_page_size(page_size)
        return self._pages(page_size)

    def aiterator(self, page_size: int | None = None) -> AsyncIterator[T]:
        """`iterator` for `async for`."""
        check_page_size(page_size)
        return self._apages(page_size)

    def _pages(self, page_size: int | None) -> Iterator[T]:
        runner = self._runner()
        loader = self._loader(runner)
        pages = runner.stream(plan_rows(self._state.reading, sized(runner, page_size)))
        try:
            for rows in pages:
                records = loader.load(rows)
                if self._state.fetches:
                    runner.run(loader.attach(records))
                yield from self._shape(records)
        finally:
            close = getattr(pages, "close", None)
            if close is not None:
                close()

    async def _apages(self, page_size: int | None) -> AsyncIterator[T]:
        runner = self._runner()
        loader = self._loader(runner)
        pages = runner.astream(plan_rows(self._state.reading, sized(runner, page_size)))
        try:
            async for rows in pages:
                records = loader.load(rows)
                if self._state.fetches:
                    await runner.arun(loader.attach(records))
                for each in self._shape(records):
                    yield each
        finally:
            close = getattr(pages, "aclose", None)
            if close is not None:
                await close()

    def _read(self, runner: Runner) -> Plan[list[T]]:
        """All records in one list, with what `select_related` asks for."""
        loader = self._loader(runner)
        rows = yield from collect_rows(plan_rows(self._state.reading, runner.environment))
        records = loader.load(rows)
        yield from loader.attach(records)
        return self._shape(records)

    def get(self, *args: Any, **kwargs: Any) -> T:
        """The one record that satisfies the conditions, which may be given here.

        Raises the model's `DoesNotExist` or `MultipleRecords`.
        """
        found = self._only_one(args, kwargs)
        return found._run(found._get)

    async def aget(self, *args: Any, **kwargs: Any) -> T:
        """`get`, awaited."""
        found = self._only_one(args, kwargs)
        return await found._arun(found._get)

    def _only_one(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        return self.filter(*args, **kwargs)._slice(slice(0, 2))

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
        found = self._slice(slice(0, 1))
        return found._run(found._head)

    async def afirst(self) -> T | None:
        """`first`, awaited."""
        found = self._slice(slice(0, 1))
        return await found._arun(found._head)

    def last(self) -> T | None:
        """The last record in the queryset's order (by id if none was given), or None."""
        found = self.reverse()._slice(slice(0, 1))
        return found._run(found._head)

    async def alast(self) -> T | None:
        """`last`, awaited."""
        found = self.reverse()._slice(slice(0, 1))
        return await found._arun(found._head)

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
        return plan_count(self._state.selection, runner.environment)

    def exists(self) -> bool:
        """Whether there is any record."""
        return self._run(self._exists)

    async def aexists(self) -> bool:
        """`exists`, awaited."""
        return await self._arun(self._exists)

    def _exists(self, runner: Runner) -> Plan[bool]:
        return plan_exists(self._state.selection, runner.environment)

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
        if n < 1:
            raise ValueError(f"partitions(n) needs n of 1 or more, not {n}.")
        self._refuse_if_sliced("partitions")

        def plan(runner: Runner) -> Plan[list[Self]]:
            parts = yield from plan_partitions(self._state.selection, n, runner.environment)
            return [self._with(selection=each) for each in parts]

        return plan

    # What does not exist

    if not TYPE_CHECKING:

        def __len__(self) -> int:
            raise SizeUnknown(
                "A queryset has no len(): it would read every record. Use count() (or await "
                "acount()), or len(list(queryset))."
            )

        def __bool__(self) -> bool:
            raise SizeUnknown(
                "A queryset is neither true nor false: use exists() (or await aexists()), or "
                "'is not None' if that was meant."
            )

        def __contains__(self, record: object) -> bool:
            raise SizeUnknown(
                "'in' would read every record: use queryset.filter(id=record.id).exists()."
            )

        def __getattr__(self, name: str) -> NoReturn:
            raise missing_attribute(self, name)

    # Inside

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """The question alone: a session belongs to its process. The module's facts come from
        the model, where they are already."""
        state = self._state
        selection = state.selection
        parts = {each.name: getattr(selection, each.name) for each in fields(selection)}
        del parts["module"]
        return _restore, (type(self), state.model, parts, state.fetches, state.projection)

    def _shape(self, records: list[Any]) -> list[T]:
        """What comes out for these records."""
        projection = self._state.projection
        return records if projection is None else projection.rows(records)

    def _loader(self, runner: Runner) -> Loader:
        state = self._state
        return Loader(state.model, state.selection, state.fetches, runner)

    def _with(self, **changes: Any) -> Self:
        twin = object.__new__(type(self))
        twin._state = replace(self._state, **changes)
        return twin

    def _select(self, **changes: Any) -> Self:
        return self._with(selection=replace(self._state.selection, **changes))

    def _refuse_if_sliced(self, method: str) -> None:
        selection = self._state.selection
        if selection.start or selection.stop is not None:
            raise UnsupportedQuery(
                f"{method} after a slice: a slice comes last. Filter and order first, then take "
                "qs[a:b]."
            )

    def _runner(self) -> Runner:
        state = self._state
        return state.session if state.session is not None else state.model._package().runner()

    def _environment(self) -> Environment:
        """The session's, or what the package knows where there is no session yet."""
        try:
            return self._runner().environment
        except NoSession:
            return known_environment(self._state.model._package().capabilities)

    def _run(self, plan: Callable[[Runner], Plan[R]]) -> R:
        runner = self._runner()
        return runner.run(plan(runner))

    async def _arun(self, plan: Callable[[Runner], Plan[R]]) -> R:
        runner = self._runner()
        return await runner.arun(plan(runner))


def _restore(
    cls: type[BaseQuerySet[Any]],
    model: type[Record],
    parts: dict[str, Any],
    fetches: Fetches,
    projection: Projection | None,
) -> BaseQuerySet[Any]:
    twin = object.__new__(cls)
    twin._state = QueryState(
        model, Selection(model.meta, **parts), fetches=fetches, projection=projection
    )
    return twin


def check_page_size(page_size: int | None) -> None:
    if page_size is not None and page_size < 1:
        raise ValueError(f"page_size must be 1 or more, not {page_size}.")


def sized(runner: Runner, page_size: int | None) -> Environment:
    """The session's environment, with smaller pages if asked for."""
    env = runner.environment
    if page_size is None or page_size >= env.page_size:
        return env
    return replace(env, page_size=page_size)


def _whole(bound: object) -> int:
    try:
        return index(bound)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"A slice of a queryset takes whole numbers, not {bound!r}.") from None


def _refuse_negative(position: int) -> None:
    if position < 0:
        raise UnsupportedQuery(
            f"Position {position}: a queryset is not counted from its end. Turn it round first: "
            "queryset.reverse()[:n], or last() for the last record."
        )


def known_environment(capabilities: Mapping[str, Any]) -> Environment:
    """What plans can be made with before there is a session: facts of the generated package."""
    usual = Environment()
    return Environment(
        page_size=capabilities.get("page_size", usual.page_size),
        url_budget=capabilities.get("url_budget", usual.url_budget),
        precedence_known=capabilities.get("precedence") == "sql",
        collation=capabilities.get("collation", usual.collation),
        thinned_pages=bool(capabilities.get("thinned_pages")),
    )
