"""Disjoint ranges of ids that are about equally full: to be read side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from ..calls.plans import Plan, RowStream, perform, together
from ..ids import id_number
from .asking import check_ids, counts
from .branches import Branches, Comparison
from .compiled import Compiled
from .strategy import in_id_order
from .streams import side_by_side

WORTHWHILE_PAGES: Final = 5
"""From so many pages on reading ranges side by side pays for the calls that find them."""

RANGES_PER_READER: Final = 4
"""More ranges than readers: the pages of all ranges are asked for together, and the more they
are, the less it matters that the slowest ends last."""
_FEWEST_PAGES: Final = 2
"""Pages of a range at least, so that finding it does not cost as much as reading it."""


def in_ranges(what: Compiled) -> RowStream:
    """All rows of the condition, read in more ranges than the session may read at once.

    The rows of a range come in id order, the ranges interleaved.
    """
    size, largest = (yield from _measured(what)) if what.branches else (0, None)
    if largest is None or size <= WORTHWHILE_PAGES * what.env.page_size:
        yield from in_id_order(what)
        return
    offsets = page_offsets(largest.size, what.env.page_size, RANGES_PER_READER * what.env.parallel)
    cuts = yield from _ids_at(largest, offsets)
    yield from side_by_side([in_id_order(part) for part in cut(what, cuts)])


def page_offsets(size: int, page_size: int, most: int) -> Sequence[int]:
    """Where to cut rows into at most so many ranges that take as few pages as the whole.

    The last page of each lacks one row, by which it is known to be the last.
    """
    pages = max(_FEWEST_PAGES, ceil((size + most) / page_size / most))
    return range(pages * page_size - 1, size, pages * page_size - 1)


def cut_points(what: Compiled, parts: int) -> Plan[list[str]]:
    """At most `parts - 1` ids that cut the rows into about equal parts, ascending.

    Where the condition takes several statements the largest of them decides.
    """
    _, largest = yield from _measured(what)
    size = largest.size
    offsets = sorted({size * part // parts for part in range(1, parts)} - {0})
    return (yield from _ids_at(largest, offsets))


@dataclass(frozen=True, slots=True)
class _Group:
    """Branches that one statement holds, without columns, and how many rows they have."""

    ids: Compiled
    branches: Branches
    size: int


def _measured(what: Compiled) -> Plan[tuple[int, _Group]]:
    """How many rows would be read, and the largest of the statements that they take.

    Statements that overlap count twice.
    """
    ids = what.reading(())
    groups = ids.packing.packed(ids.superset)
    sizes = yield from counts([ids.statement(group) for group in groups], what.env)
    size, group = max(zip(sizes, groups), key=lambda each: each[0])
    return sum(sizes), _Group(ids, group, size)


def _ids_at(group: _Group, offsets: Sequence[int]) -> Plan[list[str]]:
    """The ids at these places of the rows in id order, ascending."""
    if not offsets:
        return []
    ids = group.ids
    statements = [ids.statement(group.branches, limit=1, offset=offset) for offset in offsets]
    pages = yield from together([perform(each.query) for each in statements])
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
            *((Comparison("id", ">=", low),) if low else ()),
            *((Comparison("id", "<", high),) if high else ()),
        )
        for low, high in zip(lows, highs)
    ]
