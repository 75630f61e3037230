"""Line items: a typed list that is written back whole when it changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Products, Quotes, Services
from tests.support.kinds import Face
from vtiger_orm import InvalidRecord, InvalidValue, LineItem, NotLoaded, NotSupported


async def quote(face: Face, *items: LineItem, **values: Any) -> Quotes:
    account = await face(Accounts.objects, "first")
    made: Quotes = await face(
        Quotes.objects,
        "create",
        subject="Offer",
        quotestage=Quotes.QuoteStage("Created"),
        account_id=account,
        bill_street="a",
        ship_street="b",
        items=list(items),
        **values,
    )
    return made


async def stock(face: Face) -> tuple[Products, Services]:
    product = await face(Products.objects, "create", productname="Chair & <table>")
    service = await face(Services.objects, "create", servicename="Assembly")
    return product, service


async def test_create_with_items_reads_totals_and_items_back(face: Face) -> None:
    product, service = await stock(face)
    made = await quote(
        face,
        LineItem(product, Decimal(3), Decimal("10.00"), discount_percent=10, comment="c & <x>"),
        LineItem(service.id, Decimal("1.5"), Decimal("7.25"), discount_amount=1),
    )
    assert made.hdnGrandTotal == Decimal("36.875")
    first, second = made.crm.items
    assert (first.product_id, first.quantity, first.price) == (product.id, 3, 10)
    assert (first.discount_percent, first.comment) == (10, "c & <x>")
    assert first.product_name == "Chair & <table>"
    assert (second.product_id, second.discount_amount) == (service.id, 1)
    assert not made.crm.items.changed
    with face.crm.count_calls() as calls:
        await face(made, "save")
    assert calls.number == 0


async def test_a_changed_item_writes_the_whole_list(face: Face) -> None:
    product, service = await stock(face)
    made = await quote(face, LineItem(product, 2, 10), LineItem(service, 1, 5))
    made.crm.items[0].quantity = Decimal(4)
    made.crm.items[0].quantity = Decimal("2.000")
    assert not made.crm.items.changed
    made.crm.items[0].quantity = Decimal(4)
    made.crm.items.append(LineItem(product, 1, 1))
    del made.crm.items[1]
    made.subject = "Changed"
    with face.crm.count_calls() as calls:
        await face(made, "save")
    assert calls.operations == {"revise": 1}
    assert made.hdnGrandTotal == Decimal(41)
    row = face.crm.run("retrieve", id=str(made.id))
    assert [each["quantity"] for each in row["LineItems"]] == ["4.000", "1.000"]
    assert row["subject"] == "Changed"


async def test_a_change_of_the_header_leaves_the_items_alone(face: Face) -> None:
    product, _ = await stock(face)
    made = await quote(face, LineItem(product, 2, 10))
    before = face.crm.run("retrieve", id=str(made.id))["LineItems"]
    made.subject = "Only this"
    assert "LineItems" not in made.crm.preview().values
    await face(made, "save")
    assert face.crm.run("retrieve", id=str(made.id))["LineItems"] == before


async def test_items_of_a_queried_record_are_read_on_request(face: Face) -> None:
    product, service = await stock(face)
    made = await quote(face, LineItem(product, 2, 10), LineItem(service, 1, 5))
    found = await face(Quotes.objects, "get", id=made.id)
    with pytest.raises(NotLoaded, match="load_items"):
        _ = found.crm.items[0]
    items = await face(found.crm, "load_items")
    assert items == made.crm.items
    assert len(found.crm.items) == 2
    fresh = await face(Quotes.objects, "get", id=made.id)
    fresh.crm.items = [LineItem(product, 7, 1)]
    await face(fresh, "save")
    assert fresh.hdnGrandTotal == 7


async def test_bulk_reading_of_items(face: Face) -> None:
    product, service = await stock(face)
    made = [
        await quote(face, *[LineItem(product, each + 1, 10), LineItem(service, 1, 5)])
        for each in range(4)
    ]
    found = await face.list(Quotes.objects.filter(id__in=made))
    with face.crm.count_calls() as calls:
        await face(face.session, "load_items", found)
    assert calls.number <= (2 if face.kind != "cloud" else 5)
    assert [each.crm.items[0].quantity for each in found] == [1, 2, 3, 4]
    assert [each.crm.items[1].product_id for each in found] == [service.id] * 4
    assert not any(each.crm.items.changed for each in found)
    with pytest.raises(InvalidValue, match="no line items"):
        await face(face.session, "load_items", [await face(Contacts.objects, "first")])


async def test_copy_takes_the_items_along(face: Face) -> None:
    product, _ = await stock(face)
    made = await quote(face, LineItem(product, 2, 10))
    copied = made.crm.copy(subject="Copy")
    await face(copied, "save")
    assert copied.id != made.id
    assert copied.hdnGrandTotal == 20


async def test_individual_tax_is_refused_where_it_leaves_a_ruin(face: Face) -> None:
    product, _ = await stock(face)
    values = {"hdnTaxType": Quotes.HdnTaxType("individual")}
    if face.kind == "stock":
        with face.crm.count_calls() as calls, pytest.raises(NotSupported, match="half-way"):
            await quote(face, LineItem(product, 1, 1), **values)
        assert "create" not in calls.operations
        made = await quote(face, LineItem(product, 1, 1))
        made.hdnTaxType = Quotes.HdnTaxType("individual")
        with pytest.raises(NotSupported):
            await face(made, "save")
        face.crm.engine.backdoor.set(str(made.id), hdnTaxType="individual")  # by its screen
        made = await face(Quotes.objects, "get", id=made.id)
        made.crm.items = [LineItem(product, 2, 1)]
        with pytest.raises(NotSupported, match="half-way"):
            await face(made, "save")
    else:
        made = await quote(face, LineItem(product, 1, 100, taxes={"tax1": Decimal(10)}), **values)
        assert made.crm.items[0].taxes["tax1"] == 10


async def test_what_an_item_cannot_be(face: Face) -> None:
    product, _ = await stock(face)
    with face.crm.count_calls() as calls:
        with pytest.raises(InvalidRecord, match="at least one line item"):
            await face(Quotes(subject="x"), "save")
        emptied = Quotes(subject="x")
        emptied.crm.items = []
        with pytest.raises(InvalidRecord, match="at least one line item"):
            await face(emptied, "save")
        for wrong, match in (
            (LineItem("nonsense", 1), "a reference to one"),
            (LineItem(product, 1, discount_percent=1, discount_amount=1), "not both"),
            (LineItem(product, 0.5), "Decimal"),  # type: ignore[arg-type]
            (LineItem(product, 1, taxes={"vat": Decimal(1)}), "tax1"),
            (LineItem(Products(productname="unsaved"), 1), "saved record"),
        ):
            item = Quotes(subject="x")
            item.crm.items = [wrong]
            with pytest.raises(InvalidValue, match=match):
                await face(item, "save")
    assert calls.number == 0
    made = await quote(face, LineItem(product, 1, 1))
    made.crm.items.clear()
    with pytest.raises(InvalidValue, match="at least one item"):
        await face(made, "save")


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_items_whose_product_was_deleted_are_read_and_refused_when_written(
    face: Face,
) -> None:
    product, service = await stock(face)
    made = await quote(face, LineItem(product, 2, 10), LineItem(service, 1, 5))
    await face(product, "delete")
    read = await face(Quotes.objects, "get", id=made.id)
    items = await face(read.crm, "load_items")
    assert items[0].product == ""
    assert not items.changed
    items[1].quantity = Decimal(2)
    with pytest.raises(InvalidValue, match="no longer in the CRM"):
        await face(read, "save")
    del items[0]
    await face(read, "save")
    assert read.hdnGrandTotal == 10


async def test_what_the_crm_makes_of_an_item_is_reported(face: Face) -> None:
    product, _ = await stock(face)
    gone = Products.ref(f"{Products.meta.prefix}x99999999")
    made = await quote(face, LineItem(product, Decimal("1.23456"), 10), LineItem(gone, 1, 5))
    found = {each.field: str(each.why) for each in made.crm.adjusted}
    assert found == {"items[0].quantity": "rounded", "items[1].product": "emptied"}


def test_items_are_line_items() -> None:
    offer = Quotes(subject="x")
    wrongs: list[Any] = [{"productid": "14x1"}, "14x1"]
    for wrong in wrongs:
        with pytest.raises(InvalidValue, match=r"LineItem\("):
            offer.crm.items = [wrong]
    offer.crm.items = []
    with pytest.raises(InvalidValue, match=r"LineItem\("):
        offer.crm.items.append({"productid": "14x1"})  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="Quotes, SalesOrder"):
        _ = Contacts(lastname="x").crm.items  # type: ignore[attr-defined]


def test_no_price_is_printed_as_no_price() -> None:
    zero = dict.fromkeys(("listprice", "discount_amount", "tax1"), "0.00000000")
    item = LineItem.from_wire({"productid": "14x1", "quantity": "1.000", **zero})
    assert str(item.price) == "0.00"
    assert "0E-" not in repr(item)


async def test_the_kind_of_taxes_outlives_other_items(face: Face) -> None:
    """The CRM blanks it where it is not sent along, and the totals would follow other rates."""
    product, _ = await stock(face)
    made = await quote(face, LineItem(product, 1, 1), hdnTaxType=Quotes.HdnTaxType("group"))
    for columns in (("subject",), ("subject", "hdnTaxType")):
        found = await face(Quotes.objects.filter(id=made.id).only(*columns), "get")
        found.crm.items = [LineItem(product, 2, 1)]
        await face(found, "save")
        assert face.crm.engine.backdoor.get(str(made.id), "hdnTaxType") == "group"


async def test_totals_follow_the_header_only_with_the_items(face: Face) -> None:
    product, _ = await stock(face)
    made = await quote(face, LineItem(product, 2, 10))
    found = await face(Quotes.objects, "get", id=made.id)
    found.txtAdjustment = Decimal(3)
    with face.crm.count_calls() as calls, pytest.raises(NotSupported, match="would stay"):
        await face(found, "save")
    assert not {"revise", "update"} & {*calls.operations}
    await face(found.crm, "load_items")
    await face(found, "save")
    assert (found.hdnGrandTotal, len(found.crm.items)) == (23, 1)
    found.txtAdjustment, found.hdnGrandTotal = Decimal(4), Decimal(24)
    await face(found, "save")
    read = await face(Quotes.objects, "get", id=made.id)
    assert (read.txtAdjustment, read.hdnGrandTotal) == (4, 24)
