"""Vtiger 8.0: what values of unexpected forms, widths and modules come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.engine.conftest import Server, make
from vtiger_orm.emulator.engine.stock import stock_columns
from vtiger_orm.emulator.profiles import VTIGER_8_0

from .conftest import Make, Shop


@pytest.fixture
def crm(on: Make) -> Server:
    return on("vtiger-8.0")


# -- forms of JSON values ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("0", "0"),
        ("1", "1"),
        ("12.5", "12.5"),
        ("1e20", "1e20"),
        ("9" * 30, "1e30"),
        ("1e5", "100000"),
        ("true", "1"),
        ("false", "0"),
    ],
)
def test_json_values_in_a_text(crm: Server, sent: str, stored: str) -> None:
    element = f'{{"lastname":{sent},"department":{sent},"assigned_user_id":"19x1"}}'
    record = crm.call("create", elementType="Contacts", element=element)
    assert (record["lastname"], record["department"]) == (stored, stored)


def test_a_picklist_takes_no_truth(crm: Server) -> None:
    assert crm.contact(leadsource=True)["leadsource"] == ""


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (["a", "b"], "a"),
        (["a"], "a"),
        ([["a"], ["b"]], "a"),
        ([], ""),
        ([None], ""),
        ({"x": "y"}, ""),
    ],
)
def test_lists_in_a_text(sent: Any, stored: str) -> None:
    """Two servers of the version differed: one refuses, the other takes the first."""
    crm = make(replace(VTIGER_8_0, lists_in_text="first"), demo=False)
    assert crm.contact(department=sent)["department"] == stored
    assert crm.contact(cf_877=["1st", "abc"])["cf_877"] == "1st"
    crm.engine.close()


def test_the_first_server_refuses_lists_in_a_text(crm: Server) -> None:
    element = {"lastname": "L", "assigned_user_id": "19x1", "department": ["a"]}
    answer = crm.answer("create", elementType="Contacts", element=element)
    assert answer.startswith("text: Input array has 22 params")
    assert crm.contact(cf_877=["1st", "abc"])["cf_877"] == "1st |##| abc"


@pytest.mark.parametrize("field", ["birthday", "account_id", "assigned_user_id", "cf_855"])
def test_lists_elsewhere_are_fatal(crm: Server, field: str) -> None:
    element = {"lastname": "L", "assigned_user_id": "19x1", field: ["1"]}
    assert crm.answer("create", elementType="Contacts", element=element) == "HTTP 500"
    assert crm.ids("select id from Contacts;") == []


@pytest.mark.parametrize(
    "element",
    [
        '{"lastname":NaN}',
        '\ufeff{"lastname":"x"}',
        '{"lastname":"\\ud800"}',
        '{"lastname":' + "[" * 513 + "]" * 513 + "}",
        '{"lastname":"x"} x',
        "{'lastname':'x'}",
    ],
)
def test_an_element_that_php_cannot_read_is_empty(crm: Server, element: str) -> None:
    answer = crm.answer("create", elementType="Contacts", element=element)
    assert answer == "MANDATORY_FIELDS_MISSING lastname does not have a value"


def test_an_element_that_is_a_text(crm: Server) -> None:
    assert crm.answer("create", elementType="Contacts", element='"x"') == "HTTP 500"


# -- single fields -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        *(("web", "WEB"), ("éa", "éA"), ("", "CRM"), (" ", "CRM"), (True, "CRM")),
        (None, "WEBSERVICE"),
    ],
)
def test_source(crm: Server, sent: Any, stored: str) -> None:
    record = crm.contact(source=sent)
    assert record["source"].replace("É", "é") == stored
    assert crm.revise(record["id"], source="other")["source"] == record["source"]


def test_source_left_out(crm: Server) -> None:
    assert crm.contact()["source"] == "WEBSERVICE"


def test_tags_are_ignored(crm: Server) -> None:
    record = crm.contact(tags="a")
    assert record["tags"] == ""
    assert crm.revise(record["id"], tags="a")["tags"] == ""
    element = {"id": record["id"], "lastname": "L", "assigned_user_id": "19x1", "tags": "a"}
    assert crm.call("update", element=element)["tags"] == ""


@pytest.mark.parametrize(
    ("kind", "name", "downloads"),
    [("I", "a.txt", "0"), ("E", "a.txt", ""), ("", "", ""), ("X", "", "")],
)
def test_documents(crm: Server, kind: str, name: str, downloads: str) -> None:
    record = crm.create(
        "Documents",
        notes_title="D",
        filename="a.txt",
        filelocationtype=kind,
        filedownloadcount="7",
        filesize="11",
    )
    assert record["folderid"] == "22x1"
    assert record["filestatus"] == "0"
    assert (record["filename"], record["filesize"]) == (name, "11")
    assert record["filedownloadcount"] == downloads


def test_an_order_keeps_no_status_unless_it_recurs(crm: Server) -> None:
    shop = Shop(crm)
    order = shop.sell("SalesOrder", invoicestatus="Paid")
    assert order["invoicestatus"] == "Paid"
    assert crm.call("retrieve", id=order["id"])["invoicestatus"] == ""
    assert crm.revise(order["id"], invoicestatus="Sent")["invoicestatus"] == "Sent"
    assert crm.call("retrieve", id=order["id"])["invoicestatus"] == ""
    recurring = shop.sell("SalesOrder", invoicestatus="Paid", enable_recurring="1")
    assert crm.call("retrieve", id=recurring["id"])["invoicestatus"] == "Paid"


@pytest.mark.parametrize(("sent", "stored"), [("2026-5-6", "2026-05-06"), ("garbage", "")])
def test_the_date_of_a_milestone(crm: Server, sent: str, stored: str) -> None:
    project = crm.create("Project", projectname="P")["id"]
    record = crm.create(
        "ProjectMilestone",
        projectmilestonename="M",
        projectid=project,
        projectmilestonedate=sent,
    )
    assert record["projectmilestonedate"] == stored


def test_units_of_a_contract(crm: Server) -> None:
    record = crm.create("ServiceContracts", subject="S")
    names = ("total_units", "used_units", "progress")
    assert [record[name] for name in names] == ["0.00", "0.00", ""]


# -- the one workflow of a fresh install ---------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "probability", "forecast"),
    [("100", "50", "50.00000000"), ("100", "", "0.00000000"), ("-1.005", "101.5", "-1.03000000")],
)
def test_forecast(crm: Server, amount: str, probability: str, forecast: str) -> None:
    deal = {"potentialname": "P", "sales_stage": "Prospecting", "closingdate": "2026-12-31"}
    record = crm.create("Potentials", **deal, amount=amount, probability=probability)
    assert record["forecast_amount"] == forecast
    if probability == "50":
        assert crm.revise(record["id"], amount="200")["forecast_amount"] == "100.00000000"


# -- widths --------------------------------------------------------------------------------


def test_text_is_cut_at_the_width_of_its_column(crm: Server) -> None:
    """All stock modules at once: what is stored of 400 characters."""
    skipped = {"tags", "source", "starred"}
    tried = 0
    for module in stock_columns():
        facts = crm.engine.schema.modules[module]
        if module in ("Users", "Emails", "Quotes", "SalesOrder", "Invoice", "PurchaseOrder"):
            continue
        sent: dict[str, Any] = {"assigned_user_id": "19x1"}
        for field in facts.fields.values():
            if field.kind in ("string", "phone", "url", "email", "picklist", "text"):
                sent[field.name] = "x" * 400
        moments = {"date_start": "2026-01-01", "due_date": "2026-01-01", "time_start": "10:00"}
        sent |= {name: value for name, value in moments.items() if name in facts.fields}
        for field in facts.fields.values():
            if field.mandatory and field.name not in sent:
                sent[field.name] = {"date": "2026-01-01", "time": "10:00"}.get(field.kind, "1")
                if field.kind == "reference":
                    sent[field.name] = f"{crm.engine.schema.modules[field.targets[0]].prefix}x0"
        record = crm.call("create", elementType=module, element=sent)
        for name, column in stock_columns()[module].items():
            known = facts.fields.get(name)
            if known is None or sent.get(name) != "x" * 400 or name in skipped:
                continue
            if column.type.startswith("varchar(") and known.editable:
                expected = min(400, int(column.type[8:-1]))
                if name in ("activitytype", "filelocationtype", "duration_minutes"):
                    continue
                assert len(record[name]) == expected, (module, name)
                tried += 1
    assert tried > 150


@pytest.mark.parametrize(
    ("module", "field", "sent", "stored"),
    [
        ("Contacts", "mailingcity", "c" * 99, "c" * 40),
        ("Contacts", "assistant", "a" * 99, "a" * 30),
        ("Accounts", "phone", "1" * 99, "1" * 30),
        ("Accounts", "siccode", "1" * 99, "1" * 50),
        ("Leads", "city", "c" * 99, "c" * 30),
        ("Vendors", "category", "c" * 99, "c" * 50),
        ("Products", "productcode", "c" * 99, "c" * 40),
        ("Campaigns", "numsent", "12.7", "13"),
        ("Products", "commissionrate", "5", "5.000"),
    ],
)
def test_single_widths(crm: Server, module: str, field: str, sent: str, stored: str) -> None:
    names = {
        "Contacts": {"lastname": "L"},
        "Accounts": {"accountname": "A"},
        "Leads": {"lastname": "L"},
        "Vendors": {"vendorname": "V"},
        "Products": {"productname": "P"},
        "Campaigns": {"campaignname": "C", "closingdate": "2026-12-31"},
    }
    assert crm.create(module, **names[module], **{field: sent})[field] == stored
