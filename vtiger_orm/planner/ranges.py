"""Disjoint ranges of ids that are about equally full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..calls.plans import Plan, perform, together
from ..ids import id_number
from .asking import check_ids, counts
from .branches import Branches
from .compiled import Compiled


def cut_points(what: Compiled, parts: int) -> Plan[list[str]]:
    """At most `parts - 1` ids that cut the rows into about equal parts, ascending.

    Where the condition takes several statements the largest of them decides.
    """
    largest = yield from _largest(what)
    size = largest.size
    offsets = sorted({size * part // parts for part in range(1, parts)} - {0})
    return (yield from _ids_at(largest, offsets))


@dataclass(frozen=True, slots=True)
class _Group:
    """Branches that one statement holds, without columns, and how many rows they have."""

    ids: Compiled
    branches: Branches
    size: int


def _largest(what: Compiled) -> Plan[_Group]:
    """The statement that has the most rows."""
    ids = what.reading(())
    groups = ids.packing.packed(ids.superset)
    sizes = yield from counts([ids.statement(group) for group in groups], what.env)
    size, group = max(zip(sizes, groups), key=lambda each: each[0])
    return _Group(ids, group, size)


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
