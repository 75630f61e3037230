"""What a record hands to the plans that write it, and what it takes over from their answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.support.hand_made import Contacts
from tests.support.memory import MemoryRunner
from vtiger_orm.calls.operations import Create, Delete, Me, Retrieve, Revise
from vtiger_orm.errors import NoSession, NotLoaded
from vtiger_orm.records.handle import handed_out_by, load, settle

MakeRunner = Callable[[Callable[[Any], Any]], MemoryRunner]

STORED = {
    "id": "12x407",
    "lastname": "King",
    "firstname": "Ada",
    "birthday": "1815-12-10",
    "assigned_user_id": "19x1",
    "createdtime": "2025-06-01 09:51:00",
    "modifiedtime": "2025-06-01 09:51:00",
    "imagename": "",
    "cf_999": "",
    "label": "Ada King",
}


def crm(call: Any) -> Any:
    """A CRM with one contact."""
    match call:
        case Me():
            return {"id": "19x1", "user_name": "admin"}
        case Create():
            return {**STORED, **call.values, "id": "12x407"}
        case Revise():
            return {**STORED, **call.values}
        case Retrieve():
            return dict(STORED)
        case Delete():
            return {"status": "successful"}
    raise AssertionError(call)


def writes(runner: MemoryRunner) -> list[Any]:
    return [call for call in runner.calls if call.writes]


def test_a_new_record_is_created_and_then_whole(runner_of: MakeRunner) -> None:
    runner = runner_of(crm)
    contact = Contacts(lastname="King", birthday=date(1815, 12, 10))
    contact.save()
    (create,) = writes(runner)
    assert create.module == "Contacts"
    assert create.values == {
        "birthday": "1815-12-10",
        "lastname": "King",
        "assigned_user_id": "19x1",
    }
    assert contact.id == "12x407"
    assert contact.createdtime == datetime(2025, 6, 1, 9, 51, tzinfo=UTC)
    assert contact.changes == {}
    assert contact.extra["cf_999"] == ""
    assert handed_out_by(contact) is runner
    with pytest.raises(NotLoaded):
        _ = contact.description
    assert hash(contact)


async def test_only_changes_are_sent_and_settled(runner_of: MakeRunner) -> None:
    ambient = runner_of(lambda call: pytest.fail("the session of the record writes"))
    own = MemoryRunner(crm)
    (contact,) = load(Contacts, [STORED], own)
    contact.firstname = None
    contact.lastname = "Byron"
    contact.lastname = "King"
    contact.extra["cf_999"] = 5
    await contact.asave()
    (revise,) = writes(own)
    assert revise.values == {"firstname": "", "cf_999": "5"}
    assert contact.changes == {}
    assert contact.firstname is None
    assert contact.extra["cf_999"] == "5"
    await contact.asave()
    assert len(writes(own)) == 1, "nothing changed, nothing is sent"
    assert ambient.calls == []


def test_a_field_that_is_not_answered_keeps_what_was_sent(runner_of: MakeRunner) -> None:
    runner_of(crm)
    contact = Contacts(id=Contacts.ref("12x407"), description="kept")
    contact.save()
    assert contact.description == "kept"
    assert contact.lastname == "King"


async def test_refresh_drops_changes_and_loads_every_field(runner_of: MakeRunner) -> None:
    runner_of(crm)
    contact = Contacts(id=Contacts.ref("12x407"), lastname="unsaved")
    contact.refresh()
    assert contact.lastname == "King"
    assert contact.imagename is None
    assert contact.changes == {}
    contact.lastname = "again"
    await contact.arefresh()
    assert contact.lastname == "King"
    assert list(vars(contact)) == [name for name in Contacts.meta.fields if name in vars(contact)]


async def test_delete(runner_of: MakeRunner) -> None:
    runner = runner_of(crm)
    (contact,) = load(Contacts, [STORED], None)
    contact.delete()
    await contact.adelete()
    assert writes(runner) == [Delete("12x407")] * 2


def test_unreadable_text_of_an_answer_replaces_the_value() -> None:
    (contact,) = load(Contacts, [STORED], None)
    settle(contact, {**STORED, "birthday": "garbage"}, None)
    assert contact.raw == {"birthday": "garbage"}
    assert "birthday" not in vars(contact)
    settle(contact, STORED, None)
    assert contact.birthday == date(1815, 12, 10)
    assert contact.raw == {}


def test_without_a_session_writing_says_how_to_get_one() -> None:
    with pytest.raises(NoSession):
        Contacts(lastname="x").save()


def test_crm_gives_the_operations_on_the_record(runner_of: MakeRunner) -> None:
    runner_of(crm)
    (contact,) = load(Contacts, [STORED], None)
    assert "12x407" in repr(contact.crm)
