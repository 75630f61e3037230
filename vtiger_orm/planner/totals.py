"""How many rows a selection has, and whether it has any: by counts and single rows."""

from __future__ import annotations

from dataclasses import replace

from ..calls.environment import Environment
from ..calls.plans import Plan
from ..conditions.tree import Selection
from .asking import ask
from .branches import has_residual, nulls
from .compiled import Compiled
from .count import count_of, difference
from .null_rows import has_null
from .rows import selected
from .semijoin import answered
from .strategy import Strategy, in_id_order, strategy_of
from .streams import pull


def plan_count(selection: Selection, env: Environment) -> Plan[int]:
    """The number of rows of the selection.

    Raises `ScanTooLarge` when it cannot be counted and has more rows than may be read, and
    `SilentQueryError` when a statement does not work.
    """
    start, stop = selection.start, selection.stop
    if stop is not None and stop <= start:
        return 0
    bare = replace(selection, order=(), columns=(), start=0, stop=None)
    what = yield from answered(bare, env, selected)
    total = yield from count_of(what)
    return max(min(total, total if stop is None else stop) - start, 0)


def plan_exists(selection: Selection, env: Environment) -> Plan[bool]:
    """Whether at least one row satisfies the selection.

    Raises `ScanTooLarge` when that cannot be told without reading more rows than allowed.
    """
    start, stop = selection.start, selection.stop
    if stop is not None and stop <= start:
        return False
    bare = replace(selection, order=(), columns=())
    if start:
        one = replace(bare, stop=start + 1)
        return (yield from pull(selected(one, env))) is not None
    what = yield from answered(replace(bare, stop=None), env, selected)
    return (yield from _any(what))


def _any(what: Compiled) -> Plan[bool]:
    strategy = strategy_of(what)
    if strategy is Strategy.NOTHING:
        return False
    if strategy is Strategy.SCAN or what.thinned:
        return (yield from _first_row(what))
    direct = tuple(each for each in what.branches if not nulls(each) and not has_residual(each))
    if direct:
        for group in what.packing.packed(direct):
            if (yield from ask(what.statement(group, limit=1), what.env)):
                return True
    if not what.has_residual:
        for wires, branches in what.null_fields.items():
            for group in what.packing.packed(tuple(branches)):
                if (yield from has_null(what, sorted(wires), group)):
                    return True
        return False
    if difference(what) is not None:
        return (yield from count_of(what)) > 0
    return (yield from _first_row(what))


def _first_row(what: Compiled) -> Plan[bool]:
    return (yield from pull(in_id_order(what, stop=1))) is not None
