"""Lists of the RestfulApi module where a reader could go wrong: packed answers, days in a zone with
summer time, NULL at either end of an order."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from generated.demo import Accounts, Contacts, connect
from vtiger_orm import ServerError, Session
from vtiger_orm.dialects.restfulapi_columns import _CUSTOM_TABLES
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Exchange
from vtiger_orm.emulator.http import Response
from vtiger_orm.emulator.profiles import RESTFULAPI
from vtiger_orm.session import RetryPolicy

BERLIN = ZoneInfo("Europe/Berlin")
CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
"""When the clocks of Berlin are changed."""
MOMENTS = sorted(
    change + timedelta(minutes=minutes)
    for change in CHANGES
    for minutes in (-1500, -181, -180, -61, -60, -30, -1, 0, 1, 30, 59, 60, 61, 120, 1380, 1440)
)
NUMBERS = [None, 5, 0, None, -7, 100, 5, None, 0]


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm(data=None, profile="restfulapi") as made:
        door = made.engine.backdoor
        for index, moment in enumerate(MOMENTS):
            id_ = made.create("Contacts", {"lastname": f"C{index:02}"})["id"]
            door.set(id_, createdtime=moment.strftime("%Y-%m-%d %H:%M:%S"))
        for index, number in enumerate(NUMBERS):
            id_ = made.create("Accounts", {"accountname": f"A{index}"})["id"]
            door.set(id_, employees=number, annual_revenue=number)
        yield made


@pytest.fixture(scope="module")
def session(crm: Crm) -> Iterator[Session]:
    with opened(crm) as session:
        yield session


def opened(crm: Crm, **settings: Any) -> Session:
    transport = crm.transport()
    return connect(
        crm.url, *crm.credentials(), dialect="restfulapi", transport=transport, **settings
    )


@dataclass(frozen=True)
class Packed:
    """What a server with mod_deflate makes of an answer."""

    def apply(self, exchange: Exchange) -> Response:
        response = exchange.proceed()
        headers = (*response.headers, ("Content-Encoding", "gzip"))
        return replace(response, body=gzip.compress(response.body), headers=headers)


def test_packed_answers_are_read_login_and_all(crm: Crm) -> None:
    packed = crm.faults.always(Packed(), when=lambda call: True, operation=None)
    logins = crm.faults.always(Packed(), operation="login")
    try:
        with opened(crm) as session:
            made = Contacts.objects.using(session).create(lastname="Packed é")
            assert made.lastname == "Packed é"
            made.delete()
            assert Contacts.objects.using(session).count() == len(MOMENTS)
    finally:
        crm.faults.clear()
    assert packed.struck > 3
    assert logins.struck > 0


def names(queryset: Any) -> list[str]:
    return [each.lastname for each in queryset.order_by("id")]


def truly(accept: Any) -> list[str]:
    return [f"C{index:02}" for index, moment in enumerate(MOMENTS) if accept(moment)]


@pytest.mark.parametrize("change", CHANGES, ids=["spring", "autumn"])
def test_days_of_a_zone_with_summer_time(crm: Crm, change: datetime) -> None:
    with opened(crm, timezone="Europe/Berlin") as session:
        found = Contacts.objects.using(session)
        for shift in (-1, 0, 1):
            day = change.astimezone(BERLIN).date() + timedelta(days=shift)
            assert names(found.filter(createdtime__date=day)) == truly(
                lambda moment, day=day: moment.astimezone(BERLIN).date() == day
            )
            assert names(found.exclude(createdtime__date=day)) == truly(
                lambda moment, day=day: moment.astimezone(BERLIN).date() != day
            )


@pytest.mark.parametrize("change", CHANGES, ids=["spring", "autumn"])
@pytest.mark.parametrize("minutes", [-60, -1, 0, 1, 59, 60])
def test_ranges_over_a_change_of_the_clocks(
    session: Session, change: datetime, minutes: int
) -> None:
    """The bounds in the zone of whoever asks, the second of two equal hours by its fold."""
    found = Contacts.objects.using(session)
    begin, end = (change + timedelta(minutes=each) for each in (minutes, minutes + 61))
    local = begin.astimezone(BERLIN), end.astimezone(BERLIN)
    assert names(found.filter(createdtime__range=local)) == truly(
        lambda moment: begin <= moment <= end
    )
    for lookup, accept in (
        ("gte", lambda moment: moment >= begin),
        ("gt", lambda moment: moment > begin),
        ("lt", lambda moment: moment < begin),
        ("lte", lambda moment: moment <= begin),
        ("exact", lambda moment: moment == begin),
    ):
        asked: dict[str, Any] = {f"createdtime__{lookup}": local[0]}
        assert names(found.filter(**asked)) == truly(accept)


@pytest.mark.parametrize("size", [2, 4, 100])
@pytest.mark.parametrize("field", ["employees", "annual_revenue"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_null_at_either_end_of_an_order(crm: Crm, size: int, field: str, sign: str) -> None:
    order: Any = f"{sign}{field}"
    with opened(crm, page_size=size) as session:
        found = Accounts.objects.using(session).order_by(order, "id")
        whole = list(found)
        present = sorted((each for each in NUMBERS if each is not None), reverse=sign == "-")
        blanks = [None] * NUMBERS.count(None)
        wanted = [*present, *blanks] if sign else [*blanks, *present]
        assert [getattr(each, field) for each in whole] == wanted
        for start in range(len(whole)):
            assert list(found[start : start + 3]) == whole[start : start + 3]


def test_a_year_and_a_month_begin_where_the_zone_says(crm: Crm) -> None:
    with opened(crm, timezone="Europe/Berlin") as session:
        found = Contacts.objects.using(session)
        assert names(found.filter(createdtime__month=3)) == truly(
            lambda moment: moment.astimezone(BERLIN).month == 3
        )
        assert names(found.filter(createdtime__year=2026)) == truly(lambda moment: True)
        assert date(2026, 3, 29) == CHANGES[0].astimezone(BERLIN).date()


@pytest.mark.parametrize("told", ["fatal", "empty"])
def test_a_column_that_is_elsewhere_is_an_error_whatever_php_says(
    monkeypatch: pytest.MonkeyPatch, told: Any
) -> None:
    """An old PHP answers an SQL error with no rows, which nobody may take for no records."""
    monkeypatch.setitem(_CUSTOM_TABLES, "Contacts", "vtiger_elsewhere")
    with Crm(data=None, profile=replace(RESTFULAPI, restfulapi_sql_errors=told)) as crm:
        crm.create("Contacts", {"lastname": "x", "cf_853": "a"})
        with opened(crm, retry=RetryPolicy(attempts=1)) as session:
            found = Contacts.objects.using(session)
            assert found.count() == 1
            for asked in (
                lambda: list(found.filter(f_1st_text_quoted_b="a")),
                lambda: found.filter(f_1st_text_quoted_b="a").exists(),
                lambda: found.filter(f_1st_text_quoted_b="a").count(),
                lambda: found.filter(f_1st_text_quoted_b="a").update(phone="1"),
                lambda: found.get_or_create(f_1st_text_quoted_b="a", defaults={"lastname": "y"}),
            ):
                with pytest.raises(ServerError, match="SQL error"):
                    asked()
        assert len(crm.run("query", query="select id from Contacts;")) == 1


def test_an_empty_list_is_proved_once(crm: Crm) -> None:
    with opened(crm) as session:
        session.identify()
        found = Contacts.objects.using(session).only("lastname")
        for department, calls in (("77", 2), ("77", 1), ("88", 1)):
            with session.count_calls() as counted:
                assert not found.filter(department=department).exists()
            assert counted.count == calls


def test_a_module_without_records_proves_nothing_and_is_empty() -> None:
    with Crm(data=None, profile="restfulapi") as crm, opened(crm) as session:
        found = Contacts.objects.using(session)
        assert list(found.filter(department="x").order_by("createdtime")) == []
        made = found.create(lastname="x", department="x")
        assert [each.id for each in found.filter(department="x")] == [made.id]
