"""What `changes()` of a queryset is: which session it asks, what it leaves behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from generated.demo import Contacts, connect
from tests.support.kinds import Face
from vtiger_orm import NotLoaded
from vtiger_orm.calls.operations import Row
from vtiger_orm.emulator import Crm
from vtiger_orm.feed.changes import ChangeFeed, ChangeKind
from vtiger_orm.feed.cursors import MARGIN, Page, Position
from vtiger_orm.records.handle import handed_out_by

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROW: Row = {"id": "12x8", "lastname": "a", "modifiedtime": "2026-06-01 12:00:01"}
PAGE = Page(
    Position("Contacts", NOON),
    [("12x8", ROW, NOON), ("12x9", None, None)],
    *(NOON, NOON, UTC),
)
ITEMS: Sequence[Row] = [
    {"kind": kind, "id": id_, "row": row, "page": PAGE, "index": index}
    for index, (kind, id_, row) in enumerate(
        [(ChangeKind.CREATED, "12x8", ROW), (ChangeKind.DELETED, "12x9", None)]
    )
]


class Runner:
    """Hands out one page for ever, whatever is asked, and tells what was left open."""

    def __init__(self) -> None:
        self.open = 0

    def stream(self, plan: Any) -> Iterator[Sequence[Row]]:
        self.open += 1
        try:
            while True:
                yield ITEMS
        finally:
            self.open -= 1

    async def astream(self, plan: Any) -> AsyncIterator[Sequence[Row]]:
        self.open += 1
        try:
            while True:
                yield ITEMS
        finally:
            self.open -= 1


def feed_of(runner: Any) -> Any:
    return ChangeFeed(Contacts, NOON, runner=runner)


def test_a_feed_asks_the_session_it_is_given_and_leaves_nothing_open() -> None:
    runner: Any = Runner()
    items = iter(feed_of(runner))
    created, deleted = next(items), next(items)
    session: Any = handed_out_by(created.record)
    assert session is runner
    assert (repr(created), repr(deleted)) == ("<Change created 12x8>", "<Change deleted 12x9>")
    assert runner.open == 1
    items.close()
    assert runner.open == 0


async def test_so_it_does_where_it_is_awaited() -> None:
    runner: Any = Runner()
    items = aiter(feed_of(runner))
    created = await anext(items)
    session: Any = handed_out_by(created.record)
    assert session is runner
    assert runner.open == 1
    await items.aclose()
    assert runner.open == 0


async def test_streams_that_cannot_be_closed_are_left() -> None:
    """A session's can; a test's may be any iterator."""

    class Once:
        def __init__(self) -> None:
            self.pages = [ITEMS]

        def __aiter__(self) -> Once:
            return self

        async def __anext__(self) -> Sequence[Row]:
            if not self.pages:
                raise StopAsyncIteration
            return self.pages.pop()

    class Plain:
        def stream(self, plan: Any) -> Iterator[Sequence[Row]]:
            return iter([ITEMS])

        def astream(self, plan: Any) -> Once:
            return Once()

    assert [each.id for each in feed_of(Plain())] == ["12x8", "12x9"]
    assert [each.id async for each in feed_of(Plain())] == ["12x8", "12x9"]


def test_a_feed_that_is_iterated_again_goes_on_behind_its_last_item() -> None:
    with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()):
        expected = [change.id for change, _ in zip(Contacts.objects.changes(), range(3))]
        feed = Contacts.objects.changes()
        assert [next(iter(feed)).id for _ in range(3)] == expected


def test_a_feed_has_a_cursor_before_its_first_item() -> None:
    feed = feed_of(Runner())
    assert Position.decode(feed.cursor, "Contacts").time == NOON - MARGIN
    items = iter(feed)
    first = next(items)
    assert feed.cursor == first.cursor != next(items).cursor == feed.cursor
    assert ChangeFeed(Contacts).cursor is None


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_only_the_columns_in_use_are_read(face: Face) -> None:
    [first, *_] = await face.list(Contacts.objects.only("lastname").changes())
    assert first.record is not None
    with pytest.raises(NotLoaded):
        first.record.firstname  # noqa: B018
