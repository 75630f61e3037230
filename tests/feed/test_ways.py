"""Which way a feed is read: an outage changes nothing, and no kind of change is lost unsaid."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from generated.demo import Contacts
from tests.feed.test_changes import make, now, seen
from tests.support.kinds import Face
from vtiger_orm import MalformedAnswer, NotSupported, ServerError
from vtiger_orm.calls.refusals import ANOTHER_TIME
from vtiger_orm.emulator import faults
from vtiger_orm.emulator.http import Response, json_response, success

CLOUD = pytest.mark.parametrize("kind", ["cloud"], indirect=True)
BY_TIME = pytest.mark.parametrize("kind", ["stock"], indirect=True)


async def read(face: Face, since: Any, **more: Any) -> list[Any]:
    return await face.list(Contacts.objects.changes(since, **more))


async def begun(face: Face) -> tuple[str, str]:
    """A record, and a cursor of a feed that told it and was read by sync."""
    face.crm.clock.advance(60)
    since = now(face)
    [id_] = make(face, 1)
    [item] = await read(face, since)
    face.crm.clock.advance(60)
    return id_, item.cursor


@CLOUD
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_outage_of_sync_is_an_error_and_no_deletion_is_lost(
    face: Face, status: int
) -> None:
    gone, cursor = await begun(face)
    face.crm.run("delete", id=gone)
    face.crm.clock.advance(60)
    [new] = make(face, 1, "new")
    for _ in range(3):
        face.crm.faults.next(faults.Html(status=status), operation="sync")
        with pytest.raises(ServerError):
            await read(face, cursor)
    assert seen(await read(face, cursor)) == [("deleted", gone), ("created", new)]


@CLOUD
async def test_a_feed_that_tells_deletions_does_not_stop_telling_them(face: Face) -> None:
    gone, cursor = await begun(face)
    face.crm.run("delete", id=gone)
    refusal = faults.PlainAnswer(text="denied", status=404)
    face.crm.faults.always(refusal, operation="sync")
    for seconds in (0, ANOTHER_TIME, 2 * ANOTHER_TIME):
        face.session._refusals._clock = lambda passed=seconds: passed  # type: ignore[misc]
        with pytest.raises(NotSupported, match="deleted_among=ids"):
            await read(face, cursor)
    assert seen(await read(face, cursor, deleted_among=[gone])) == [("deleted", gone)]


@CLOUD
async def test_a_fresh_feed_without_sync_says_so(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    [new] = make(face, 1)
    face.crm.faults.next(faults.PlainAnswer(text="denied", status=404), operation="sync")
    with caplog.at_level(logging.WARNING, "vtiger_orm"):
        [item] = await read(face, since)
    assert str(item.id) == new
    assert "Deletions are told only among the ids in deleted_among=" in caplog.text
    face.crm.run("delete", id=new)
    assert seen(await read(face, item.cursor)) == [("deleted", new)], "sync is back"


class Changed:
    """An answer whose rows somebody meddled with."""

    def __init__(self, change: Any) -> None:
        self.change = change

    def apply(self, exchange: Any) -> Response:
        answer = json.loads(exchange.proceed().body)
        return json_response(success(self.change(answer["result"])))


def timeless(result: Any) -> Any:
    rows = result["updated"] if isinstance(result, dict) else result
    for row in rows[:1]:
        row.pop("modifiedtime", None)
    return result


async def test_a_change_without_a_time_is_told(face: Face) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    ids = make(face, 3)
    operation = "sync" if face.kind == "cloud" else "query"
    face.crm.faults.next(Changed(timeless), operation=operation, containing="lastname")
    face.crm.faults.next(Changed(timeless), operation="sync")
    items = await read(face, since)
    assert {str(each.id) for each in items} == set(ids)
    assert {str(each.id) for each in await read(face, items[-1].cursor)} <= set(ids)


@BY_TIME
async def test_a_window_without_an_end_is_malformed(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtiger_orm.feed.changes._WINDOW", 2)
    face.crm.clock.advance(60)
    since = now(face)
    ids = make(face, 3)
    face.crm.clock.advance(600)
    face.crm.faults.next(Changed(timeless), operation="query")
    with pytest.raises(MalformedAnswer, match=f"{ids[1]}.*no time"):
        await read(face, since)
    assert [str(each.id) for each in await read(face, since)] == ids


@CLOUD
@pytest.mark.parametrize("odd", [{}, None, [], {"updated": None, "deleted": []}, {"updated": []}])
async def test_an_answer_of_sync_without_its_lists_is_malformed(face: Face, odd: Any) -> None:
    face.crm.faults.next(Changed(lambda _: odd), operation="sync")
    with pytest.raises(MalformedAnswer):
        await read(face, now(face))


@CLOUD
@pytest.mark.parametrize("odd", ["soon", "9" * 30, "9" * 5000, [], "253402300799"])
async def test_a_time_of_sync_that_is_none_loses_nothing(face: Face, odd: Any) -> None:
    face.crm.clock.advance(60)
    since = now(face)
    ids = make(face, 3)
    odd_time = Changed(lambda result: {**result, "lastModifiedTime": odd, "more": False})
    face.crm.faults.next(odd_time, operation="sync")
    items = await read(face, since)
    assert {str(each.id) for each in items} == set(ids)
    later = make(face, 1, "D")
    assert set(later) <= {str(each.id) for each in await read(face, items[-1].cursor)}
