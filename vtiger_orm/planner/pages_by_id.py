"""Pages in id order, each after the last id of the one before; and rows fetched by their ids.

Pages by id are exact while rows are inserted and deleted, and as fast at the end as at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..ids import id_number
from ..values.uniform_rows import column_of, rows_where
from .asking import QUERY, answer, ask, count, countable, is_last, stuck, uncounted
from .branches import SENDABLE, Branches, Comparison, InList
from .compiled import Compiled
from .statement import Statement


def behind(id: str, descending: bool = False) -> Comparison:
    """The bound that continues behind this row."""
    return Comparison("id", "<" if descending else ">", id)


def at(id: str, descending: bool = False) -> Comparison:
    """The bound that continues with this row, which comes again."""
    prefix, _, number = id.partition("x")
    step = 1 if descending else -1
    return behind(f"{prefix}x{max(int(number) + step, 0)}", descending)


def after(rows: Sequence[Row], descending: bool = False) -> Comparison:
    """The bound that continues behind the last of these rows."""
    return behind(last_id(rows), descending)


def last_id(rows: Sequence[Row]) -> str:
    """The id of the last of these rows."""
    return str(column_of(rows, "id")[-1])


StatementAt: TypeAlias = Callable[[tuple[Comparison, ...], int], Statement]
"""A page within these bounds, with so many rows at most."""


@dataclass(slots=True)
class PagesAfter:
    """Pages one after the other, each behind the last row of the one before.

    The end is believed where it is proved: by a first page too short to have been cut, or by
    asking for the last row again, which must come and be alone.
    """

    statement_at: StatementAt
    env: Environment
    descending: bool = False
    asking: Callable[[Statement, Environment], Plan[Sequence[Row]]] = answer
    proving: Callable[[Statement, Environment], Plan[Sequence[Row]]] = ask
    operation: str = QUERY
    last: str | None = None
    follows: bool = False
    """Whether full pages were read before the first of these."""
    expected: int | None = None
    """How many rows there are as another call told: so many, on pages with room for more, are
    all."""
    read: int = 0
    ended: bool = False
    _cut: bool = False
    """Whether the page before may have been cut."""

    def next_page(self, limit: int) -> Plan[Sequence[Row]]:
        """The next rows, at most `limit`; none at the end."""
        if self.last is None:
            rows = yield from self.proving(self.statement_at((), limit), self.env)
            return self._taken(rows, rows, limit, first=not self.follows)
        if not self._cut:
            statement = self.statement_at((behind(self.last, self.descending),), limit)
            rows = yield from self.asking(statement, self.env)
            if rows or self.env.knowledge.trusting:
                return self._taken(rows, rows, limit)
        limit = max(2, min(limit + 1, self.env.page_size))
        rows = yield from self.proving(
            self.statement_at((at(self.last, self.descending),), limit), self.env
        )
        new = rows_where(rows, "id", lambda id: id != self.last)
        return self._taken(rows, new, limit)

    def _taken(
        self, rows: Sequence[Row], new: Sequence[Row], limit: int, first: bool = False
    ) -> Sequence[Row]:
        self.read += len(new)
        last = is_last(len(rows), limit, self.env, self.operation, first=first)
        last = last or (len(rows) < limit and self.read == self.expected)
        self._cut = len(rows) < limit and not last
        self.ended = not new or last
        if new:
            self.last = last_id(new)
        return new


def advancing(
    what: Compiled, rows: Sequence[Row], last: str | None, descending: bool = False
) -> Sequence[Row]:
    """The rows of a page, each once. Raises `MalformedAnswer` when they do not lie behind the
    last one in the order of their ids."""
    sign = -1 if descending else 1
    numbers = [sign * id_number(id) for id in column_of(rows, "id")]
    if last is not None:
        numbers.insert(0, sign * id_number(last))
    if all(sooner < later for sooner, later in pairwise(numbers)):
        return rows
    if numbers != sorted(numbers) or (last is not None and numbers[0] == numbers[1]):
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
    expected: int | None = None,
) -> RowStream:
    """The rows of one statement in id order, at most `wanted`, after skipping `offset`; `expected`
    is how many another call found."""
    most = most_rows(branches)
    wanted = most if wanted is None else wanted if most is None else min(wanted, most)
    more = tuple(more)
    whole = most is not None and most <= what.env.page_size
    if what.until_empty or (what.thinned and not whole):
        yield from _patiently(what, branches, more, descending, wanted, offset)
        return

    def page(bounds: tuple[Comparison, ...], limit: int) -> Statement:
        return what.statement(
            branches,
            more,
            bounds=bounds,
            descending=descending,
            limit=limit,
            offset=0 if bounds else offset,
        )

    pages = PagesAfter(page, what.env, descending, follows=what.continues, expected=expected)
    size = what.env.page_size
    while not pages.ended and (wanted is None or wanted > 0):
        place = pages.last
        rows = yield from pages.next_page(size if wanted is None else min(size, wanted))
        if rows:
            yield Rows(advancing(what, rows, place, descending))
        if wanted is not None:
            wanted -= len(rows)


def witnessed(
    what: Compiled,
    branches: Branches,
    more: Iterable[str],
    witness: str | None,
    *,
    descending: bool = False,
) -> RowStream:
    """The rows of one statement in id order, few of them, together with a row behind them all.

    That row, the witness, is asked for along with each page: where it comes the others are all
    there, so an end that follows full pages takes no call more. It is handed out as well.
    """
    more, env = tuple(more), what.env
    if what.thinned or what.until_empty:
        yield from keyset(what, branches, more, descending=descending)
        return

    def page(bounds: tuple[Comparison, ...], limit: int) -> Statement:
        return what.statement(branches, more, bounds=bounds, descending=descending, limit=limit)

    last: str | None = None
    while witness is not None:
        asked = page(() if last is None else (behind(last, descending),), env.page_size)
        otherwise = Comparison("id", "=", witness)
        rows = yield from answer(asked.or_else(otherwise, env.page_size), env)
        if rows:
            yield Rows(advancing(what, rows, last, descending))
            last = last_id(rows)
        if last == witness:
            return
        if not rows:
            break  # it was deleted meanwhile, or the statement does not work
    pages = PagesAfter(page, env, descending, last=last, follows=True)
    while not pages.ended:
        place = pages.last
        rows = yield from pages.next_page(env.page_size)
        if rows:
            yield Rows(advancing(what, rows, place, descending))


def _patiently(
    what: Compiled,
    branches: Branches,
    more: tuple[str, ...],
    descending: bool,
    wanted: int | None,
    offset: int,
) -> RowStream:
    pages = PatientPages(what, branches, more, descending, offset=offset)
    while not pages.ended and (wanted is None or wanted > 0):
        place = pages.last
        rows = yield from pages.next_page(what.env.page_size)
        if rows:
            yield Rows(advancing(what, rows, place, descending))
        if wanted is not None:
            wanted -= len(rows)


@dataclass(slots=True)
class PatientPages:
    """Pages one after the other where the server drops rows after LIMIT: joined rows of one
    record, then a page without rows is the end; or rows that the user may not see, then a count
    tells the end, and a page without rows may come before others."""

    what: Compiled
    branches: Branches
    more: tuple[str, ...] = ()
    descending: bool = False
    last: str | None = None
    offset: int = 0
    read: int = 0
    ended: bool = False
    _short: bool = False
    """Whether the page before may have been the last one."""

    def next_page(self, limit: int) -> Plan[Sequence[Row]]:
        """The next rows. Raises `UnsupportedQuery` where nothing can tell the end."""
        if self._short and (yield from self._is_over()):
            self.ended = True
            return []
        statement = self._statement(limit, self.offset)
        rows = yield from ask(statement, self.what.env)
        if rows:
            self.last, self.offset = last_id(rows), 0
            self.read += len(rows)
        else:
            self.offset += limit
        self.ended = not rows and not self.what.thinned
        self._short = self.what.thinned and len(rows) < limit
        return rows

    def _is_over(self) -> Plan[bool]:
        name, env = self.what.module.name, self.what.env
        if not countable(name, env):
            raise uncounted(name)
        return self.offset >= (yield from count(self._statement(env.page_size, 0), env))

    def _statement(self, limit: int, offset: int) -> Statement:
        bounds = () if self.last is None else (behind(self.last, self.descending),)
        return self.what.statement(
            self.branches,
            self.more,
            bounds=bounds,
            descending=self.descending,
            limit=limit,
            offset=offset,
        )


def most_rows(branches: Branches) -> int | None:
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
