"""Counting without reading, where the server can."""

from __future__ import annotations

from ...operations.calls import Plan, collect_rows
from ..environment import Environment
from ..selection import Selection
from .rows import plan_rows


def plan_count(selection: Selection, env: Environment) -> Plan[int]:
    """The number of rows of the selection."""
    rows = yield from collect_rows(plan_rows(selection, env))
    return len(rows)
