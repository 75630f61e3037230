"""The rows of lists: page by page in id order, by ids, or in an order that the database has.

A first page that is shorter than asked for is the only one: it is the database's own, and whatever
comes twice in it is taken out afterwards. Behind a full one the end is a page without new rows, and
that it is none is proved by asking for the last row again, which must come and be alone. Strict
reading has that of a short first page proved too, and asks for an empty one once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from .._dataclass import dataclass
from ..calls.operations import Criterion, Listing, Row
from ..calls.plans import Plan, Rows, RowStream, perform
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


def page_of(listing: Listing, *, strict: bool) -> Plan[list[Row]]:
    """The rows of one page; to be strict, an empty one is asked for twice."""
    rows: list[Row] = yield from perform(listing)
    return rows if rows or not strict else (yield from perform(listing))


def by_id(
    meta: ModuleMeta,
    criteria: Criteria,
    size: int,
    *,
    descending: bool = False,
    start: int = 0,
    strict: bool = False,
) -> RowStream:
    """Every row of one list, each page behind the last id of the one before; `start` rows are
    left out."""
    first = Listing(meta.name, criteria, (("id", descending),), start, size)
    rows = yield from page_of(first, strict=strict)
    new = once(rows)
    ended = len(rows) < size and not strict
    while new:
        yield Rows(new)
        if ended:
            return
        new = yield from _behind(meta.name, criteria, new, size, descending)


def _behind(
    module: str, criteria: Criteria, rows: Sequence[Row], size: int, descending: bool
) -> Plan[list[Row]]:
    """The rows that follow those of a page; where it was not full they are proved to be none."""
    last = str(rows[-1]["id"])
    with_last = Criterion("id", "<=" if descending else ">=", last), max(size, 2)
    without = Criterion("id", "<" if descending else ">", last), size
    for bound, length in (without, with_last) if len(rows) >= size else (with_last,):
        asked = Listing(module, (*criteria, bound), (("id", descending),), 0, length)
        rows = [row for row in once((yield from perform(asked))) if row["id"] != last]
        sign, place = -1 if descending else 1, id_number(last)
        if any(sign * id_number(str(row["id"])) <= sign * place for row in rows):
            raise stuck(module)
        if rows:
            return rows
    return []


@dataclass(slots=True)
class Among:
    """Which of some records there are, page by page.

    A page that begins with a number has all records that follow up to its last row, so it takes a
    call for each number at most, and fewer the closer they lie. That there are none behind the last
    row of a page that is not full is proved by asking from that row on: it must come, and be alone.
    """

    left: list[int]
    """The numbers of which it is not known yet, ascending."""
    size: int
    _last: int | None = None
    """The last row of a page that was not full, which is asked for again."""

    @property
    def criteria(self) -> Criteria:
        first, last = self._first, self.left[-1]
        if first == last:
            return (Criterion("id", "=", f"0x{first}"),)
        return (Criterion("id", ">=", f"0x{first}"), Criterion("id", "<=", f"0x{last}"))

    @property
    def length(self) -> int:
        first, last = self._first, self.left[-1]
        return self.size if first == last else min(self.size, last - first + 1)

    @property
    def _first(self) -> int:
        return self.left[0] if self._last is None else self._last

    def take(self, numbers: Sequence[int], module: str) -> None:
        """What a page tells, by the numbers of its rows. Raises `MalformedAnswer` for one that
        does not begin where it was asked to."""
        full = len(numbers) >= self.length
        told = numbers[-1] if numbers else None
        if told is not None and told < self._first:
            raise stuck(module)
        if told == self._last:
            # Nothing at all, or nothing but the last row: then it is the end.
            self.left = self.left if full else []
            self._last = None
        elif told is None:
            self._last = None  # it was deleted meanwhile
        else:
            self.left = [number for number in self.left if number > told]
            self._last = None if full else told


def of_ids(meta: ModuleMeta, ids: Iterable[str], size: int, *, strict: bool = False) -> RowStream:
    """The records with these ids, in id order."""
    asked = Among(sorted({parse_id(id_).number for id_ in ids}), size)
    while asked.left:
        wanted = set(asked.left)
        page = Listing(meta.name, asked.criteria, length=asked.length)
        rows = yield from page_of(page, strict=strict)
        asked.take([id_number(str(row["id"])) for row in rows], meta.name)
        found = [row for row in once(rows) if id_number(str(row["id"])) in wanted]
        if found:
            yield Rows(found)


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
    meta: ModuleMeta,
    criteria: Criteria,
    order: Sequence[Order],
    size: int,
    *,
    strict: bool = False,
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
        page = Listing(meta.name, criteria, tuple(terms), start, size)
        rows = yield from page_of(page, strict=strict and not last)
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
        believed = not last and not (strict and rows)
        if short and (believed or (doubted and not new)):
            return
        doubted = short
        start, last = start + len(rows) - 1, str(rows[-1]["id"])


def once(rows: Iterable[Row]) -> list[Row]:
    """Each record once: a list may have a row for each of its line items."""
    return list({str(row["id"]): row for row in rows}.values())
