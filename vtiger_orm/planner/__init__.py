"""From a selection to calls: what the querysets of an application are answered with."""

from __future__ import annotations

from .checked import plan_checked_rows
from .explain import Explanation, explain
from .partitions import plan_partitions
from .rows import plan_counted_rows, plan_rows
from .totals import plan_count, plan_exists

__all__ = [
    "Explanation",
    "explain",
    "plan_checked_rows",
    "plan_count",
    "plan_counted_rows",
    "plan_exists",
    "plan_partitions",
    "plan_rows",
]
