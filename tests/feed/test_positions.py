"""Positions and the pages between them, as values: what a cursor holds is what was handed out."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from time import tzset
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm import InvalidValue
from vtiger_orm.calls.clock import Offset, Span
from vtiger_orm.feed.cursors import (
    CLOCK_TOLERANCE,
    EPOCH,
    MARGIN,
    Item,
    Page,
    Position,
    created_at,
    digest,
    in_order,
    sealed,
    start,
)

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TURN = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""When summer time ends in Berlin: the wall goes from 03:00 back to 02:00."""
SECOND = timedelta(seconds=1)
EARLIER = NOON - timedelta(hours=1)


def at(seconds: int) -> datetime:
    return NOON + seconds * SECOND


# Going on


def resumed(
    position: Position, *, ahead: float = 0, error: float = 1, now: Any = NOON, zone: tzinfo = UTC
) -> Position:
    offset = Offset(timedelta(seconds=ahead), timedelta(seconds=error))
    return position.resumed(zone, Span(now - SECOND, now), offset)


def test_where_nothing_is_odd_it_goes_on_where_it_was() -> None:
    """And remembers how far ahead the server's clock is at least."""
    position = Position("Contacts", EARLIER, after=7)
    assert resumed(position, ahead=5) == Position("Contacts", EARLIER, after=7, clock=4)
    assert resumed(position, ahead=-5.5).clock == -7
    assert resumed(position, error=10).clock == -10
    assert resumed(position, error=10.001).clock is None


@given(st.integers(-100, 100), st.integers(0, 9), st.integers(-100, 100))
def test_law_nothing_is_believed_of_the_last_moments(time: int, micro: int, now: int) -> None:
    position = Position("Contacts", at(time), after=7)
    found = resumed(position, now=at(now) + timedelta(microseconds=micro))
    assert found.time == min(at(time), at(now) - MARGIN)
    assert found.after == (7 if found.time == at(time) else 0)


def test_no_position_lies_before_the_earliest_time() -> None:
    position = Position("Contacts", EPOCH + SECOND, clock=9)
    assert resumed(position, ahead=-500).time == EPOCH
    assert resumed(position, now=EPOCH + SECOND).time == EPOCH


def test_a_clock_of_which_little_is_known_was_not_set_back() -> None:
    position = Position("Contacts", EARLIER, clock=500)
    assert resumed(position, error=11).time == EARLIER
    assert resumed(Position("Contacts", EARLIER), ahead=-500).time == EARLIER
    back = timedelta(seconds=500 - 1) + CLOCK_TOLERANCE
    assert resumed(position).time == EARLIER - back


def test_it_goes_on_in_the_zone_that_is_known_now() -> None:
    nine = timedelta(hours=9)
    found = resumed(Position("Contacts", EARLIER, after=7), zone=TOKYO)
    assert found == Position("Contacts", EARLIER - nine, ahead=9 * 3600, clock=-1)
    assert not found.again


@pytest.mark.parametrize(("minutes", "again"), [(-1, False), (0, True), (30, True)])
def test_an_hour_that_came_twice_is_read_as_a_whole_from_its_second_time_on(
    minutes: int, again: bool
) -> None:
    """Where the wall showed 02:30 before it was set back at 03:00; not before it was."""
    told = Position("Contacts", TURN - timedelta(minutes=30), ahead=2 * 3600, after=7)
    found = resumed(told, zone=BERLIN, now=TURN + timedelta(minutes=minutes))
    assert found.again is again
    expected = TURN - timedelta(hours=1) - SECOND if again else told.time
    assert (found.time, found.after) == (expected, 0 if again else 7)


def test_of_an_hour_that_is_read_as_a_whole_everything_is_remembered() -> None:
    row = {"id": "12x1"}
    base = Position("Contacts", NOON, again=True)
    again = Page(base, [("12x1", row, at(1))], at(5), at(9), UTC)
    assert again.position(1).seen == {"12x1": (int(at(1).timestamp()), digest(row))}
    assert Page(replace(base, again=False), again.items, at(5), at(9), UTC).position(1).seen == {}


def test_the_zone_of_a_time_that_no_wall_showed_is_taken_on() -> None:
    tokyo = TOKYO
    given, read = Position("Contacts", NOON, ahead=None), Position("Contacts", NOON, after=3)
    assert given.in_zone(tokyo) == Position("Contacts", NOON, ahead=9 * 3600)
    nine = timedelta(hours=9)
    assert read.in_zone(tokyo) == Position("Contacts", NOON - nine, ahead=9 * 3600)
    early = Position("Contacts", EPOCH + SECOND)
    assert early.in_zone(tokyo).time == EPOCH
    assert early.wall_from(tokyo, NOON) == EPOCH + SECOND


# What was handed out


