"""The server's clock: what each answer teaches of offset and zone, and how surely."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm.calls.clock import ClockSource, ServerClock, http_date, unix_time

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BERLIN = ZoneInfo("Europe/Berlin")


def clock_at(now: datetime = NOON, zone: ZoneInfo | None = None) -> ServerClock:
    return ServerClock(zone, here=lambda: now)


def wall(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


# The offset


def test_nothing_is_known_before_the_first_answer() -> None:
    clock = clock_at()
    assert (clock.offset.source, clock.zone.source) == (ClockSource.ASSUMED, ClockSource.ASSUMED)
    assert not clock.zone.sure
    assert clock.now() == NOON
    assert clock.offset.error >= timedelta(minutes=30)


def test_a_date_header_tells_the_offset_within_its_second_and_the_round_trip() -> None:
    clock = clock_at()
    clock.heard(NOON + timedelta(hours=3), NOON, NOON + SECOND, ClockSource.DATE)
    assert clock.offset.source is ClockSource.DATE
    assert clock.offset.error == SECOND
    assert abs(clock.now() - NOON - timedelta(hours=3)) <= SECOND


def test_answers_narrow_each_other_down() -> None:
    clock = clock_at()
    for fraction in (0.0, 0.3, 0.6, 0.9):
        asked = NOON + timedelta(seconds=fraction)
        clock.heard(NOON + timedelta(hours=1), asked, asked, ClockSource.DATE)
    assert clock.offset.error < timedelta(seconds=0.1)
    assert abs(clock.offset.value - timedelta(hours=1)) <= timedelta(seconds=0.1)


def test_the_login_is_believed_before_a_header_that_a_proxy_may_have_written() -> None:
    clock = clock_at()
    clock.heard(NOON + timedelta(minutes=7), NOON, NOON, ClockSource.LOGIN)
    clock.heard(NOON, NOON, NOON, ClockSource.DATE)
    assert clock.offset.source is ClockSource.LOGIN
    assert round(clock.offset.value / timedelta(minutes=1)) == 7


def test_a_clock_that_was_set_is_noticed() -> None:
    """Whatever was known before is forgotten with it, be it from a better source."""
    clock = clock_at()
    clock.heard(NOON, NOON, NOON, ClockSource.LOGIN)
    clock.heard(NOON, NOON, NOON, ClockSource.DATE)
    clock.heard(NOON + timedelta(hours=2), NOON, NOON, ClockSource.DATE)
    assert clock.offset.source is ClockSource.DATE
    assert clock.now() - NOON > timedelta(hours=1, minutes=59)


def test_drift_is_followed_and_forgets_nothing() -> None:
    clock = clock_at()
    clock.heard(NOON, NOON, NOON, ClockSource.LOGIN)
    for drift in range(4):
        clock.heard(NOON + drift * SECOND, NOON, NOON, ClockSource.DATE)
    assert clock.offset.source is ClockSource.LOGIN


def test_a_clock_that_was_never_set_tells_nothing() -> None:
    clock = clock_at()
    clock.heard(datetime(1970, 1, 1, tzinfo=UTC), NOON, NOON, ClockSource.LOGIN)
    assert clock.offset.source is ClockSource.ASSUMED


def test_a_span_there_holds_all_that_may_have_been() -> None:
    clock = clock_at()
    clock.heard(NOON + timedelta(hours=3), NOON, NOON, ClockSource.DATE)
    begin, end = clock.during(NOON, NOON + timedelta(minutes=1))
    assert begin <= NOON + timedelta(hours=3) <= begin + 2 * SECOND
    assert end - begin <= timedelta(minutes=1) + 2 * SECOND


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Thu, 01 Jan 2026 12:00:00 GMT", NOON),
        ("Thu, 01 Jan 2026 14:00:00 +0200", NOON),
        ("Thu, 01 Jan 2026 12:00:00 -0000", NOON),
        ("Fri, 99 Foo 99999 99:99:99 GMT", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_of_headers(text: str | None, moment: datetime | None) -> None:
    assert http_date(text) == moment


@pytest.mark.parametrize(
    "told", [None, "", "soon", "²", [], {}, 0, "-5", "9" * 30, "9" * 5000, 1e300, float("nan")]
)
def test_what_is_no_unix_time(told: object) -> None:
    assert unix_time(told) is None
    assert unix_time("1767268800") == unix_time(1767268800) == NOON


# The zone


@pytest.mark.parametrize(
    ("made", "hours"),
    [
        ("2026-01-01 12:00:03", None),
        ("2026-01-01 12:07:00", None),
        ("2026-01-01 14:00:03", 2),
        ("2026-01-01 06:30:00", -5.5),
        ("2025-12-31 12:00:00", None),
        ("2026-01-03 00:00:00", None),
        ("", None),
    ],
)
def test_a_time_zone_is_told_from_a_clock_that_is_off(made: str, hours: float | None) -> None:
    clock = clock_at()
    clock.saw_create(made, NOON, NOON)
    ahead = clock.zone.tz.utcoffset(None) or timedelta()
    assert (ahead / timedelta(hours=1) or None) == hours


def test_the_first_create_tells_of_a_server_that_is_not_in_utc(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ServerClock()
    now = datetime.now(UTC)
    for _ in range(2):
        clock.saw_create(wall(now + timedelta(hours=2)), now, now)
    assert [each.message for each in caplog.records if "+2 hours" in each.message]
    assert "server_timezone" in caplog.text
    assert len(caplog.records) == 1
    assert clock.zone.sure


def test_a_create_in_utc_makes_sure_of_it_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    clock = clock_at()
    clock.saw_create(wall(NOON), NOON, NOON)
    assert (clock.zone.tz, clock.zone.source) == (UTC, ClockSource.CREATE)
    assert caplog.records == []


def test_a_record_that_somebody_modified_tells_as_much_and_is_told_as_such() -> None:
    clock = clock_at()
    clock.saw_create(wall(NOON + timedelta(hours=2)), NOON, NOON, ClockSource.MODIFIED)
    assert clock.zone.source is clock.offset.source is ClockSource.MODIFIED
    assert clock.zone.tz == timezone(timedelta(hours=2))
    assert clock.offset.error <= SECOND


def test_a_clock_hours_off_is_no_zone_when_the_header_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = clock_at()
    there = NOON + timedelta(hours=3)
    clock.heard(there, NOON, NOON, ClockSource.DATE)
    clock.saw_create(wall(there), NOON, NOON)
    assert clock.zone.tz is UTC
    assert clock.zone.sure
    assert clock.offset.source is ClockSource.CREATE
    assert caplog.records == []


def test_a_given_zone_is_kept_and_what_speaks_against_it_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = clock_at(zone=BERLIN)
    clock.saw_create(wall(NOON + timedelta(hours=1)), NOON, NOON)
    assert caplog.records == []
    for _ in range(2):
        clock.saw_create(wall(NOON + timedelta(hours=9)), NOON, NOON)
    assert (clock.zone.tz, clock.zone.source) == (BERLIN, ClockSource.GIVEN)
    assert len(caplog.records) == 1
    assert "+9 hours from UTC, not +1 hours as server_timezone=Europe/Berlin" in caplog.text


def test_a_learnt_zone_follows_summer_time() -> None:
    clock = clock_at()
    clock.saw_create(wall(NOON + timedelta(hours=1)), NOON, NOON)
    assert clock.zone.tz == timezone(timedelta(hours=1))
    july = NOON + timedelta(days=181)
    clock.saw_create(wall(july + timedelta(hours=2)), july, july)
    assert clock.zone.tz == timezone(timedelta(hours=2))


def test_a_create_of_unknown_duration_teaches_nothing() -> None:
    clock = clock_at()
    clock.saw_create(wall(NOON + timedelta(hours=9)), NOON, NOON + timedelta(minutes=20))
    assert not clock.zone.sure


def test_sync_tells_one_moment_twice(caplog: pytest.LogCaptureFixture) -> None:
    clock = clock_at()
    clock.saw_wall("2026-01-01 20:59:59", NOON)  # something later was deleted
    clock.saw_wall("None", NOON)
    assert not clock.zone.sure
    clock.saw_wall("2026-01-01 21:00:00", NOON)
    assert clock.zone.tz == timezone(timedelta(hours=9))
    assert clock.zone.source is ClockSource.SYNC
    assert "+9 hours" in caplog.text


@given(
    quarters=st.integers(-4 * 12, 4 * 14),
    off=st.floats(-86400 * 30, 86400 * 30),
    wait=st.floats(0, 60),
    work=st.floats(0, 1),
)
def test_whatever_the_clock_a_header_and_a_create_tell_all_of_it(
    quarters: int, off: float, wait: float, work: float
) -> None:
    logging.disable(logging.WARNING)
    try:
        zone, ahead = timedelta(minutes=15 * quarters), timedelta(seconds=off)
        asked, answered = NOON, NOON + timedelta(seconds=wait)
        there = asked + (answered - asked) * work + ahead
        clock = clock_at(answered)
        clock.heard(there.replace(microsecond=0), asked, answered, ClockSource.DATE)
        clock.saw_create(wall(there + zone), asked, answered)
        assert clock.zone.sure
        assert (clock.zone.tz.utcoffset(None) or timedelta()) == zone
        assert abs(clock.offset.value - ahead) <= clock.offset.error
        assert clock.offset.error <= timedelta(seconds=wait) + SECOND
    finally:
        logging.disable(logging.NOTSET)


def test_a_stored_zone_that_this_machine_does_not_know_is_learnt_again() -> None:
    zone = ServerClock(stored="Mars/Olympus_Mons").zone
    assert (zone.tz, zone.sure) == (UTC, False)
