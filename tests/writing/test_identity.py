"""Law of no doubles: the library never sends one create twice, whatever goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from generated.demo import Contacts, connect
from tests.support.kinds import Face
from vtiger_orm import ConfigError, InvalidRecord, OutcomeUnknown, VtigerError
from vtiger_orm.emulator import faults
from vtiger_orm.records.handle import saved_id
from vtiger_orm.session import RetryPolicy

EAGER = RetryPolicy(attempts=5, first_delay=0.0, longest_work=0.0)
"""Repeats whatever may be repeated; a create may not. The embedded CRM is done with a call when
its connection breaks."""

DOUBTFUL = [
    pytest.param(faults.LostAnswer(), True, id="answer lost"),
    pytest.param(faults.DroppedConnection(), False, id="connection dropped"),
    pytest.param(faults.ServerError(done=True), True, id="500 after the work"),
    pytest.param(faults.ServerError(), False, id="500 before the work"),
    pytest.param(faults.TruncatedBody(), True, id="body cut off"),
    pytest.param(faults.TruncatedBody(honest=True), True, id="broken JSON"),
    pytest.param(faults.Html(done=True), True, id="proxy page after the work"),
    pytest.param(faults.PlainAnswer(done=True), True, id="plain text"),
]


def made(face: Face, name: str) -> int:
    query = f"select id from Contacts where lastname = '{name}';"
    return len(face.crm.run("query", query=query))


@pytest.mark.parametrize(("fault", "done"), DOUBTFUL)
async def test_a_lost_create_is_in_doubt_and_resolved(face: Face, fault: Any, done: bool) -> None:
    await face.open(retry=EAGER)
    face.crm.faults.next(fault, operation="create")
    with face.crm.count_calls() as calls, pytest.raises(OutcomeUnknown, match="resolve") as caught:
        await face(Contacts.objects, "create", lastname="Doubtful", firstname="One")
    assert calls.operations["create"] == 1
    contact = caught.value.record
    assert contact.crm.in_doubt
    with pytest.raises(OutcomeUnknown):
        await face(contact, "save")
    assert made(face, "Doubtful") == done
    assert await face(contact.crm, "resolve") is done
    assert not contact.crm.in_doubt
    if done:
        assert contact.id
        assert contact.changes == {}
    else:
        await face(contact, "save")
    assert made(face, "Doubtful") == 1


@pytest.mark.parametrize(("fault", "done"), DOUBTFUL)
async def test_an_external_id_settles_it_at_once(face: Face, fault: Any, done: bool) -> None:
    await face.open(retry=EAGER, external_ids={"Contacts": "department"})
    face.crm.faults.next(fault, operation="create")
    with face.crm.count_calls() as calls:
        contact = await face(Contacts.objects, "create", lastname="Known", department="EXT-7")
    assert calls.operations["create"] == (1 if done else 2)
    assert contact.id
    assert made(face, "Known") == 1


async def test_a_repetition_that_is_lost_as_well_stays_single(face: Face) -> None:
    await face.open(external_ids={"Contacts": "department"})
    face.crm.faults.next(faults.DroppedConnection(), operation="create")
    face.crm.faults.next(faults.LostAnswer(), operation="create")
    contact = await face(Contacts.objects, "create", lastname="Twice lost", department="EXT-8")
    assert contact.id
    assert made(face, "Twice lost") == 1


async def test_an_external_id_that_is_no_field_is_told_before_anything_is_sent(face: Face) -> None:
    await face.open(external_ids={"Contacts": "departmnt"})
    with face.crm.count_calls() as calls, pytest.raises(ConfigError, match="departmnt"):
        await face(Contacts.objects, "create", lastname="x", department="y")
    assert "create" not in calls.operations


def test_an_external_id_of_no_module_is_told_when_the_session_is_made() -> None:
    with pytest.raises(ConfigError, match="Contactss"):
        connect("https://crm.test", "a", "b", external_ids={"Contactss": "department"})


async def test_no_identity_without_a_value_in_the_field(face: Face) -> None:
    await face.open(external_ids={"Contacts": "department"})
    face.crm.faults.next(faults.LostAnswer(), operation="create")
    with pytest.raises(OutcomeUnknown):
        await face(Contacts.objects, "create", lastname="Blank identity")


async def test_an_expired_session_is_no_doubt(face: Face) -> None:
    if face.kind == "cloud":
        return
    await face(Contacts.objects, "first")
    face.crm.faults.next(faults.ExpiredSession(), operation="create")
    contact = await face(Contacts.objects, "create", lastname="Renewed")
    assert contact.id
    assert made(face, "Renewed") == 1


async def test_a_refusal_is_no_doubt(face: Face) -> None:
    from generated.demo import Accounts

    await face(Accounts.objects, "create", accountname="Only one")
    twin = Accounts(accountname="only ONE")
    with pytest.raises(VtigerError, match=r"(?i)duplicate"):
        await face(twin, "save")
    assert not twin.crm.in_doubt
    twin.accountname = "Another"
    await face(twin, "save")


async def test_several_look_alikes_are_named_and_one_is_chosen(face: Face) -> None:
    face.crm.faults.next(faults.LostAnswer(), operation="create")
    with pytest.raises(OutcomeUnknown) as caught:
        await face(Contacts.objects, "create", lastname="Smith", firstname="A")
    twin = await face(Contacts.objects, "create", lastname="Smith", firstname="A")
    contact = caught.value.record
    with pytest.raises(OutcomeUnknown, match="2 records") as several:
        await face(contact.crm, "resolve")
    assert several.value.record is contact
    assert str(twin.id) in str(several.value)
    assert await face(contact.crm, "resolve", str(twin.id))
    assert contact == twin
    other = Contacts(lastname="Smith")
    assert await face(other.crm, "resolve") is False


async def test_absent_by_the_callers_word(face: Face) -> None:
    face.crm.faults.next(faults.DroppedConnection(), operation="create")
    contact = Contacts(lastname="Nobody")
    with pytest.raises(OutcomeUnknown):
        await face(contact, "save")
    assert await face(contact.crm, "resolve", absent=True) is False
    await face(contact, "save")
    assert made(face, "Nobody") == 1


async def test_invalid_values_leave_nothing_in_doubt(face: Face) -> None:
    contact = Contacts(firstname="x")
    with pytest.raises(InvalidRecord):
        await face(contact, "save")
    assert not contact.crm.in_doubt


READS = [faults.DroppedConnection(), faults.ServerError(), faults.ServerError(done=True)]


@pytest.mark.parametrize("fault", READS, ids=["dropped", "500", "500 done"])
async def test_law_no_doubles_with_a_fault_at_every_call(face: Face, fault: Any) -> None:
    """One scenario of several calls; the fault strikes each call in turn."""
    await face.open(external_ids={"Contacts": "department"}, retry=EAGER)
    await face(Contacts.objects, "first")
    for position in range(6):
        face.crm.faults.clear()
        face.crm.faults.next(fault, after=position)
        mark = f"EXT-{position}"
        contact = Contacts(lastname=f"Law {position}", department=mark)
        for _ in range(3):
            try:
                if saved_id(contact) is None:
                    await face(contact, "save")
                contact.firstname = "F"
                await face(contact, "save", if_unmodified=True)
            except OutcomeUnknown:
                face.crm.faults.clear()
                await face(contact.crm, "resolve")
            except VtigerError:
                continue
        face.crm.faults.clear()
        found = face.crm.run(
            "query", query=f"select firstname from Contacts where department = '{mark}';"
        )
        assert [row["firstname"] for row in found] == ["F"]


async def test_delete_whose_answer_was_lost_is_done(face: Face) -> None:
    for policy in (EAGER, RetryPolicy(attempts=1)):
        await face.open(retry=policy)
        contact = await face(Contacts.objects, "create", lastname="To go")
        face.crm.faults.next(faults.LostAnswer(), operation="delete")
        await face(contact, "delete")
        assert made(face, "To go") == 0