def test_a_state_is_known_by_its_time_or_by_its_mark() -> None:
    row = {"id": "12x5", "lastname": "a"}
    position = Position("Contacts", NOON, {"12x5": (0, digest(row))}, after=5)
    assert position.knows("12x5", row, at(1))
    assert position.knows("12x5", row, None)
    other = {**row, "lastname": "b"}
    assert not position.knows("12x5", other, at(1))
    assert position.knows("12x5", other, NOON)
    assert not position.knows("12x6", other, NOON)
    assert position.knows("12x6", other, at(-1))
    assert not position.knows("12x5", None, at(-1))
    assert not position.knows("12x9", row, None)
    gone = Position("Contacts", NOON, {"12x5": (0, digest(None))})
    assert gone.knows("12x5", None, None)
    assert not gone.knows("12x5", row, None)


def test_a_mark_is_of_values_not_of_their_order() -> None:
    assert digest({"a": "1", "b": "ß\ud800"}) == digest({"b": "ß\ud800", "a": "1"})
    assert len({digest(each) for each in ({"a": "1"}, {"a": "2"}, {"b": "1"}, {}, None)}) == 5
    assert digest({"a": "1"}) == "rr`;J5w!", "stored cursors hold marks"
    assert digest({"a": "ß"}) == "ot8S=bWQ"


ITEMS = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.sampled_from(["row", "other", None]),
        st.none() | st.integers(-9, 9),
    ),
    max_size=6,
)


@given(ITEMS, st.integers(-9, 9), st.integers(0, 9))
def test_law_a_cursor_is_the_position_of_what_was_handed_out(
    drawn: Any, settled: int, after: int
) -> None:
    """Whatever was handed out up to an item is known at its cursor; and nothing after it that
    changed since."""
    items: list[Item] = [
        (
            f"12x{n}",
            None if what is None else {"id": f"12x{n}", "x": f"{what}{i}"},
            None if t is None else at(t),
        )
        for i, (n, what, t) in enumerate(drawn)
    ]
    base = Position(
        "Contacts", at(-5), {"12x70": (int(at(-5).timestamp()), "m"), "12x71": (5, "m")}
    )
    page = Page(base, items, at(settled), at(20), UTC)
    kept = {"12x70": base.seen["12x70"]}
    for number in range(len(items) + 1):
        position = start(page.cursor(number), "Contacts")
        assert position == page.position(number)
        assert position.seen.items() >= kept.items()
        assert "12x71" not in position.seen
        last = {id_: (row, time) for id_, row, time in items[:number]}
        for id_, (row, time) in last.items():
            assert position.knows(id_, row, time)
        for id_, row, time in items[number:]:
            # One deletion is as good as another.
            told = any((id_, row) == each[:2] for each in items[:number])
            if time is not None and time > at(settled) and not told:
                assert not position.knows(id_, row, time) or time <= position.time
        if 0 < number == len(items):
            assert position.key >= (at(settled + 1), 0)
        elif number == 0:
            assert position.key == base.key


def test_a_page_without_items_is_where_it_was() -> None:
    base = Position("Contacts", NOON, after=4)
    assert Page(base, [], at(60), at(60), UTC).position(0) == base
    assert Page(base, [], at(60), at(60), UTC).items == ()


def test_what_has_no_time_changed_at_the_latest_when_it_was_read() -> None:
    page = Page(Position("Contacts", NOON), [("12x1", None, None)], at(5), at(9), UTC)
    assert page.position(1) == Position(
        "Contacts", at(6), {"12x1": (int(at(9).timestamp()), digest(None))}
    )


def test_within_a_second_the_number_of_the_id_tells() -> None:
    items: list[Item] = [(f"12x{n}", {"id": f"12x{n}"}, at(1)) for n in (9, 10, 8)]
    page = Page(Position("Contacts", NOON), items, at(1), at(9), UTC)
    assert [page.position(n).key for n in (1, 2, 3)] == [(at(1), 9), (at(1), 10), (at(2), 0)]


def test_a_cursor_tells_the_zone_at_its_own_moment() -> None:
    """Those of one page may lie on both sides of the end of summer time."""
    base = Position("Contacts", TURN - 2 * SECOND, ahead=2 * 3600)
    times = [TURN - SECOND, TURN + SECOND]
    items: list[Item] = [(f"12x{n}", {"id": f"12x{n}"}, time) for n, time in enumerate(times)]
    page = Page(base, items, TURN + SECOND, TURN, BERLIN)
    assert [page.position(n).ahead for n in range(3)] == [7200, 7200, 3600]
    assert [start(page.cursor(n), "Contacts").ahead for n in range(3)] == [7200, 7200, 3600]
    assert Page(replace(base, ahead=None), items, TURN, TURN, BERLIN).position(2).ahead is None


