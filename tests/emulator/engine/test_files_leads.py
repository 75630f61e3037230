"""Uploads, files_retrieve, convertlead."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from vtiger_orm.emulator.engine import Crash, UploadedFile
from vtiger_orm.emulator.profiles import CLOUD, STOCK_7

from .conftest import Server, make


@pytest.fixture
def seven() -> Server:
    return make(STOCK_7, demo=False)


def document(crm: Server, *files: UploadedFile, **element: Any) -> dict[str, Any]:
    values = {"notes_title": "D", "assigned_user_id": "19x1", **element}
    result: dict[str, Any] = crm.call("create", files, elementType="Documents", element=values)
    return result


def test_internal_document(seven: Server) -> None:
    record = document(
        seven, UploadedFile("filename", "a b&c.txt", "text/plain", b"hello"), filelocationtype="I"
    )
    assert (record["filename"], record["filesize"], record["filetype"]) == (
        "a_b_c.txt",
        "5",
        "text/plain",
    )
    file = seven.call("files_retrieve", id=record["imageattachmentids"])
    assert base64.b64decode(file["filecontents"]) == b"hello"
    assert file["filesize"] == 5
    assert file["fileid"] == record["imageattachmentids"].split("x")[1]


def test_other_part_name(seven: Server) -> None:
    """The file is kept, but the document does not know of it."""
    record = document(
        seven, UploadedFile("file", "a.txt", "text/plain", b"x"), filelocationtype="I"
    )
    assert record["filename"] == ""
    assert record["imageattachmentids"]


def test_external_document(seven: Server) -> None:
    record = document(seven, filelocationtype="E", filename="https://example.com/x")
    assert record["filename"] == "https://example.com/x"
    assert "imageattachmentids" not in record


def test_image(seven: Server) -> None:
    contact = {"lastname": "x", "assigned_user_id": "19x1"}
    image = UploadedFile("imagename[]", "me.png", "image/png", b"png")
    record = seven.call("create", (image,), elementType="Contacts", element=contact)
    assert record["imagename"] == "me.png"
    ids = record["imageattachmentids"]
    assert ids.startswith("12x")
    assert seven.query("select imagename from Contacts;")[0]["imageattachmentids"] == ids
    assert "imageattachmentids" not in seven.contact()
    wrong = UploadedFile("imagename", "me.png", "image/png", b"png")
    before = seven.count("Contacts")
    with pytest.raises(Crash):
        seven.call("create", (wrong,), elementType="Contacts", element=contact)
    assert seven.count("Contacts") == before


def test_wrong_file_ids(seven: Server) -> None:
    record = document(seven, UploadedFile("filename", "a", "t/p", b"x"), filelocationtype="I")
    number = record["imageattachmentids"].split("x")[1]
    assert seven.answer("files_retrieve", id=record["id"]) == (
        "RECORD_NOT_FOUND Record you are trying to access is not found"
    )
    assert seven.answer("files_retrieve", id=f"12x{number}") == (
        "INVALID_ID_ATTRIBUTE Id specified is incorrect"
    )


def test_list_in_the_cloud() -> None:
    crm = make(CLOUD, demo=False)
    record = document(crm, UploadedFile("filename", "a", "t/p", b"x"), filelocationtype="I")
    (file,) = crm.call("files_retrieve", id=record["imageattachmentids"])
    assert file["filename"] == "a"


def convert(crm: Server, lead: str, **entities: Any) -> Any:
    return crm.answer("convertlead", element={"leadId": lead, "entities": entities})


def wanted(name: str, **fields: Any) -> dict[str, Any]:
    return {"create": True, "name": name, **fields}


def test_convert(seven: Server) -> None:
    lead = seven.create(
        "Leads", lastname="Last", firstname="First", company="Co", email="l@example.com", city="C"
    )["id"]
    made = convert(
        seven,
        lead,
        Accounts=wanted("Accounts"),
        Contacts=wanted("Contacts"),
        Potentials=wanted("Potentials", closingdate="2026-01-01"),
    )
    account = seven.call("retrieve", id=made["Accounts"])
    contact = seven.call("retrieve", id=made["Contacts"])
    deal = seven.call("retrieve", id=made["Potentials"])
    assert (account["accountname"], account["bill_city"]) == ("Co", "C")
    assert (contact["lastname"], contact["account_id"]) == ("Last", made["Accounts"])
    assert contact["isconvertedfromlead"] == "1"
    assert (deal["potentialname"], deal["related_to"], deal["contact_id"], deal["sales_stage"]) == (
        "Co",
        made["Accounts"],
        made["Contacts"],
        "Prospecting",
    )
    assert seven.ids("select id from Leads;") == []
    assert seven.call("retrieve", id=lead)["lastname"] == "Last"
    assert convert(seven, lead, Contacts=wanted("Contacts")) == (
        "LEAD_ALREADY_CONVERTED Lead is already converted"
    )


def test_convert_needs_the_name(seven: Server) -> None:
    lead = seven.create("Leads", lastname="L")["id"]
    assert convert(seven, lead, Contacts={"create": True}) == (
        "ACCESS_DENIED Permission to perform the operation is denied for name : "
    )
    assert seven.ids("select id from Leads;") == [lead]


def test_nothing_to_convert(seven: Server) -> None:
    lead = seven.create("Leads", lastname="L")["id"]
    assert convert(seven, lead) is None
    assert convert(seven, lead, Contacts={"create": False, "name": "Contacts"}) is None
    assert seven.ids("select id from Leads;") == [lead]


def test_existing_account_is_taken(seven: Server) -> None:
    account = seven.create("Accounts", accountname="Co")["id"]
    lead = seven.create("Leads", lastname="L", company="Other")["id"]
    made = convert(seven, lead, Accounts=wanted("Accounts", accountname="CO"))
    assert made == {"Accounts": account}


def test_missing_mandatory_fields_are_made_up(seven: Server) -> None:
    lead = seven.create("Leads", lastname="L")["id"]
    made = convert(seven, lead, Accounts=wanted("Accounts"))
    assert seven.call("retrieve", id=made["Accounts"])["accountname"] == "????"
