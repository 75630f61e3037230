"""Descending orders without an offset and without a count: value by value.

A page in descending order ends somewhere inside a group of equal values. That group is read by
id, completely, and the next page begins below its value. NULL is last and is read by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from ..calls.operations import Row
from ..calls.plans import Rows, RowStream
from ..conditions.evaluate import is_blank, wire_text
from ..conditions.tree import Order
from ..ids import id_number
from ..metadata.kinds import Family
from .asking import ask, is_last, stuck
from .branches import Branches, Comparison
from .compiled import Compiled
from .null_rows import filled, null_rows
from .orders import order_key
from .pages_by_id import keyset
from .statement import Statement
from .streams import Key, pull

_SPARE: Final = 10


def descending(
    what: Compiled,
    branches: Branches,
    order: Order,
    more: Sequence[str] = (),
    *,
    wanted: int | None = None,
) -> RowStream:
    """The rows of one statement by one field descending, ties by id descending, blanks last."""
    values = _values(what, branches, order, more, wanted)
    wire, family = order.field.wire, order.field.family
    empty: set[str] = set()
    while (page := (yield from pull(values))) is not None:
        empty.update(row["id"] for row in page if is_blank(family, wire_text(row.get(wire))))
        yield Rows(page)
    last = null_rows(what, (wire,), branches, (*more, wire), descending=True)
    while (page := (yield from pull(last))) is not None:
        yield Rows([row for row in page if row["id"] not in empty])


def _values(
    what: Compiled, branches: Branches, order: Order, more: Sequence[str], wanted: int | None
) -> RowStream:
    """The rows in which the field is not NULL."""
    wire, key = order.field.wire, order_key((order,))
    below = filled(what, wire)
    former: str | None = None
    while True:
        part = what.within(below)
        statement = first_page(part, branches, order, more, wanted)
        rows = yield from ask(statement, what.env)
        if is_last(rows, statement.limit or 0):
            yield Rows(_ties_by_id(rows, key))
            return
        value, complete = _last_group(rows, order, key)
        if value is None:
            yield from _blanks(part, branches, order, more)
            return
        if value == former:
            raise stuck(what.module.name)
        former = value
        if complete:
            yield Rows(_ties_by_id(complete, key))
            wanted = wanted and max(wanted - len(complete), 1)
        known = {row["id"] for row in complete}
        equal = what.within(Comparison(wire, "=", value))
        group = keyset(equal, branches, (*more, wire), descending=True)
        while (page := (yield from pull(group))) is not None:
            yield Rows([row for row in page if row["id"] not in known])
        below = Comparison(wire, "<", value)


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


def _last_group(rows: list[Row], order: Order, key: Key) -> tuple[str | None, list[Row]]:
    """The last value that is not blank, and the rows before the first one that has it.

    A reference to a deleted record reads blank though the server sorts it by its old number, so
    blanks may stand in the middle; they come again with the next page.
    """
    wire, family = order.field.wire, order.field.family
    texts = [wire_text(row.get(wire)) for row in rows]
    known = [index for index, text in enumerate(texts) if not is_blank(family, text)]
    if not known:
        return None, []
    last = key(rows[known[-1]])
    first = next(index for index in known if key(rows[index]) == last)
    return texts[known[-1]], rows[:first]


def _blanks(what: Compiled, branches: Branches, order: Order, more: Sequence[str]) -> RowStream:
    """What is left once a whole page is blank: empty values, and whatever sorts below them."""
    wire, family = order.field.wire, order.field.family
    stream = keyset(what, branches, (*more, wire), descending=True)
    late: list[Row] = []
    empty: list[Row] = []
    while (page := (yield from pull(stream))) is not None:
        blank = [row for row in page if is_blank(family, wire_text(row.get(wire)))]
        late.extend(row for row in page if not is_blank(family, wire_text(row.get(wire))))
        if family is Family.REFERENCE:
            empty.extend(blank)
        else:
            yield Rows(blank)
    late = sorted(late, key=order_key((order,)))
    yield Rows([*late, *empty])


def _ties_by_id(rows: Sequence[Row], key: Key) -> list[Row]:
    """The rows with equal neighbours in descending order of id."""
    ordered: list[Row] = []
    for _, group in groupby(rows, key):
        ordered.extend(sorted(group, key=lambda row: -id_number(row["id"])))
    return ordered
