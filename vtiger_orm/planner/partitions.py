"""A selection cut into id ranges that other processes can read on their own."""

from __future__ import annotations

from dataclasses import replace

from ..calls.environment import Environment
from ..calls.plans import Plan
from ..conditions.tree import Compare, Node, Selection, all_of
from ..errors import UnsupportedQuery
from .lists import partitions_of_lists
from .ranges import cut_points
from .rows import selected
from .semijoin import answered


def plan_partitions(selection: Selection, n: int, env: Environment) -> Plan[list[Selection]]:
    """At most `n` selections by id range, about equally full, that together are the whole.

    No row is in two of them. The first and the last are open, so records that are added later
    fall into one as well. They can be pickled. Raises `UnsupportedQuery` for a slice.
    """
    if n < 1:
        raise ValueError(f"partitions() takes a number of at least 1, not {n}.")
    if selection.start or selection.stop is not None:
        raise UnsupportedQuery(
            "A slice cannot be cut into partitions: its rows have no range of ids. Take the "
            "partitions first."
        )
    if env.lists is not None:
        return (yield from partitions_of_lists(selection, n, env))
    what = yield from answered(replace(selection, order=(), columns=()), env, selected)
    if n == 1 or not what.branches:
        return [selection]
    cuts = yield from cut_points(what, n)
    return [
        replace(selection, where=all_of(selection.where, *_range(selection, low, high)))
        for low, high in zip([None, *cuts], [*cuts, None])
    ]


def _range(selection: Selection, low: str | None, high: str | None) -> list[Node]:
    id = selection.module.id
    bounds: list[Node] = [Compare(id, ">=", low)] if low else []
    return [*bounds, Compare(id, "<", high)] if high else bounds
