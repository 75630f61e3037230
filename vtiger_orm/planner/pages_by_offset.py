"""Pages by offset that do not lose rows when others are inserted or deleted in between.

Every page reaches into the one before. As long as it begins (or, read backwards, ends) with a
row already seen, nothing lies between; if not, it is read again further back.
"""

from __future__ import annotations

import html
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from ..calls.operations import Row
from ..calls.plans import Rows, RowStream
from .asking import ask, count, is_last, stuck
from .branches import Branches
from .compiled import Compiled
from .orders import ServerOrder
from .streams import Sortable, SortKey

_OVERLAP: Final = 5
"""Rows that a page read backwards reaches into the one before."""
_REMEMBERED_PAGES: Final = 3
_PATIENCE: Final = 1000
"""Pages in a row that may bring nothing new; only a server that answers all alike has more."""


class _Seen:
    """Ids handed out so far, and the exact place of the latest rows."""

    def __init__(self, key: SortKey, wires: Sequence[str], page_size: int) -> None:
        self._key = key
        self._wires = wires
        self._ids: set[str] = set()
        self._recent: deque[tuple[str, Sortable]] = deque(maxlen=_REMEMBERED_PAGES * page_size)
        self._in_vain = 0

    @property
    def started(self) -> bool:
        """Whether anything was handed out."""
        return bool(self._ids)

    def knows(self, row: Row) -> bool:
        """Whether the row was handed out lately and has not moved since."""
        return self._place(row) in self._recent

    def _place(self, row: Row) -> tuple[str, Sortable]:
        """Where the row stands. A text that holds the encoding of another is shown decoded or
        not, as the rows before it will have it: that moves no row."""
        odd = {wire: row[wire] for wire in self._wires if "&" in str(row.get(wire))}
        if odd:
            row = {**row, **{wire: _decoded(str(text)) for wire, text in odd.items()}}
        return row["id"], self._key(row)

    def wait(self, module: str) -> None:
        """One more page is asked for. Raises `MalformedAnswer` when too many were in vain."""
        self._in_vain += 1
        if self._in_vain > _PATIENCE:
            raise stuck(module)

    def take(self, rows: Iterable[Row]) -> list[Row]:
        """The rows not handed out before, which now are."""
        new = [row for row in rows if row["id"] not in self._ids]
        self._in_vain = 0 if new else self._in_vain
        self._ids.update(row["id"] for row in new)
        self._recent.extend(map(self._place, new))
        return new


def _decoded(text: str) -> str:
    """The text without any encoding for HTML, however often it was encoded."""
    while (less := html.unescape(text)) != text:
        text = less
    return text


def forward(
    what: Compiled,
    branches: Branches,
    order: ServerOrder,
    key: SortKey,
    more: Sequence[str] = (),
    *,
    start: int = 0,
    wanted: int | None = None,
) -> RowStream:
    """The rows of one statement in the server's order, from position `start` on.

    A page begins with the last row of the page before. A row whose own order changes while it is
    read may move; every other row comes exactly once.
    """
    size = max(what.env.page_size, 2)
    seen = _Seen(key, order.wires, size)
    position, doubted = start, False
    while wanted is None or wanted > 0:
        seen.wait(what.module.name)
        limit = size if wanted is None else min(size, wanted + (1 if seen.started else 0))
        statement = what.statement(
            branches,
            more,
            order=order.wires,
            descending=order.descending,
            limit=limit,
            offset=position,
        )
        rows = yield from ask(statement, what.env)
        if seen.started and position > start and not (rows and seen.knows(rows[0])):
            position = max(position - max(size // 2, 1), start)
            continue
        ended = is_last(len(rows), limit, what.env, first=not seen.started)
        new = seen.take(rows)
        if new:
            yield Rows(new)
            if wanted is not None:
                wanted -= len(new)
        if ended or (doubted and not new):
            return
        doubted = len(rows) < limit
        position += len(rows) - 1


def backward(
    what: Compiled,
    branches: Branches,
    order: ServerOrder,
    key: SortKey,
    more: Sequence[str] = (),
    *,
    start: int = 0,
    wanted: int | None = None,
) -> RowStream:
    """The rows of one statement in the reverse of the server's order, from position `start` on.

    Begins with a count; windows of the ascending list are read from its end.
    """
    size = max(what.env.page_size, 2)
    overlap = min(_OVERLAP, size // 2)
    seen = _Seen(key, order.wires, size)
    end = (yield from count(what.statement(branches), what.env)) - start
    at_end = start == 0
    while end > 0 and (wanted is None or wanted > 0):
        seen.wait(what.module.name)
        step = size - overlap if wanted is None else min(size - overlap, wanted)
        low = max(end - step, 0)
        statement = what.statement(
            branches,
            more,
            order=order.wires,
            descending=order.descending,
            limit=end - low + overlap,
            offset=low,
        )
        rows = yield from ask(statement, what.env)
        full = len(rows) == statement.limit
        if at_end and full:
            end += step  # rows were added behind the end: go right until a window is short
            continue
        known = next((index for index, row in enumerate(rows) if seen.knows(row)), None)
        if known is None and seen.started and full:
            end += max(size // 2, 1)  # rows were added before: what is known lies further right
            continue
        if known is None and len(rows) < (end - low + overlap if seen.started else end - low):
            there = (yield from count(what.statement(branches), what.env)) - low
            if len(rows) < min(there, end - low):
                # The server cuts pages shorter than was believed.
                size = max(len(rows), 2)
                overlap = min(_OVERLAP, size // 2)
                continue
            if not rows:
                end = min(end, low + there)  # rows were deleted: what is left lies further left
                continue
        if known is not None:
            rows = rows[:known]
        elif start and not seen.started:
            rows = rows[: end - low]
        new = seen.take(reversed(rows))
        if new:
            yield Rows(new)
            if wanted is not None:
                wanted -= len(new)
        end, at_end = low, not (start or seen.started)
