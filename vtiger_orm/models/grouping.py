"""`values(...).annotate(...)`: figures by group."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from .._dataclass import dataclass
from ..aggregates.functions import AggregateValue, Figure, Max, Min, order_key_of
from ..aggregates.groups import GroupKey, part_of
from ..aggregates.plan import Group, explain_groups, plan_groups
from ..calls.environment import Environment
from ..errors import InvalidLookup, suggest
from ..metadata.kinds import Family
from ..records.shapes import shape_of
from .asking import Asking
from .query_state import QueryState
from .related_conditions import narrowed, outlined
from .shaping import figure_value, value_of

if TYPE_CHECKING:
    from ..calls.plans import Plan
    from ..calls.protocols import Runner
    from ..planner import Explanation

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Grouping:
    """By what records are grouped, what is found out, and in what order groups come."""

    keys: tuple[GroupKey, ...]
    figures: tuple[Figure, ...]
    order: tuple[tuple[str, bool], ...] = ()
    """Names of columns, and whether each descends."""
    start: int = 0
    stop: int | None = None
    make: Callable[[dict[str, Any]], Any] | None = None
    """What becomes of each row, where `into` named a shape."""

    @property
    def names(self) -> tuple[str, ...]:
        return (*(key.name for key in self.keys), *(each.name for each in self.figures))


class GroupedQuerySet(Asking, Generic[T]):
    """Groups of records, a row each: the values they share, and the figures about them.

    ::

        by_stage = Potentials.objects.values("sales_stage").annotate(total=Sum("amount"))
        for row in by_stage.order_by("-total")[:5]: ...

    Values that the CRM takes for equal are one group. Rows come in the order of their keys,
    blanks first, unless `order_by` says otherwise. Immutable; it asks when it is iterated.
    """

    __slots__ = ("_grouping", "_state")

    def __init__(self, state: QueryState, grouping: Grouping) -> None:
        self._state = state
        self._grouping = grouping

    def __repr__(self) -> str:
        figures = ", ".join(f"{each.name}={each.aggregate}" for each in self._grouping.figures)
        keys = ", ".join(key.name for key in self._grouping.keys)
        return f"<{type(self).__name__} {figures} by {keys} of {self._state.selection}>"

    def into(self, shape: type[V]) -> GroupedQuerySet[V]:
        """The rows as instances of a class of yours: a `TypedDict`, a `NamedTuple`, a dataclass or
        a pydantic model, whose fields are called like columns of the rows.

        Raises `InvalidLookup` for names and types that do not fit: every figure but a count may be
        `None`.
        """
        grouping = self._grouping
        values = {key.name: value_of(self._state.model, key) for key in grouping.keys}
        values |= {each.name: figure_value(each) for each in grouping.figures}
        make = shape_of(shape).over(values, "columns")
        return GroupedQuerySet(self._state, replace(grouping, make=make))

    def order_by(self, *names: str) -> Self:
        """Order the rows by these columns, ``"-total"`` for descending; blanks come first
        ascending and last descending."""
        self._refuse_if_sliced("order_by")
        order = tuple(self._ordered(name) for name in names)
        return type(self)(self._state, replace(self._grouping, order=order))

    def _ordered(self, name: str) -> tuple[str, bool]:
        plain = name.removeprefix("-")
        known = self._grouping.names
        if plain not in known:
            meant = suggest(plain, known)
            hint = f" Did you mean {meant!r}?" if meant else ""
            raise InvalidLookup(f"order_by({name!r}): the columns are {', '.join(known)}.{hint}")
        return plain, name.startswith("-")

    def __getitem__(self, key: slice) -> Self:
        """`groups[:10]`: some of the rows, in their order. All groups are made nevertheless."""
        if not isinstance(key, slice) or key.step not in (None, 1):
            raise InvalidLookup("Groups take plain slices, groups[a:b]; first() gives one row.")
        if any(each is not None and each < 0 for each in (key.start, key.stop)):
            raise InvalidLookup("Groups are not counted from their end: turn the order round.")
        self._refuse_if_sliced("A slice")
        return type(self)(self._state, replace(self._grouping, start=key.start or 0, stop=key.stop))

    def _refuse_if_sliced(self, method: str) -> None:
        if self._grouping.start or self._grouping.stop is not None:
            raise InvalidLookup(f"{method} after a slice of groups: a slice comes last.")

    def explain(self) -> Explanation:
        """How the groups are found: what is read or counted, and how many calls that takes."""
        selection = outlined(self._state.selection)
        grouping = self._grouping
        return explain_groups(selection, grouping.keys, grouping.figures, self._environment())

    def _repr_html_(self) -> str:
        """In a notebook: the plan."""
        from ..notebooks.html import plan_html

        return plan_html(self)

    # Asking

    def __iter__(self) -> Iterator[T]:
        return iter(self._run(self._rows))

    def __aiter__(self) -> AsyncIterator[T]:
        return self._each()

    async def _each(self) -> AsyncIterator[T]:
        for row in await self._arun(self._rows):
            yield row

    def __await__(self) -> Generator[Any, None, list[T]]:
        return self._arun(self._rows).__await__()

    def first(self) -> T | None:
        """The first row in the order, or None where there is no record at all."""
        return next(iter(self._first()), None)

    async def afirst(self) -> T | None:
        """`first`, awaited."""
        rows = await self._first()
        return rows[0] if rows else None

    def _first(self) -> Self:
        grouping = self._grouping
        stop = grouping.start + 1
        if grouping.stop is not None:
            stop = min(stop, grouping.stop)
        return type(self)(self._state, replace(grouping, stop=stop))

    def _rows(self, runner: Runner) -> Plan[list[T]]:
        selection = yield from narrowed(self._state.selection, runner)
        grouping, env = self._grouping, runner.environment
        groups = yield from plan_groups(selection, grouping.keys, grouping.figures, env)
        rows = self._with_values(groups, runner)
        for name, descending in reversed(
            grouping.order or [(n.name, False) for n in grouping.keys]
        ):
            rows.sort(key=self._sort_key(name, env), reverse=descending)
        return self._shaped(rows[grouping.start : grouping.stop])

    def _shaped(self, rows: list[dict[str, Any]]) -> list[T]:
        make = self._grouping.make
        shaped: list[Any] = rows if make is None else list(map(make, rows))
        return shaped

    def _with_values(self, groups: Sequence[Group], runner: Runner) -> list[dict[str, Any]]:
        """The rows, their keys as a record would have them."""
        hydrator = self._state.model.__mapper__.hydrator
        env = runner.environment
        parts = [(key, part_of(key, env)) for key in self._grouping.keys]
        read = hydrator.read([group.row for group in groups], runner)
        return [
            {
                **{
                    key.name: None if (value := values.get(key.field.name)) is None else of(value)
                    for key, of in parts
                },
                **group.figures,
            }
            for group, (values, *_) in zip(groups, read)
        ]

    def _sort_key(self, name: str, env: Environment) -> Callable[[dict[str, Any]], Any]:
        of = partial(order_key_of, env=env)
        field = next((k.field for k in self._grouping.keys if k.name == name and not k.part), None)
        # Only the least and the greatest are values of their field; others are numbers.
        extremes = (f for f in self._grouping.figures if isinstance(f.aggregate, (Max, Min)))
        field = field or next((f.field for f in extremes if f.name == name), None)
        if field is not None and field.family is Family.CHOICES:
            return lambda row: tuple(row[name] or ())
        key = of(field)

        def sort(row: dict[str, Any]) -> tuple[Any, ...]:
            value: AggregateValue = row[name]
            return (0,) if value is None else (1, key(value))

        return sort
