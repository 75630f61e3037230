"""Vtiger 8.0: what deleting a record takes along, empties, or leaves as it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from .conftest import Make, Shop


@pytest.fixture
def crm(on: Make) -> Server:
    return on("vtiger-8.0")


@pytest.fixture
def shop(crm: Server) -> Shop:
    return Shop(crm)


DEAL = {"sales_stage": "Prospecting", "closingdate": "2026-12-31"}
TICKET = {"ticketstatus": "Open", "ticketpriorities": "Low"}
PROJECT = {"projectname": "P"}


def target(crm: Server, shop: Shop, module: str) -> str:
    """A record that others refer to."""
    elements = {
        "Accounts": {"accountname": "Gone"},
        "Contacts": {"lastname": "Gone"},
        "Vendors": {"vendorname": "Gone"},
        "Products": {"productname": "Gone"},
        "Potentials": {"potentialname": "Gone", "related_to": shop.account, **DEAL},
        "Campaigns": {"campaignname": "Gone", "closingdate": "2026-12-31"},
        "Project": PROJECT,
    }
    return str(crm.create(module, **elements[module])["id"])


def child(crm: Server, shop: Shop, module: str, field: str, of: str) -> str:
    if module in ("Quotes", "SalesOrder", "PurchaseOrder", "Invoice"):
        return str(shop.sell(module, **{field: of})["id"])
    elements = {
        "Contacts": {"lastname": "child"},
        "HelpDesk": {"ticket_title": "child", **TICKET},
        "Products": {"productname": "child"},
        "Campaigns": {"campaignname": "child", "closingdate": "2026-12-31"},
        "Accounts": {"accountname": "child"},
        "Potentials": {"potentialname": "child", **DEAL},
        "ProjectTask": {"projecttaskname": "child"},
        "ModComments": {"commentcontent": "child"},
        "Faq": {"question": "q", "faq_answer": "a", "faqstatus": "Draft"},
    }
    return str(crm.create(module, **elements[module], **{field: of})["id"])


EMPTIED = [
    ("Accounts", "Contacts", "account_id"),
    ("Accounts", "HelpDesk", "parent_id"),
    ("Contacts", "HelpDesk", "contact_id"),
    ("Contacts", "Quotes", "contact_id"),
    ("Contacts", "SalesOrder", "contact_id"),
    ("Contacts", "PurchaseOrder", "contact_id"),
    ("Vendors", "Products", "vendor_id"),
    ("Products", "Campaigns", "product_id"),
]
STALE = [
    ("Accounts", "Accounts", "account_id"),
    ("Accounts", "Invoice", "account_id"),
    ("Accounts", "SalesOrder", "account_id"),
    ("Contacts", "Contacts", "contact_id"),
    ("Contacts", "Potentials", "contact_id"),
    ("Contacts", "Invoice", "contact_id"),
    ("Contacts", "ModComments", "related_to"),
    ("Campaigns", "Potentials", "campaignid"),
    ("Potentials", "Quotes", "potential_id"),
    ("Products", "HelpDesk", "product_id"),
    ("Products", "Faq", "product_id"),
    ("Project", "ProjectTask", "projectid"),
]


@pytest.mark.parametrize(("gone", "module", "field"), EMPTIED + STALE)
def test_what_becomes_of_references(
    crm: Server, shop: Shop, gone: str, module: str, field: str
) -> None:
    record = target(crm, shop, gone)
    made = child(crm, shop, module, field, record)
    before = crm.query(f"select modifiedtime,modifiedby from {module} where id = '{made}';")
    crm.clock.forward(60)
    crm.call("delete", id=record)
    assert crm.call("retrieve", id=made)[field] == ""
    [row] = crm.query(f"select {field} from {module} where id = '{made}';")
    assert row[field] == ""
    emptied = (gone, module, field) in EMPTIED
    prefix = record.split("x")[0]

    def found(condition: str) -> bool:
        return made in crm.ids(f"select id from {module} where {condition};")

    assert found(f"{field} = '{record}'") is not emptied
    assert found(f"{field} = '{prefix}x0'") is emptied
    assert found(f"{field} != '{prefix}x0'") is not emptied
    after = crm.query(f"select modifiedtime,modifiedby from {module} where id = '{made}';")
    assert after == before


@pytest.mark.parametrize(
    ("gone", "module", "field"),
    [
        ("Accounts", "Potentials", "related_to"),
        ("Accounts", "Quotes", "account_id"),
        ("Vendors", "PurchaseOrder", "vendor_id"),
    ],
)
def test_what_is_deleted_along(crm: Server, shop: Shop, gone: str, module: str, field: str) -> None:
    record = target(crm, shop, gone)
    made = child(crm, shop, module, field, record)
    crm.clock.forward(60)
    crm.call("delete", id=record)
    denied = "ACCESS_DENIED Permission to perform the operation is denied"
    assert crm.answer("retrieve", id=made) == denied
    assert crm.ids(f"select id from {module} where id = '{made}';") == []
    changed = crm.backdoor.get(made, "modifiedtime")
    assert changed < crm.backdoor.get(record, "modifiedtime")


def test_a_stale_number_survives_changes(crm: Server) -> None:
    boss = crm.contact()["id"]
    contact = crm.contact(contact_id=boss)["id"]
    crm.call("delete", id=boss)
    crm.revise(contact, department="x")
    element = {"id": contact, "lastname": "Test", "assigned_user_id": "19x1"}
    crm.call("update", element=element)
    assert crm.ids(f"select id from Contacts where contact_id = '{boss}';") == [contact]


def test_items_of_quotes(crm: Server, shop: Shop) -> None:
    """They go with their quote, but not with one that goes with its account."""
    first, second = shop.sell()["id"], shop.sell()["id"]
    crm.call("delete", id=first)
    assert shop.items(first) == []
    crm.call("delete", id=shop.account)
    [item] = shop.items(second)
    assert item["parent_id"] == ""
    assert crm.answer("retrieve", id=item["id"]) == (
        "ACCESS_DENIED Permission to perform the operation is denied for id"
    )


def test_links_to_a_deleted_record_are_gone_at_both_ends(crm: Server) -> None:
    contact = crm.contact()["id"]
    product = crm.create("Products", productname="P")["id"]
    label: dict[str, Any] = {"relationIdLabel": "Products"}
    crm.call("add_related", sourceRecordId=contact, relatedRecordId=product, **label)
    crm.call("delete", id=product)
    params: dict[str, Any] = {"id": contact, "relatedLabel": "Products"}
    assert crm.call("retrieve_related", relatedType="Products", **params) == []
    assert crm.call("query_related", query="select id from Products", **params) == []
