"""The rows of lists: page by page in id order, by ids, or in an order that the database has.

A first page that is shorter than asked for is the only one: it is the database's own, and whatever
comes twice in it is taken out afterwards. Behind a full one the end is a page without new rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..calls.operations import Criterion, Listing, Row
from ..calls.plans import Rows, RowStream, perform
from ..conditions.quirks import quirk_of
from ..conditions.tree import Order
from ..dialects.restfulapi_columns import column_of
from ..errors import MalformedAnswer
from ..ids import id_number, parse_id
from ..metadata.kinds import Family, Kind
from ..metadata.module import ModuleMeta
from .asking import stuck
from .list_narrowing import Criteria

_MOST_RESTARTS: Final = 50
_SORTED_ALIKE: Final = {Kind.INTEGER: "integer", Kind.CURRENCY: "decimal"}
_NEVER_NULL: Final = frozenset({"createdtime", "modifiedtime"})


def by_id(
    meta: ModuleMeta, criteria: Criteria, size: int, *, descending: bool = False, start: int = 0
) -> RowStream:
    """Every row of one list, each page behind the last id of the one before; `start` rows are
    left out."""
    bound: Criteria = ()
    last: int | None = None
    while True:
        listing = Listing(meta.name, (*criteria, *bound), (("id", descending),), start, size)
        rows = yield from perform(listing)
        new = once(rows)
        numbers = [id_number(str(row["id"])) for row in new]
        if last is not None and any(
            (number >= last) if descending else (number <= last) for number in numbers
        ):
            raise stuck(meta.name)
        if new:
            yield Rows(new)
        if not new or (last is None and len(rows) < size):
            return
        last, start = numbers[-1], 0
        bound = (Criterion("id", "<" if descending else ">", str(new[-1]["id"])),)


def of_ids(meta: ModuleMeta, ids: Iterable[str], size: int) -> RowStream:
    """The records with these ids, in id order.

    A page that begins with one of them has all that follow it up to its last row, so it takes a
    call for each at most, and fewer the closer they lie.
    """
    left = sorted({parse_id(id_).number for id_ in ids})
    wanted = set(left)
    while left:
        first, last = left[0], left[-1]
        criteria: Criteria
        if first == last:
            criteria, length = (Criterion("id", "=", f"0x{first}"),), size
        else:
            length = min(size, last - first + 1)
            criteria = (Criterion("id", ">=", f"0x{first}"), Criterion("id", "<=", f"0x{last}"))
        rows = yield from perform(Listing(meta.name, criteria, length=length))
        found = [row for row in once(rows) if id_number(str(row["id"])) in wanted]
        if found:
            yield Rows(found)
        told = last if len(rows) < length else id_number(str(rows[-1]["id"]))
        if first == last:
            return
        if told < first:
            raise stuck(meta.name)
        left = [number for number in left if number > told]


def is_sorted_alike(meta: ModuleMeta, order: Sequence[Order]) -> bool:
    """Whether the database sorts by these fields as rows are compared here: numbers, of which only
    NULL is blank, and moments that are never blank. Text may be stored with entities, and what a
    reference refers to may be deleted."""
    for each in order:
        field, column = each.field, column_of(meta, each.field.wire)
        if column is None or quirk_of(meta.name, field.wire) is not None:
            return False
        if field.family is Family.ID or field.wire in _NEVER_NULL:
            continue
        if _SORTED_ALIKE.get(field.kind) != column.type:
            return False
    return bool(order)


def in_database_order(
    meta: ModuleMeta, criteria: Criteria, order: Sequence[Order], size: int
) -> RowStream:
    """The rows of one list in an order of the database, ties by id.

    Each page begins with the last row of the one before; where it does not, rows came or went, and
    the list is read anew without those that were handed out.
    """
    terms = [(each.field.wire, each.descending) for each in order]
    if terms[-1][0] != "id":
        terms.append(("id", terms[-1][1]))
    seen: set[str] = set()
    restarts, start, last, doubted = 0, 0, "", False
    size = max(size, 2)
    while True:
        rows = yield from perform(Listing(meta.name, criteria, tuple(terms), start, size))
        if last and (not rows or str(rows[0]["id"]) != last):
            restarts, start, last, doubted = restarts + 1, 0, "", False
            if restarts > _MOST_RESTARTS:
                raise MalformedAnswer(
                    f"The records of {meta.name} move faster than they can be read in this order. "
                    "Order by id."
                )
            continue
        new = [row for row in once(rows) if str(row["id"]) not in seen]
        seen.update(str(row["id"]) for row in new)
        if new:
            yield Rows(new)
        short = len(rows) < size
        if short and (not last or (doubted and not new)):
            return
        doubted = short
        start, last = start + len(rows) - 1, str(rows[-1]["id"])


def once(rows: Iterable[Row]) -> list[Row]:
    """Each record once: a list may have a row for each of its line items."""
    return list({str(row["id"]): row for row in rows}.values())
