"""The RestfulApi module as it really is, on a Vtiger 8.0: writing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.http.test_restfulapi import Api
from vtiger_orm.emulator import Crm

from .conftest import number, quote


def totals(crm: Crm, record: str) -> tuple[int, str]:
    stored = crm.run("retrieve", id=f"4x{record}")
    return len(stored["LineItems"]), stored["hdnGrandTotal"]


@pytest.mark.parametrize(
    ("method", "url", "body", "kept"),
    [
        ("PUT", {}, {}, False),
        ("PUT", {"ajxaction": "DETAILVIEW"}, {}, True),
        ("PUT", {}, {"ajxaction": "DETAILVIEW"}, False),
        ("POST", {}, {}, False),
        ("POST", {"ajxaction": "DETAILVIEW"}, {}, True),
        ("POST", {}, {"ajxaction": "DETAILVIEW"}, True),
    ],
)
def test_saving_an_offer(
    crm: Crm, api: Api, method: str, url: dict[str, str], body: dict[str, str], kept: bool
) -> None:
    record = quote(crm, 2)
    data = {"subject": "changed", **body}
    answer = api.index(method, data, module="Quotes", id=record, **url)
    assert answer.json()["result"] == record
    assert crm.run("retrieve", id=f"4x{record}")["subject"] == "changed"
    assert totals(crm, record) == ((2, "20.00000000") if kept else (0, "0.00000000"))


@pytest.mark.parametrize(
    ("module", "status", "partner"),
    [
        ("Invoice", "invoicestatus", ("account_id", "Accounts", "accountname")),
        ("SalesOrder", "sostatus", ("account_id", "Accounts", "accountname")),
        ("PurchaseOrder", "postatus", ("vendor_id", "Vendors", "vendorname")),
    ],
)
def test_saving_any_of_the_four(
    crm: Crm, api: Api, module: str, status: str, partner: tuple[str, str, str]
) -> None:
    field, other, name = partner
    product = crm.create("Products", {"productname": "Pen"})["id"]
    element = {
        "subject": "S",
        "invoicestatus": "Created",
        status: "Created",
        field: crm.create(other, {name: "P"})["id"],
        "bill_street": "b",
        "ship_street": "s",
        "productid": product,
        "hdnTaxType": "group",
        "LineItems": [{"productid": product, "quantity": "1", "listprice": "10"}] * 2,
    }
    record = crm.create(module, element)["id"]
    for url, kept in (({"ajxaction": "DETAILVIEW"}, (2, 20.0)), ({}, (0, 0.0))):
        data = {"subject": "changed"}
        api.index("PUT", data, module=module, id=record.partition("x")[2], **url)
        found = crm.run("retrieve", id=record)
        assert (len(found["LineItems"]), float(found["hdnGrandTotal"])) == kept


def items(crm: Crm, comment: str = "c") -> str:
    product = number(crm.create("Products", {"productname": "Pen"}))
    item = {"hdnProductId": product, "qty": 2, "listPrice": 10, "comment": comment}
    return json.dumps([item])


def test_creating_with_items_computes_nothing(crm: Crm, api: Api) -> None:
    data = {"subject": "Q", "quotestage": "Created", "items": items(crm)}
    made = api.index("POST", data, module="Quotes").json()["result"]
    assert totals(crm, str(made)) == (1, "0.00000000")
    assert crm.engine.backdoor.get(f"4x{made}", "hdnTaxType") is None
    more = {"subtotal": "20", "total": "23.80", "taxtype": "group"}
    made = api.index("POST", {**data, **more}, module="Quotes").json()["result"]
    stored = crm.run("retrieve", id=f"4x{made}")
    names = ("hdnSubTotal", "hdnGrandTotal", "pre_tax_total", "hdnTaxType")
    assert [stored[name] for name in names] == [
        *("20.00000000", "23.80000000", "0.00000000", "group"),
    ]


def test_a_slash_in_items_loses_them(crm: Crm, api: Api) -> None:
    data = {"subject": "Q", "items": items(crm, "a/b")}
    made = api.index("POST", data, module="Quotes").json()["result"]
    assert totals(crm, str(made))[0] == 0
    data["items"] = items(crm, r"a\/b").replace("\\\\/", "\\/")
    made = api.index("POST", data, module="Quotes").json()["result"]
    assert crm.run("retrieve", id=f"4x{made}")["LineItems"][0]["comment"] == "a/b"


def test_the_pieces_of_items_with_a_slash_are_taken_for_fields(crm: Crm, api: Api) -> None:
    data = {"subject": "Q", "items": items(crm, "a/b/carrier/UPS/c")}
    made = api.index("POST", data, module="Quotes").json()["result"]
    assert crm.run("retrieve", id=f"4x{made}")["carrier"] == "UPS"


@pytest.mark.parametrize(
    ("module", "element"),
    [
        ("Contacts", {"lastname": "x"}),
        ("Accounts", {"accountname": "x"}),
        ("Products", {"productname": "x"}),
    ],
)
def test_a_description_that_is_not_sent_is_damaged(
    crm: Crm, api: Api, module: str, element: dict[str, str]
) -> None:
    record = crm.create(module, {**element, "description": "it's é"})["id"]

    def stored() -> str:
        return str(crm.engine.backdoor.get(record, "description"))

    bare = record.split("x")[1]
    api.http.put(f"{module}/{bare}/{api.token}", data={"phone": "1", "productcode": "1"})
    assert stored() == "it&#039;s &eacute;"
    api.http.put(f"{module}/{bare}/{api.token}", data={"phone": "2", "productcode": "1"})
    assert stored() == "it&amp;#039;s &amp;eacute;"
    api.http.put(f"{module}/{bare}/{api.token}", data={"description": "it's"})
    assert stored() == "it's"


def test_other_columns_are_not_touched(crm: Crm, api: Api) -> None:
    texts: dict[str, Any] = {
        "lastname": "it's é",
        "department": "a & é",
        "cf_853": "&eacute;<i>",
        "title": "<",
    }
    record = crm.create("Contacts", {"lastname": "x", "description": "it's é"})["id"]
    crm.engine.backdoor.set(record, **texts)
    sent = {"phone": "1", "description": "it's é"}
    api.http.put(f"Contacts/{record[3:]}/{api.token}", data=sent)
    stored = {name: crm.engine.backdoor.get(record, name) for name in (*texts, *sent)}
    assert stored == {**texts, **sent}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("&lt;b&gt;", "<b>"),
        ("a&nbsp;b", "a\xa0b"),
        ("a&amp;b", "a&b"),
        ("a&lt;b", "a<b"),
        ("&#32;x&#32;", " x "),
        ("&lt;b&gt;x&lt;/b&gt;", ""),
        ("a <i>b</i>", "a b"),
        (" x ", "x"),
    ],
)
def test_values_are_decoded(crm: Crm, api: Api, sent: str, stored: str) -> None:
    made = api.index("POST", {"lastname": "x", "department": sent}, module="Contacts").json()
    assert crm.run("retrieve", id=f"12x{made['result']}")["department"] == stored


def test_numbers_are_read_as_the_user_writes_them(crm: Crm) -> None:
    accounts = crm.engine.accounts
    comma: Any = {"currency_decimal_separator": ",", "currency_grouping_separator": "."}
    accounts.add_user("comma", **comma)
    currency = crm.engine.schema.modules["Currency"]
    crm.engine.store.insert(currency, 2, {"currency_name": "Euro", "conversion_rate": "0.91000"})
    accounts.add_user("euro", currency_id=2, **comma)
    for position, (name, sent, stored) in enumerate(
        (("admin", "77.25", 77.25), ("comma", "77.25", 7725.0), ("euro", "100.00", 10989.01)),
    ):
        crm.clock.advance(seconds=1)
        api = Api(crm)
        api.token = api.http.get(f"auth/{crm.credentials(name)[1]}").json()["result"]
        data = {"accountname": f"A{position}", "annual_revenue": sent}
        made = api.index("POST", data, module="Accounts").json()["result"]
        kept = float(crm.engine.backdoor.get(f"11x{made}", "annual_revenue"))
        assert kept == pytest.approx(stored, abs=0.01)
        row = api.get(f"Accounts/{made}")
        assert float(row["annual_revenue"]) == kept  # reading never converts


def test_nothing_is_checked(crm: Crm, api: Api) -> None:
    made = api.index("POST", {"phone": "1"}, module="Vendors").json()["result"]
    assert crm.run("retrieve", id=f"2x{made}")["vendorname"] == ""
    data = {"lastname": "x", "assigned_user_id": "999"}
    made = api.index("POST", data, module="Contacts").json()["result"]
    assert api.get(f"Contacts/{made}")["assigned_user_id"] == "999"


def test_deleting_only_sets_the_flag(crm: Crm, api: Api) -> None:
    account = crm.create("Accounts", {"accountname": "A"})["id"]
    contact = crm.create("Contacts", {"lastname": "x", "account_id": account})["id"]
    before = crm.engine.backdoor.get(account, "modifiedtime")
    crm.clock.advance(minutes=1)
    assert api.http.delete(f"Accounts/{account[3:]}/{api.token}").json()["result"] is True
    assert crm.engine.backdoor.get(account, "modifiedtime") == before
    assert crm.engine.backdoor.get(contact, "account_id") == int(account[3:])


def test_numbers_of_other_modules(crm: Crm, api: Api) -> None:
    contact = crm.create("Contacts", {"lastname": "x"})["id"][3:]
    assert api.get(f"Accounts/{contact}") is None
    assert api.http.delete(f"Accounts/{contact}/{api.token}").json()["result"] is False
    put = api.http.put(f"Accounts/{contact}/{api.token}", data={"phone": "1"})
    assert put.json() == {"success": True, "result": False}


def test_duplicates_are_a_fatal(crm: Crm, api: Api) -> None:
    crm.create("Accounts", {"accountname": "A"})
    answer = api.index("POST", {"accountname": "a"}, module="Accounts")
    assert (answer.status_code, answer.content) == (500, b"")


def test_a_failing_workflow_is_a_fatal_behind_the_work(crm: Crm, api: Api) -> None:
    """As over webservice.php, where a workflow that stops leaves the record stored."""
    crm.failing_workflows.add("Contacts")
    answer = api.index("POST", {"lastname": "x"}, module="Contacts")
    assert (answer.status_code, answer.content) == (500, b"")
    [row] = crm.run("query", query="select lastname from Contacts;")
    assert row["lastname"] == "x"
    bare = row["id"][3:]
    answer = api.http.put(f"Contacts/{bare}/{api.token}", data={"phone": "1"})
    assert (answer.status_code, answer.content) == (500, b"")
    assert api.get(f"Contacts/{bare}")["phone"] == "1"
    assert api.index("POST", {"lastname": "x", "company": "y"}, module="Leads").status_code == 200
    assert api.http.delete(f"Contacts/{bare}/{api.token}").json()["result"] is True


@pytest.mark.parametrize("format_", ["dd-mm-yyyy", "mm-dd-yyyy", "dd.mm.yyyy", "dd/mm/yyyy"])
def test_iso_dates_are_taken_from_users_of_every_format(crm: Crm, format_: str) -> None:
    crm.engine.accounts.add_user("dates", date_format=format_)
    api = Api(crm)
    api.token = api.http.get(f"auth/{crm.credentials('dates')[1]}").json()["result"]
    data = {"lastname": "x", "birthday": "1990-02-03"}
    made = api.index("POST", data, module="Contacts").json()["result"]
    assert crm.engine.backdoor.get(f"12x{made}", "birthday") == "1990-02-03"
    api.http.put(f"Contacts/{made}/{api.token}", data={"birthday": "1991-11-12"})
    assert api.get(f"Contacts/{made}")["birthday"] == "1991-11-12"


def test_an_unknown_picklist(api: Api) -> None:
    assert api.get("Contacts/picklist/nosuch") == {"values": []}
