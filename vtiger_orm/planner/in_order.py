"""Rows in the order that was asked for, blanks as one group.

The server sorts NULL, the empty text and zeros (of references and dates) apart, though a row
shows the same for all of them: a second field of the order would start again with each. Where
both kinds occur, the blank rows of the first field are read by themselves; of the fields after
it a run of blanks is put in order when it is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.evaluate import is_blank_in
from ..conditions.tree import Not, Order, Present
from ..errors import ScanTooLarge
from .asking import count, counts
from .atom_forms import Forms
from .branches import ALWAYS, Branches, Comparison
from .compiled import TEXTS, Compiled
from .count import count_of
from .null_rows import filled
from .orders import (
    Paging,
    is_by_id,
    mixes_blanks,
    near_blanks,
    order_key,
    paging_of,
    server_order,
    total_key,
    values_first,
    without_null,
)
from .pages_by_offset import backward, forward
from .pages_by_value import descending
from .sorting import first_page_may_do, first_rows, sorted_rows
from .strategy import at_hand, at_most, in_id_order, superset_size
from .streams import SortKey, first_page, keep, merged, pull, window
from .verdicts import judged

StatementReader: TypeAlias = Callable[[Branches, int, int | None], RowStream]
"""The rows of one statement: its branches, the position to begin at, how many are wanted."""


def in_order(what: Compiled, order: tuple[Order, ...], start: int, stop: int | None) -> RowStream:
    """The rows of the condition from position `start` up to `stop`."""
    if is_by_id(order):
        down = bool(order) and order[0].descending
        return in_id_order(what, start=start, stop=stop, descending=down)
    paging = paging_of(what, order, start)
    if paging is Paging.SORTED:
        return _sorted(what, order, start, stop)
    if paging is not Paging.GROUPS and not mixes_blanks(what, order[0]):
        return _as_sorted(what, order, paging, start, stop)
    if order[0].descending:
        return _blanks_last(what, order, paging, start, stop)
    return _blanks_first(what, order, paging, start, stop)


def _sorted(what: Compiled, order: tuple[Order, ...], start: int, stop: int | None) -> RowStream:
    if stop is not None and first_page_may_do(what, order, stop):
        (group,) = what.groups
        rows = yield from first_rows(what, group, order, stop)
        if rows is not None:
            yield from at_hand(rows[start:])
            return
    yield from sorted_rows(what, order, start, stop)


# -- blanks of the first field


def _blanks_first(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int | None
) -> RowStream:
    """Ascending. As long as no blank row is seen, or only one kind of them, it is as sorted."""
    page, rest = yield from first_page(_as_sorted(what, order, paging, start, stop))
    if not page:
        return
    alone = what.is_exact and len(what.groups) == 1
    at_start = page[0] if alone and not start else None
    if not near_blanks(page[0], order[0]) or not (yield from _apart(what, order[0], at_start)):
        yield Rows(page)
        if rest is not None:
            yield from rest
        return
    if rest is not None:
        rest.close()
    seen: set[str] = set()
    blank = _blank_rows(what, order, start, stop)
    while (rows := (yield from pull(blank))) is not None:
        seen.update(row["id"] for row in rows)
        yield Rows(rows)
    if stop is not None and len(seen) >= stop - start:
        return
    skipped = 0
    if start and not seen:
        blank_rows = yield from count_of(what.where(Not(Present(order[0].field))))
        skipped = max(start - blank_rows, 0)
    end = None if stop is None else skipped + stop - start - len(seen)
    others = _as_sorted(what.where(Present(order[0].field)), order, paging, skipped, end)
    yield from keep(others, lambda row: row["id"] not in seen)


def _blanks_last(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int | None
) -> RowStream:
    """Descending. Where there is no NULL it is as sorted, unless a text that begins with a
    control character follows the blanks."""
    if paging is Paging.GROUPS or values_first(what, order[0]):
        yield from _values_then_blanks(what, order, paging, start, stop)
        return
    seen: set[str] = set()
    stream = _as_sorted(what, order, paging, start, stop)
    page = yield from pull(stream)
    while page and not any(near_blanks(row, order[0]) for row in page):
        seen.update(row["id"] for row in page)
        yield Rows(page)
        page = yield from pull(stream)
    if not page:
        return
    if (yield from _apart(what, order[0], None)):
        stream.close()
        again = _values_then_blanks(what, order, paging, start, stop)
        yield from keep(again, lambda row: row["id"] not in seen)
    else:
        yield Rows(page)
        yield from stream


def _values_then_blanks(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int | None
) -> RowStream:
    """Descending. The blank rows are not read unless they are needed."""
    values = what.where(Present(order[0].field))
    seen: set[str] = set()
    stream = _as_sorted(values, order, paging, start, stop)
    while (rows := (yield from pull(stream))) is not None:
        seen.update(row["id"] for row in rows)
        yield Rows(rows)
    if stop is not None and len(seen) >= stop - start:
        return
    skipped = 0
    if start and not seen:
        skipped = max(start - (yield from count_of(values)), 0)
    wanted = None if stop is None else skipped + stop - start - len(seen)
    blank = _blank_rows(what, order, skipped, wanted)
    yield from keep(blank, lambda row: row["id"] not in seen)


def _blank_rows(
    what: Compiled, order: tuple[Order, ...], start: int, stop: int | None
) -> RowStream:
    """The rows in which the first field is blank; the other fields, or the ids, sort them."""
    blank = what.where(Not(Present(order[0].field)))
    if not blank.branches:
        return
    if all(each.field.wire == "id" for each in order[1:]):
        wires = [each.field.wire for each in order]
        down = order[-1].descending
        yield from in_id_order(blank, wires, start=start, stop=stop, descending=down)
    else:
        yield from sorted_rows(blank, order, start, stop)


def _apart(what: Compiled, order: Order, first: Row | None) -> Plan[bool]:
    """Whether the server sorts blank rows apart: NULL comes first, then text that begins with a
    control character, then the other blanks, of which those of days may be several.

    `first` is the very first row of the server's own order, where it is at hand.
    """
    field, no_null = order.field, without_null(what, order)
    known = filled(what, field.wire)
    groups = what.packing.packed(what.superset)

    def counted(*conditions: Branches) -> Plan[list[int]]:
        statements = [
            what.statement(tuple((*one, *other) for one in group for other in condition))
            for group in groups
            for condition in conditions
        ]
        return (yield from counts(statements, what.env))

    forms = Forms.of(what.module, what.env)
    empty, several = forms.empty(field), forms.empty_days(field)
    if first is not None and is_blank_in(first, field):
        # Nothing sorts before it.
        if no_null:
            return False
        this = Comparison("id", "=", first["id"])
        if (yield from count(what.reading(()).statement(((this, known),)), what.env)):
            return bool(several) and any((yield from counted(several)))
    below = ((Comparison(field.wire, "<", " "),),) if field.family in TEXTS else ()
    if no_null and first is None:
        return any((yield from counted(below))) and any((yield from counted(empty)))
    if not any((yield from counted(empty))):
        return False
    if first is not None:
        return True
    if below and any((yield from counted(below))):
        return True
    if (yield from counted(ALWAYS)) != (yield from counted(((known,),))):
        return True
    return bool(several) and any((yield from counted(several)))


# -- as the server sorts


def _as_sorted(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int | None
) -> RowStream:
    """The rows as the server sorts them, but for runs of blanks behind the first field."""
    if not what.branches:
        return
    if what.is_exact:
        yield from _exact(what, order, paging, start, stop)
    else:
        yield from _judged(what, order, paging, start, stop)


def _exact(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int | None
) -> RowStream:
    """The server decides and sorts; answers of several statements are merged."""
    read, runs = _reader(what, order, paging), _Runs(what, order)
    groups = what.groups
    if len(groups) > 1:
        streams = [runs.sorted(read(group, 0, None if runs else stop)) for group in groups]
        rows = merged(streams, total_key(order), what.env.page_size)
        yield from window(rows, start, stop)
        return
    wanted = None if stop is None else stop - start
    if not runs:
        yield from window(read(groups[0], start, wanted), 0, wanted)
        return
    page, rest = yield from first_page(read(groups[0], start, None))
    if start and page and runs.of(page[0]) is not None:
        # The slice begins inside a run, of which the rows before it are needed too.
        yield from window(runs.sorted(read(groups[0], 0, None)), start, stop)
        return
    yield from window(runs.sorted(_both_streams(page, rest)), 0, wanted)


def _both_streams(page: Sequence[Row], rest: RowStream | None) -> RowStream:
    yield Rows(page)
    if rest is not None:
        yield from rest


def _judged(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int | None
) -> RowStream:
    """The server sorts a superset, the rest is decided on the rows."""
    if stop is None and (yield from superset_size(what)) > what.env.max_scan_rows:
        yield from sorted_rows(what, order, start, stop)
        return
    read, runs = _reader(what, order, paging), _Runs(what, order)
    groups = what.packing.packed(what.superset)
    streams = [runs.sorted(read(group, 0, None)) for group in groups]
    rows = at_most(merged(streams, total_key(order), what.env.page_size), what)
    yield from window(judged(rows, what), start, stop)


def _reader(what: Compiled, order: tuple[Order, ...], paging: Paging) -> StatementReader:
    """How one statement's rows are read in the order."""
    more = () if what.is_exact else what.decided_by
    if paging is Paging.GROUPS:
        return lambda b, start, wanted: descending(what, b, order[0], more, wanted=wanted)
    said = server_order(order)
    if said is None:
        raise ValueError(f"the server cannot sort by {order}")
    key: SortKey = order_key([each for each in order if each.field.wire != "id"])
    walk = backward if paging is Paging.BACKWARD else forward
    return lambda b, start, wanted: walk(what, b, said, key, more, start=start, wanted=wanted)


