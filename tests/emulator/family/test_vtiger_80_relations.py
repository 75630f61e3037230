"""Vtiger 8.0: related lists, and what relating two records does."""

from __future__ import annotations

import pytest

from tests.emulator.engine.conftest import Server

from .conftest import Make

INTERNAL = "INTERNAL_SERVER_ERROR Unknown Error while processing request"
DEAL = {"sales_stage": "Prospecting", "closingdate": "2026-12-31"}
TASK = {
    "subject": "T",
    "activitytype": "Task",
    "taskstatus": "Not Started",
    "date_start": "2026-01-01",
    "time_start": "10:00",
    "due_date": "2026-01-01",
}
ELEMENTS = {
    "Accounts": {"accountname": "A"},
    "Calendar": TASK,
    "Campaigns": {"campaignname": "C", "closingdate": "2026-12-31"},
    "Contacts": {"lastname": "L"},
    "Documents": {"notes_title": "D", "filestatus": "1"},
    "Potentials": {"potentialname": "P", **DEAL},
    "PriceBooks": {"bookname": "B", "currency_id": "21x1"},
    "Products": {"productname": "P"},
    "Project": {"projectname": "P"},
    "Services": {"servicename": "S"},
    "Vendors": {"vendorname": "V"},
}


@pytest.fixture
def crm(on: Make) -> Server:
    return on("vtiger-8.0")


def made(crm: Server, module: str) -> str:
    return str(crm.create(module, **ELEMENTS[module])["id"])


def relate(crm: Server, source: str, target: str, label: str) -> object:
    return crm.answer(
        "add_related", sourceRecordId=source, relatedRecordId=target, relationIdLabel=label
    )


def listed(crm: Server, source: str, label: str, module: str) -> list[str]:
    rows = crm.call("retrieve_related", id=source, relatedType=module, relatedLabel=label)
    return [row["id"] for row in rows]


DONE = {"message": "successfull"}


def test_relating_a_product_to_a_vendor_sets_its_vendor(crm: Server) -> None:
    vendor, product = made(crm, "Vendors"), made(crm, "Products")
    assert relate(crm, vendor, product, "Products") == DONE
    assert crm.call("retrieve", id=product)["vendor_id"] == vendor
    assert listed(crm, vendor, "Products", "Products") == [product]


def test_contacts_and_deals_have_a_link_of_their_own(crm: Server) -> None:
    contact, deal = made(crm, "Contacts"), made(crm, "Potentials")
    assert relate(crm, contact, deal, "Potentials") == DONE
    record = crm.call("retrieve", id=deal)
    assert (record["contact_id"], record["related_to"]) == ("", "")
    assert listed(crm, contact, "Potentials", "Potentials") == [deal]
    assert listed(crm, deal, "Contacts", "Contacts") == [contact]


def test_projects_have_activities_of_their_own(crm: Server) -> None:
    project, todo = made(crm, "Project"), made(crm, "Calendar")
    assert relate(crm, project, todo, "Activities") == DONE
    assert crm.call("retrieve", id=todo)["parent_id"] == ""
    assert listed(crm, project, "Activities", "Calendar") == [todo]


@pytest.mark.parametrize(
    ("source", "target", "label"),
    [
        ("Accounts", "Calendar", "Activities"),
        ("Contacts", "Calendar", "Activities"),
        ("Calendar", "Contacts", "Contacts"),
        ("Products", "PriceBooks", "PriceBooks"),
        ("PriceBooks", "Products", "Products"),
        ("Services", "PriceBooks", "PriceBooks"),
        ("Documents", "Contacts", "Contacts"),
        ("Documents", "Accounts", "Accounts"),
    ],
)
def test_relating_that_does_nothing(crm: Server, source: str, target: str, label: str) -> None:
    one, other = made(crm, source), made(crm, target)
    before = crm.engine.snapshot()
    assert relate(crm, one, other, label) == DONE
    assert listed(crm, one, label, target) == []
    assert crm.engine.snapshot() == before


def test_comments_follow_one_of_their_references(crm: Server) -> None:
    contact, other = made(crm, "Contacts"), made(crm, "Contacts")
    common = {"commentcontent": "c"}
    mine = crm.create("ModComments", **common, related_to=contact)["id"]
    crm.create("ModComments", **common, related_to=other, customer=contact)
    assert listed(crm, contact, "ModComments", "ModComments") == [mine]


def test_bundles_lead_from_the_whole_to_its_parts(crm: Server) -> None:
    whole, part, other = (made(crm, "Products") for _ in range(3))
    assert relate(crm, whole, part, "Product Bundles") == DONE
    assert listed(crm, whole, "Product Bundles", "Products") == [part]
    assert listed(crm, part, "Product Bundles", "Products") == []
    assert listed(crm, part, "Parent Product", "Products") == [whole]
    assert relate(crm, part, other, "Parent Product") == DONE
    assert listed(crm, part, "Parent Product", "Products") == [whole]


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("99x1", INTERNAL),
        ("abc", INTERNAL),
        ("", INTERNAL),
        ("14x999999", DONE),
        ("14x", DONE),
        ("12x5x6", DONE),
    ],
)
def test_targets_that_are_none(crm: Server, target: str, answer: object) -> None:
    assert relate(crm, made(crm, "Contacts"), target, "Products") == answer


def test_a_relation_by_a_field_of_another_name(crm: Server) -> None:
    account = made(crm, "Accounts")
    product = made(crm, "Products")
    asset = crm.create(
        "Assets",
        assetname="A",
        account=account,
        product=product,
        serialnumber="1",
        datesold="2026-01-01",
        dateinservice="2026-01-01",
        assetstatus="In Service",
    )["id"]
    rows = crm.call(
        "query_related", id=account, relatedLabel="Assets", query="select id from Assets"
    )
    assert [row["id"] for row in rows] == [asset]
