"""`ValuesQuerySet`: what `values()` and `values_list()` make."""

from __future__ import annotations

from .base import BaseQuerySet, T


class ValuesQuerySet(BaseQuerySet[T]):
    """A queryset of plain values instead of records; everything else is the same.

    Which fields a row has was fixed by `values` or `values_list`; conditions, order and slices
    may still follow.
    """

    __slots__ = ()
