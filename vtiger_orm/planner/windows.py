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

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from math import ceil, sqrt
from typing import Final, TypeVar

from ..calls.operations import Call, Row
from ..calls.pace import Pace
from ..calls.plans import Batch, Plan, Rows, RowStream
from ..ids import id_number
from ..values.uniform_rows import column_of, joined, rows_where
from .asking import answer
from .branches import Branches, Comparison
from .compiled import Compiled
from .pages_by_id import PagesAfter, PatientPages, advancing, behind, keyset, last_id, most_rows
from .statement import Statement

T = TypeVar("T")

FILL: Final = 0.8
"""The share of a page that a window holds at least: a full page has to be continued."""
MOST_CALLS: Final = 1.5
"""Calls at most for every page of rows, but for `SPARE_CALLS`: where ids lie so unevenly that
windows take more, pages are read one after the other."""
SPARE_CALLS: Final = 24
_DEVIATIONS: Final = 1.5
"""Standard deviations of their number for which a window leaves room, if rows lie by chance:
fewer are continued more often, more are asked for more often."""
_FADING: Final = 0.7
"""How much of what was known of the density of ids still counts after the next window."""


def all_rows(
    what: Compiled, branches: Branches, more: Iterable[str] = (), expected: int | None = None
) -> RowStream:
    """The rows of one statement in id order, as many pages at once as pay; `expected` is how many
    another call found."""
    if what.env.parallel.most == 1 or what.until_empty or most_rows(branches) is not None:
        return keyset(what, branches, more, expected=expected)
    return _several_at_once(what, branches, tuple(more), expected)


def _several_at_once(
    what: Compiled, branches: Branches, more: tuple[str, ...], expected: int | None
) -> RowStream:
    env = what.env
    pace = Pace(env.parallel)
    pages = _one_after_the_other(what, branches, more, follows=what.continues, expected=expected)
    windows = _Windows(what, branches, more)
    try:
        while not pages.ended:
            place = pages.last
            if place is not None and pace.width > 1:
                yield from windows.open(place, pace.width)
            if windows.are_open:
                rows = yield from paced(windows.next(), pace, windows.soon)
                if rows:
                    pages.last = last_id(rows)
                pages.read += len(rows)
                pages.ended = pages.read == expected
                if windows.are_wasteful:
                    pace.alone()
            else:
                page = yield from paced(pages.next_page(env.page_size), pace)
                rows = advancing(what, page, place)
                windows.page(rows)
            if rows:
                yield Rows(rows)
    finally:
        windows.close()


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
    """The windows that are under way, where the next one begins, and whether they have paid."""

    def __init__(self, what: Compiled, branches: Branches, more: tuple[str, ...]) -> None:
        self._what, self._branches, self._more = what, branches, more
        self._size = what.env.page_size
        self._density = _Density(self._size)
        self._last: int | None = None
        """The greatest id there was when windows were first asked for: that of the witness."""
        self._open: deque[_Window] = deque()
        self._end = 0
        """The id at which the next window begins."""
        self._empty = 0
        """How many windows in a row had no rows."""
        self._calls = 0
        self._rows = 0

    @property
    def are_open(self) -> bool:
        return bool(self._open)

    @property
    def are_wasteful(self) -> bool:
        """Whether windows took more calls than they should."""
        return self._calls > MOST_CALLS * (self._rows / self._size) + SPARE_CALLS

    def page(self, rows: Sequence[Row]) -> None:
        """Rows that were read one after the other show how densely ids lie here."""
        if len(rows) > 1:
            ids = column_of(rows, "id")
            self._density = _Density(self._size)
            self._density.seen(len(rows), id_number(ids[-1]) - id_number(ids[0]) + 1)
            self._empty = 0

    def open(self, place: str, width: int) -> Plan[None]:
        """Have so many windows under way, the first of them behind this row.

        None are opened behind the greatest id there was, nor in a hole in which all of them were
        empty: what follows is found by a page."""
        if self._empty >= width or not self._density.is_known:
            return
        prefix, _, number = place.partition("x")
        if not self._open:
            self._end = int(number) + 1
            if self._last is None:
                self._last = yield from self._greatest()
        while len(self._open) < width and self._last is not None and self._end <= self._last:
            low, high = self._end, self._end + self._density.span
            self._open.append(_Window(high - low, self._rows_within(prefix, low, high, self._last)))
            self._end = high

    def soon(self) -> list[Call[object]]:
        """What the windows behind the first one ask first."""
        return [call for window in islice(self._open, 1, None) for call in window.first_calls]

    def next(self) -> Plan[Sequence[Row]]:
        """The rows of the first window that is under way."""
        window = self._open[0]
        rows, calls = yield from window.rows()
        self._open.popleft()
        self._calls += calls
        self._rows += len(rows)
        self._empty = 0 if rows else self._empty + 1
        # Rows that may not be seen take room in pages as well.
        self._density.seen(max(len(rows), (calls - 1) * (self._size - 1)), window.ids)
        return rows

    def close(self) -> None:
        for window in self._open:
            window.close()

    def _greatest(self) -> Plan[int]:
        """The greatest id of the rows, 0 where none is found: then pages find what there is."""
        ids = self._what.reading(())
        statement = ids.statement(self._branches, descending=True, limit=1)
        self._calls += 1
        rows = yield from answer(statement, self._what.env)
        return id_number(rows[0]["id"]) if rows else 0

    def _rows_within(
        self, prefix: str, low: int, high: int, last: int
    ) -> Plan[tuple[Sequence[Row], int]]:
        """The rows from one id up to another, and how many calls they took."""
        witness = Comparison("id", "=", f"{prefix}x{last}")
        first = Comparison("id", ">=", f"{prefix}x{low}")
        within = self._what.within(first, Comparison("id", "<", f"{prefix}x{high}"))

        def page(bounds: tuple[Comparison, ...], limit: int) -> Statement:
            return within.statement(self._branches, self._more, bounds=bounds, limit=limit)

        pages: list[Sequence[Row]] = []
        place: str | None = None
        calls = 0
        while True:
            calls += 1
            asked = page(() if place is None else (behind(place),), self._size)
            found = yield from answer(asked.or_else(witness, self._size), self._what.env)
            new = rows_where(found, "id", lambda id: low <= id_number(id) < high)
            pages.append(advancing(self._what, new, place))
            if witness.value in column_of(found, "id"):
                return joined(pages), calls
            if not new:
                break
            place = last_id(new)
        # The witness was deleted meanwhile, or the statement does not work: that is found out.
        if self._last == last:
            self._last = None
        rest = _one_after_the_other(within, self._branches, self._more, last=place)
        while not rest.ended:
            place = rest.last
            more = yield from rest.next_page(self._size)
            pages.append(advancing(self._what, more, place))
        rows = joined(pages)
        return rows, calls + 2 + len(rows) // self._size


