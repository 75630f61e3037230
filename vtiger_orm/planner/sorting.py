"""Orders the server does not have: mixed directions, several statements, thinned pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.tree import Order
from ..errors import ScanTooLarge
from ..metadata.kinds import Family
from .asking import ask, is_last
from .branches import Branches
from .compiled import Compiled
from .orders import mixes_blanks, near_blanks, order_key, sorts_otherwise, total_key
from .sending import rows_by_id
from .statement import Statement
from .strategy import in_id_order
from .streams import everything, pull

_WHOLE_PAGES: Final = 20
"""Up to so many pages rows are kept whole; beyond, only what sorts them is, and the rows of the
slice are read again by id."""
_SPARE: Final = 10


def sorted_rows(
    what: Compiled, order: tuple[Order, ...], start: int, stop: int | None
) -> RowStream:
    """All rows of the condition, sorted in memory.

    Raises `ScanTooLarge` beyond `max_scan_rows` rows.
    """
    wires = tuple(each.field.wire for each in order)
    few = _WHOLE_PAGES * what.env.page_size
    stream = in_id_order(what, wires)
    rows: list[Row] = []
    while (page := (yield from pull(stream))) is not None:
        rows.extend(page)
        if len(rows) > few:
            stream.close()
            break
    else:
        yield Rows(sorted(rows, key=total_key(order))[start:stop])
        return
    rows = yield from everything(_limited(what, order, in_id_order(what.reading(wires))))
    chosen = [row["id"] for row in sorted(rows, key=total_key(order))[start:stop]]
    size = what.env.page_size
    for first in range(0, len(chosen), size):
        ids = chosen[first : first + size]
        found = yield from rows_by_id(what, ids, (*what.columns, *wires))
        yield Rows([found[id] for id in ids if id in found])


def first_page(
    what: Compiled, branches: Branches, order: tuple[Order, ...], stop: int
) -> Statement:
    """A page in the order of which the server can say the beginning."""
    prefix = _sayable_prefix(order)
    return what.statement(
        branches,
        tuple(each.field.wire for each in order),
        order=tuple(each.field.wire for each in prefix),
        descending=prefix[-1].descending,
        limit=min(what.env.page_size, 2 * stop + _SPARE),
    )


def first_rows(
    what: Compiled, branches: Branches, order: tuple[Order, ...], stop: int
) -> Plan[list[Row] | None]:
    """The first rows in an order of which the server knows the beginning, by one page.

    None when the page ends inside a group of equal beginnings that is needed.
    """
    statement = first_page(what, branches, order, stop)
    rows = yield from ask(statement, what.env)
    if not is_last(len(rows), statement.limit or 0, what.env, first=True):
        rows = _complete_groups(what, rows, _sayable_prefix(order))
        if len(rows) < stop:
            return None
    return sorted(rows, key=total_key(order))[:stop]


def _complete_groups(what: Compiled, rows: Sequence[Row], order: Sequence[Order]) -> list[Row]:
    """Without the rows that others of the same group may follow: those equal to the last one, or
    the whole run of blanks that it is in, since the server sorts two kinds of blanks apart."""
    last = rows[-1]
    for index, each in enumerate(order):
        if mixes_blanks(what, each) and near_blanks(last, each):
            before = order_key(order[:index])
            place = before(last)
            return [row for row in rows if not near_blanks(row, each) or before(row) != place]
    key = order_key(order)
    end = key(last)
    return [row for row in rows if key(row) != end]


def first_page_may_do(what: Compiled, order: tuple[Order, ...], stop: int | None) -> bool:
    """Whether one page in the server's order may hold the slice: the server must decide and
    compare as `total_key` does, which it does not with references to deleted records (they
    sort by a number that the row does not show) or numbers stored as text."""
    return (
        stop is not None
        and stop <= what.env.page_size
        and what.is_exact
        and not what.thinned
        and not what.joins_in_condition
        and len(what.groups) == 1
        and all(each.field.family is not Family.REFERENCE for each in _sayable_prefix(order))
        and not any(sorts_otherwise(what, each) for each in order)
    )


def _sayable_prefix(order: Sequence[Order]) -> tuple[Order, ...]:
    """The longest beginning that one ORDER BY can say: ascending, the last in any direction."""
    kept: list[Order] = []
    for each in order:
        kept.append(each)
        if each.descending:
            break
    return tuple(kept)


def _limited(what: Compiled, order: tuple[Order, ...], stream: RowStream) -> RowStream:
    read = 0
    while (page := (yield from pull(stream))) is not None:
        read += len(page)
        if read > what.env.max_scan_rows:
            names = ", ".join(map(str, order))
            raise ScanTooLarge(
                f"{what.module.name} has more than {read} rows of this condition, which would "
                f"have to be sorted in memory by {names}, but max_scan_rows is "
                f"{what.env.max_scan_rows}. The CRM itself sorts by any fields ascending, or by "
                f"all of them descending. Use one of these orders, add a condition that leaves "
                f"fewer rows, or open the session with a larger max_scan_rows."
            )
        yield Rows(page)
