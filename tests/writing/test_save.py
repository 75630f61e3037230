"""Creating, saving, deleting and re-reading one record, in every dialect, sync and async."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from generated.demo import Accounts, Calendar, Contacts, Events, Leads, Potentials, Users
from tests.support.kinds import Face
from vtiger_orm import InvalidRecord, InvalidValue, OutcomeUnknown, StaleRecord, ValuesAdjusted
from vtiger_orm.emulator.faults import LostAnswer, Meanwhile
from vtiger_orm.records.handle import saved_id


def stored(face: Face, record: Any) -> dict[str, Any]:
    """The record as the CRM has it, read behind the library's back."""
    row: dict[str, Any] = face.crm.run("retrieve", id=str(record.id))
    return row


async def test_create_answers_the_record_as_stored(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="Acme & Söhne <GmbH>")
    contact = await face(
        Contacts.objects,
        "create",
        lastname="O'Hara",
        account_id=account,
        birthday=date(1990, 5, 4),
        leadsource=Contacts.LeadSource.COLD_CALL,
        donotcall=True,
    )
    assert contact.account_id == account.id
    assert contact.contact_no
    assert contact.changes == {}
    assert contact.crm.adjusted == ()
    row = stored(face, contact)
    assert (row["lastname"], row["birthday"], row["donotcall"]) == ("O'Hara", "1990-05-04", "1")
    assert stored(face, account)["accountname"] == "Acme & Söhne <GmbH>"


async def test_owner_defaults_to_the_sessions_user_without_another_call(face: Face) -> None:
    await face(Contacts.objects, "first")
    with face.crm.count_calls() as calls:
        contact = await face(Contacts.objects, "create", lastname="x")
    assert calls.operations == {"create": 1}
    assert contact.assigned_user_id == face.crm.user().wire_id


async def test_save_of_a_new_record_creates_it(face: Face) -> None:
    contact = Contacts(lastname="New")
    await face(contact, "save")
    assert stored(face, contact)["lastname"] == "New"


async def test_save_writes_exactly_what_changed(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="A", description="R&D <x> é")
    before = stored(face, contact)
    contact.department = "Sales"
    contact.lastname = "A"  # equal: no change
    with face.crm.count_calls() as calls:
        await face(contact, "save")
        await face(contact, "save")
    assert calls.operations == {"revise": 1}
    after = stored(face, contact)
    changed = {name for name in after if after[name] != before[name]}
    assert changed - {"modifiedtime", "modifiedby"} == {"department"}


async def test_a_record_that_no_session_loaded_writes_its_given_fields(face: Face) -> None:
    made = await face(Contacts.objects, "create", lastname="A", firstname="B")
    contact = Contacts(id=made.id, department="IT")
    await face(contact, "save")
    row = stored(face, made)
    assert (row["lastname"], row["firstname"], row["department"]) == ("A", "B", "IT")


async def test_none_clears_text_dates_references_and_choices(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="For clearing")
    contact = await face(
        Contacts.objects,
        "create",
        lastname="A",
        department="x",
        birthday=date(2000, 1, 1),
        account_id=account,
        leadsource=Contacts.LeadSource.COLD_CALL,
    )
    contact.department = contact.birthday = contact.account_id = contact.leadsource = None
    await face(contact, "save")
    row = stored(face, contact)
    assert [row[name] for name in ("department", "birthday", "account_id", "leadsource")] == [
        ""
    ] * 4


async def test_update_as_an_explicit_choice_damages_nothing(face: Face) -> None:
    text = 'R&D <b>"x"</b> é'
    contact = await face(Contacts.objects, "create", lastname="A", description=text)
    partial = await face(Contacts.objects.only("department"), "get", id=contact.id)
    partial.department = "x"
    with face.crm.count_calls() as calls:
        await face(partial, "save", operation="update")
    assert calls.operations == {"retrieve": 1, "update": 1}
    row = stored(face, contact)
    assert (row["description"], row["department"], row["lastname"]) == (text, "x", "A")


async def test_update_clears_a_reference(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="Gone")
    contact = await face(Contacts.objects, "create", lastname="A", account_id=account)
    contact.account_id = None
    await face(contact, "save", operation="update")
    assert stored(face, contact)["account_id"] == ""


