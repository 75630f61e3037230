"""Moments in conditions: what is meant in UTC is compared by the CRM in its own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.evaluate import evaluate, predicate
from vtiger_orm.conditions.tree import And, Compare, DayBound, Equal, InMonth, Node, Not, OneOf, Or
from vtiger_orm.conditions.wall import on_the_wall
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta
from vtiger_orm.values.zones import readings, repeated, rows_in_utc, to_utc, to_wall

AT = FieldMeta("at", "at", "At", Kind.DATETIME)
NAME = FieldMeta("name", "name", "Name", Kind.STRING)
TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = [UTC, TOKYO, timezone(-timedelta(hours=3, minutes=30)), ZoneInfo("Asia/Kathmandu")]
"""Zones in which no hour comes twice."""


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
texts = moments.map(text)
atoms: st.SearchStrategy[Node] = st.one_of(
    texts.map(lambda each: Equal(AT, each)),
    st.lists(texts, min_size=1, unique=True).map(lambda each: OneOf(AT, tuple(each))),
    st.builds(Compare, st.just(AT), st.sampled_from(["<", "<=", ">", ">="]), texts),
    st.builds(DayBound, st.just(AT), st.sampled_from(["<", ">="]), st.dates(date(2025, 1, 1))),
    st.builds(InMonth, st.just(AT), st.integers(1, 12)),
)
trees = st.recursive(
    atoms,
    lambda children: st.one_of(
        children.map(Not),
        st.lists(children, max_size=3).map(lambda each: And(tuple(each))),
        st.lists(children, max_size=3).map(lambda each: Or(tuple(each))),
    ),
    max_leaves=5,
)


@given(tree=trees, moment=moments, day=st.sampled_from(ZONES), zone=st.sampled_from(ZONES))
def test_a_condition_means_the_same_whatever_the_zone_of_the_crm(
    tree: Node, moment: datetime, day: tzinfo, zone: tzinfo
) -> None:
    here = {"id": "1x1", "at": text(moment)}
    there = {"id": "1x1", "at": to_wall(text(moment), zone)}
    expected = evaluate(tree, here, Environment(timezone=day))
    assert evaluate(tree, there, Environment(timezone=day, zone=zone)) is expected


TURNS = {
    "Europe/Berlin": ("2026-03-29 01:00", "2026-10-25 01:00"),
    "America/New_York": ("2026-03-08 07:00", "2026-11-01 06:00"),
    "Australia/Lord_Howe": ("2026-10-03 15:30", "2026-04-04 15:00"),
    "Asia/Kolkata": ("2026-03-29 01:00", "2026-10-25 01:00"),
}
"""Zone -> when its clocks are set on, and back, in UTC."""


@st.composite
def around_a_turn(draw: st.DrawFn) -> tuple[tzinfo, Node, datetime]:
    """A zone, a condition and a moment, all about the hours in which its clocks are set."""
    name = draw(st.sampled_from(sorted(TURNS)))
    turn = datetime.fromisoformat(draw(st.sampled_from(TURNS[name])))
    near = st.one_of(st.integers(-130, 130), st.sampled_from([-60, -30, 0, 30, 60])).map(
        lambda each: turn + timedelta(minutes=each)
    )
    close = st.builds(lambda at, by: at + timedelta(seconds=by), near, st.sampled_from([-1, 0, 1]))
    leaf: st.SearchStrategy[Node] = st.one_of(
        close.map(lambda each: Equal(AT, text(each))),
        st.lists(close.map(text), min_size=1, max_size=3, unique=True).map(
            lambda each: OneOf(AT, tuple(each))
        ),
        st.builds(Compare, st.just(AT), st.sampled_from(["<", "<=", ">", ">="]), close.map(text)),
        st.builds(InMonth, st.just(AT), st.integers(9, 12)),
    )
    pair = st.lists(leaf, min_size=2, max_size=2).map(tuple)
    tree = draw(st.one_of(leaf, leaf.map(Not), pair.map(And), pair.map(Or), pair.map(And).map(Not)))
    return ZoneInfo(name), tree, draw(close)


DAYS = [UTC, timezone(-timedelta(hours=6)), timezone(timedelta(hours=14))]
"""Where a day of the session begins: in one of them a month begins within an hour that comes twice
in New York."""


@given(around_a_turn(), st.sampled_from(DAYS))
def test_where_the_clocks_are_set_no_row_is_lost(
    case: tuple[tzinfo, Node, datetime], day: tzinfo
) -> None:
    """It is among those that may satisfy a condition, and not among those that certainly do
    where it does not; but for an hour that the wall shows twice the two are the same."""
    zone, tree, moment = case
    here, there = ({"id": "1x1", "at": to_wall(text(moment), each)} for each in (UTC, zone))
    truth = evaluate(tree, here, Environment(timezone=day))
    env = Environment(timezone=day, zone=zone)
    possible = evaluate(tree, there, env)
    certain = predicate(on_the_wall(tree, zone, certainly=True), env)(there)
    assert certain <= truth <= possible
    if repeated(text(moment), zone) is None:
        assert certain is possible
    assert text(moment) in readings(there["at"], zone)


def test_the_hour_that_comes_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, second = "2026-10-25 00:30:00", "2026-10-25 01:30:00"
    assert repeated(first, berlin) == ("2026-10-25 02:00:00", "2026-10-25 03:00:00", False)
    assert repeated(second, berlin) == ("2026-10-25 02:00:00", "2026-10-25 03:00:00", True)
    assert to_wall(first, berlin) == to_wall(second, berlin) == "2026-10-25 02:30:00"
    assert readings("2026-10-25 02:30:00", berlin) == (first, second)
    assert repeated("2026-10-25 02:00:00", berlin) is None
    asked = {
        ">=": (">= '2026-10-25 02:00:00'", ">= '2026-10-25 02:30:00'"),
        "<": ("< '2026-10-25 02:30:00'", "< '2026-10-25 03:00:00'"),
    }
    for symbol, shown in asked.items():
        for moment, wanted in zip((first, second), shown):
            condition = Compare(AT, symbol, moment)  # type: ignore[arg-type]  # of a mapping
            assert str(on_the_wall(condition, berlin)) == f"at {wanted}"


@pytest.mark.parametrize("month", [10, 11])
def test_a_month_that_begins_within_that_hour(month: int) -> None:
    """01:30 in New York is 23:30 the first time, and 00:30 the second, where it is UTC-6."""
    row = {"id": "1x1", "at": "2026-11-01 01:30:00"}
    env = Environment(timezone=DAYS[1], zone=ZoneInfo("America/New_York"))
    assert evaluate(InMonth(AT, month), row, env)
    assert evaluate(Not(InMonth(AT, month)), row, env)


@given(tree=trees, zone=st.sampled_from(ZONES))
def test_what_is_on_the_wall_stays_there(tree: Node, zone: tzinfo) -> None:
    once = on_the_wall(tree, zone)
    assert on_the_wall(once, zone) == once
    if zone is UTC:
        assert once == tree


def test_only_moments_are_moved() -> None:
    like_a_moment = Equal(NAME, "2026-01-01 12:00:00")
    assert on_the_wall(like_a_moment, TOKYO) == like_a_moment


@given(texts, st.sampled_from([*ZONES, ZoneInfo("Europe/Berlin")]))
def test_a_moment_comes_back_from_the_wall_but_for_an_hour_that_comes_twice(
    moment: str, zone: tzinfo
) -> None:
    wall = to_wall(moment, zone)
    back = to_utc(wall, zone)
    assert to_wall(back, zone) == wall
    assert back in (moment, to_wall(moment, timezone(-timedelta(hours=1))))


@pytest.mark.parametrize(
    "other",
    ["", "2026-01-01", "0000-00-00 00:00:00", "no moment", "2026-01-01 12:00:00+02:00", "x" * 30],
)
def test_what_is_no_moment_of_the_wall_is_left(other: str) -> None:
    assert to_wall(other, TOKYO) == to_utc(other, TOKYO) == other


def test_the_end_of_time_is_left_as_well() -> None:
    assert to_wall("9999-12-31 23:59:59", TOKYO) == "9999-12-31 23:59:59"
    assert to_utc("0001-01-01 00:00:01", TOKYO) == "0001-01-01 00:00:01"


def test_rows_are_moved_by_their_moments_alone() -> None:
    rows = [{"id": "1x1", "at": "2026-01-01 09:00:00", "name": "2026-01-01 09:00:00"}]
    assert rows_in_utc(rows, [AT, NAME], TOKYO) == [
        {"id": "1x1", "at": "2026-01-01 00:00:00", "name": "2026-01-01 09:00:00"}
    ]
    assert rows_in_utc([{"at": None}], [AT], TOKYO) == [{"at": None}]
    assert rows_in_utc(rows, [AT], UTC) is rows
