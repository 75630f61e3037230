"""Writing while the CRM's wall shows an hour for the second time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from generated.demo import Contacts, Users, connect
from tests.support.planned import things
from vtiger_orm import InvalidRecord, OutcomeUnknown, Session, StaleRecord, UnsupportedQuery
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.emulator.profiles import VTIGER_8_0
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.session import RetryPolicy
from vtiger_orm.writing.rules import to_wire

TURN = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""In Berlin it is 03:00, and then 02:00 again."""
WRITES = {"create", "revise", "update", "delete"}


@pytest.fixture
def crm() -> Iterator[Crm]:
    profile = replace(VTIGER_8_0, zone=ZoneInfo("Europe/Berlin"))
    with Crm(data=None, profile=profile) as crm:
        crm.clock.freeze(TURN - timedelta(minutes=40))
        crm.create("Contacts", {"lastname": "First"})  # at 02:20
        yield crm


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    once = RetryPolicy(attempts=1, longest_work=0.0)
    with connect(
        crm.url,
        *crm.credentials(),
        transport=crm.transport(),
        dialect="webservice",
        server_timezone="Europe/Berlin",
        retry=once,
    ) as own:
        vars(own.clock)["here"] = crm.clock
        yield own


def test_nothing_is_written_to_what_may_be_of_the_other_hour(crm: Crm, session: Session) -> None:
    moment = TURN + timedelta(minutes=10)  # 02:10 for the second time
    before = Contacts.objects.filter(createdtime__lt=moment)
    after = Contacts.objects.filter(createdtime__gte=moment)
    assert [each.lastname for each in before] == ["First"]
    assert [each.lastname for each in after] == ["First"]
    for each in (before, after):
        with (
            crm.count_calls() as calls,
            pytest.raises(UnsupportedQuery, match="shows twice because summer time ends"),
        ):
            each.update(title="x")
        assert not WRITES & {*calls.operations}
    sure = Contacts.objects.filter(createdtime__lt=TURN + timedelta(hours=1))
    assert sure.update(title="x") == 1


def test_a_moment_that_would_be_read_as_another_is_refused() -> None:
    meta, berlin = module_meta(things()), ZoneInfo("Europe/Berlin")
    stored = to_wire(meta, {"moment": TURN - timedelta(minutes=1)}, berlin)
    assert stored == {"moment": "2026-10-25 02:59:00"}
    assert to_wire(meta, {"moment": TURN}) == {"moment": "2026-10-25 01:00:00"}
    with pytest.raises(InvalidRecord, match="shows 2026-10-25 02:00:00 twice"):
        to_wire(meta, {"moment": TURN}, berlin)


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize("minutes", [-20, 20, 50])
def test_a_create_that_was_lost_in_that_hour_is_found(
    crm: Crm, session: Session, minutes: int, done: bool
) -> None:
    crm.clock.freeze(TURN + timedelta(minutes=minutes))
    Contacts(lastname="Teacher", assigned_user_id=Users.ref("19x1")).save()
    contact = Contacts(lastname="Lost", assigned_user_id=Users.ref("19x1"))
    fault = faults.LostAnswer() if done else faults.DroppedConnection()
    crm.faults.next(fault, operation="create")
    with pytest.raises(OutcomeUnknown):
        contact.save()
    assert contact.crm.resolve() is done
    if not done:
        contact.save()
    assert Contacts.objects.filter(lastname="Lost").count() == 1


def test_a_change_an_hour_later_at_the_same_time_is_noticed(crm: Crm, session: Session) -> None:
    crm.clock.freeze(TURN - timedelta(minutes=30))  # 02:30 for the first time
    mine = Contacts.objects.create(lastname="Mine", assigned_user_id=Users.ref("19x1"))
    mine.title = "a"
    mine.save(if_unmodified=True)
    crm.clock.freeze(TURN + timedelta(minutes=30))
    theirs = Contacts.objects.get(id=mine.id)
    theirs.department = "IT"
    theirs.save()
    mine.title = "b"
    with pytest.raises(StaleRecord, match="department"):
        mine.save(if_unmodified=True)
    theirs.title = "c"
    theirs.save(if_unmodified=True)
