"""The change feed: complete at page boundaries, resumable behind every item."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest

from generated.demo import Accounts, Contacts
from tests.support.kinds import Face
from vtiger_orm import InvalidValue, LimitReached, NotSupported, UnsupportedQuery
from vtiger_orm.calls.refusals import ANOTHER_TIME
from vtiger_orm.emulator import faults
from vtiger_orm.feed import changes as feed
from vtiger_orm.feed.changes import Change, ChangeKind


def now(face: Face) -> datetime:
    moment: datetime = face.crm.clock()
    return moment.replace(microsecond=0)


def make(face: Face, number: int, prefix: str = "C") -> list[str]:
    """So many contacts, made within the same second."""
    return [
        str(face.crm.create("Contacts", {"lastname": f"{prefix}{each}"})["id"])
        for each in range(number)
    ]


def seen(items: list[Change[Any]]) -> list[tuple[str, str]]:
    return [(str(each.kind), str(each.id)) for each in items]


async def test_created_and_updated_records_in_order_of_time(face: Face) -> None:
    face.crm.clock.advance(60)
    [old] = make(face, 1, "old")
    face.crm.clock.advance(60)
    since = now(face)
    first, second = make(face, 2)
    face.crm.clock.advance(3)
    face.crm.run("revise", element={"id": old, "department": "x"})
    for objects in (Contacts.objects, Contacts.objects.only("department")):
        items = await face.list(objects.changes(since))
        assert seen(items) == [("created", first), ("created", second), ("updated", old)]
    assert items[2].record is not None
    assert items[2].record.department == "x"
    assert items[2].kind is ChangeKind.UPDATED


async def test_every_item_can_be_resumed_behind(face: Face) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    for _ in range(4):
        make(face, 3)
        face.crm.clock.advance(2)
    items = await face.list(Contacts.objects.changes(since))
    assert len(items) == 12
    for position, item in enumerate(items):
        rest = await face.list(Contacts.objects.changes(item.cursor))
        assert seen(rest) == seen(items[position + 1 :])


async def test_more_records_in_one_second_than_fit_a_page(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_WINDOW", 100)
    face.crm.clock.advance(60)
    since = now(face)
    ids = make(face, 30)
    face.crm.clock.advance(1)
    ids += make(face, 155)
    face.crm.clock.advance(1)
    ids += make(face, 40)
    items = await face.list(Contacts.objects.changes(since))
    assert [str(each.id) for each in items] == ids
    rest = await face.list(Contacts.objects.changes(items[99].cursor))
    assert [str(each.id) for each in rest] == ids[100:]


async def test_a_change_within_the_second_that_was_read_is_not_lost(face: Face) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    ids = make(face, 3)
    items = await face.list(Contacts.objects.changes(since))
    face.crm.run("revise", element={"id": ids[0], "department": "same second"})
    [late] = make(face, 1, "late")
    more = await face.list(Contacts.objects.changes(items[-1].cursor))
    assert {str(each.id) for each in more} == {ids[0], late}
    assert await face.list(Contacts.objects.changes(more[-1].cursor)) == []


async def test_the_feed_itself_goes_on_where_it_stopped(face: Face) -> None:
    face.crm.clock.advance(60)
    assert Contacts.objects.changes().cursor is None
    changes = Contacts.objects.changes(now(face))
    again = Contacts.objects.changes(changes.cursor)
    assert again.cursor == changes.cursor
    assert await face.list(changes) == await face.list(again) == []
    [one] = make(face, 1)
    assert [str(each.id) for each in await face.list(changes)] == [one]
    face.crm.clock.advance(10)
    [two] = make(face, 1)
    assert [str(each.id) for each in await face.list(changes)] == [two]
    assert changes.cursor is not None
    resumed = Contacts.objects.changes(changes.cursor)
    assert await face.list(resumed) == []
    assert resumed.cursor == changes.cursor


def test_a_sync_type_that_does_not_exist() -> None:
    with pytest.raises(InvalidValue, match="userandgroup"):
        Contacts.objects.changes(whose="everybody")  # type: ignore[arg-type]


async def test_deletions_by_sync_and_by_comparison(face: Face) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    ids = make(face, 4)
    start = (await face.list(Contacts.objects.changes(since)))[-1].cursor
    face.crm.clock.advance(20)
    face.crm.run("delete", id=ids[1])
    face.crm.run("revise", element={"id": ids[2], "department": "x"})
    held = ids if face.kind != "cloud" else ()
    items = await face.list(Contacts.objects.changes(start, deleted_among=held))
    assert set(seen(items)) == {("deleted", ids[1]), ("updated", ids[2])}
    deleted = next(each for each in items if each.kind is ChangeKind.DELETED)
    assert deleted.record is None
    after = await face.list(Contacts.objects.changes(items[-1].cursor, deleted_among=()))
    assert after == []


async def test_everything_from_the_beginning(face: Face) -> None:
    changes = await face.list(Contacts.objects.only("lastname").changes())
    items = [each for each in changes if each.kind is not ChangeKind.DELETED]
    ids = [str(each.id) for each in items]
    assert len(ids) == len(set(ids)) == await face(Contacts.objects, "count")
    times = [(each.record.modifiedtime, each.id.number) for each in items if each.record]
    assert times == sorted(times)


@pytest.mark.parametrize("kind", ["php7", "cloud"], indirect=True)
async def test_whose_records(face: Face) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    [mine] = make(face, 1)
    other = face.crm.users()[1].wire_id
    theirs = str(face.crm.create("Contacts", {"lastname": "t", "assigned_user_id": other})["id"])
    own = await face.list(Contacts.objects.changes(since, whose="user"))
    assert [str(each.id) for each in own] == [mine]
    everyone = await face.list(Contacts.objects.changes(since))
    assert {str(each.id) for each in everyone} == {mine, theirs}
    if face.kind == "cloud":
        await face.list(Contacts.objects.changes(since, whose="userandgroup"))
    else:
        with pytest.raises(NotSupported, match="userandgroup"):
            await face.list(Contacts.objects.changes(since, whose="userandgroup"))


@pytest.mark.parametrize("kind", ["cloud"], indirect=True)
async def test_sync_that_is_refused_is_replaced(face: Face) -> None:
    """What the server says at two times is believed, and not asked again."""
    face.crm.clock.advance(60)
    since = now(face)
    ids = make(face, 2)
    face.crm.faults.always(
        faults.PlainAnswer(text="denied", status=404), operation="sync", module="Contacts"
    )
    with face.crm.count_calls() as calls:
        assert [str(each.id) for each in await face.list(Contacts.objects.changes(since))] == ids
        await face.list(Contacts.objects.changes(since))
        assert calls.operations["sync"] == 2
        face.session._refusals._clock = lambda: time.monotonic() + ANOTHER_TIME
        await face.list(Contacts.objects.changes(since))
        await face.list(Contacts.objects.changes(since))
    assert calls.operations["sync"] == 3


async def test_a_feed_survives_a_fault_by_its_cursor(face: Face) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    ids = make(face, 150)
    got: list[str] = []
    cursor: Any = since
    for position in range(4):
        face.crm.faults.clear()
        if position < 3:
            face.crm.faults.next(faults.DroppedConnection(), after=position)
        changes = Contacts.objects.changes(cursor)
        try:
            if face.mode == "async":
                async for item in changes:
                    got.append(str(item.id))
                    cursor = item.cursor
                    if len(got) % 40 == 0:
                        raise ConnectionError
            else:
                for item in changes:
                    got.append(str(item.id))
                    cursor = item.cursor
                    if len(got) % 40 == 0:
                        raise ConnectionError
        except Exception:
            continue
    face.crm.faults.clear()
    got += [str(each.id) for each in await face.list(Contacts.objects.changes(cursor))]
    assert got == ids


async def test_what_cannot_be_a_cursor(face: Face) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    make(face, 1)
    [item] = await face.list(Contacts.objects.changes(since))
    with pytest.raises(InvalidValue, match="belongs to Contacts"):
        Accounts.objects.changes(item.cursor)
    for wrong in ("", "nonsense", "AAAA", item.cursor[:-6]):
        with pytest.raises(InvalidValue, match="no cursor"):
            Contacts.objects.changes(wrong)
    with pytest.raises(InvalidValue, match="without a time zone"):
        Contacts.objects.changes(datetime(2026, 1, 1))
    from generated.demo import Groups

    with pytest.raises(UnsupportedQuery, match="modifiedtime"):
        Groups.objects.changes()


async def test_an_iterator_that_a_limit_has_stopped_goes_on(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the next item, as those of querysets do; it is never over before its time."""
    monkeypatch.setattr(feed, "_WINDOW", 3)
    await face.open(max_wait=0.0, page_size=3)
    face.crm.clock.advance(60)
    since = now(face)
    for _ in range(3):
        make(face, 3)
        face.crm.clock.advance(2)
    expected = seen(await face.list(Contacts.objects.changes(since)))
    assert len(expected) == 9
    found: list[Any] = []
    changes: Any = Contacts.objects.changes(since)
    reading: Any = aiter(changes) if face.mode == "async" else iter(changes)
    stops = 0
    while True:
        limit = faults.RateLimited(retry_after=0.01)
        face.crm.faults.next(limit, operation=("query", "sync"), after=min(1, stops))
        try:
            found += [await anext(reading) if face.mode == "async" else next(reading)]
        except (StopIteration, StopAsyncIteration):
            break
        except LimitReached:
            stops += 1
            time.sleep(0.02)
        face.crm.faults.clear()
    assert seen(found) == expected
    assert stops > (0 if face.kind == "cloud" else 2)
