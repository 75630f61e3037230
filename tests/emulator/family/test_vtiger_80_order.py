"""Vtiger 8.0: in which order things come, and in which order a write is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from .conftest import Make, Shop

DENIED = "ACCESS_DENIED Permission to perform the operation is denied for id"


@pytest.fixture
def crm(on: Make) -> Server:
    return on("vtiger-8.0")


def described(crm: Server, module: str) -> list[str]:
    return [field["name"] for field in crm.call("describe", elementType=module)["fields"]]


def test_fields_of_contacts(crm: Server, recorded: Any) -> None:
    fields = [f["name"] for f in recorded("v830", "describe-Contacts")["result"]["fields"]]
    own = described(crm, "Contacts")
    stock = [name for name in own if not name.startswith("cf_")]
    assert set(stock) == {name for name in fields if not name.startswith("cf_")}
    assert stock[:6] == ["salutationtype", "firstname", "contact_no", "phone", "lastname", "mobile"]


@pytest.mark.parametrize(
    ("module", "position"),
    [
        *(("Contacts", -1), ("Accounts", -1), ("Leads", -1), ("HelpDesk", -1), ("Users", -1)),
        *(("Groups", 0), ("Currency", 0), ("DocumentFolders", 0), ("CompanyDetails", 0)),
        *(("Tax", 0), ("LineItem", 9)),
    ],
)
def test_place_of_the_id(crm: Server, module: str, position: int) -> None:
    assert described(crm, module)[position] == "id"


@pytest.mark.parametrize(
    ("module", "behind"),
    [("Quotes", "shipping_&_handling"), ("Products", "tax1"), ("Services", "currency1")],
)
def test_fields_behind_the_id(crm: Server, module: str, behind: str) -> None:
    names = described(crm, module)
    assert 0 < names.index("id") < names.index(behind)


@pytest.mark.parametrize("module", ["Contacts", "Vendors", "HelpDesk", "Potentials"])
def test_keys_of_rows_and_records(crm: Server, module: str) -> None:
    made = crm.backdoor.insert(module)
    order = [name for name in described(crm, module) if name != "id"]
    [row] = crm.query(f"select * from {module};")
    assert [name for name in row if name in order] == order
    assert list(row)[-1] == "id"
    record = crm.call("retrieve", id=made)
    assert [name for name in record if name in order] == order
    assert list(record)[-2:] == ["id", "label"]


def test_keys_as_selected(crm: Server) -> None:
    crm.contact()
    [row] = crm.query("select lastname,id,department,account_id from Contacts;")
    assert list(row) == ["lastname", "department", "account_id", "id"]


@pytest.mark.parametrize(
    ("module", "first"),
    [
        *(("Vendors", "vendorname"), ("Contacts", "lastname"), ("Campaigns", "campaignname")),
        *(("Products", "productname"), ("ServiceContracts", "assigned_user_id")),
        *(("HelpDesk", "assigned_user_id"), ("SMSNotifier", "assigned_user_id")),
        ("Events", "subject"),
    ],
)
def test_the_first_mandatory_field_is_named(crm: Server, module: str, first: str) -> None:
    answer = crm.answer("create", elementType=module, element={"x": "y"})
    assert answer == f"MANDATORY_FIELDS_MISSING {first} does not have a value"


def test_end_before_duration(crm: Server) -> None:
    element = {
        "subject": "E",
        "assigned_user_id": "19x1",
        "date_start": "2026-01-01",
        "time_start": "10:00",
        "due_date": "2026-01-01",
        "activitytype": "Call",
    }
    answer = crm.answer("create", elementType="Events", element=element)
    assert answer == "MANDATORY_FIELDS_MISSING time_end does not have a value"


@pytest.mark.parametrize(
    ("module", "labels"),
    [
        (
            "Contacts",
            [
                *("Potentials", "Activities", "Emails", "HelpDesk", "Quotes", "Purchase Order"),
                *("Sales Order", "Products", "Activity History", "Documents", "Campaigns"),
                *("Invoice", "PBXManager"),
            ],
        ),
        (
            "Accounts",
            [
                *("Contacts", "Potentials", "Quotes", "Sales Order", "Invoice", "Activities"),
                *("Emails", "Activity History"),
            ],
        ),
        ("Campaigns", ["Contacts", "Leads", "Potentials", "Activities", "Accounts"]),
    ],
)
def test_related_lists(crm: Server, module: str, labels: list[str]) -> None:
    answer = crm.call("relatedtypes", elementType=module)
    assert list(answer["information"])[: len(labels)] == labels
    assert answer["types"] == [each["name"] for each in answer["information"].values()]


@pytest.mark.parametrize(
    ("element", "answer"),
    [
        ({"account_id": "12x1"}, "REFERENCE_INVALID Invalid reference specified for account_id"),
        (
            {"contact_id": "11x1", "account_id": "12x1"},
            "REFERENCE_INVALID Invalid reference specified for account_id",
        ),
        ({"modifiedby": "11x1"}, "REFERENCE_INVALID Invalid reference specified for modifiedby"),
        (
            {"modifiedby": "19x7"},
            "MANDATORY_FIELDS_MISSING lastname does not have a value",
        ),
        ({"account_id": "5"}, "REFERENCE_INVALID Invalid reference specified for account_id"),
        ({"account_id": "12:61"}, "REFERENCE_INVALID Invalid reference specified for account_id"),
        ({"account_id": "abc"}, DENIED),
        ({"account_id": "-2.5"}, DENIED),
        ({"account_id": "٣"}, DENIED),
    ],
)
def test_references_are_looked_at_first(crm: Server, element: dict[str, str], answer: str) -> None:
    """In the order of the fields, and before mandatory ones."""
    assert crm.answer("create", elementType="Contacts", element=element) == answer
    record = crm.contact()["id"]
    if not answer.startswith("MANDATORY"):
        assert crm.answer("revise", element={"id": record, **element}) == answer


def test_the_one_who_changed_it_cannot_be_sent(crm: Server) -> None:
    other = crm.engine.accounts.add_user("other", admin=True)
    record = crm.contact(modifiedby=f"19x{other}")["id"]
    assert crm.call("retrieve", id=record)["modifiedby"] == "19x1"


def test_permission_to_assign_comes_after_mandatory_fields(crm: Server) -> None:
    crm.engine.accounts.add_user("plain")
    plain = crm.as_user("plain")
    element = {"assigned_user_id": "1"}
    assert plain.answer("create", elementType="Contacts", element=element) == (
        "MANDATORY_FIELDS_MISSING lastname does not have a value"
    )
    element["lastname"] = "x"
    assert plain.answer("create", elementType="Contacts", element=element) == (
        "ACCESS_DENIED Cannot assign record to the given user"
    )


def test_items_of_a_query_follow_the_header(crm: Server) -> None:
    shop = Shop(crm)
    shop.sell()
    [row] = crm.query("select * from Quotes;")
    assert list(row).index("subject") < list(row).index("productid") < list(row).index("id")
