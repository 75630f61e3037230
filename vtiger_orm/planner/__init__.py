"""From a selection to calls: what the querysets of an application are answered with."""

from __future__ import annotations

from .count import plan_count
from .exists import plan_exists
from .explain import Explanation, explain
from .partitions import plan_partitions
from .rows import plan_rows

__all__ = [
    "Explanation",
    "explain",
    "plan_count",
    "plan_exists",
    "plan_partitions",
    "plan_rows",
]
