"""Descending orders without an offset and without a count: value by value.

A page in descending order ends somewhere inside a group of equal values. That group is read by
id, completely, and the next page begins below its value. Where a value is too long for a
statement, the group is that of all texts which begin alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.collation import like_literal, weigh
from ..conditions.evaluate import is_blank_in, wire_text
from ..conditions.tree import Order
from ..errors import ScanTooLarge
from ..ids import id_number
from .asking import answer, ask, is_last, stuck
from .branches import Branches, Comparison
from .compiled import Compiled
from .orders import order_key, total_key
from .pages_by_id import witnessed
from .second_parser import beginning
from .statement import Statement
from .streams import keep, pull

_SPARE: Final = 10


def descending(
    what: Compiled,
    branches: Branches,
    order: Order,
    more: Sequence[str] = (),
    *,
    wanted: int | None = None,
) -> RowStream:
    """The rows of one statement, none of them blank, by one field descending, ties by id
    descending."""
    bounds: tuple[Comparison, ...] = ()
    lowest: _Lowest | None = None
    handed_out: set[str] = set()  # rows of the last group, where they may come again
    while True:
        statement = first_page(what.within(*bounds), branches, order, more, wanted)
        rows = yield from ask(statement, what.env)
        ended = is_last(len(rows), statement.limit or 0, what.env, first=not bounds) or not rows
        rows = _ties_by_id([row for row in rows if row["id"] not in handed_out], order)
        if ended:
            yield Rows(rows)
            return
        if not rows or is_blank_in(rows[-1], order.field):
            # None of them is blank: a server that sends such a row does not hear what is asked.
            raise stuck(what.module.name)
        group = _Group(what.within(*bounds), branches, order, more, rows[-1])
        if bounds == (group.below,):
            raise stuck(what.module.name)
        complete = rows[: next(index for index, row in enumerate(rows) if group.holds(row))]
        if complete:
            yield Rows(complete)
            wanted = wanted and max(wanted - len(complete), 1)
        known = {row["id"] for row in complete}
        if lowest is None:
            lowest = _Lowest((yield from _lowest_id(what, branches)))
        stream = group.rows(lowest.id)
        while (page := (yield from pull(stream))) is not None:
            yield Rows([row for row in page if row["id"] not in known])
        handed_out = group.handed_out
        bounds = (group.below,)


class _Lowest(NamedTuple):
    """The lowest id of all rows, if any was found: read downwards, it comes behind all others."""

    id: str | None


def _lowest_id(what: Compiled, branches: Branches) -> Plan[str | None]:
    rows = yield from answer(what.reading(()).statement(branches, limit=1), what.env)
    return str(rows[0]["id"]) if rows else None


def first_page(
    what: Compiled, branches: Branches, order: Order, more: Sequence[str], wanted: int | None
) -> Statement:
    """A page in descending order; a few rows more than wanted, to see where equal values end."""
    size = what.env.page_size
    return what.statement(
        branches,
        more,
        order=(order.field.wire,),
        descending=True,
        limit=size if wanted is None else min(size, wanted + _SPARE),
    )


class _Group:
    """The rows with the value of one of them, or whose text begins like it."""

    def __init__(
        self, what: Compiled, branches: Branches, order: Order, more: Sequence[str], row: Row
    ) -> None:
        self._branches, self._order, self._more = branches, order, more
        self._what = what
        self._key = order_key((order,))
        self._value_key = self._key(row)
        self.handed_out: set[str] = set()
        wire = order.field.wire
        value = wire_text(row.get(wire))
        self._prefix = beginning(value, what.env) or what.packing.beginning(branches, wire, value)
        if self._prefix is None:
            self.below = Comparison(wire, "<", value)
            self._bound = Comparison(wire, "=", value)
        else:
            self.below = Comparison(wire, "<", self._prefix)
            self._bound = Comparison(wire, "like", like_literal(self._prefix) + "%")

    def holds(self, row: Row) -> bool:
        """Whether a row belongs to the group."""
        if self._prefix is None:
            return self._key(row) == self._value_key
        text = wire_text(row.get(self._order.field.wire))
        return weigh(text).startswith(weigh(self._prefix))

    def rows(self, lowest: str | None) -> RowStream:
        """All of them in descending order; `lowest` is no higher than any of their ids. Raises
        `ScanTooLarge` for too many that begin alike."""
        more = (*self._more, self._order.field.wire)
        within = self._what.within(self._bound)
        stream = witnessed(within, self._branches, more, lowest, descending=True)
        stream = keep(stream, lambda row: row["id"] != lowest or self.holds(row))
        if self._prefix is None:
            yield from stream
            return
        found = yield from self._everything(stream)
        self.handed_out = {row["id"] for row in found}
        yield Rows(sorted(found, key=total_key((self._order,))))

    def _everything(self, stream: RowStream) -> Plan[list[Row]]:
        found: list[Row] = []
        limit = self._what.env.max_scan_rows
        while (page := (yield from pull(stream))) is not None:
            found.extend(page)
            if len(found) > limit:
                raise ScanTooLarge(
                    f"{self._what.module.name} has more than {limit} (max_scan_rows) rows whose "
                    f"{self._order.field.name} begins alike and is too long for a statement, so "
                    f"they would have to be sorted in memory. Order by another field."
                )
        return found


def _ties_by_id(rows: Sequence[Row], order: Order) -> list[Row]:
    """The rows with equal neighbours in descending order of id."""
    ordered: list[Row] = []
    for _, group in groupby(rows, order_key((order,))):
        ordered.extend(sorted(group, key=lambda row: -id_number(row["id"])))
    return ordered
