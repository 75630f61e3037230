"""Dates compared with moments: whole days of the session's time zone, in every lookup."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.planned import Server, careful, described, server
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.errors import InvalidLookup

ZONES = [
    *("UTC", "Asia/Kolkata", "Pacific/Apia", "America/New_York"),
    *("America/Sao_Paulo", "America/Havana"),  # days that begin at one, midnights that come twice
]
DAYS = [
    *(date(2018, 2, 17), date(2018, 2, 18), date(2018, 11, 3), date(2018, 11, 4)),
    *(date(2018, 3, 11), date(2018, 12, 31), date(2019, 1, 1), date(2011, 12, 30)),
]
MEANING: dict[str, Callable[[date, date], bool]] = {
    "": lambda on, day: on == day,
    "__date": lambda on, day: on == day,
    "__in": lambda on, day: on == day,
    "__lt": lambda on, day: on < day,
    "__lte": lambda on, day: on <= day,
    "__gt": lambda on, day: on > day,
    "__gte": lambda on, day: on >= day,
    "__range": lambda on, day: day <= on <= day + timedelta(days=1),
    "__year": lambda on, day: on.year == day.year,
    "__month": lambda on, day: on.month == day.month,
}


def given_as(lookup: str, day: date) -> Any:
    match lookup:
        case "__in":
            return [day]
        case "__range":
            return (day, day + timedelta(days=1))
        case "__year" | "__month":
            return getattr(day, lookup[2:])
        case _:
            return day


@pytest.fixture(scope="module")
def crm() -> Server:
    """A moment for every hour around each day, and blanks."""
    crm = server(described("Things", "40", {"moment": "datetime", "day": "date"}), page_cap=100)
    number = 0
    for day in DAYS:
        begin = datetime(day.year, day.month, day.day) - timedelta(hours=15)
        for hours in range(56):
            for seconds in (0, 1799, 3599):
                number += 1
                at = begin + timedelta(hours=hours, seconds=seconds)
                crm.insert("Things", number, moment=at.isoformat(" "), day=at.date().isoformat())
    crm.insert("Things", number + 1)
    crm.insert("Things", number + 2, moment="0000-00-00 00:00:00", day="0000-00-00")
    return crm


@pytest.fixture(scope="module")
def rows(crm: Server) -> list[dict[str, Any]]:
    return crm.everything("Things")


def on(row: dict[str, Any], zone: ZoneInfo) -> date | None:
    if not row["moment"] or row["moment"].startswith("0000"):
        return None
    return datetime.fromisoformat(row["moment"]).replace(tzinfo=UTC).astimezone(zone).date()


@given(
    lookup=st.sampled_from(sorted(MEANING)),
    day=st.sampled_from(DAYS),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    wanted=st.booleans(),
)
def test_a_date_is_a_whole_day_of_the_zone(
    crm: Server, rows: list[dict[str, Any]], lookup: str, day: date, zone: ZoneInfo, wanted: bool
) -> None:
    means = MEANING[lookup]
    holds = {row["id"] for row in rows if (at := on(row, zone)) is not None and means(at, day)}
    expected = [row["id"] for row in rows if (row["id"] in holds) is wanted]
    meta, env = crm.metas["Things"], careful(page_size=100, timezone=zone)
    q = Q(**{f"moment{lookup}": given_as(lookup, day)})
    node = resolve(meta, [q if wanted else ~q], {})
    assert [row["id"] for row in rows if evaluate(node, row, env)] == expected
    assert crm.ids(Selection(meta, node), env) == expected
    assert crm.count(Selection(meta, node), env) == len(expected)


TEXTS: list[Any] = ["2024-02-29", "2024-W09-4", "20240229", "2024-02-29 12:00:00", "29.02.2024"]


@pytest.mark.parametrize("field", ["day", "moment"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "lookup", ["", "__lt", "__lte", "__gt", "__gte", "__in", "__range", "__date"]
)
def test_text_is_a_date_nowhere(crm: Server, field: str, text: str, lookup: str) -> None:
    value: Any = {"__in": [date(2024, 1, 1), text], "__range": (date(2024, 1, 1), text)}.get(
        lookup, text
    )
    if field == "day" and lookup == "__date":
        return
    with pytest.raises(InvalidLookup, match=r"fromisoformat"):
        resolve(crm.metas["Things"], [], {field + lookup: value})


@pytest.mark.parametrize("lookup", ["", "__lt", "__gte"])
def test_a_moment_is_no_day(crm: Server, lookup: str) -> None:
    moment = datetime(2024, 2, 29, 12, tzinfo=UTC)
    with pytest.raises(InvalidLookup, match=r"value\.date\(\)"):
        resolve(crm.metas["Things"], [], {f"day{lookup}": moment})
    with pytest.raises(InvalidLookup, match="takes a date"):
        resolve(crm.metas["Things"], [], {"moment__date": moment})
