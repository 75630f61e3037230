"""Nothing changes in the CRM that was not sent: field by field, after every kind of write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from generated.demo import (
    Accounts,
    Invoice,
    Leads,
    Products,
    Quotes,
    SalesOrder,
    connect,
)
from vtiger_orm import LineItem, NotLoaded, Session, VtigerError
from vtiger_orm.emulator import Crm, faults

ITEMS = {Invoice, Quotes, SalesOrder}
GIVEN = ["x", " x ", "a/b", "\\/", "/", "a & b", "&amp;", "&nbsp;", "a<b", "it's", "é客", "0",
         "x;y:z", "l1\nl2", "&#32;", "a\\/b", "100%"]  # fmt: skip


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm(profile="restfulapi") as made:
        yield made


@pytest.fixture(scope="module")
def session(crm: Crm) -> Iterator[Session]:
    with connect(
        crm.url, *crm.credentials(), dialect="restfulapi", transport=crm.transport()
    ) as opened:
        yield opened


def stored(crm: Crm, model: Any, number: str) -> dict[str, Any]:
    store, table = crm.engine.store, f"m_{model.meta.name}"
    names = store.columns(table)
    listed = ", ".join(f'"{name}"' for name in names)
    row = store.row(f'SELECT {listed} FROM "{table}" WHERE id = ?', (int(number),))
    assert row is not None
    found = dict(zip(names, row))
    if model in ITEMS:
        items = store.columns("m_LineItem")
        listed = ", ".join(f'"{name}"' for name in items)
        asked = f'SELECT {listed} FROM "m_LineItem" WHERE parent_id = ? ORDER BY id'
        found["items"] = [tuple(each) for each in store.rows(asked, [int(number)])]
    return found


def test_creates_store_what_is_given(crm: Crm, session: Session) -> None:
    for text in GIVEN:
        record = Leads.objects.create(lastname=f"L{text}", company=text, description=text)
        row = stored(crm, Leads, str(record.id).partition("x")[2])
        for name, value in (("lastname", f"L{text}"), ("company", text), ("description", text)):
            if row[name] != value:
                assert name in {each.field for each in record.crm.adjusted}, (name, text, row[name])


def test_deleting_changes_nothing_else(crm: Crm, session: Session) -> None:
    record = Leads.objects.create(lastname="gone", company="x")
    other = Leads.objects.create(lastname="there", company="x")
    row = stored(crm, Leads, str(other.id).partition("x")[2])
    record.delete()
    assert stored(crm, Leads, str(other.id).partition("x")[2]) == row
    assert Leads.objects.filter(id=record.id).first() is None


# Line items: totals are computed here, and items are created with the record or not at all


def offer(**values: Any) -> dict[str, Any]:
    return {
        "subject": "Offer",
        "quotestage": Quotes.QuoteStage("Created"),
        "account_id": Accounts.objects.order_by("id")[0],
        "bill_street": "a",
        "ship_street": "b",
        **values,
    }


@contextmanager
def refused_unsent(crm: Crm, why: str) -> Iterator[None]:
    with crm.count_calls() as calls, pytest.raises(VtigerError, match=why):
        yield
    assert not {"create", "revise", "update"} & set(calls.operations)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ({"price": 5}, {}, "every line item needs its price"),
        (
            {"price": 5, "taxes": {"tax1": Decimal(4)}},
            {"price": 5, "taxes": {"tax1": Decimal(7)}},
            "a group has one tax",
        ),
    ],
)
def test_totals_that_cannot_be_computed_are_refused_unsent(
    crm: Crm, session: Session, first: dict[str, Any], second: dict[str, Any], why: str
) -> None:
    product = Products.objects.order_by("id")[0]
    values = offer(items=[LineItem(product, **each) for each in (first, second)])
    with refused_unsent(crm, why):
        Quotes.objects.create(**values)


def test_items_of_a_record_that_is_there_are_refused_unsent(crm: Crm, session: Session) -> None:
    record = Quotes.objects.order_by("id")[0]
    before = stored(crm, Quotes, str(record.id).partition("x")[2])
    record.crm.items = [LineItem(Products.objects.order_by("id")[0], 2, 5)]
    why = "line items cannot be changed through the RestfulApi module"
    with refused_unsent(crm, why):
        record.save()
    with refused_unsent(crm, why):
        Quotes.objects.bulk_update([record]).raise_for_errors()
    assert any(why in str(each) for each in record.crm.preview().problems)
    assert stored(crm, Quotes, str(record.id).partition("x")[2]) == before


def test_items_whose_products_are_not_told_are_not_read_as_items_without(
    crm: Crm, session: Session
) -> None:
    """A blank product is one that was deleted."""
    quote = Quotes.objects.using(session)[0]
    crm.faults.always(faults.Html(403), module="Products")
    try:
        with pytest.raises(NotLoaded, match="Products and Services"):
            quote.crm.load_items()
    finally:
        crm.faults.clear()
    assert all(each.product for each in quote.crm.load_items())
