"""A CRM whose clock lies hours from UTC, or from this machine's: values, conditions, the feed and
the search for a lost create share what is known of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from generated.demo import Contacts, Users, connect
from tests.support.zoned import InZone
from vtiger_orm import OutcomeUnknown, Session
from vtiger_orm.calls.clock import ClockSource
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.feed.changes import ChangeFeed
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.session import RetryPolicy

TOKYO = ZoneInfo("Asia/Tokyo")
ONCE = RetryPolicy(attempts=1, longest_work=0.0)


@pytest.fixture
def works() -> bool:
    """Whether the CRM has a sync that works."""
    return False


@pytest.fixture
def crm(works: bool) -> Iterator[Crm]:
    with Crm(data=None, profile="stock-7" if works else "auto") as crm:
        yield crm


def session(crm: Crm, zone: tzinfo = TOKYO, **settings: Any) -> Session:
    settings.setdefault("retry", ONCE)
    settings.setdefault("dialect", "webservice")
    transport = InZone(crm, zone)
    return connect(crm.url, *crm.credentials(), transport=transport, **settings)


def now(crm: Crm) -> datetime:
    return crm.clock().replace(microsecond=0)


def made(contact: Contacts) -> datetime:
    assert contact.createdtime is not None
    return contact.createdtime


def person(name: str = "Lost", **values: Any) -> Contacts:
    return Contacts(lastname=name, assigned_user_id=Users.ref("19x1"), **values)


def lost(crm: Crm, contact: Contacts, *, done: bool) -> None:
    fault = faults.LostAnswer() if done else faults.DroppedConnection()
    crm.faults.next(fault, operation="create")
    with pytest.raises(OutcomeUnknown):
        contact.save()


# Values and conditions


def test_times_are_read_in_the_zone_of_the_crm(crm: Crm) -> None:
    began = now(crm)
    id_ = crm.create("Contacts", {"lastname": "One"})["id"]
    with session(crm, server_timezone="Asia/Tokyo"):
        contact = Contacts.objects.get(id=id_)
        assert abs(made(contact) - began) < timedelta(seconds=2)
        assert made(contact).tzinfo is UTC
        contact.refresh()
        assert abs(made(contact) - began) < timedelta(seconds=2)
    with session(crm):
        assert made(Contacts.objects.get(id=id_)) > began + timedelta(hours=8)


@pytest.mark.parametrize("zone", [None, TOKYO, timezone(-timedelta(hours=5))])
def test_conditions_mean_moments_whatever_the_zone_of_the_crm(crm: Crm, zone: tzinfo) -> None:
    crm.clock.freeze(datetime(2026, 3, 31, 20, tzinfo=UTC))  # in Tokyo it is April already
    for name in "abc":
        crm.create("Contacts", {"lastname": name})
        crm.clock.advance(hours=2)
    middle = datetime(2026, 3, 31, 22, tzinfo=UTC)
    conditions: list[dict[str, Any]] = [
        {"createdtime": middle},
        {"createdtime__gt": middle},
        {"createdtime__lte": middle},
        {"createdtime__in": [middle, middle + timedelta(hours=2)]},
        {"createdtime__range": (middle, middle + timedelta(hours=1))},
        {"createdtime__date": date(2026, 3, 31)},
        {"createdtime__month": 3},
        {"createdtime__year": 2026},
    ]
    expected = ["b", "c", "ab", "bc", "b", "ab", "ab", "abc"]
    settings: dict[str, Any] = {"server_timezone": zone} if zone else {}
    with session(crm, zone or UTC, **settings):
        for condition, names in zip(conditions, expected):
            found = Contacts.objects.filter(**condition).order_by("createdtime")
            assert "".join(str(each.lastname) for each in found) == names, condition
            others = Contacts.objects.exclude(**condition).order_by("lastname")
            assert {each.lastname for each in others} == set("abc") - set(names), condition
            assert found.count() == len(names)


# Learning it


def test_an_own_create_teaches_the_zone(crm: Crm, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "vtiger_orm")
    with session(crm) as own:
        assert own.clock.zone.source is ClockSource.ASSUMED
        first = person("First")
        first.save()
        assert own.clock.zone.tz == timezone(timedelta(hours=9))
        second = person("Second")
        second.save()
        for each in (first, second):
            assert abs(made(each) - now(crm)) < timedelta(seconds=5)
        Contacts.objects.bulk_create([person("Third")])
    assert [each.message for each in caplog.records if "+9 hours" in each.message]
    assert len(caplog.records) == 1


def test_a_record_read_before_the_zone_was_learnt_is_not_stale(crm: Crm) -> None:
    id_ = crm.create("Contacts", {"lastname": "Before"})["id"]
    with session(crm):
        contact = Contacts.objects.get(id=id_)
        person("Teacher").save()
        contact.title = "still unmodified"
        contact.save(if_unmodified=True)
        contact.title = "again"
        contact.save(if_unmodified=True)


@pytest.mark.parametrize("hours", [-7, 3, 240])
def test_answers_teach_the_offset(crm: Crm, hours: int) -> None:
    crm.clock.advance(hours=hours)
    with session(crm, UTC) as own:
        own.identify()
        assert own.clock.offset.source is ClockSource.LOGIN
        assert abs(own.clock.now() - crm.clock()) < timedelta(seconds=2)
        person().save()
        assert own.clock.zone.tz is UTC
        assert own.clock.zone.sure


def test_the_cloud_teaches_it_by_the_date_of_its_answers() -> None:
    with Crm(data=None, profile="cloud") as crm, session(crm, UTC, dialect="cloud") as own:
        crm.clock.advance(hours=3)
        Contacts.objects.count()
        assert own.clock.offset.source is ClockSource.DATE
        assert abs(own.clock.now() - crm.clock()) < timedelta(seconds=2)


# Resolving a lost create


@pytest.mark.parametrize("hours", [-30, -7, 0, 3, 30])
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_a_clock_that_is_hours_off_makes_no_double(crm: Crm, hours: int, done: bool) -> None:
    crm.clock.advance(hours=hours)
    with session(crm, UTC):
        contact = person("Off by hours", firstname="One")
        lost(crm, contact, done=done)
        assert contact.crm.resolve() is done
        if not done:
            contact.save()
        assert Contacts.objects.filter(lastname="Off by hours").count() == 1


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_in_a_known_zone_a_lost_create_is_found_or_absent(crm: Crm, done: bool) -> None:
    crm.create("Contacts", {"lastname": "Lost"})  # of yesterday
    crm.clock.advance(hours=24)
    with session(crm, server_timezone=TOKYO):
        contact = person()
        lost(crm, contact, done=done)
        assert contact.crm.resolve() is done


def test_in_an_unknown_zone_what_may_be_it_is_named(crm: Crm) -> None:
    with session(crm) as own:
        contact = person()
        lost(crm, contact, done=True)
        with pytest.raises(OutcomeUnknown, match="the zone is not known") as caught:
            contact.crm.resolve()
        assert contact.crm.in_doubt
        assert "12x" in str(caught.value)
        person("Teacher").save()
        assert own.clock.zone.sure
        assert contact.crm.resolve()


def test_in_an_unknown_zone_nothing_at_all_is_absence(crm: Crm) -> None:
    with session(crm):
        contact = person()
        lost(crm, contact, done=False)
        assert contact.crm.resolve() is False


def test_a_record_made_then_with_some_of_the_values_speaks_against_absence(crm: Crm) -> None:
    """A workflow may have changed what was sent."""
    with session(crm, UTC):
        person("Teacher").save()
        contact = person(firstname="Ada")
        lost(crm, contact, done=True)
        [row] = crm.run("query", query="select id from Contacts where firstname = 'Ada';")
        crm.run("revise", element={"id": row["id"], "lastname": "By a workflow"})
        with pytest.raises(OutcomeUnknown, match="some of its values"):
            contact.crm.resolve()
        assert contact.crm.resolve(row["id"])


def test_a_state_set_by_a_workflow_makes_no_other_record(crm: Crm) -> None:
    with session(crm, UTC):
        person("Teacher").save()
        contact = person(firstname="Ada", leadsource=Contacts.LeadSource.COLD_CALL)
        lost(crm, contact, done=True)
        [row] = crm.run("query", query="select id from Contacts where firstname = 'Ada';")
        crm.run("revise", element={"id": row["id"], "leadsource": "Employee"})
        assert contact.crm.resolve()
        assert contact.leadsource == "Employee"


@pytest.mark.parametrize("value", ["x" * 60, "mark 😀 of mine", "a<b>c"])
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_an_identity_that_the_crm_changes_makes_no_double(crm: Crm, value: str, done: bool) -> None:
    with session(crm, UTC, external_ids={"Contacts": "department"}):
        contact = person(department=value)
        fault = faults.LostAnswer() if done else faults.DroppedConnection()
        crm.faults.next(fault, operation="create")
        try:
            contact.save()
        except OutcomeUnknown:
            assert done
            with pytest.raises(OutcomeUnknown, match="may have made of its department"):
                contact.crm.resolve()
        assert Contacts.objects.filter(lastname="Lost").count() == 1


# The feed


@pytest.mark.parametrize("works", [False, True], ids=["by time", "by sync"])
def test_a_feed_in_a_zone_tells_what_changed_since_a_moment(crm: Crm, works: bool) -> None:
    with crm.count_calls() as calls:
        feed_tells_all(crm, works, server_timezone=TOKYO)
    assert ("sync" in calls.operations) is works


@pytest.mark.parametrize("works", [False, True], ids=["by time", "by sync"])
def test_a_cursor_outlives_the_learning_of_the_zone(crm: Crm, works: bool) -> None:
    """What was read as if it were UTC is gone back for, or changes of nine hours are missed."""
    seen, cursor = set(), None
    settings: dict[str, Any] = {"capabilities": Capabilities(sync=works, precedence="sql")}
    with session(crm, **settings):
        for number in range(6):
            id_ = crm.create("Contacts", {"lastname": f"C{number}"})["id"]
            crm.clock.advance(minutes=20)
            if number == 3:
                teacher = person("Teacher")
                teacher.save()
                id_ = str(teacher.id)
            feed = changes(cursor, works)
            seen |= {str(each.id) for each in feed}
            cursor = feed.cursor
            assert id_ in seen, number


def feed_tells_all(crm: Crm, works: bool, **settings: Any) -> None:
    crm.create("Contacts", {"lastname": "Old"})
    crm.clock.advance(hours=1)
    since = now(crm)
    settings["capabilities"] = Capabilities(sync=works, precedence="sql")
    with session(crm, **settings):
        ids = []
        cursor: Any = since
        for number in range(3):
            ids.append(crm.create("Contacts", {"lastname": f"N{number}"})["id"])
            crm.clock.advance(minutes=20)
            feed = changes(cursor, works)
            assert [(str(each.kind), str(each.id)) for each in feed] == [("created", ids[-1])]
            cursor = feed.cursor


def changes(since: Any, works: bool) -> ChangeFeed[Contacts]:
    feed: ChangeFeed[Contacts] = Contacts.objects.changes(
        since, whose="user" if works else "application"
    )
    return feed
