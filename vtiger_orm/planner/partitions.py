"""A selection cut into id ranges that other processes can read on their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.plans import Plan, perform, together
from ..conditions.tree import Compare, Node, Selection, all_of
from ..errors import InvalidValue, UnsupportedQuery
from ..ids import id_number
from .asking import check_ids, counts
from .branches import Branches
from .compiled import Compiled
from .lists import partitions_of_lists
from .rows import selected
from .semijoin import answered


def plan_partitions(selection: Selection, n: int, env: Environment) -> Plan[list[Selection]]:
    """At most `n` selections by id range, about equally full, that together are the whole.

    No row is in two of them. The first and the last are open, so records that are added later
    fall into one as well. They can be pickled. Raises `UnsupportedQuery` for a slice.
    """
    if n < 1:
        raise InvalidValue(f"partitions() takes a number of at least 1, not {n}.")
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
    cuts = yield from _cut_points(what, n)
    return [
        replace(selection, where=all_of(selection.where, *_range(selection, low, high)))
        for low, high in zip([None, *cuts], [*cuts, None])
    ]


def _range(selection: Selection, low: str | None, high: str | None) -> list[Node]:
    id = selection.module.id
    bounds: list[Node] = [Compare(id, ">=", low)] if low else []
    return [*bounds, Compare(id, "<", high)] if high else bounds


def _cut_points(what: Compiled, parts: int) -> Plan[list[str]]:
    """At most `parts - 1` ids that cut the rows into about equal parts, ascending.

    Where the condition takes several statements the largest of them decides.
    """
    largest = yield from _largest(what)
    parts = min(parts, max(1, largest.size))
    offsets = sorted({largest.size * part // parts for part in range(1, parts)} - {0})
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
