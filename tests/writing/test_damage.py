"""Kinds of servers that damage records by some writes: refused unsent, or sent and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from generated.demo import Accounts, Products, Quotes, connect
from generated.demo import LineItem as Items
from vtiger_orm import BulkError, InvalidValue, ItemsLost, LineItem, NotSupported, ServerError
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.session import RetryPolicy
from vtiger_orm.writing.damage import DamagedRecord

WRITES = {"create", "revise", "update"}
TOTALS = ("hdnSubTotal", "hdnGrandTotal", "hdnDiscountAmount", "txtAdjustment")
Make = Callable[[str], tuple[Crm, Quotes]]


@pytest.fixture(scope="module")
def crms() -> Iterator[dict[str, Crm]]:
    made = {name: Crm(profile=name) for name in ("frevocrm", "vtiger-8.3")}
    yield made
    for each in made.values():
        each.close()


@pytest.fixture
def offer(crms: dict[str, Crm]) -> Iterator[Make]:
    """A quote of two items that was read, in a session with that kind of server."""
    opened = ExitStack()

    def make(name: str) -> tuple[Crm, Quotes]:
        crm = opened.enter_context(crms[name].copy())
        account = crm.create("Accounts", {"accountname": "Acme"})["id"]
        pen = crm.create("Products", {"productname": "Pen", "unit_price": "10"})["id"]
        cup = crm.create("Products", {"productname": "Cup", "unit_price": "5"})["id"]
        element = {
            "subject": "Offer",
            "quotestage": "Created",
            "account_id": account,
            "bill_street": "b",
            "ship_street": "s",
            "productid": pen,
            "hdnTaxType": "group",
            "currency_id": "21x1",
            "conversion_rate": "1",
            "LineItems": [
                {"productid": pen, "quantity": "2", "listprice": "10", "comment": "blue"},
                {"productid": cup, "quantity": "1", "listprice": "5", "discount_percent": "10"},
            ],
        }
        quote = stored_quote(crm, element)
        session = connect(
            crm.url,
            *crm.credentials(),
            dialect="webservice",
            transport=crm.transport(),
            retry=RetryPolicy(attempts=1, longest_work=0.0),
        )
        opened.enter_context(session)
        record = Quotes.objects.get(id=Quotes.ref(quote))
        return crm, record

    with opened:
        yield make


def stored_quote(crm: Crm, element: dict[str, Any]) -> str:
    """A quote, also where none can be created over the API: somebody made it on the screen."""
    profile = crm.engine.profile
    crm.engine.profile = replace(profile, inventory_creatable=True)
    try:
        return str(crm.create("Quotes", element)["id"])
    finally:
        crm.engine.profile = profile


def stored(crm: Crm, quote: Quotes) -> dict[str, Any]:
    row: dict[str, Any] = crm.run("retrieve", id=str(quote.id))
    return row


def items(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = ("productid", "quantity", "listprice", "comment", "discount_percent")
    return [tuple(each.get(name) for name in names) for each in row["LineItems"]]


def test_a_header_that_would_lose_its_items_is_not_sent(offer: Make) -> None:
    crm, quote = offer("frevocrm")
    before = stored(crm, quote)
    quote.subject = "Another"
    with crm.count_calls() as calls:
        with pytest.raises(NotSupported, match=r"rebuild_items=True.*accept_damage=True"):
            quote.save()
        assert not quote.crm.preview().ok
    assert not WRITES & set(calls.operations)
    assert stored(crm, quote) == before


def test_accepted_damage_is_told(offer: Make) -> None:
    crm, quote = offer("frevocrm")
    quote.subject = "Another"
    with pytest.warns(DamagedRecord, match=r"hdnGrandTotal.*line items \(2"):
        quote.save(accept_damage=True)
    assert quote.subject == "Another"
    assert quote.hdnGrandTotal == 0
    assert stored(crm, quote)["LineItems"] == []


def test_items_are_made_again(offer: Make) -> None:
    crm, quote = offer("frevocrm")
    before = stored(crm, quote)
    quote.subject = "Another"
    preview = quote.crm.preview(rebuild_items=True)
    assert preview.ok
    assert "create of a LineItem" in str(preview)
    assert "risk" in str(preview)
    quote.save(rebuild_items=True)
    after = stored(crm, quote)
    assert after["subject"] == "Another"
    assert items(after) == items(before)
    for name in TOTALS:
        assert after[name] == before[name], name
    assert not quote.changes


def test_what_totals_follow_is_not_changed_by_the_way(offer: Make) -> None:
    crm, quote = offer("frevocrm")
    before = stored(crm, quote)
    quote.hdnDiscountAmount = Decimal(3)
    assert not quote.crm.preview(rebuild_items=True).ok
    with pytest.raises(InvalidValue, match="hdnDiscountAmount cannot be changed"):
        quote.save(rebuild_items=True)
    assert stored(crm, quote) == before


def test_items_that_could_not_be_made_again_are_in_the_error(offer: Make) -> None:
    crm, quote = offer("frevocrm")
    quote.subject = "Another"
    crm.faults.next(faults.ServerError(), operation="create")
    with pytest.raises(ItemsLost, match="0 of 2 items") as caught:
        quote.save(rebuild_items=True)
    assert [each["comment"] for each in caught.value.items] == ["blue", ""]
    assert caught.value.made == 0


def test_8_3_cannot_create_and_damages_items(offer: Make) -> None:
    crm, quote = offer("vtiger-8.3")
    pen = Products.objects.get(productname="Pen")
    with crm.count_calls() as calls, pytest.raises(NotSupported, match="before there is one"):
        Quotes.objects.create(
            subject="x",
            quotestage=Quotes.QuoteStage("Created"),
            account_id=Accounts.ref(str(quote.account_id)),
            bill_street="a",
            ship_street="b",
            items=[LineItem(pen)],
        )
    assert not WRITES & set(calls.operations)
    quote.subject = "Another"
    quote.save()  # the header alone does no harm
    before = stored(crm, quote)
    quote.crm.load_items()
    quote.crm.items.append(LineItem(pen, 3, price=10))
    with pytest.raises(NotSupported, match="totals of 0"):
        quote.save()
    assert stored(crm, quote) == before
    with pytest.warns(DamagedRecord, match="hdnGrandTotal"):
        quote.save(accept_damage=True)
    assert len(stored(crm, quote)["LineItems"]) == 3
    assert quote.hdnGrandTotal == 0


def test_no_session_is_extended_where_that_reads_like_a_wrong_key(offer: Make) -> None:
    crm, quote = offer("frevocrm")
    session: Any = Quotes.objects._runner()
    with crm.count_calls() as calls, pytest.raises(NotSupported, match="logs in again"):
        session.extend()
    assert calls.number == 0
    assert Quotes.objects.get(id=quote.id).subject == "Offer"


def test_an_error_that_changed_nothing_stays_one(offer: Make) -> None:
    crm, quote = offer("frevocrm")
    quote.subject = "Another"
    crm.faults.next(faults.ServerError(), operation="revise")
    with pytest.raises(ServerError):
        quote.save(accept_damage=True)


BY_ONE: dict[str, Callable[[Any, Quotes], Any]] = {
    "create": lambda item, quote: Items.objects.create(
        parent_id=quote, productid=item.productid, quantity=1, sequence_no=3
    ),
    "save": lambda item, quote: changed(item).save(),
    "update": lambda item, quote: changed(item).save(operation="update", accept_damage=True),
    "delete": lambda item, quote: item.delete(),
    "update of all": lambda item, quote: Items.objects.filter(parent_id=quote).update(quantity=7),
    "delete of all": lambda item, quote: Items.objects.filter(parent_id=quote).delete(),
    "bulk_update": lambda item, quote: (
        Items.objects.bulk_update([changed(item)]).raise_for_errors()
    ),
    "bulk_delete": lambda item, quote: Items.objects.bulk_delete([item]).raise_for_errors(),
}


def changed(item: Any) -> Any:
    item.quantity = 7
    return item


@pytest.mark.parametrize("way", BY_ONE)
def test_items_are_not_written_one_by_one(offer: Make, way: str) -> None:
    """Totals would not follow, and of two that are deleted the second has another id by then."""
    crm, quote = offer("frevocrm")
    item = Items.objects.filter(parent_id=quote)[0]
    with (
        crm.count_calls() as calls,
        pytest.raises((NotSupported, BulkError), match=r"leaves the totals|Nothing was sent"),
    ):
        BY_ONE[way](item, quote)
    assert not {*WRITES, "delete"} & {*calls.operations}


def test_a_single_item_is_changed_where_stale_totals_are_accepted(offer: Make) -> None:
    _, quote = offer("vtiger-8.3")
    item = Items.objects.filter(parent_id=quote)[0]
    changed(item).save(accept_damage=True)
    assert Items.objects.get(id=item.id).quantity == 7
    assert Quotes.objects.get(id=quote.id).hdnSubTotal == quote.hdnSubTotal
