"""Nothing changes in the CRM that was not sent: field by field, after every kind of write."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from generated.demo import (
    Accounts,
    Contacts,
    Invoice,
    Leads,
    Products,
    Quotes,
    SalesOrder,
    connect,
)
from tests.faults.faults import Changed
from tests.support.restfulapi import open_restfulapi
from vtiger_orm import LineItem, NotLoaded, OutcomeUnknown, ServerError, Session, VtigerError
from vtiger_orm.calls.outcome import outcome_of
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.importing import import_file
from vtiger_orm.session import RetryPolicy

MOVES = frozenset({"modifiedtime", "_modified", "_version", "modifiedby"})
ITEMS = {Invoice, Quotes, SalesOrder}
GIVEN = ["x", " x ", "a/b", "\\/", "/", "a & b", "&amp;", "&nbsp;", "a<b", "it's", "é客", "0",
         "x;y:z", "l1\nl2", "&#32;", "a\\/b", "100%"]  # fmt: skip


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm(profile="restfulapi") as made:
        yield made


@pytest.fixture(scope="module")
def session(crm: Crm) -> Iterator[Session]:
    with open_restfulapi(crm) as opened:
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hdnDiscountAmount", 5),
        ("hdnDiscountPercent", 10),
        ("hdnS_H_Amount", 9),
        ("hdnTaxType", "individual"),
        ("txtAdjustment", 3),
    ],
)
def test_totals_that_would_not_follow_are_refused_unsent(
    crm: Crm, session: Session, name: str, value: Any
) -> None:
    """The module computes none. Who has computed the total gives it, for what can be read."""
    record = Quotes.objects.using(session).order_by("id")[1]
    before = stored(crm, Quotes, str(record.id).partition("x")[2])
    setattr(record, name, value)
    with refused_unsent(crm, f"totals would stay as they are.*follow {name}.*webservice.php"):
        record.save()
    with refused_unsent(crm, "totals would stay as they are"):
        Quotes.objects.using(session).filter(id=record.id).update(**{name: value})
    assert stored(crm, Quotes, str(record.id).partition("x")[2]) == before
    record.hdnGrandTotal = Decimal(int(record.hdnGrandTotal or 0) + 1)
    if "Discount" in name:
        with refused_unsent(crm, f"{name}, which it never shows"):
            record.save()
        return
    record.save()
    assert not record.crm.adjusted
    row = stored(crm, Quotes, str(record.id).partition("x")[2])
    assert {key for key in row if row[key] != before[key]} <= {name, "hdnGrandTotal", *MOVES}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("hdnDiscountAmount", "webservice.php record.refresh"),
        ("shipping_handling", "webservice.php record.refresh"),
        ("quantity", r"record.crm.load_items\(\)"),
        ("productid", r"record.refresh\(\) reads the first"),
    ],
)
def test_what_no_list_tells_says_where_it_is_told(
    crm: Crm, session: Session, name: str, told: str
) -> None:
    record = Quotes.objects.using(session).order_by("id")[1]
    with pytest.raises(NotLoaded, match=told):
        getattr(record, name)
    record.refresh()
    record.crm.load_items()
    assert record.productid == record.crm.items[0].product
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as other:
        same = Quotes.objects.using(other).get(id=record.id)
        same.refresh()
        same.crm.load_items()
        if name == "quantity":
            with pytest.raises(NotLoaded, match=told):
                getattr(same, name)
        else:
            getattr(same, name)


def test_shipping_is_refused_unsent(crm: Crm, session: Session) -> None:
    values = offer(items=[LineItem(Products.objects.order_by("id")[0], 1, 5)])
    with refused_unsent(crm, "shipping_handling is neither told"):
        Quotes.objects.using(session).create(**values, shipping_handling=4)


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


# What the user's preferences, and the CRM's workflows, make of a write


def test_days_and_moments_are_those_given_whatever_the_user_prefers(crm: Crm) -> None:
    crm.engine.accounts.add_user("prefers", date_format="dd-mm-yyyy", time_zone="Asia/Tokyo")
    day, moment = date(1990, 2, 3), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    with connect(
        crm.url, *crm.credentials("prefers"), dialect="restfulapi", transport=crm.transport()
    ) as session:
        record = Contacts.objects.using(session).create(lastname="x", birthday=day)
        crm.engine.backdoor.set(str(record.id), modifiedtime="2026-03-29 01:30:00")
        found = Contacts.objects.using(session).get(id=record.id, modifiedtime=moment)
    assert (found.birthday, found.modifiedtime, record.crm.adjusted) == (day, moment, ())
    assert crm.engine.backdoor.get(str(record.id), "birthday") == "1990-02-03"


def test_a_failing_workflow_leaves_the_write_in_doubt_not_undone(
    crm: Crm, session: Session
) -> None:
    crm.failing_workflows.add("Leads")
    try:
        with pytest.raises(OutcomeUnknown, match="when a workflow fails") as unknown:
            Leads.objects.using(session).create(lastname="stopped", company="A company of its own")
        record = unknown.value.record
        assert record is not None
        assert record.crm.resolve() is True
        record.company = "Another one"
        with pytest.raises(ServerError, match="when a workflow fails") as failed:
            record.save()
        assert not outcome_of(failed.value).undone
    finally:
        crm.failing_workflows.clear()
    row = stored(crm, Leads, str(record.id).partition("x")[2])
    assert row["company"] == "Another one"
    record.refresh()
    assert record.company == "Another one"


# Saves that break off, with a value that the CRM stores otherwise


FATAL = Changed(lambda response: replace(response, status=500, body=b""))
DIFFERS = "<b>whole</b>"
"""Is stored empty."""


@pytest.fixture
def hasty(crm: Crm) -> Iterator[Session]:
    """A session that repeats nothing and waits for nothing."""
    with open_restfulapi(crm, retry=RetryPolicy(attempts=1, longest_work=0.0)) as opened:
        yield opened


@pytest.mark.parametrize("broken", [faults.LostAnswer(), FATAL], ids=["lost", "fatal"])
def test_a_create_that_breaks_off_is_never_called_absent_for_an_adjusted_value(
    crm: Crm, hasty: Session, broken: faults.Fault
) -> None:
    crm.faults.next(broken, operation="create")
    with pytest.raises(VtigerError) as caught:
        Leads.objects.using(hasty).create(lastname="Adjusted", company=DIFFERS, phone="0123")
    record: Any = getattr(caught.value, "record", None)
    assert record is not None
    assert record.crm.in_doubt
    with pytest.raises(OutcomeUnknown):
        record.save()
    assert record.crm.resolve() is True
    stored_ = Leads.objects.using(hasty).filter(lastname="Adjusted")
    assert [each.id for each in stored_] == [record.id]
    record.delete()


@pytest.mark.parametrize("value", [DIFFERS, "plain", "a & b"])
def test_a_change_that_breaks_off_is_sent_again_or_told(
    crm: Crm, hasty: Session, value: str
) -> None:
    record = Leads.objects.using(hasty).create(lastname="Broken", company="before")
    number = str(record.id).partition("x")[2]
    record.company = value
    crm.faults.next(faults.LostAnswer(), operation="update")
    failure: VtigerError | None = None
    try:
        record.save()
    except VtigerError as error:
        failure = error
    if failure is not None:
        assert not outcome_of(failure).undone
        record.save()
    row = stored(crm, Leads, number)
    told = {each.field for each in record.crm.adjusted}
    assert row["company"] == value or "company" in told
    assert (record.company or "") == (row["company"] or "")
    record.delete()


def test_an_import_writes_what_the_file_says_and_once(
    crm: Crm, hasty: Session, tmp_path: Path
) -> None:
    """But for texts with an entity, which lists show as the sign itself: they are sent again."""
    plain = [text for text in GIVEN if unescape(text) == text]
    path = tmp_path / "leads.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [
                ("lastname", "company", "description", "annualrevenue"),
                *((f"Import {number}", text, text, "77.25") for number, text in enumerate(plain)),
            ]
        )
    objects = Leads.objects.using(hasty)
    crm.faults.next(faults.LostAnswer(), operation="create")
    for run in range(3):
        with crm.count_calls() as calls:
            found = import_file(path, objects, key="lastname")
        if run:
            assert not found.failed
    assert not {"create", "update"} & set(calls.operations)
    made = list(objects.filter(lastname__startswith="Import ").order_by("id"))
    assert sorted(str(each.lastname) for each in made) == sorted(
        f"Import {number}" for number in range(len(plain))
    )
    for each in made:
        row = stored(crm, Leads, str(each.id).partition("x")[2])
        text = plain[int(str(each.lastname).split()[1])]
        assert (row["company"], row["description"]) == (text, text)
        assert Decimal(str(row["annualrevenue"])) == Decimal("77.25")
        each.delete()


def test_a_text_of_several_lines_is_found_again(crm: Crm, session: Session) -> None:
    """Lists show CR LF as LF."""
    for text in ("a\r\nb", "x" * 30 + "\r\n" + "y" * 30):
        found = [
            Leads.objects.using(session).get_or_create(company=text, defaults={"lastname": "x"})
            for _ in range(2)
        ]
        assert [created for _, created in found] == [True, False]
        assert found[0][0].id == found[1][0].id
