"""`values` and `values_list`: querysets of plain values."""

from __future__ import annotations

from typing import Any, TypeVar

from ..aggregates.functions import Aggregate, figures_of
from ..aggregates.groups import group_key
from ..errors import InvalidLookup, UnsupportedQuery
from .grouping import GroupedQuerySet, Grouping
from .reading import BaseQuerySet

T = TypeVar("T")


class ValuesQuerySet(BaseQuerySet[T]):
    """A queryset of plain values instead of records; everything else is the same.

    Which fields a row has was fixed by `values` or `values_list`; conditions, order and slices
    may still follow.
    """

    __slots__ = ()

    def annotate(self, *args: Aggregate, **kwargs: Aggregate) -> GroupedQuerySet[dict[str, Any]]:
        """Group the records by these values, with figures for each group.

        ``Potentials.objects.values("sales_stage").annotate(total=Sum("amount"), n=Count())``
        yields dicts. ``values("closingdate__year", "closingdate__month")`` groups by parts of a
        date (`year`, `month`; of a moment `date` as well, in the session's time zone). Conditions
        come before it.
        """
        projection = self._state.projection
        if projection is None or projection.style != "dict":
            raise UnsupportedQuery("annotate() follows values(): values_list() makes no groups.")
        module = self._state.selection.module
        keys = tuple(group_key(module, name, "values") for name in projection.names)
        figures = figures_of(module, args, dict(kwargs), "annotate")
        for each in figures:
            if each.name in projection.names:
                raise InvalidLookup(
                    f"annotate({each.name}=...): the rows have {each.name!r} already, as what "
                    "they are grouped by. Give the figure another name."
                )
        return GroupedQuerySet(self._state, Grouping(keys, figures))