async def test_if_unmodified_notices_another_writer(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="A")
    contact.department = "mine"
    await face(contact, "save", if_unmodified=True)
    face.crm.clock.advance(5)
    face.crm.run("revise", element={"id": str(contact.id), "department": "theirs"})
    contact.department = "mine again"
    with face.crm.count_calls() as calls, pytest.raises(StaleRecord, match="changed in the CRM"):
        await face(contact, "save", if_unmodified=True)
    assert "revise" not in calls.operations
    assert stored(face, contact)["department"] == "theirs"
    await face(contact, "refresh")
    contact.department = "mine again"
    await face(contact, "save", if_unmodified=True)
    assert stored(face, contact)["department"] == "mine again"


async def test_delete_and_refresh(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="A")
    face.crm.run("revise", element={"id": str(contact.id), "department": "IT"})
    contact.firstname = "dropped"
    await face(contact, "refresh")
    assert (contact.department, contact.firstname, contact.changes) == ("IT", None, {})
    await face(contact, "delete")
    assert not await face(Contacts.objects.filter(id=contact.id), "exists")
    await face(contact, "delete")  # gone already: done already
    with pytest.raises(Contacts.DoesNotExist, match="deleted, or hidden"):
        await face(contact, "refresh")


async def test_unsaved_records_can_be_neither_deleted_nor_refreshed(face: Face) -> None:
    for method in ("delete", "refresh"):
        with pytest.raises(Exception, match="never saved"):
            await face(Contacts(lastname="x"), method)


async def test_refresh_of_users_never_retrieves(face: Face) -> None:
    user = await face(Users.objects, "first")
    with face.crm.count_calls() as calls:
        await face(user, "refresh")
    assert "retrieve" not in calls.operations
    assert not {"accesskey", "user_password"} & {*user.extra, *(user.raw or {})}


async def test_rules_are_checked_before_any_call(face: Face) -> None:
    with face.crm.count_calls() as calls:
        with pytest.raises(InvalidRecord) as caught:
            await face(Contacts.objects, "create", firstname="x", email="nonsense")
        assert [each.field for each in caught.value.problems] == ["lastname", "email"]
        with pytest.raises(InvalidRecord, match="createdtime"):
            await face(Contacts.objects, "create", lastname="x", createdtime=None)
        with pytest.raises(InvalidValue, match="lastname"):
            await face(Contacts.objects, "create", lastnme="x")
        contact = Contacts(id=Contacts.ref("12x1"), lastname=None)
        with pytest.raises(InvalidRecord, match="mandatory"):
            await face(contact, "save")
    assert calls.number == 0


async def test_tasks_and_events_keep_their_own_type(face: Face) -> None:
    day = date(2026, 1, 2)
    task = await face(
        Calendar.objects,
        "create",
        subject="todo",
        date_start=day,
        time_start=time(9),
        due_date=day,
        taskstatus=Calendar.Taskstatus("Not Started"),
    )
    assert stored(face, task)["activitytype"] == "Task"
    assert await face(Calendar.objects.filter(id=task.id), "exists")
    with pytest.raises(InvalidRecord, match="tasks are records of Calendar"):
        await face(Events.objects, "create", **_event(activitytype=Events.ActivityType("Task")))


def _event(**values: Any) -> dict[str, Any]:
    day = date(2026, 1, 2)
    return {
        "subject": "meeting",
        "date_start": day,
        "due_date": day,
        "time_start": time(9),
        "time_end": time(10),
        "duration_hours": 1,
        "eventstatus": Events.Eventstatus("Planned"),
        **values,
    }


async def test_an_operation_that_does_not_exist(face: Face) -> None:
    with pytest.raises(InvalidValue, match="'revise' or 'update'"):
        await face(Contacts(lastname="x"), "save", operation="merge")


async def test_lead_answers_are_repaired(face: Face) -> None:
    lead = await face(Leads.objects, "create", lastname="amp&amp;entity")
    assert lead.lastname == "amp&amp;entity"
    assert lead.crm.adjusted == ()


async def test_silent_rounding_is_reported_and_strict_mode_raises(face: Face) -> None:
    values = {
        "potentialname": "P",
        "closingdate": date(2026, 1, 1),
        "sales_stage": Potentials.SalesStage("Prospecting"),
    }
    account = await face(
        Accounts.objects, "create", accountname="R", decimal_grosse_m2=Decimal("12.3456789")
    )
    [adjustment] = account.crm.adjusted
    assert (adjustment.field, adjustment.why) == ("decimal_grosse_m2", "rounded")
    assert account.decimal_grosse_m2 == Decimal("12.350")
    contact = await face(Contacts.objects, "create", lastname="x" * 90, firstname="😀")
    whys = {each.field: str(each.why) for each in contact.crm.adjusted}
    assert whys["firstname"] == "characters"
    await face.open(strict=True)
    with pytest.raises(ValuesAdjusted, match="rounded") as caught:
        await face(
            Accounts.objects, "create", accountname="S", decimal_grosse_m2=Decimal("1.23456")
        )
    assert await face(Accounts.objects.filter(accountname="S"), "count") == 1
    assert str(caught.value.record.id) in str(caught.value)
    with pytest.raises(InvalidRecord, match="not a value"):
        await face(
            Potentials.objects, "create", **values, leadsource=Potentials.LeadSource("New one")
        )