def test_the_zone_of_this_machine_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Position("Contacts", TURN - timedelta(minutes=30), ahead=2 * 3600)
    here = told.wall_from(BERLIN, TURN)
    times = ["2026-03-08 02:30:00", "2026-03-08 03:10:00"]  # the first is none in New York
    rows = [{"id": f"12x{n}", "modifiedtime": each} for n, each in enumerate(times)]
    try:
        monkeypatch.setenv("TZ", "America/New_York")
        tzset()
        assert told.wall_from(BERLIN, TURN) == here == TURN - timedelta(hours=1) - SECOND
        assert in_order(rows, TOKYO) == rows
    finally:
        monkeypatch.undo()
        tzset()


# Text


def packed(facts: object) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(facts).encode())).decode().rstrip("=")


def head(**changes: Any) -> str:
    facts = {"version": 3, "module": "Contacts", "seen": {}, "loose": [], "clock": None} | changes
    return packed([*facts.values(), False])


@pytest.mark.parametrize(
    "changes",
    [
        {"module": 5},
        {"seen": []},
        {"seen": {"12x1": 5}},
        {"loose": {}},
        {"loose": [5]},
        {"clock": "x"},
        {"clock": True},
        {"clock": 1.5},
    ],
    ids=str,
)
def test_a_whole_text_of_other_facts_is_no_cursor(changes: Any) -> None:
    assert start(sealed(head(), (NOON, 3), 0, 0), "Contacts") == Position("Contacts", NOON, after=3)
    with pytest.raises(InvalidValue, match="no cursor"):
        start(sealed(head(**changes), (NOON, 3), 1, 0), "Contacts")


@pytest.mark.parametrize("ahead", [None, -3600, 0])
def test_a_cursor_of_the_second_version_is_read(ahead: int | None) -> None:
    """It told the zone for a whole page, and not with each item."""
    text = packed([2, "Contacts", {}, [["12x1", 9, "m"], ["12x2", 9, "m"]], ahead, 4, True])
    tail = struct.pack(">qqI", int(NOON.timestamp()), 7, 1)
    tail += struct.pack(">I", zlib.crc32(tail, zlib.crc32(text.encode())))
    cursor = f"{text}.{base64.urlsafe_b64encode(tail).decode().rstrip('=')}"
    expected = Position("Contacts", NOON, {"12x1": (9, "m")}, ahead, after=7, clock=4, by_sync=True)
    assert start(cursor, "Contacts") == expected
    assert start(expected.encode(), "Contacts") == expected


def test_cursors_of_others_are_told_apart() -> None:
    with pytest.raises(InvalidValue, match="another version"):
        start(sealed(head(version=4), (NOON, 0), 0, 0), "Contacts")
    with pytest.raises(InvalidValue, match="another version"):
        start(packed([4, "Contacts", 5, {}]), "Contacts")
    with pytest.raises(InvalidValue, match="no cursor"):
        start(packed([1, 5, 5, {}]), "Contacts")
    with pytest.raises(InvalidValue, match="belongs to Contacts, not to Accounts"):
        start(Position("Contacts").encode(), "Accounts")
    with pytest.raises(InvalidValue, match="Add one: since"):
        start(datetime(2026, 1, 1), "Contacts")  # what is refused


@pytest.mark.parametrize("more", ["!!!!", "    ", "\n\n\n\n"])
def test_letters_that_no_cursor_has_are_not_passed_over(more: str) -> None:
    cursor = Position("Contacts", NOON).encode()
    with pytest.raises(InvalidValue, match="no cursor"):
        start(cursor + more, "Contacts")


def test_a_text_that_unpacks_to_more_than_any_cursor_is_none() -> None:
    bomb = packed([2, "C" * 17_000_000])
    assert len(bomb) < 50_000
    with pytest.raises(InvalidValue, match="no cursor"):
        start(bomb, "Contacts")
    many = {f"12x{n}": (n, "mark") for n in range(1000)}
    big = Position("Contacts", NOON, many)
    assert start(big.encode(), "Contacts") == big


def test_a_feed_begins_a_margin_before_the_moment() -> None:
    assert start(None, "Contacts") == Position("Contacts", EPOCH, ahead=None)
    tokyo = NOON.astimezone(ZoneInfo("Asia/Tokyo")).replace(microsecond=9)
    assert start(tokyo, "Contacts") == Position("Contacts", NOON - MARGIN, ahead=None)
    assert start(datetime(1970, 1, 1, tzinfo=UTC), "Contacts").time == EPOCH


def test_times_are_of_their_own_fields_in_utc_unless_a_zone_is_told() -> None:
    row = {
        "id": "12x1",
        "createdtime": "2026-06-01 12:00:00",
        "modifiedtime": "2026-06-01 13:00:00",
    }
    later = {"id": "12x0", "modifiedtime": "2026-06-01 13:00:01"}
    assert created_at(row, UTC) == NOON
    assert created_at(row, TOKYO) == NOON - timedelta(hours=9)
    assert created_at({**row, "createdtime": None}, UTC) is None
    assert created_at({**row, "createdtime": "0001-01-01 00:00:00"}, ZoneInfo("Asia/Tokyo")) is None
    assert in_order([later, row], UTC) == [row, later]
