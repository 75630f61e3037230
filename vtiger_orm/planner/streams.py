"""Streams of rows put together: filtered, sliced, merged, read ahead.

A stream is a generator that yields calls (and is sent their results) and now and then `Rows`.
Inside the planner nobody sets `Rows.ahead`; `ahead` finds the next call for the whole.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from ..calls.operations import Call, Row
from ..calls.plans import Batch, Plan, Rows, RowStream, Step, perform_all
from ..values.uniform_rows import without_keys


class Sortable(Protocol):
    """What `sorted` can compare."""

    def __lt__(self, other: Any, /) -> bool: ...


SortKey: TypeAlias = Callable[[Row], Sortable]
"""What rows are sorted and merged by."""


def pull(stream: RowStream) -> Plan[Sequence[Row] | None]:
    """The next rows of a stream, or None at its end; performs its calls on the way."""
    try:
        step = next(stream)
        while not isinstance(step, Rows):
            step = stream.send((yield step))
    except StopIteration:
        return None
    return step.rows


def first_page(stream: RowStream) -> Plan[tuple[Sequence[Row], RowStream | None]]:
    """The first rows and the stream of all others; None where there are certainly no others."""
    rows = yield from pull(stream)
    if rows is None:
        return (), None
    step = advance(stream, None)
    return rows, None if step is None else _resumed(stream, step)


def _resumed(stream: RowStream, step: Step | Rows | None) -> RowStream:
    while step is not None:
        step = advance(stream, (yield step))


def everything(stream: RowStream) -> Plan[list[Row]]:
    """All rows of an inner stream."""
    rows: list[Row] = []
    while (page := (yield from pull(stream))) is not None:
        rows.extend(page)
    return rows


def keep(stream: RowStream, accept: Callable[[Row], bool]) -> RowStream:
    """Only the accepted rows."""
    while (page := (yield from pull(stream))) is not None:
        rows = [row for row in page if accept(row)]
        if rows:
            yield Rows(rows)


def window(stream: RowStream, start: int, stop: int | None) -> RowStream:
    """The rows from position `start` up to (not including) `stop`; no call after that."""
    position = 0
    while stop is None or position < stop:
        page = yield from pull(stream)
        if page is None:
            return
        end = len(page) if stop is None else min(len(page), stop - position)
        rows = page[max(start - position, 0) : end]
        position += len(page)
        if rows:
            yield Rows(rows)


def project(stream: RowStream, hidden: Collection[str]) -> RowStream:
    """Without the columns that were read only to decide or to sort."""
    while (page := (yield from pull(stream))) is not None:
        yield Rows(without_keys(page, hidden))


def chained(streams: Iterable[RowStream]) -> RowStream:
    """One stream after the other, each started when the one before has ended."""
    for stream in streams:
        yield from stream


def ahead(stream: RowStream) -> RowStream:
    """The same rows, each page handed out together with the step that the stream needs next,
    so that the server works while the consumer does."""
    reply: object = None
    step = advance(stream, None)
    while step is not None:
        if not isinstance(step, Rows):
            reply = yield step
            step = advance(stream, reply)
            continue
        failure: Exception | None = None
        following: Step | Rows | None = None
        try:
            following = advance(stream, None)
        except Exception as error:
            failure = error
        if following is not None and not isinstance(following, Rows):
            reply = yield Rows(step.rows, ahead=following)
            step = advance(stream, reply)
            continue
        yield Rows(step.rows)
        if failure is not None:
            raise failure
        step = following


def advance(stream: RowStream, reply: object) -> Step | Rows | None:
    """What the stream does next, sent the reply to its last step; None at its end."""
    try:
        return stream.send(reply)
    except StopIteration:
        return None


class _Feed:
    """A stream that is one of several: its rows not yet used, and what it waits for."""

    def __init__(self, stream: RowStream) -> None:
        self._stream = stream
        self.rows: deque[Row] = deque()
        self.step: Step | None = None
        self.ended = False
        self.advance(None)

    @property
    def hungry(self) -> bool:
        return not self.rows and not self.ended

    def advance(self, reply: object) -> None:
        step = advance(self._stream, reply)
        while isinstance(step, Rows):
            self.rows.extend(step.rows)
            if self.rows:
                self.step = None
                return
            step = advance(self._stream, None)
        self.step = step
        self.ended = step is None

    def resume(self) -> None:
        """Find out what the stream needs next, after its rows were used up."""
        if self.step is None and not self.ended:
            self.advance(None)


def _fill(feeds: Sequence[_Feed]) -> Plan[None]:
    """Until every feed has rows or has ended; what several wait for is asked side by side."""
    for feed in feeds:
        if feed.hungry:
            feed.resume()
    while waiting := [feed for feed in feeds if feed.hungry]:
        steps = [feed.step for feed in waiting if feed.step is not None]
        for feed, reply in zip(waiting, (yield from steps_together(steps))):
            feed.advance(reply)


def steps_together(steps: Sequence[Step]) -> Plan[list[object]]:
    """Perform several steps as one batch; the replies are those of each step."""
    if len(steps) == 1:
        return [(yield steps[0])]
    calls: list[Call[object]] = []
    for step in steps:
        calls.extend(step.calls if isinstance(step, Batch) else (step,))
    results = iter((yield from perform_all(calls)))
    return [
        [next(results) for _ in step.calls] if isinstance(step, Batch) else next(results)
        for step in steps
    ]


def merged(
    streams: Sequence[RowStream], key: SortKey, page_size: int, unique: bool = False
) -> RowStream:
    """Streams that are each in the order of `key`, as one in that order, no id twice.

    With `unique` keys equal ids follow each other, so the ids seen need not be remembered.
    """
    if len(streams) == 1:
        yield from streams[0]
        return
    feeds = [_Feed(stream) for stream in streams]
    seen: set[str] = set()
    page: list[Row] = []
    yield from _fill(feeds)
    heap = [(key(feed.rows[0]), index) for index, feed in enumerate(feeds) if feed.rows]
    heapq.heapify(heap)
    while heap:
        _, index = heap[0]
        feed = feeds[index]
        row = feed.rows.popleft()
        if row["id"] not in seen:
            if unique:
                seen.clear()
            seen.add(row["id"])
            page.append(row)
        if not feed.rows:
            if len(page) >= page_size:
                yield Rows(page)
                page = []
            yield from _fill([feed])
        if feed.rows:
            heapq.heapreplace(heap, (key(feed.rows[0]), index))
        else:
            heapq.heappop(heap)
    if page:
        yield Rows(page)
