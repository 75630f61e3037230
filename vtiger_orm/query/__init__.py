"""Conditions, querysets, and the planner that turns them into what the CRM can say."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .conditions import Q as Q
    from .environment import Environment as Environment
    from .fetches import Prefetch as Prefetch
    from .planner import Explanation as Explanation
    from .projections import ValuesQuerySet as ValuesQuerySet
    from .queryset import QuerySet as QuerySet
    from .selection import Order as Order
    from .selection import Selection as Selection

__all__ = [
    "Environment",
    "Explanation",
    "Order",
    "Prefetch",
    "Q",
    "QuerySet",
    "Selection",
    "ValuesQuerySet",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Environment": "environment",
            "Explanation": "planner",
            "Order": "selection",
            "Prefetch": "fetches",
            "Q": "conditions",
            "QuerySet": "queryset",
            "Selection": "selection",
            "ValuesQuerySet": "projections",
        },
    )
