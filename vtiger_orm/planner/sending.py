"""Branches that can be sent: their rows by id, from as many statements as they take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..ids import id_number
from .branches import Branches, InList, one_of
from .compiled import Compiled
from .pages_by_id import keyset
from .streams import chained, everything, merged, pull, window
from .windows import all_rows


def sent(
    what: Compiled,
    branches: Branches,
    more: Iterable[str] = (),
    *,
    start: int = 0,
    stop: int | None = None,
    descending: bool = False,
) -> RowStream:
    """The rows of branches that can be sent, by id, from one or several statements."""
    more = tuple(more)
    groups = what.groups if branches is what.branches else what.packing.packed(branches)
    if len(groups) == 1 and stop is None and not start and not descending:
        return all_rows(what, groups[0], more)
    if len(groups) == 1 and not what.until_empty and not what.thinned:
        wanted = None if stop is None else stop - start
        return keyset(what, groups[0], more, descending=descending, wanted=wanted, offset=start)
    patient = what.until_empty or what.thinned
    most = None if patient else stop
    streams = [keyset(what, each, more, descending=descending, wanted=most) for each in groups]
    if _ascending_lists(groups):
        return window(chained(streams[::-1] if descending else streams), start, stop)
    rows = merged(streams, by_id(descending), what.env.page_size, unique=True)
    return window(rows, start, stop)


def by_id(descending: bool) -> Callable[[Row], int]:
    """The key by which streams in id order are merged."""
    sign = -1 if descending else 1
    return lambda row: sign * id_number(row["id"])


def _ascending_lists(groups: list[Branches]) -> bool:
    """Whether each statement asks for ids of a list, all above those of the one before."""
    last = -1
    for branches in groups:
        lists = [p for p in branches[0] if isinstance(p, InList) and p.wire == "id"]
        if len(branches) != 1 or len(lists) != 1:
            return False
        numbers = [id_number(value) for value in lists[0].values]
        if min(numbers) <= last:
            return False
        last = max(numbers)
    return True


def rows_by_id(what: Compiled, ids: Sequence[str], columns: Iterable[str]) -> Plan[dict[str, Row]]:
    """The rows with these ids, whatever else is true of them, by id."""
    asked = replace(what.reading(columns), bounds=())
    rows = yield from everything(sent(asked, ((one_of("id", tuple(ids)),),)))
    return {row["id"]: row for row in rows}


def widened(stream: RowStream, what: Compiled) -> RowStream:
    """The same rows with the columns that are read later."""
    while (page := (yield from pull(stream))) is not None:
        ids = [row["id"] for row in page]
        for columns in what.later:
            found = yield from rows_by_id(what, ids, columns)
            page = [{**row, **found.get(row["id"], {})} for row in page]
        yield Rows(page)
