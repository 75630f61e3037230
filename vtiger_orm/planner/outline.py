"""The first statements of a plan, as `explain` shows them, without asking anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..conditions.tree import Order, Selection
from .compiled import Compiled
from .groups import first_page as descending_page
from .heads import not_null
from .orders import Reading, normalised, server_order
from .parts import Branches
from .sets import Way
from .sorting import first_page as sorted_page
from .sorting import first_page_may_do


def first_statements(
    what: Compiled, way: Way, reading: Reading, selection: Selection
) -> Iterator[str]:
    """The first statement of each kind that the plan sends. Pages read from the end begin at an
    offset that a count has to tell; it is shown as ``…``."""
    if way is Way.NOTHING:
        return
    order = normalised(selection.order)
    if way is Way.HEADS and reading in (Reading.BY_ID, Reading.SORTED):
        yield from _with_heads(what, order, reading)
        return
    groups = what.packing.packed(what.superset)
    slice_ = _Slice(what, selection, alone=what.is_exact and len(groups) == 1)
    for group in groups:
        yield from _of_group(what, group, order, reading, slice_)


class _Slice:
    """What of the slice can be left to the server: only where one statement decides it all."""

    def __init__(self, what: Compiled, selection: Selection, alone: bool) -> None:
        self.stop = selection.stop
        self.start = selection.start if alone else 0
        size = what.env.page_size
        wanted = size if self.stop is None or not alone else self.stop - self.start
        self.limit = min(size, wanted)


def _of_group(
    what: Compiled, group: Branches, order: tuple[Order, ...], reading: Reading, part: _Slice
) -> Iterator[str]:
    more = () if what.is_exact else what.decided_by
    said = server_order(order) if reading in (Reading.FORWARD, Reading.BACKWARD) else None
    if reading is Reading.GROUPS:
        wire = order[0].field.wire
        filled = what.within(not_null(what, wire))
        yield descending_page(filled, group, order[0], more, part.stop).text
        yield what.statement(group, more, order=(wire, "id"), descending=True).text
    elif said is not None:
        page = what.statement(
            group, more, order=said.wires, descending=said.descending, limit=part.limit
        )
        if reading is Reading.BACKWARD:
            yield page.counting.text
            yield page.text.replace(f" limit {part.limit};", f" limit …,{part.limit};")
        else:
            yield replace(page, offset=part.start).text
    elif reading is Reading.SORTED:
        if part.stop is not None and first_page_may_do(what, order, part.stop):
            yield sorted_page(what, group, order, part.stop).text
        else:
            yield what.statement(group, (*_wires(order), *more)).text
    else:
        down = bool(order) and order[0].descending
        yield what.statement(group, more, descending=down, limit=part.limit, offset=part.start).text


def _with_heads(what: Compiled, order: tuple[Order, ...], reading: Reading) -> Iterator[str]:
    by_id = reading is Reading.BY_ID
    more = () if by_id else _wires(order)
    down = by_id and bool(order) and order[0].descending
    for group in what.packing.packed(what.direct):
        yield what.statement(group, more, descending=down).text
    for fields, branches in what.null_sets.items():
        wires = (*sorted(fields), "id")
        for group in what.packing.packed(tuple(branches)):
            yield what.statement(group, more, order=wires, descending=down).text


def _wires(order: tuple[Order, ...]) -> tuple[str, ...]:
    return tuple(each.field.wire for each in order)
