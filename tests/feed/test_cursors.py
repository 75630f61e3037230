"""Cursors and zones: whatever the CRM's zone was thought to be, nothing is missed."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm import InvalidValue
from vtiger_orm.calls.clock import Offset, Span
from vtiger_orm.calls.operations import Row
from vtiger_orm.feed.cursors import (
    CLOCK_TOLERANCE,
    EPOCH,
    MARGIN,
    Position,
    in_order,
    moment_of,
    start,
)

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

moments = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
zones = st.integers(-12 * 4, 14 * 4).map(lambda each: timezone(timedelta(minutes=15 * each)))


def time(row: Row, zone: tzinfo) -> datetime:
    found = moment_of(row, zone)
    assert found is not None
    return found


def packed(facts: object) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(facts).encode())).decode().rstrip("=")


def test_a_cursor_of_an_earlier_release_is_read() -> None:
    """It was read on from five seconds behind its time, by whichever way; the first ones knew no
    zones, and their times were read as UTC."""
    seconds = int(NOON.timestamp())
    facts = [1, "Contacts", seconds, {"12x1": [seconds, "mark"]}]
    time, seen = NOON - timedelta(seconds=5), {"12x1": (seconds, "mark")}
    for more, ahead in (([], 0), ([3600], 3600), ([None], None)):
        position = start(packed([*facts, *more]), "Contacts")
        assert position == Position("Contacts", time, seen, ahead, by_sync=None)
        assert start(position.encode(), "Contacts") == position


@given(moments, st.integers(0, 10**9), st.integers(-9999, 9999), st.sampled_from([True, False]))
def test_a_cursor_comes_back_whole_or_not_at_all(
    time: datetime, after: int, clock: int, by_sync: bool
) -> None:
    position = Position("Contacts", time, {"12x1": (5, "m")}, 60, after, clock, by_sync)
    cursor = position.encode()
    assert start(cursor, "Contacts") == position
    for cut in range(1, 9):
        with pytest.raises(InvalidValue, match="no cursor"):
            start(cursor[:-cut], "Contacts")
    other = "A" if cursor[-9] != "A" else "B"
    with pytest.raises(InvalidValue, match="no cursor"):
        start(f"{cursor[:-9]}{other}{cursor[-8:]}", "Contacts")


@given(moments, zones)
def test_the_zone_travels_with_the_cursor(moment: datetime, zone: tzinfo) -> None:
    position = Position("Contacts", moment).in_zone(zone)
    assert start(position.encode(), "Contacts") == position


@pytest.mark.parametrize(
    "odd", [[1, "Contacts", 5, {}, "x"], [1, "Contacts", 5, {}, 0, 0], {}, 7, [1], []]
)
def test_other_facts_are_no_cursor(odd: object) -> None:
    with pytest.raises(InvalidValue, match="no cursor"):
        start(packed(odd), "Contacts")


@given(wall=moments, thought=zones, found=zones)
def test_a_time_that_was_read_in_a_wrong_zone_is_gone_back_for(
    wall: datetime, thought: tzinfo, found: tzinfo
) -> None:
    """`wall` is what the CRM's wall showed; the position took it for one of the zone."""
    row = {"id": "12x1", "modifiedtime": wall.strftime("%Y-%m-%d %H:%M:%S")}
    read = Position("Contacts", time(row, thought)).in_zone(thought)
    read = Position("Contacts", time(row, thought), ahead=read.ahead)
    assert read.in_zone(found).time <= max(EPOCH, time(row, found))
    assert read.in_zone(found).time <= max(EPOCH, read.time)
    assert read.in_zone(thought) == read


@given(moments, zones)
def test_a_moment_that_was_given_holds_in_every_zone(moment: datetime, zone: tzinfo) -> None:
    begun = start(moment, "Contacts").in_zone(zone)
    assert begun.time == moment - MARGIN


def test_the_hour_that_comes_twice_is_read_again() -> None:
    """Summer time ends at 01:00 UTC; the wall shows 02:00 to 03:00 twice."""
    ends = datetime(2026, 10, 25, 1, tzinfo=UTC)
    position = Position("Contacts", ends - timedelta(minutes=1)).in_zone(BERLIN)
    second_pass = (ends + timedelta(minutes=5)).astimezone(BERLIN).replace(tzinfo=None)
    read_from = position.wall_from(BERLIN, ends + timedelta(minutes=10)).astimezone(BERLIN)
    assert read_from.replace(tzinfo=None) <= second_pass
    before = position.wall_from(BERLIN, ends - timedelta(seconds=30))
    assert before == position.time


def test_rows_are_in_order_of_their_moments() -> None:
    rows = [
        {"id": "12x2", "modifiedtime": "2026-06-01 21:00:00"},
        {"id": "12x1", "modifiedtime": "2026-06-01 21:00:00"},
        {"id": "12x3", "modifiedtime": "2026-06-01 20:59:59"},
        {"id": "12x4", "modifiedtime": "nonsense"},
    ]
    assert [row["id"] for row in in_order(rows, TOKYO)] == ["12x4", "12x3", "12x1", "12x2"]
    assert moment_of(rows[0], TOKYO) == NOON
    assert moment_of(rows[3], TOKYO) is None


@pytest.mark.parametrize(
    ("back", "noticed"), [(0, False), (3, False), (6, False), (9, True), (3600, True)]
)
def test_a_clock_that_wavers_was_not_set_back(back: int, noticed: bool) -> None:
    """A measured clock is never the same to the second: read further back for each of these
    seconds, a feed would never get on."""
    told = Position("Contacts", NOON - timedelta(hours=1), ahead=0, clock=5)
    ahead = Offset(timedelta(seconds=5 - back), timedelta(seconds=1))
    resumed = told.resumed(UTC, Span(NOON, NOON), ahead)
    earlier = timedelta(seconds=back - 1) + CLOCK_TOLERANCE if noticed else timedelta()
    assert told.time - resumed.time == earlier
