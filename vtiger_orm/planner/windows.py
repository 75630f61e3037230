"""All rows of one statement in id order, several pages at once: windows of ids.

Ids are numbers, and the rows found so far tell how densely they lie. So the next pages can be
asked for side by side, as ranges of ids that should hold most of a page each; one that holds
more is continued within itself. Rows stay in order, nothing is counted, and how many windows are
under way may change at any time, down to one page after the other.

That a window is complete is proved by a witness: the last row of all is asked for along with it,
and comes last. So no call more is needed for a window that the server left empty or cut, nor for
one that it took rows out of which the user may not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final, TypeVar

from ..calls.operations import Row
from ..calls.pace import Pace
from ..calls.plans import Batch, Plan, Rows, RowStream, together
from ..ids import id_number
from ..values.uniform_rows import column_of, joined, rows_where
from .asking import answer
from .branches import Branches, Comparison
from .compiled import Compiled
from .pages_by_id import PagesAfter, PatientPages, advancing, behind, keyset, last_id, most_rows
from .statement import Statement

T = TypeVar("T")

FILL: Final = 0.8
"""The share of a page that a window should hold: a full page has to be continued."""
MOST_CALLS: Final = 1.5
"""Calls at most for every page of rows, but for `SPARE_CALLS`: where ids lie so unevenly that
windows take more, pages are read one after the other."""
SPARE_CALLS: Final = 24
_ROUNDS: Final = 3
"""Windows of a step for each that is under way, once their number is found: what a step ends with
is waited for, and meanwhile the server has less to do."""
_AHEAD: Final = 0.5
"""Windows that are asked for ahead of the reader, as a share of the pages that it had."""
_SWING: Final = 2.0
"""How much wider or narrower the windows of a round may be than those of the one before."""


def all_rows(
    what: Compiled, branches: Branches, more: Iterable[str] = (), expected: int | None = None
) -> RowStream:
    """The rows of one statement in id order, as many pages at once as pay; `expected` is how many
    another call found."""
    env = what.env
    if env.parallel.most == 1 or what.until_empty or most_rows(branches) is not None:
        yield from keyset(what, branches, more, expected=expected)
        return
    more = tuple(more)
    pace = Pace(env.parallel)
    pages = _one_after_the_other(what, branches, more, follows=what.continues, expected=expected)
    windows = _Windows(what, branches, more)
    while not pages.ended:
        place = pages.last
        if pace.width > 1 and place is not None and windows.apply(place):
            number = how_many(pace, pages.read // env.page_size)
            rows = yield from paced(windows.after(place, number), pace)
            if rows:
                pages.last = last_id(rows)
            pages.read += len(rows)
            pages.ended = pages.read == expected
            if windows.are_wasteful:
                pace.alone()
        else:
            rows = yield from paced(pages.next_page(env.page_size), pace)
            windows.page(rows)
        if rows:
            yield Rows(advancing(what, rows, place))


def how_many(pace: Pace, read: int) -> int:
    """How many windows to ask for in a step, after so many pages."""
    if not pace.is_settled:
        return pace.width
    return max(pace.width, min(_ROUNDS * pace.width, int(_AHEAD * read)))


def _one_after_the_other(
    what: Compiled,
    branches: Branches,
    more: tuple[str, ...],
    *,
    last: str | None = None,
    follows: bool = False,
    expected: int | None = None,
) -> PagesAfter | PatientPages:
    """Pages behind the row `last`, in the way in which their end can be proved."""
    if what.thinned:
        return PatientPages(what, branches, more, last=last)
    return PagesAfter(
        lambda bounds, limit: what.statement(branches, more, bounds=bounds, limit=limit),
        what.env,
        last=last,
        follows=follows,
        expected=expected,
    )


class _Windows:
    """Where the next windows lie, and whether they have paid so far."""

    def __init__(self, what: Compiled, branches: Branches, more: tuple[str, ...]) -> None:
        self._what, self._branches, self._more = what, branches, more
        self._size = what.env.page_size
        self._span = 0.0
        """Ids of one window."""
        self._last: int | None = None
        """The greatest id there was when windows were first asked for: that of the witness."""
        self._calls = 0
        self._rows = 0

    def apply(self, place: str) -> bool:
        """Whether windows behind this row may hold others. Behind the greatest id there was, and
        across a hole in which every window was empty, a page finds out."""
        return self._span >= 1 and (self._last is None or id_number(place) < self._last)

    @property
    def are_wasteful(self) -> bool:
        """Whether windows took more calls than they should."""
        return self._calls > MOST_CALLS * (self._rows / self._size) + SPARE_CALLS

    def page(self, rows: Sequence[Row]) -> None:
        """Rows that were read one after the other show how densely ids lie here."""
        if len(rows) > 1:
            ids = column_of(rows, "id")
            reach = id_number(ids[-1]) - id_number(ids[0]) + 1
            self._span = max(1.0, reach / len(rows) * self._size * FILL)

    def after(self, place: str, width: int) -> Plan[Sequence[Row]]:
        """The rows of so many windows behind this row."""
        prefix, _, number = place.partition("x")
        if self._last is None:
            self._last = yield from self._greatest()
        span = ceil(self._span)
        starts = range(int(number) + 1, self._last + 1, span)[:width]
        if not starts:
            return []
        witness = Comparison("id", "=", f"{prefix}x{self._last}")
        windows = [self._window(prefix, low, low + span, witness) for low in starts]
        found = yield from together(windows, whole_rounds=True)
        rows = joined([rows for rows, _ in found])
        self._calls += sum(calls for _, calls in found)
        self._rows += len(rows)
        self._adapt(len(rows), len(starts))
        return rows

    def _adapt(self, rows: int, windows: int) -> None:
        if not rows:
            self._span = 0.0
            return
        wanted = self._size * FILL * windows / rows
        self._span = max(1.0, self._span * min(_SWING, max(1 / _SWING, wanted)))

    def _greatest(self) -> Plan[int]:
        """The greatest id of the rows, 0 where none is found: then pages find what there is."""
        ids = self._what.reading(())
        statement = ids.statement(self._branches, descending=True, limit=1)
        self._calls += 1
        rows = yield from answer(statement, self._what.env)
        return id_number(rows[0]["id"]) if rows else 0

    def _window(
        self, prefix: str, low: int, high: int, witness: Comparison
    ) -> Plan[tuple[Sequence[Row], int]]:
        """The rows from one id up to another, and how many calls they took."""
        first = Comparison("id", ">=", f"{prefix}x{low}")
        within = self._what.within(first, Comparison("id", "<", f"{prefix}x{high}"))

        def page(bounds: tuple[Comparison, ...], limit: int) -> Statement:
            return within.statement(self._branches, self._more, bounds=bounds, limit=limit)

        pages: list[Sequence[Row]] = []
        last: str | None = None
        calls = 0
        while True:
            calls += 1
            asked = page(() if last is None else (behind(last),), self._size)
            found = yield from answer(asked.or_else(witness, self._size), self._what.env)
            new = rows_where(found, "id", lambda id: low <= id_number(id) < high)
            pages.append(advancing(self._what, new, last))
            if witness.value in column_of(found, "id"):
                return joined(pages), calls
            if not new:
                break
            last = _place(new)
        # The witness was deleted meanwhile, or the statement does not work: that is found out.
        self._last = None
        rest = _one_after_the_other(within, self._branches, self._more, last=last)
        while not rest.ended:
            last = rest.last
            more = yield from rest.next_page(self._size)
            pages.append(advancing(self._what, more, last))
        rows = joined(pages)
        return rows, calls + 2 + len(rows) // self._size


def _place(rows: Sequence[Row]) -> str | None:
    return last_id(rows) if rows else None


def paced(plan: Plan[T], pace: Pace) -> Plan[T]:
    """A plan whose calls tell the pace how they went."""
    try:
        step = next(plan)
        while True:
            calls = step.calls if isinstance(step, Batch) else (step,)
            collect = isinstance(step, Batch) and step.collect
            try:
                replies = yield Batch(calls, collect, pace)
            except Exception as error:
                step = plan.throw(error)
                continue
            step = plan.send(replies if isinstance(step, Batch) else _only(replies))
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        plan.close()


def _only(replies: object) -> object:
    """The reply of a batch of one call."""
    if not isinstance(replies, list) or len(replies) != 1:
        raise TypeError("a batch of one call has one reply")
    return replies[0]
