"""Pages in id order, each after the last id of the one before; and rows fetched by their ids.

Pages by id are exact while rows are inserted and deleted, and as fast at the end as at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..ids import id_number
from .asking import ask, count, is_last, stuck
from .branches import SENDABLE, Branches, Comparison, InList, one_of
from .compiled import Compiled
from .streams import chained, everything, merged, pull, window


def after(rows: Sequence[Row], descending: bool = False) -> Comparison:
    """The bound that continues behind the last of these rows."""
    return Comparison("id", "<" if descending else ">", str(rows[-1]["id"]))


def advancing(
    what: Compiled, rows: Sequence[Row], bounds: Sequence[Comparison], descending: bool = False
) -> Sequence[Row]:
    """The rows of a page, each once. Raises `MalformedAnswer` when they do not lie behind the
    bound in the order of their ids."""
    sign = -1 if descending else 1
    numbers = [sign * id_number(row["id"]) for row in rows]
    if bounds:
        numbers.insert(0, sign * id_number(bounds[0].value))
    if all(sooner < later for sooner, later in pairwise(numbers)):
        return rows
    if numbers != sorted(numbers) or (bounds and numbers[0] == numbers[1]):
        raise stuck(what.module.name)
    return list({row["id"]: row for row in rows}.values())


def keyset(
    what: Compiled,
    branches: Branches,
    more: Iterable[str] = (),
    *,
    descending: bool = False,
    wanted: int | None = None,
    offset: int = 0,
) -> RowStream:
    """The rows of one statement in id order, at most `wanted`, after skipping `offset`.

    A page shorter than asked for is the last one, except where the server drops rows after
    LIMIT: joined rows of one record (then an empty page is the end) or rows that the user may
    not see (then a count tells).
    """
    env = what.env
    patient = what.until_empty or env.thinned_pages
    most = _at_most(branches)
    wanted = most if wanted is None else wanted if most is None else min(wanted, most)
    bounds: tuple[Comparison, ...] = ()
    while wanted is None or wanted > 0:
        limit = env.page_size if patient or wanted is None else min(env.page_size, wanted)
        statement = what.statement(
            branches, more, bounds=bounds, descending=descending, limit=limit, offset=offset
        )
        rows = yield from ask(statement, env)
        if rows:
            yield Rows(advancing(what, rows, bounds, descending))
            bounds, offset = (after(rows, descending),), 0
            if wanted is not None:
                wanted -= len(rows)
        if is_last(rows, limit) and not patient:
            return
        if not rows:
            offset += limit
            if not env.thinned_pages or offset >= (yield from count(statement)):
                return


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
    groups = what.packing.packed(branches)
    if len(groups) == 1 and not what.until_empty and not what.env.thinned_pages:
        wanted = None if stop is None else stop - start
        yield from keyset(what, groups[0], more, descending=descending, wanted=wanted, offset=start)
        return
    patient = what.until_empty or what.env.thinned_pages
    most = None if patient else stop
    streams = [keyset(what, each, more, descending=descending, wanted=most) for each in groups]
    if _ascending_lists(groups):
        yield from window(chained(streams[::-1] if descending else streams), start, stop)
        return
    rows = merged(streams, by_id(descending), what.env.page_size, unique=True)
    yield from window(rows, start, stop)


def by_id(descending: bool) -> Callable[[Row], int]:
    """The key by which streams in id order are merged."""
    sign = -1 if descending else 1
    return lambda row: sign * id_number(row["id"])


def _at_most(branches: Branches) -> int | None:
    """How many rows there can be, where the ids are listed."""
    if len(branches) != 1:
        return None
    for part in branches[0]:
        if isinstance(part, SENDABLE) and part.wire == "id":
            if isinstance(part, InList):
                return len(part.values)
            if part.operator == "=":
                return 1
    return None


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
