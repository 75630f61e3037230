"""Disjoint ranges of ids that are about equally full, and reading them side by side."""

from __future__ import annotations

from typing import Final

from ...ids import id_number
from ...operations.calls import Plan, Query, RowStream
from ..parts import Said
from .asking import check_ids, counts
from .compiled import Compiled
from .sets import in_id_order, superset_size
from .streams import side_by_side, together

WORTHWHILE_PAGES: Final = 5
"""From so many pages on reading ranges side by side pays for the calls that find them."""

RANGES_PER_READER: Final = 2
"""More ranges than readers, so that a slow page of one keeps the others busy."""


def in_ranges(what: Compiled) -> RowStream:
    """All rows of the condition, read in more ranges than the session may read at once.

    The rows of a range come in id order, the ranges interleaved.
    """
    size = (yield from superset_size(what)) if what.branches else 0
    if size <= WORTHWHILE_PAGES * what.env.page_size:
        yield from in_id_order(what)
        return
    cuts = yield from cut_points(what, RANGES_PER_READER * what.env.parallel)
    yield from side_by_side([in_id_order(part) for part in cut(what, cuts)])


def cut_points(what: Compiled, parts: int) -> Plan[list[str]]:
    """At most `parts - 1` ids that cut the rows into about equal parts, ascending.

    Where the condition takes several statements the largest of them decides.
    """
    ids = what.reading(())
    groups = ids.packing.packed(ids.superset)
    sizes = yield from counts([ids.statement(group) for group in groups])
    size, group = max(zip(sizes, groups), key=lambda each: each[0])
    offsets = sorted({size * part // parts for part in range(1, parts)} - {0})
    if not offsets:
        return []
    statements = [ids.statement(group, limit=1, offset=offset) for offset in offsets]
    pages = yield from together([Query(s.text, s.module) for s in statements])
    for page in pages:
        check_ids(page)
    found = {row["id"] for page in pages for row in page}
    return sorted(found, key=id_number)


def cut(what: Compiled, cuts: list[str]) -> list[Compiled]:
    """The condition within each of the ranges; the first and the last are open, so that no new
    record falls outside."""
    lows = [None, *cuts]
    highs = [*cuts, None]
    return [
        what.within(
            *((Said("id", ">=", low),) if low else ()),
            *((Said("id", "<", high),) if high else ()),
        )
        for low, high in zip(lows, highs)
    ]
