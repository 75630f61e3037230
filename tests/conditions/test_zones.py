"""Moments in conditions: what is meant in UTC is compared by the CRM in its own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.evaluate import evaluate, on_the_wall
from vtiger_orm.conditions.tree import And, Compare, DayBound, Equal, InMonth, Node, Not, OneOf, Or
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta
from vtiger_orm.values.zones import rows_in_utc, to_utc, to_wall

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
