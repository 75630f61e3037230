"""coreBOS: links between records."""

from __future__ import annotations

from typing import Any

from tests.emulator.engine.conftest import Server

from ..replay import Recorded, Replay, play


def linked(replay: Replay, recorded_id: str, module: str, other: str) -> list[str]:
    answer = replay.crm.call(
        "getRelatedRecords",
        id=replay.ids[recorded_id],
        module=module,
        relatedModule=other,
        queryParameters={"columns": "id"},
    )
    names = {own: name for name, own in replay.ids.items()}
    return [names[row["id"]] for row in answer["records"]]


def test_relations_are_made_and_taken_away(related: Replay, recorded: Recorded) -> None:
    play(related, recorded("corebos", "setrelation"))
    assert linked(related, "12x9210", "Contacts", "Documents") == ["15x9212", "15x9213"]
    related.crm.backdoor.set(related.ids["15x9213"], filestatus=0)  # listed all the same
    assert linked(related, "12x9210", "Contacts", "Documents") == ["15x9212", "15x9213"]
    assert linked(related, "12x9210", "Contacts", "Products") == ["14x9214"]
    assert linked(related, "14x9214", "Products", "Contacts") == ["12x9210"]
    assert linked(related, "12x9210", "Contacts", "Campaigns") == ["1x9215"]
    assert linked(related, "12x9211", "Contacts", "Documents") == []
    assert linked(related, "11x9209", "Accounts", "Contacts") == []
    account = related.ids["11x9208"]
    contact = related.ids["12x9210"]
    assert related.crm.call("retrieve", id=contact)["account_id"] == account
    # The last exchange is of records that were made for it alone.
    play(related, recorded("corebos", "unsetrelation"), 15)
    assert linked(related, "12x9210", "Contacts", "Documents") == []
    assert related.crm.call("retrieve", id=contact)["account_id"] == ""
    assert linked(related, "11x9208", "Accounts", "Contacts") == ["12x9211"]


def test_related_records(related: Replay, recorded: Recorded) -> None:
    play(related, recorded("corebos", "setrelation")[:3])
    exchanges = recorded("corebos", "getrelatedrecords")
    # From 37 on other links were there, and other records.
    play(related, exchanges[:37], 3, 20)
    account = related.crm.create("Accounts", accountname="Many")["id"]
    for number in range(130):
        related.crm.contact(lastname=f"Many {number:03}", account_id=account)
    asked: dict[str, Any] = {"id": account, "module": "Accounts", "relatedModule": "Contacts"}

    def names(**parameters: str) -> list[str]:
        answer = related.crm.call("getRelatedRecords", **asked, queryParameters=parameters)
        return [row["lastname"] for row in answer["records"]]

    assert len(names()) == 130
    assert len(names(limit="50", offset="100")) == 30
    assert names(orderby="lastname desc, firstname", limit="2") == ["Many 129", "Many 128"]
    assert names(orderby="vtiger_contactdetails.lastname desc", limit="1") == ["Many 129"]
    deleted = related.ids["12x9211"]
    related.crm.call("delete", id=deleted)
    answer = related.crm.answer(
        "getRelatedRecords", id=deleted, module="Contacts", relatedModule="Documents"
    )
    assert answer == (
        "ACCESS_DENIED Permission to perform the operation on module (Contacts) is denied"
    )


def test_attachments_with_related_documents(related: Replay) -> None:
    file = {"name": "hallo.txt", "size": 11, "type": "text/plain", "content": "aGVsbG8gd29ybGQ="}
    document = related.crm.create(
        "Documents", notes_title="Att one", filelocationtype="I", filename=file
    )["id"]
    contact = related.ids["12x9210"]
    related.crm.call("SetRelation", relate_this_id=contact, with_these_ids=[document])
    [row] = related.crm.call(
        "getRelatedRecords",
        id=contact,
        module="Contacts",
        relatedModule="Documents",
        queryParameters={"returnattachments": "1", "columns": "id,notes_title,filename"},
    )["records"]
    assert (row["title"], row["filename"], row["id"]) == ("Att one", "hallo.txt", document)
    assert row["attachments"] == {
        "name": "hallo.txt",
        "type": "text/plain",
        "content": "aGVsbG8gd29ybGQ=",
        "size": 11,
    }


def test_related_modules(crm: Server) -> None:
    for name in ("Contacts", "contacts"):
        told = crm.call("getRelatedModulesInfomation", module=name)
        assert told["Potentials"]["relatedfield"] == "related_to"
        assert told["Documents"]["relatedfield"] is None
        assert told["Activities"]["related_module"] == "cbtranslation"
    for name in ("NoSuch", ""):
        assert crm.answer("getRelatedModulesInfomation", module=name) == (
            f"ACCESS_DENIED Permission to perform the operation is denied for {name}"
        )
    pointing = crm.call("getRelatedModulesManytoOne", module="Contacts")
    for pair in (
        ("Contacts", "contact_id"),
        ("Potentials", "related_to"),
        ("Quotes", "contact_id"),
    ):
        assert pair in [(each["name"], each["field"]) for each in pointing]
    pointed = crm.call("GetRelatedModulesOneToMany", module="Contacts")
    names = [(each["name"], each["field"]) for each in pointed]
    for pair in (
        ("Accounts", "account_id"),
        ("Contacts", "contact_id"),
        ("Leads", "convertedfromlead"),
    ):
        assert pair in names
