"""`values` and `values_list`: querysets of plain values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from ..aggregates.functions import Aggregate, figures_of
from ..aggregates.groups import group_key
from ..errors import InvalidLookup, UnsupportedQuery
from .grouping import GroupedQuerySet, Grouping
from .reading import BaseQuerySet
from .shaping import shaped

T = TypeVar("T")
V = TypeVar("V")


class ValuesQuerySet(BaseQuerySet[T]):
    """A queryset of plain values instead of records; everything else is the same.

    Which fields a row has was fixed by `values` or `values_list`; conditions, order and slices
    may still follow.
    """

    __slots__ = ()

    def into(self, shape: type[V]) -> ValuesQuerySet[V]:
        """The rows as instances of a class of yours, as `QuerySet.into`; its fields are among
        those that were named."""
        state = self._state
        rows = shaped(state.model, shape)
        names = {
            key.field.name
            for key in (group_key(state.model.meta, each, "into") for each in self.value_names)
        }
        for each in rows.names:
            if each not in names:
                raise InvalidLookup(
                    f"into({shape.__name__}): {each!r} is none of the fields that were named "
                    f"before: {', '.join(self.value_names)}. Name it there, or leave out values()."
                )
        chosen = state.selection.naming(rows.fields)
        return ValuesQuerySet(
            replace(state, selection=chosen, fetches=rows.fetches, projection=rows)
        )

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
