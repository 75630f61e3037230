"""berliCRM: what was seen of it, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.engine.conftest import Server
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine import CrmError, NotMeasured
from vtiger_orm.emulator.engine.accounts import HIDDEN_FIELD
from vtiger_orm.errors import AccessDenied, AuthError, MandatoryMissing, NotSupported
from vtiger_orm.metadata.server import ServerFamily
from vtiger_orm.session import Session

from .conftest import Make

NAMES = ["O'Neil", "a\\b", "plain", "Plain"]


@pytest.fixture
def crm(on: Make) -> Server:
    crm = on("berlicrm")
    for name in NAMES:
        crm.contact(lastname=name)
    return crm


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (r"lastname = 'O\'Neil'", 1),
        ("lastname = 'O''Neil'", 0),
        (r"lastname = 'a\b'", 0),
        (r"lastname = 'a\\b'", 0),
        (r"lastname = 'a\\\\b'", 0),
        ("LastName = 'plain'", 2),
        ("(lastname = 'plain' or lastname = 'a') and firstname = ''", 2),
        ("birthday is null", 0),
        ("birthday is not null", 4),
        ("lastname not in ('plain')", 2),
        ("lastname not like 'p%'", 2),
        ("lastname <> 'plain'", 2),
        ("account_id = 0", 4),
        ("account_id = '5'", 0),
    ],
)
def test_conditions(crm: Server, condition: str, found: int) -> None:
    for number in crm.engine.store.rows('SELECT id FROM "m_Contacts"'):
        crm.engine.store.execute('UPDATE "m_Contacts" SET birthday = ? WHERE id = ?', ("", *number))
    assert len(crm.query(f"select lastname from Contacts where {condition}")) == found


def test_counts_are_numbers(crm: Server) -> None:
    assert crm.query("select count(*) from Contacts") == [{"count": 4}]
    assert crm.query("select count(id) from Contacts where lastname = 'plain';") == [{"count": 2}]
    assert crm.query("select count(*) from Contacts where lastname = 'O''Neil'") == []


def test_names_of_fields(crm: Server) -> None:
    [row, *_] = crm.query("select nosuch,lastname from Contacts")
    assert list(row) == ["lastname", "id"]
    error = "DATABASE_QUERY_ERROR Database error while performing requested operation"
    assert crm.query("select id from Contacts where nosuch = 'a'") == error
    assert crm.query("select id from Contacts order by nosuch") == error


def test_order_and_pages(crm: Server) -> None:
    rows = crm.query("select lastname from Contacts order by lastname desc, id asc limit 1,2")
    assert [row["lastname"] for row in rows] == ["Plain", "O'Neil"]
    for _ in range(103):
        crm.contact(lastname="more")
    assert len(crm.query("select id from Contacts")) == 107


def test_update_replaces_and_revise_does_not(crm: Server) -> None:
    contact = crm.contact(lastname="x", firstname="f", title="t", description="d")["id"]
    crm.revise(contact, title="u")
    kept = crm.call("retrieve", id=contact)
    assert (kept["firstname"], kept["title"], kept["description"]) == ("f", "u", "d")
    element = {"id": contact, "lastname": "y", "assigned_user_id": "19x1"}
    crm.call("update", element=element)
    left = crm.call("retrieve", id=contact)
    assert (left["lastname"], left["firstname"], left["title"]) == ("y", "", "")
    assert left["description"] == ""


def test_picklists_are_checked_at_create(crm: Server) -> None:
    with pytest.raises(CrmError, match=r"Illegal value \(Xx\.\) for leadsource \(.+\)"):
        crm.call(
            "create",
            elementType="Contacts",
            element={"lastname": "x", "assigned_user_id": "19x1", "leadsource": "Xx."},
        )


def test_a_record_of_nobody(crm: Server) -> None:
    element = {"lastname": "lost", "assigned_user_id": "19x99"}
    assert str(crm.answer("create", elementType="Contacts", element=element)).startswith(
        "INTERNAL_SERVER_ERROR"
    )
    with pytest.raises(NotMeasured, match="determine owner"):
        crm.query("select lastname from Contacts")
    assert crm.query("select lastname from Contacts where lastname = 'a'") == []


def test_shapes(crm: Server) -> None:
    described = crm.call("describe", elementType="Contacts")
    assert "inactiveFields" in described
    assert "allowDuplicates" not in described
    assert "label" not in crm.contact(lastname="x")


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("query", {"query": "select id from Contacts where id = '12x5'"}),
        ("query", {"query": "select id from Contacts where account_id > '11x0'"}),
        ("query", {"query": "select id from Contacts where lastname = 'größe'"}),
        ("query", {"query": "select id from Quotes"}),
        ("describe", {"elementType": "Documents"}),
        ("sync", {"modifiedTime": "1", "elementType": "Contacts"}),
    ],
)
def test_what_nobody_tried_is_refused_as_that(
    crm: Server, operation: str, params: dict[str, Any]
) -> None:
    with pytest.raises(NotMeasured, match="not measured on berlicrm"):
        crm.call(operation, **params)


@pytest.mark.parametrize("hidden", [True, False])
def test_what_others_may_see_was_not_measured(hidden: bool) -> None:
    with Crm(data=None, profile="berlicrm") as crm:
        accounts = crm.engine.accounts
        accounts.add_user("clerk")
        crm.create("Contacts", {"lastname": "a"})
        asked = {"user": "clerk", "query": "select id from Contacts where title = 'x'"}
        assert crm.run("query", **asked) == []
        if hidden:
            accounts.restrict("clerk", HIDDEN_FIELD, "Contacts", "title")
        else:
            accounts.set_private("Contacts")
        with pytest.raises(NotMeasured, match="fewer rights"):
            crm.run("query", **asked)


def test_statuses_and_plain_text() -> None:
    with Crm(data=None, profile="berlicrm") as crm:
        door: dict[str, Any] = {"dialect": "webservice", "transport": crm.transport()}
        with Session(crm.url, *crm.credentials(), **door) as session:
            assert session.identify().version == "6.5.0"
            assert session.server.family is ServerFamily.BERLICRM
            with pytest.raises(MandatoryMissing):
                session.call("create", {"elementType": "Contacts", "element": {"firstname": "x"}})
            with pytest.raises(AccessDenied):
                session.call("retrieve", {"id": "12x99999"})
            with pytest.raises(NotSupported, match="does not have the operation"):
                session.call("relatedtypes", {"elementType": "Contacts"})
        with (
            Session(crm.url, crm.credentials()[0], "wrong", **door) as session,
            pytest.raises(AuthError),
        ):
            session.identify()


def test_decimals_are_compared_as_numbers(crm: Server) -> None:
    made = [crm.create("Products", productname="p", unit_price=price) for price in ("9", "10.5")]
    found = crm.query("select id from Products where unit_price >= '10'")
    assert [row["id"] for row in found] == [made[1]["id"]]
    rows = crm.query("select id from Products order by unit_price")
    assert [row["id"] for row in rows] == [each["id"] for each in made]


def test_an_event_tells_one_of_its_contacts(crm: Server) -> None:
    contact = crm.create("Contacts", lastname="a")["id"]
    event = crm.create(
        "Events",
        subject="e",
        activitytype="Call",
        eventstatus="Planned",
        date_start="2026-03-01",
        time_start="10:00",
        due_date="2026-03-01",
        time_end="11:00",
        duration_hours="1",
        contact_id=contact,
    )
    rows = crm.query("select subject,contact_id from Events")
    assert rows == [{"subject": "e", "contact_id": contact, "id": event["id"]}]
