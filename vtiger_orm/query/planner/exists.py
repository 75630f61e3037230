"""Whether a selection has any row."""

from __future__ import annotations

from dataclasses import replace

from ...operations.calls import Plan, collect_rows
from ..environment import Environment
from ..selection import Selection
from .rows import plan_rows


def plan_exists(selection: Selection, env: Environment) -> Plan[bool]:
    """Whether at least one row satisfies the selection."""
    one = replace(selection, stop=selection.start + 1)
    rows = yield from collect_rows(plan_rows(one, env))
    return bool(rows)
