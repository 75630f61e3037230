"""F-RevoCRM: what differs from a stock 8.0, offers apart."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulator.engine.conftest import Server
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine import UploadedFile

from ..conftest import Make, Open

Recorded = Callable[[str, str], Any]


@pytest.fixture
def crm(on: Make) -> Server:
    crm = on("frevocrm")
    crm.clock.time = datetime(2026, 11, 28, 14, 2, 8, tzinfo=UTC)
    return crm


def test_modules(crm: Server, recorded: Recorded) -> None:
    told = crm.call("listtypes")
    want = recorded("frevo", "listtypes")["result"]
    assert told["types"] == want["types"]
    assert told["information"] == want["information"]


@pytest.mark.parametrize("module", ["Quotes", "Dailyreports"])
def test_fields(crm: Server, recorded: Recorded, module: str) -> None:
    got = crm.call("describe", elementType=module)
    want = recorded("frevo", f"describe-{module}")["result"]
    fields = [each for each in got["fields"] if not each["name"].startswith("cf_")]
    assert fields == want["fields"]
    assert {**got, "fields": ()} == {**want, "fields": ()}


def test_related_lists(crm: Server, recorded: Recorded) -> None:
    got = crm.call("relatedtypes", elementType="Dailyreports")
    assert got == recorded("frevo", "relatedtypes-Dailyreports")["result"]
    report = {"dailyreportsname": "D", "reportsterm": "Daily", "dailyreportsstatus": "Open"}
    more = {"ReportsDate": "2026-11-28", "reports_to_id": "19x1"}
    made = crm.create("Dailyreports", **report, **more)
    assert made["dailyreportsname"] == "D"
    assert crm.query("select id from Dailyreports;") == [{"id": made["id"]}]


# -- the zone ------------------------------------------------------------------------------


def test_moments_are_those_of_tokyo(crm: Server) -> None:
    made = crm.contact()
    assert made["createdtime"] == "2026-11-28 23:02:08"
    assert crm.query("select id from Contacts where createdtime >= '2026-11-28 23:00:00';") != []
    assert crm.query("select id from Contacts where createdtime <= '2026-11-28 15:00:00';") == []
    crm.clock.time = datetime(2026, 11, 28, 16, 0, tzinfo=UTC)
    assert crm.revise(made["id"], lastname="x")["modifiedtime"] == "2026-11-29 01:00:00"
    assert crm.backdoor.insert("Contacts", lastname="b")
    [row] = crm.query("select createdtime from Contacts where lastname = 'b';")
    assert row["createdtime"] == "2026-11-29 01:00:00"


def test_sync_counts_in_seconds(crm: Server) -> None:
    since = int(crm.clock.time.timestamp())
    made = crm.contact()["id"]
    answer = crm.call("sync", modifiedTime=str(since - 1), elementType="Contacts")
    assert [row["id"] for row in answer["updated"]] == [made]
    assert answer["lastModifiedTime"] == since
    again = crm.call("sync", modifiedTime=str(since), elementType="Contacts")
    assert again["updated"] == []


def test_the_challenge_tells_seconds(wired: Open) -> None:
    wire = wired("frevocrm")
    wire.crm.clock.freeze(datetime(2026, 11, 28, 14, 2, 8, tzinfo=UTC))
    answer = wire.get("/webservice.php", operation="getchallenge", username="admin").json()
    assert answer["result"]["serverTime"] == wire.crm.clock.timestamp()


# -- pages and texts -----------------------------------------------------------------------


def test_no_page_is_cut(crm: Server) -> None:
    for number in range(235):
        crm.backdoor.insert("Contacts", lastname=f"c{number}")
    assert len(crm.query("select id from Contacts;")) == 235
    assert len(crm.query("select id from Contacts limit 250;")) == 235
    assert len(crm.query("select id from Contacts order by id limit 101, 200;")) == 134
    assert crm.query("select count(*) from Contacts;") == [{"count": "235"}]


def test_texts_are_escaped(wired: Open) -> None:
    wire = wired("frevocrm").logged_in()
    wire.crm.create("Contacts", {"lastname": "Größe"})
    query = "select lastname from Contacts;"
    raw = wire.get("/webservice.php", operation="query", sessionName=wire.session, query=query)
    assert b"Gr\\u00f6\\u00dfe" in raw.body


# -- fatals and sessions -------------------------------------------------------------------


def test_fatals_are_pages(wired: Open) -> None:
    wire = wired("frevocrm").logged_in()
    answer = wire.get("/webservice.php", operation="nosuchop", sessionName=wire.session)
    assert answer.status == 200
    assert dict(answer.headers)["Content-Type"].startswith("text/html")
    assert answer.body.startswith(b"<br />\n<b>Fatal error</b>:  ")


def test_login(wired: Open) -> None:
    facts = wired("frevocrm").login()["result"]
    assert (facts["vtigerVersion"], facts["version"]) == ("8.0.3", "0.22")
    assert facts["time_zone"] == "UTC"


def test_no_session_is_extended(wired: Open) -> None:
    wire = wired("frevocrm").logged_in()
    answer = wire.post("/webservice.php", operation="extendsession", sessionName=wire.session)
    error = answer.json()["error"]
    assert (error["code"], error["message"]) == ("AUTHENTICATION_FAILURE", "Authencation Failed")


def test_logout_works(wired: Open) -> None:
    wire = wired("frevocrm").logged_in()
    out = wire.post("/webservice.php", operation="logout", sessionName=wire.session).json()
    assert out["result"] == {"message": "successfull"}
    assert wire.ask("listtypes")["error"]["code"] == "INVALID_SESSIONID"


# -- what PHP 8 breaks elsewhere -----------------------------------------------------------


def test_convertlead_works(crm: Server) -> None:
    lead = crm.create("Leads", lastname="L", company="C")["id"]
    entities = {
        "Accounts": {"create": True, "name": "Accounts", "accountname": "C"},
        "Contacts": {"create": True, "name": "Contacts", "lastname": "L"},
    }
    element = {"leadId": lead, "assignedTo": "19x1", "entities": entities}
    made = crm.call("convertlead", element=element)
    assert set(made) == {"Accounts", "Contacts"}


def test_documents_are_read_and_related(crm: Server) -> None:
    upload = UploadedFile("filename", "a.txt", "text/plain", b"hi")
    document = crm.call(
        "create",
        elementType="Documents",
        element={
            "notes_title": "D",
            "filelocationtype": "I",
            "filestatus": "1",
            "assigned_user_id": "19x1",
        },
        files=(upload,),
    )
    contact = crm.contact()["id"]
    assert crm.call(
        "add_related",
        sourceRecordId=contact,
        relatedRecordId=document["id"],
        relationIdLabel="Documents",
    ) == {"message": "successfull"}
    [related] = crm.call(
        "retrieve_related", id=contact, relatedType="Documents", relatedLabel="Documents"
    )
    assert related["id"] == document["id"]
    file = crm.call("files_retrieve", id=document["imageattachmentids"])
    assert base64.b64decode(file["filecontents"]) == b"hi"


def test_retrieve_inventory_works(crm: Server) -> None:
    account = crm.create("Accounts", accountname="A")["id"]
    product = crm.create("Products", productname="P")["id"]
    quote = crm.create(
        "Quotes",
        subject="Q",
        quotestage="Created",
        account_id=account,
        bill_street="b",
        ship_street="s",
        productid=product,
        LineItems=[{"productid": product, "quantity": "1", "listprice": "1"}],
    )["id"]
    assert len(crm.call("retrieve_inventory", id=quote)["LineItems"]) == 1


def test_users_show_their_hash(crm: Server) -> None:
    [admin, *_] = crm.query("select * from Users;")
    assert admin["user_password"]


def test_the_demo_fits() -> None:
    with Crm(profile="frevocrm") as crm:
        admin = crm.engine.users()[0]

        def ids(module: str) -> set[str]:
            rows = crm.engine.call(admin, "query", {"query": f"select id from {module};"})
            return {row["id"] for row in rows}

        assert len(ids("Contacts")) > 100
        assert ids("Quotes")
