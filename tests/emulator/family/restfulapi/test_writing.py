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


def test_an_unknown_picklist(api: Api) -> None:
    assert api.get("Contacts/picklist/nosuch") == {"values": []}
