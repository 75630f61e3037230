"""Modules of which pages lack rows or hold one twice; fields that cannot be sorted by or shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.planned import Server, careful, described, order_by, select, server
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.metadata.module import Flaw

SQL = careful(page_size=100)


# -- thinned pages


@pytest.fixture
def thinned() -> Server:
    crm = server(thinned=True, page_cap=10)
    crm.engine.accounts.add_user("clerk")
    clerk = crm.engine.user("clerk")
    assert clerk is not None
    crm.engine.accounts.set_private("Things")
    crm.user = "clerk"
    for number in range(1, 200):
        mine = number % 9 == 0 and not 50 < number < 120
        crm.insert(
            "Things",
            number,
            name=f"n{number % 4}" if number % 5 else None,
            assigned_user_id=clerk.number if mine else 1,
        )
    return crm


@pytest.mark.parametrize("condition", [Q(), Q(name="n1"), ~Q(name="n1"), Q(name=None)], ids=repr)
@pytest.mark.parametrize("names", ["", "-id", "name", "-name", "-name id"])
def test_pages_thinned_by_permissions_lose_nothing(
    thinned: Server, condition: Q, names: str
) -> None:
    """A short or even empty page in the middle is not the end."""
    env = careful(page_size=10, thinned_pages=True)
    selection = order_by(select(thinned, condition), names)
    visible = {row["id"] for row in _owned(thinned) if evaluate(selection.where, row, env)}
    found = thinned.ids(selection, env)
    assert len(found) == len(set(found))
    assert set(found) == visible
    assert thinned.count(selection, env) == len(visible)
    assert thinned.exists(selection, env) == bool(visible)
    assert thinned.ids(replace(selection, start=2, stop=5), env) == found[2:5]


def _owned(crm: Server) -> list[dict[str, Any]]:
    rows = []
    for number in range(1, 200):
        rows += crm.query(f"select id,name from Things where id = '40x{number}' limit 1;")
    return rows


# -- one-to-many joins


@pytest.fixture
def events() -> Server:
    crm = server(
        described(
            "Events",
            "18",
            {"subject": "string", "activitytype": "picklist", "contact_id": "reference"},
            targets={"contact_id": ["Contacts"]},
        ),
        described("Contacts", "12", {"lastname": "string"}),
        page_cap=10,
    )
    for contact in range(1, 6):
        crm.insert("Contacts", 500 + contact, lastname=f"c{contact}")
    for number in range(1, 61):
        crm.insert("Events", number, subject=f"s{number % 5}", activitytype="Call")
        for contact in range(1, number % 4 + 1):
            crm.engine.store.execute(
                "INSERT INTO activity_contact VALUES (?, ?)", (number, 500 + contact)
            )
    return crm


@pytest.mark.parametrize("names", ["", "subject", "-subject", "-id"])
def test_events_with_several_contacts_are_paged_by_event(events: Server, names: str) -> None:
    meta = events.metas["Events"]
    rows = events.rows(order_by(Selection(meta), names), careful(page_size=10))
    assert sorted(int(row["id"][3:]) for row in rows) == list(range(1, 61))
    assert all(bool(row["contact_id"]) == (int(row["id"][3:]) % 4 > 0) for row in rows)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Q(contact_id="12x503"), lambda n: n % 4 == 3),
        (~Q(contact_id="12x503"), lambda n: n % 4 != 3),
        (Q(contact_id__in=["12x501", "12x502"]), lambda n: n % 4 >= 1),
        (~Q(contact_id__in=["12x502", "12x503"]), lambda n: n % 4 < 2),
        (Q(contact_id=None), lambda n: n % 4 == 0),
        (Q(contact_id__isnull=False), lambda n: n % 4 > 0),
        (Q(contact_id="12x501") & ~Q(contact_id="12x502"), lambda n: n % 4 == 1),
    ],
    ids=lambda each: repr(each) if isinstance(each, Q) else "",
)
def test_a_condition_on_several_contacts_is_true_if_one_satisfies_it(
    events: Server, condition: Q, expected: Any
) -> None:
    meta = events.metas["Events"]
    env = careful(page_size=10)
    truth = [f"18x{n}" for n in range(1, 61) if expected(n)]
    for names in ("", "subject", "-subject"):
        selection = order_by(Selection(meta, resolve(meta, [condition], {})), names)
        assert sorted(events.ids(selection, env)) == sorted(truth)
        assert events.count(selection, env) == len(truth)
        assert events.exists(selection, env)


def test_inventory_modules_are_paged_by_record_without_line_fields() -> None:
    kinds = {"subject": "string", "quantity": "double", "hdnDiscountAmount": "double"}
    flaws = dict.fromkeys(("quantity", "hdnDiscountAmount"), Flaw.MULTIPLIES)
    crm = server(described("Quotes", "4", kinds, flaws=flaws), page_cap=10)
    for number in range(1, 31):
        crm.insert("Quotes", number, subject=f"q{number}")
    rows = crm.rows(Selection(crm.metas["Quotes"]), careful(page_size=10))
    assert len(rows) == 30
    assert all("quantity" not in text and "hdnDiscount" not in text for text in crm.log)


def test_fields_that_come_back_in_no_row_can_be_negated() -> None:
    kinds = {"Big": "string", "name": "string"}
    crm = server(described("Odd", "50", kinds, flaws={"Big": Flaw.ABSENT}), page_cap=10)
    for number in range(1, 31):
        crm.insert("Odd", number, Big=["a", "b", "", None][number % 4], name="x")
    meta = crm.metas["Odd"]

    def ids(condition: Q) -> list[int]:
        selection = Selection(meta, resolve(meta, [condition], {}))
        return [int(row["id"][3:]) for row in crm.rows(selection, careful(page_size=10))]

    assert ids(~Q(Big="a")) == [n for n in range(1, 31) if n % 4 != 0]
    assert ids(Q(Big=None)) == [n for n in range(1, 31) if n % 4 in (2, 3)]
    assert ids(~Q(Big__contains="b", name="x")) == [n for n in range(1, 31) if n % 4 != 1]


def test_an_event_is_not_ordered_by_one_of_its_contacts(events: Server) -> None:
    with pytest.raises(UnsupportedQuery, match="several records at once, which have no order"):
        events.rows(order_by(Selection(events.metas["Events"]), "contact_id"), SQL)


def test_a_field_the_server_fails_to_sort_by_is_sorted_here() -> None:
    kinds = {"rank": "integer", "name": "string"}
    crm = server(described("Odd", "50", kinds, flaws={"rank": Flaw.UNSORTABLE}), page_cap=10)
    for number in range(1, 31):
        crm.insert("Odd", number, rank=number * 7 % 31, name="x")
    rows = crm.rows(order_by(Selection(crm.metas["Odd"]), "-rank"), careful(page_size=10))
    assert [int(row["rank"]) for row in rows] == list(range(30, 0, -1))
    assert not any("order by rank" in text for text in crm.log)