class _Window:
    """A plan that has begun: what it asks first is known, and may be under way."""

    def __init__(self, ids: int, plan: Plan[tuple[Sequence[Row], int]]) -> None:
        self.ids: Final = ids
        """How many ids it spans."""
        self._plan = plan
        self._step = next(plan)

    @property
    def first_calls(self) -> Sequence[Call[object]]:
        return self._step.calls if isinstance(self._step, Batch) else (self._step,)

    def rows(self) -> Plan[tuple[Sequence[Row], int]]:
        """Its rows, and how many calls they took."""
        try:
            while True:
                try:
                    reply = yield self._step
                except Exception as error:
                    self._step = self._plan.throw(error)
                else:
                    self._step = self._plan.send(reply)
        except StopIteration as done:
            result: tuple[Sequence[Row], int] = done.value
            return result

    def close(self) -> None:
        self._plan.close()


class _Density:
    """How many rows lie in so many ids, the last ones counting most."""

    def __init__(self, page_size: int) -> None:
        self._room = page_size - 1  # the witness needs a place
        self._rows = self._ids = 0.0

    def seen(self, rows: int, ids: int) -> None:
        self._rows = _FADING * self._rows + rows
        self._ids = _FADING * self._ids + ids

    @property
    def is_known(self) -> bool:
        return self._rows > 0 and self._room > 0

    @property
    def span(self) -> int:
        """Ids of a window that most likely needs one call; that a page has room for as many as it
        has ids is certain, so it never has fewer."""
        density = min(1.0, self._rows / self._ids)
        spread = _DEVIATIONS / 2 * sqrt(1 - density)
        rows = (sqrt(self._room + spread**2) - spread) ** 2
        return max(self._room, ceil(max(rows, FILL * self._room) / density))


def paced(plan: Plan[T], pace: Pace, soon: Callable[[], Sequence[Call[object]]] = tuple) -> Plan[T]:
    """A plan whose calls tell the pace how they went, and what is asked `soon` after them."""
    try:
        step = next(plan)
        while True:
            calls = step.calls if isinstance(step, Batch) else (step,)
            collect = isinstance(step, Batch) and step.collect
            try:
                replies = yield Batch(calls, collect, pace, soon())
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
