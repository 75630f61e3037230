"""Vtiger 8.0: quotes, orders and invoices, as a second look found them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from .conftest import Make, Shop


@pytest.fixture
def shop(on: Make) -> Shop:
    return Shop(on("vtiger-8.0"))


def stock(shop: Shop) -> str:
    return str(shop.crm.call("retrieve", id=shop.product)["qtyinstock"]).rstrip("0").rstrip(".")


@pytest.mark.parametrize(("module", "paid"), [("Invoice", "received"), ("PurchaseOrder", "paid")])
def test_balance_moves_with_create_and_update_only(shop: Shop, module: str, paid: str) -> None:
    crm = shop.crm
    made = shop.sell(module)
    record = made["id"]

    def balance() -> str:
        [row] = crm.query(f"select balance from {module} where id = '{record}';")
        assert crm.call("retrieve", id=record)["balance"] == row["balance"]
        return str(row["balance"])

    assert made["balance"] == "0.00000000"
    assert balance() == "20.00000000"
    crm.revise(record, LineItems=[shop.item("3")], hdnTaxType="group")
    assert crm.call("retrieve", id=record)["hdnGrandTotal"] == "30.00000000"
    assert balance() == "20.00000000"
    crm.revise(record, **{paid: "5"})
    assert balance() == "20.00000000"
    crm.revise(record, balance="7")
    assert balance() == "7.00000000"
    element = {**shop.element(shop.item("4")), "id": record, paid: "0"}
    if module == "PurchaseOrder":
        element["vendor_id"] = crm.call("retrieve", id=record)["vendor_id"]
    element |= {"invoicestatus": "Created"} if module == "Invoice" else {"postatus": "Created"}
    assert crm.call("update", element=element)["balance"] == "7.00000000"
    assert balance() == "40.00000000"


@pytest.mark.parametrize("module", ["Quotes", "PurchaseOrder"])
def test_answers_of_changes(shop: Shop, module: str) -> None:
    """Without items: the first item's fields, and no charges. With items: the other way round."""
    record = shop.sell(module, shop.item("2", "10", comment="c"))["id"]
    flat = {"quantity", "listprice", "comment", "discount_amount", "discount_percent", "image"}
    flat |= {"tax1", "tax2", "tax3"}
    goods = {"margin", "purchase_cost"}
    charges = {"shipping_&_handling", "shipping_&_handling_shtax1"}
    header = shop.crm.revise(record, description="x")
    assert flat <= header.keys()
    assert goods & header.keys() == (goods if module == "Quotes" else set())
    assert not charges & header.keys()
    assert "LineItems_FinalDetails" not in header
    assert (header["productid"], header["quantity"]) == (shop.product, "2.000")
    items = shop.crm.revise(record, LineItems=[shop.item()], hdnTaxType="group")
    assert charges <= items.keys()
    assert "LineItems_FinalDetails" in items
    assert not {"quantity", "listprice", "tax1"} & items.keys()


def test_discounts_apply_with_items_only(shop: Shop) -> None:
    record = shop.sell()["id"]
    answer = shop.crm.revise(record, hdnDiscountAmount="5", hdnDiscountPercent="10")
    assert (answer["hdnDiscountAmount"], answer["hdnDiscountPercent"]) == ("", "")
    stored = shop.crm.call("retrieve", id=record)
    assert (stored["hdnDiscountAmount"], stored["hdnDiscountPercent"]) == ("", "")
    shop.crm.revise(record, hdnDiscountAmount="5", LineItems=[shop.item()], hdnTaxType="group")
    assert shop.crm.call("retrieve", id=record)["hdnGrandTotal"] == "15.00000000"


def test_adjustments_are_stored_without_new_totals(shop: Shop) -> None:
    record = shop.sell()["id"]
    shop.crm.revise(record, txtAdjustment="3", hdnS_H_Amount="4")
    stored = shop.crm.call("retrieve", id=record)
    assert (stored["txtAdjustment"], stored["hdnS_H_Amount"]) == ("3.00000000", "4.00000000")
    assert stored["hdnGrandTotal"] == "20.00000000"


def test_the_charge_is_echoed(shop: Shop) -> None:
    assert shop.sell(hdnS_H_Amount="7")["shipping_&_handling"] == "7"


