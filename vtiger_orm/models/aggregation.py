"""`aggregate`: figures over all records of a queryset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..aggregates.functions import AggregateValue, figures_of
from ..aggregates.plan import explain_aggregate, plan_aggregate
from ..calls.protocols import PlanFor
from ..records.shapes import shape_of
from .related_conditions import narrowed, outlined
from .shaping import figure_value
from .tables import TabularQuerySet

if TYPE_CHECKING:
    from ..aggregates.functions import Aggregate, Figure
    from ..calls.plans import Plan
    from ..calls.protocols import Runner
    from ..planner import Explanation

V = TypeVar("V")


class AggregateRow(dict[str, AggregateValue]):
    """Figures by name: a dict, and `into` a class of yours."""

    def __init__(self, found: Mapping[str, AggregateValue], figures: Sequence[Figure]) -> None:
        super().__init__(found)
        self._figures = figures

    def into(self, shape: type[V]) -> V:
        """The figures as one instance of a `TypedDict`, a `NamedTuple`, a dataclass or a pydantic
        model whose fields are called like them.

        Raises `InvalidLookup` for names and types that do not fit: every figure but a count may be
        `None`.
        """
        values = {each.name: figure_value(each) for each in self._figures}
        return shape_of(shape).over(values, "figures")(self)

    def __reduce__(self) -> tuple[object, ...]:
        """As a plain dict."""
        return dict, (dict(self),)


class AggregatingQuerySet(TabularQuerySet):
    """A queryset that can be summed up."""

    __slots__ = ()

    def aggregate(self, *args: Aggregate, **kwargs: Aggregate) -> AggregateRow:
        """Figures over all records: ``aggregate(total=Sum("amount"), n=Count())``.

        Without a name a figure is called as in Django, ``amount__sum``. Blank counts as SQL's
        NULL. Numbers are exact. `Count`, `Min` and `Max` alone are asked of the server; anything
        else reads the columns it needs, once, whatever the number of records. Raises
        `InvalidLookup` for a field that a function is not made of, and `Unreadable` for a value
        that cannot be read.
        """
        return self._run(self._aggregate(args, kwargs))

    async def aaggregate(self, *args: Aggregate, **kwargs: Aggregate) -> AggregateRow:
        """`aggregate`, awaited."""
        return await self._arun(self._aggregate(args, kwargs))

    def explain_aggregate(self, *args: Aggregate, **kwargs: Aggregate) -> Explanation:
        """How `aggregate` with these arguments would find the figures, and how many calls that
        takes; nothing is sent."""
        module = self._state.selection.module
        figures = figures_of(module, args, dict(kwargs), "explain_aggregate")
        return explain_aggregate(outlined(self._state.selection), figures, self._environment())

    def _aggregate(
        self, args: tuple[Aggregate, ...], kwargs: dict[str, Any]
    ) -> PlanFor[AggregateRow]:
        figures = figures_of(self._state.selection.module, args, kwargs, "aggregate")

        def plan(runner: Runner) -> Plan[AggregateRow]:
            selection = yield from narrowed(self._state.selection, runner)
            found = yield from plan_aggregate(selection, figures, runner.environment)
            return AggregateRow(found, figures)

        return plan