async def test_unknown_picklist_values_warn_and_are_stored(face: Face) -> None:
    with pytest.warns(UserWarning, match="is not a value of") as told:
        contact = await face(
            Contacts.objects, "create", lastname="x", leadsource=Contacts.LeadSource("Brand new")
        )
    assert contact.leadsource == "Brand new"
    assert "vtiger_orm" not in Path(told[0].filename).parts  # whose line it was


async def test_preview_and_copy_send_nothing(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="A", department="IT")
    contact.department = "HR"
    with face.crm.count_calls() as calls:
        preview = contact.crm.preview()
        fresh = Contacts(firstname="only").crm.preview()
        copied = contact.crm.copy(lastname="B")
    assert calls.number == 0
    assert (preview.operation, dict(preview.values)) == ("revise", {"department": "HR"})
    assert not fresh.ok
    assert "lastname" in str(fresh)
    assert saved_id(copied) is None
    await face(copied, "save")
    row = stored(face, copied)
    assert (row["lastname"], row["department"]) == ("B", "HR")
    assert copied.id != contact.id


# Assignments while a save is under way

ASSIGNMENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another field": ({"title": "later"}, {"title": "later"}),
    "the same field": ({"department": "later"}, {"department": "later"}),
    "back to the old value": ({"department": None}, {"department": None}),
    "what was sent": ({"department": "sent"}, {}),
}


@pytest.mark.parametrize("name", ASSIGNMENTS)
@pytest.mark.parametrize("new", [False, True], ids=["revise", "create"])
async def test_an_assignment_while_saving_is_kept_as_a_change(
    face: Face, name: str, new: bool
) -> None:
    assigned, expected = ASSIGNMENTS[name]
    contact = Contacts(lastname="Racing", firstname="F")
    if not new:
        await face(contact, "save")
    contact.department = "sent"

    def assign() -> None:
        for attribute, value in assigned.items():
            setattr(contact, attribute, value)

    face.crm.faults.next(Meanwhile(assign, after=True), operation=("create", "revise"))
    await face(contact, "save")
    assert stored(face, contact)["department"] == "sent"
    assert {name: change.new for name, change in contact.changes.items()} == expected
    for attribute, value in {"department": "sent", **assigned}.items():
        assert getattr(contact, attribute) == value
    with face.crm.count_calls() as calls:
        await face(contact, "save")
    assert calls.operations == ({"revise": 1} if expected else {})
    assert contact.changes == {}
    for attribute, value in assigned.items():
        assert stored(face, contact)[attribute] == (value or "")


async def test_an_extra_field_assigned_while_saving_is_kept(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="Racing")
    contact.department = "sent"

    def assign() -> None:
        contact.extra["cf_new"] = "later"

    face.crm.faults.next(Meanwhile(assign, after=True), operation="revise")
    await face(contact, "save")
    assert {name: change.new for name, change in contact.changes.items()} == {"cf_new": "later"}


async def test_bulk_keeps_what_is_assigned_while_it_writes(face: Face) -> None:
    people = [await face(Contacts.objects, "create", lastname=f"Bulk {n}") for n in range(3)]
    for each in people:
        each.department = "sent"

    def assign() -> None:
        for each in people:
            each.title = "later"

    face.crm.faults.next(Meanwhile(assign), operation="revise")
    await face(Contacts.objects, "bulk_update", people)
    assert [set(each.changes) for each in people] == [{"title"}] * 3


async def test_what_is_assigned_in_doubt_is_kept_when_it_is_resolved(face: Face) -> None:
    face.crm.faults.next(LostAnswer(), operation="create")
    contact = Contacts(lastname="Doubtful", firstname="F")
    with pytest.raises(OutcomeUnknown):
        await face(contact, "save")
    contact.title = "later"
    assert await face(contact.crm, "resolve")
    assert (contact.title, set(contact.changes)) == ("later", {"title"})