class _Runs:
    """Runs of rows in which a field behind the first is blank, the fields before it alike."""

    def __init__(self, what: Compiled, order: tuple[Order, ...]) -> None:
        self._what, self._order = what, order
        self._mixed = [
            (each, order_key(order[:index]))
            for index, each in enumerate(order)
            if index and mixes_blanks(what, each)
        ]

    def __bool__(self) -> bool:
        """Whether there may be any."""
        return bool(self._mixed)

    def of(self, row: Row) -> object:
        """The run that the row belongs to, or None."""
        for each, before in self._mixed:
            if near_blanks(row, each):
                return (each.field.wire, before(row))
        return None

    def sorted(self, stream: RowStream) -> RowStream:
        """The rows, each run in the order of what follows. Raises `ScanTooLarge` for one that
        is too long to be held."""
        if not self._mixed:
            yield from stream
            return
        key, limit = total_key(self._order), self._what.env.max_scan_rows
        held: list[Row] = []
        run: object = None
        while (page := (yield from pull(stream))) is not None:
            ready: list[Row] = []
            for row in page:
                other = self.of(row)
                if held and (other is None or other != run):
                    ready += sorted(held, key=key)
                    held = []
                (ready if other is None else held).append(row)
                run = other
            if len(held) > limit:
                raise self._too_long(len(held))
            if ready:
                yield Rows(ready)
        if held:
            yield Rows(sorted(held, key=key))

    def _too_long(self, rows: int) -> ScanTooLarge:
        names = ", ".join(map(str, self._order))
        return ScanTooLarge(
            f"{self._what.module.name} has {rows} rows or more that are blank in a field of the "
            f"order {names}. The CRM sorts two kinds of blanks apart, so they would have to be "
            f"sorted in memory, but max_scan_rows is {self._what.env.max_scan_rows}. Leave the "
            f"field out of the order, add a condition, or open the session with a larger "
            f"max_scan_rows."
        )
