"""`aggregate`: figures over all records of a queryset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..aggregates.functions import AggregateValue, figures_of
from ..aggregates.plan import plan_aggregate
from ..calls.protocols import PlanFor
from .related_conditions import narrowed
from .tables import TabularQuerySet

if TYPE_CHECKING:
    from ..aggregates.functions import Aggregate
    from ..calls.plans import Plan
    from ..calls.protocols import Runner


class AggregatingQuerySet(TabularQuerySet):
    """A queryset that can be summed up."""

    __slots__ = ()

    def aggregate(self, *args: Aggregate, **kwargs: Aggregate) -> dict[str, AggregateValue]:
        """Figures over all records: ``aggregate(total=Sum("amount"), n=Count())``.

        Without a name a figure is called as in Django, ``amount__sum``. Blank counts as SQL's
        NULL. Numbers are exact. `Count`, `Min` and `Max` alone are asked of the server; anything
        else reads the columns it needs, once, whatever the number of records. Raises
        `InvalidLookup` for a field that a function is not made of, and `Unreadable` for a value
        that cannot be read.
        """
        return self._run(self._aggregate(args, kwargs))

    async def aaggregate(self, *args: Aggregate, **kwargs: Aggregate) -> dict[str, AggregateValue]:
        """`aggregate`, awaited."""
        return await self._arun(self._aggregate(args, kwargs))

    def _aggregate(
        self, args: tuple[Aggregate, ...], kwargs: dict[str, Any]
    ) -> PlanFor[dict[str, AggregateValue]]:
        figures = figures_of(self._state.selection.module, args, kwargs, "aggregate")

        def plan(runner: Runner) -> Plan[dict[str, AggregateValue]]:
            selection = yield from narrowed(self._state.selection, runner)
            return (yield from plan_aggregate(selection, figures, runner.environment))

        return plan
