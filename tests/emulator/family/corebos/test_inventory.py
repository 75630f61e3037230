"""coreBOS: offers and their items."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from ..replay import Recorded, Replay, play

OFFER: dict[str, Any] = {
    "subject": "Q",
    "quotestage": "Created",
    "bill_street": "b",
    "ship_street": "s",
}


def account(crm: Server) -> str:
    return str(crm.create("Accounts", accountname="Acme")["id"])


def line(product: str, qty: Any = 2, price: Any = 10, **more: Any) -> dict[str, Any]:
    return {"productid": product, "qty": qty, "listprice": price, **more}


def test_quotes(related: Replay, recorded: Recorded) -> None:
    related.seed("14x9292", "Products", productname="Qp one")
    related.seed("14x9293", "Products", productname="Qp two")
    related.seed("26x9294", "Services", servicename="Qs")
    exchanges = recorded("corebos", "quotes")
    # 5, 6: related records of quotes, which have a test of their own; 43: sums were lost there.
    play(related, exchanges, 5, 6, 43)
    crm = related.crm
    quote = related.ids["4x9345"]
    items = crm.query(f"select * from InventoryDetails where related_to = '{quote}'")
    crm.call("delete", id=quote)
    assert crm.query(f"select * from InventoryDetails where related_to = '{quote}'") != []
    assert [crm.call("retrieve", id=item["id"])["quantity"] for item in items]


@pytest.mark.parametrize(
    ("more", "subtotal", "total"),
    [
        ({}, "30.500000", "38.740000"),
        ({"hdnTaxType": "individual"}, "30.500000", "30.500000"),
        (
            {"discount_type_final": "percentage", "hdnDiscountPercent": "10"},
            "30.500000",
            "34.860000",
        ),
        ({"discount_type_final": "amount", "hdnDiscountAmount": "5"}, "30.500000", "32.390000"),
        (
            {"shipping_handling_charge": "4", "adjustmentType": "add", "adjustment": "1.5"},
            "30.500000",
            "44.240000",
        ),
    ],
)
def test_totals(crm: Server, more: dict[str, str], subtotal: str, total: str) -> None:
    product = crm.create("Products", productname="P")["id"]
    lines = [line(product), line(product, 3, "3.50")]
    made = crm.create("Quotes", **OFFER, account_id=account(crm), pdoInformation=lines, **more)
    assert (made["hdnSubTotal"], made["hdnGrandTotal"]) == (subtotal, total)


@pytest.mark.parametrize(
    ("item", "subtotal", "total"),
    [
        ({"discount": 1, "discount_type": "percentage", "discount_percentage": 10}, 18, 22.86),
        ({"discount": 1, "discount_type": "amount", "discount_amount": 3}, 17, 21.59),
        ({"discount_type": "percentage", "discount_percentage": 10}, 20, 25.4),
        ({"qty": "1.255", "listprice": "3.3333"}, 4.18, 5.31),
        ({"qty": -2}, -20, -25.4),
        ({"listprice": None}, 0, 0),
        ({"qty": None}, 0, 0),
    ],
)
def test_totals_of_single_items(
    crm: Server, item: dict[str, Any], subtotal: float, total: float
) -> None:
    product = crm.create("Products", productname="P", unit_price="99")["id"]
    made = crm.create(
        "Quotes", **OFFER, account_id=account(crm), pdoInformation=[{**line(product), **item}]
    )
    assert (float(made["hdnSubTotal"]), float(made["hdnGrandTotal"])) == (subtotal, total)


def test_a_whole_quote_sent_back_loses_what_retrieve_does_not_tell(crm: Server) -> None:
    product = crm.create("Products", productname="P")["id"]
    keys = {
        "discount_type_final": "amount",
        "shipping_handling_charge": "4",
        "adjustmentType": "add",
        "adjustment": "1.5",
    }
    made = crm.create(
        "Quotes",
        **OFFER,
        account_id=account(crm),
        pdoInformation=[line(product)],
        hdnDiscountAmount="5",
        **keys,
    )
    whole = crm.call("retrieve", id=made["id"])
    assert crm.revise(made["id"], quotestage="Accepted")["hdnGrandTotal"] == made["hdnGrandTotal"]
    back = crm.call("revise", element=whole)
    assert (back["hdnS_H_Amount"], back["txtAdjustment"]) == ("0.000000", "0.000000")
    assert back["hdnDiscountAmount"] == "5.000000"
    assert back["hdnGrandTotal"] == "25.400000"
    items = whole["pdoInformation"]
    again = crm.revise(made["id"], pdoInformation=items, hdnDiscountAmount="5", **keys)
    assert again["hdnGrandTotal"] == made["hdnGrandTotal"]


def test_other_inventory_modules(replay: Replay, recorded: Recorded) -> None:
    replay.seed("11x10664", "Accounts", accountname="V")
    replay.seed("14x10665", "Products", productname="V")
    replay.seed("2x10678", "Vendors", vendorname="V")
    play(replay, recorded("corebos", "inventory-others"))


def test_goods_of_an_offer_have_a_wrong_id(crm: Server) -> None:
    product = crm.create("Products", productname="P")["id"]
    quote = crm.create("Quotes", **OFFER, account_id=account(crm), pdoInformation=[line(product)])
    answer = crm.call(
        "getRelatedRecords",
        id=quote["id"],
        module="Quotes",
        relatedModule="Products",
        queryParameters={"columns": "*"},
    )
    [row] = answer["records"]
    assert row["id"] == f"14x{quote['id'].partition('x')[2]}"
    assert (row["quantity"], row["1"]) == ("2.000", product.partition("x")[2])