@pytest.mark.parametrize(
    "change",
    [
        {"LineItems": {"0": {"productid": "14x1", "quantity": "1"}}},
        {"LineItems": [{"productid": "14x1", "quantity": "abc"}]},
        {"hdnS_H_Amount": "12:61"},
        {"hdnDiscountAmount": "11x1"},
        {"quantity": " "},
    ],
)
def test_what_is_no_number_is_fatal(shop: Shop, change: dict[str, Any]) -> None:
    element = {**shop.element(shop.item()), **change}
    assert shop.crm.answer("create", elementType="Quotes", element=element) == "HTTP 500"
    assert shop.crm.ids("select id from Quotes;") == []
    record = shop.sell()["id"]
    assert shop.crm.answer("update", element={**element, "id": record}) == "HTTP 500"


def test_an_invoice_takes_goods_out_and_does_not_balance(shop: Shop) -> None:
    invoice = shop.sell("Invoice")["id"]
    assert stock(shop) == "48"
    assert shop.items(invoice)[0]["incrementondel"] == "1"
    shop.crm.revise(invoice, LineItems=[shop.item("3")], hdnTaxType="group")
    assert stock(shop) == "49"
    element = shop.element(shop.item("4"), invoicestatus="Created", id=invoice)
    shop.crm.call("update", element=element)
    assert stock(shop) == "48"
    shop.crm.call("delete", id=invoice)
    assert 52 <= float(stock(shop)) <= 55


def test_an_invoice_that_was_not_touched_balances(shop: Shop) -> None:
    invoice = shop.sell("Invoice")["id"]
    shop.crm.call("delete", id=invoice)
    assert stock(shop) == "50"


@pytest.mark.parametrize(
    ("module", "more", "left"),
    [
        ("Quotes", {}, "50"),
        ("SalesOrder", {}, "50"),
        ("PurchaseOrder", {}, "50"),
        ("PurchaseOrder", {"postatus": "Received Shipment"}, "54"),
    ],
)
def test_stock_of_the_others(shop: Shop, module: str, more: dict[str, str], left: str) -> None:
    shop.sell(module, **more)
    assert stock(shop) == left


def test_details_of_items(shop: Shop) -> None:
    service = shop.crm.create("Services", servicename="S", unit_price="1")["id"]
    record = shop.sell(
        "Quotes",
        shop.item(),
        {"productid": service, "quantity": "1", "listprice": "1", "discount_percent": "10"},
    )["id"]
    details = shop.crm.call("retrieve", id=record)["LineItems_FinalDetails"]
    assert details["1"]["qtyInStock1"] == "50"
    assert details["1"]["checked_discount_zero1"] == " checked"
    assert "discount_type1" not in details["1"]
    assert details["2"]["qtyInStock2"] == "NA"
    assert details["2"]["discount_type2"] == "percentage"
    assert details["1"]["listPrice1"] == "10.00"
    assert "checked_discount_amount_final" not in details["1"]["final_details"]


def test_details_after_other_items(shop: Shop) -> None:
    """No tax type is left, so the percentages of the installation show, though none was sent."""
    record = shop.sell()["id"]
    shop.crm.revise(record, LineItems=[shop.item()], hdnDiscountAmount="5")
    final = shop.crm.call("retrieve", id=record)["LineItems_FinalDetails"]["1"]["final_details"]
    shown = [each["percentage"] for each in final["taxes"].values()]
    assert shown == ["4.500", "10.000", "12.500"]
    assert final["checked_discount_amount_final"] == " checked"
    assert "style_discount_amount_final" in final


def test_an_update_of_goods_echoes_its_taxes(on: Make) -> None:
    crm: Server = on("vtiger-8.0")
    product = crm.create("Products", productname="P", unit_price="5")
    assert product["currency1"] == 5
    element = {"id": product["id"], "productname": "P", "assigned_user_id": "19x1", "tax1": "7"}
    answer = crm.call("update", element=element)
    assert (answer["tax1"], answer["currency1"]) == ("7", 0)


def test_an_item_may_say_its_place(shop: Shop) -> None:
    record = shop.sell()["id"]
    for sent, stored in (({}, "0"), ({"sequence_no": "9"}, "9")):
        element = {"parent_id": record, **shop.item(), **sent}
        item = shop.crm.call("create", elementType="LineItem", element=element)
        assert (item["sequence_no"], item["incrementondel"]) == (stored, "1")
    assert shop.crm.call("retrieve", id=record)["hdnGrandTotal"] == "20.00000000"


def test_individual_taxes_are_fatal(on: Make) -> None:
    for profile, works in (("vtiger-8.0", False), ("vtiger-7.5", True)):
        shop = Shop(on(profile))
        element = shop.element(shop.item(), hdnTaxType="individual")
        answer = shop.crm.answer("create", elementType="Quotes", element=element)
        assert isinstance(answer, dict) is works
