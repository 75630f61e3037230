"""References to the records of another queryset."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.support.planned import Server, careful, described, server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Node, Order, Selection
from vtiger_orm.errors import ScanTooLarge
from vtiger_orm.planner import explain


class Queryset:
    def __init__(self, selection: Selection) -> None:
        self.selection = selection


@pytest.fixture(scope="module")
def crm() -> Server:
    """300 contacts of 120 accounts; some accounts without contact and the other way round."""
    crm = server(
        described("Accounts", "11", {"name": "string", "size": "integer"}),
        described(
            "Contacts",
            "12",
            {"lastname": "string", "account": "reference", "other": "reference"},
            targets={"account": ["Accounts"], "other": ["Accounts", "Contacts"]},
        ),
        page_cap=10,
    )
    chance = random.Random(11)
    for number in range(1, 121):
        crm.insert("Accounts", number, name=f"acme {number % 10}", size=number)
    for number in range(201, 501):
        crm.insert(
            "Contacts",
            number,
            lastname=chance.choice(["a", "b", "", None]),
            account=chance.choice([0, None, *range(1, 100)]),
            other=chance.choice([0, number - 1, *range(1, 50)]),
        )
    return crm


def accounts(crm: Server, *args: Q, **lookups: Any) -> Queryset:
    meta = crm.metas["Accounts"]
    return Queryset(Selection(meta, resolve(meta, args, lookups)))


def contacts(crm: Server, *args: Q, **lookups: Any) -> Selection:
    meta = crm.metas["Contacts"]
    return Selection(meta, resolve(meta, args, lookups))


def expected(crm: Server, field: str, inner: Any, wanted: bool = True) -> list[str]:
    sizes = {f"11x{number}" for number in range(1, 121) if inner(number)}
    return [row["id"] for row in crm.everything("Contacts") if (row[field] in sizes) is wanted]


SIZES: list[tuple[dict[str, Any], Any]] = [
    ({"size__lt": 4}, lambda n: n < 4),
    ({"size__lt": 35}, lambda n: n < 35),
    ({"size__gte": 1}, lambda n: True),
    ({"size__gt": 1000}, lambda n: False),
]


@pytest.mark.parametrize(("lookups", "inner"), SIZES)
@pytest.mark.parametrize("field", ["account", "other"])
@pytest.mark.parametrize("known", [True, False])
def test_forward_reverse_and_negated(
    crm: Server, lookups: dict[str, Any], inner: Any, field: str, known: bool
) -> None:
    env = careful(page_size=10, precedence_known=known)
    condition = Q(**{f"{field}__in": accounts(crm, **lookups)})
    for wanted in (True, False):
        selection = contacts(crm, condition if wanted else ~condition)
        truth = expected(crm, field, inner, wanted)
        assert crm.ids(selection, env) == truth
        assert crm.count(selection, env) == len(truth)
        assert crm.exists(selection, env) == bool(truth)
        part = replace(selection, start=3, stop=8)
        assert crm.ids(part, env) == truth[3:8]


def test_few_outer_rows_are_read_before_many_inner_ones(crm: Server) -> None:
    env = careful(page_size=10)
    selection = contacts(crm, account__in=accounts(crm, size__gte=1), id__in=["12x201", "12x202"])
    crm.log.clear()
    found = crm.ids(selection, env)
    assert set(found) == {*expected(crm, "account", lambda n: True)} & {"12x201", "12x202"}
    inner = [text for text in crm.log if "from Accounts" in text and "count(*)" not in text]
    assert len(inner) <= 2, "not all of the 120 accounts"


def test_an_empty_inner_side_needs_no_outer_call(crm: Server) -> None:
    crm.log.clear()
    env = careful(page_size=10)
    assert crm.ids(contacts(crm, account__in=accounts(crm, size__gt=999)), env) == []
    assert all("from Accounts" in text for text in crm.log)
    assert len(crm.ids(contacts(crm, ~Q(account__in=accounts(crm, size__gt=999))), env)) == 300


def test_nested_and_combined(crm: Server) -> None:
    env = careful(page_size=10)
    few = Q(account__in=accounts(crm, size__lt=40))
    odd = Q(other__in=accounts(crm, Q(name="acme 1") | Q(name="acme 3")))
    small = {*expected(crm, "account", lambda n: n < 40)}
    ones = {*expected(crm, "other", lambda n: n % 10 in (1, 3))}
    assert set(crm.ids(contacts(crm, few & odd), env)) == small & ones
    assert set(crm.ids(contacts(crm, few | odd), env)) == small | ones
    assert set(crm.ids(contacts(crm, few & ~odd), env)) == small - ones
    inner = Queryset(contacts(crm, few))
    refering = crm.ids(contacts(crm, other__in=inner), env)
    rows = {row["id"]: row["other"] for row in crm.everything("Contacts")}
    assert set(refering) == {id for id, other in rows.items() if other in small}


def test_ordered_and_sliced_inner_querysets(crm: Server) -> None:
    meta = crm.metas["Accounts"]
    largest = Queryset(Selection(meta, order=(Order(meta.fields["size"], True),), stop=25))
    env = careful(page_size=10)
    found = crm.ids(contacts(crm, account__in=largest), env)
    assert found == expected(crm, "account", lambda n: n > 95)


def test_orders_of_the_outer_side(crm: Server) -> None:
    meta = crm.metas["Contacts"]
    order = (Order(meta.fields["lastname"]),)
    for lookups, inner in SIZES[:3]:
        selection = replace(contacts(crm, account__in=accounts(crm, **lookups)), order=order)
        rows = crm.rows(selection, careful(page_size=10))
        assert [row["lastname"].lower() for row in rows] == sorted(
            row["lastname"].lower() for row in rows
        )
        assert {row["id"] for row in rows} == {*expected(crm, "account", inner)}
        part = crm.ids(replace(selection, start=2, stop=9), careful(page_size=10))
        assert len(part) == len(rows[2:9])


def test_ids_of_the_same_module_become_one_condition(crm: Server) -> None:
    meta = crm.metas["Contacts"]
    inner = Queryset(contacts(crm, lastname="a"))
    assert resolve(meta, [], {"id__in": inner}) == inner.selection.where
    sliced = Queryset(replace(inner.selection, stop=3))
    env = careful(page_size=10)
    assert crm.ids(contacts(crm, id__in=sliced), env) == crm.ids(sliced.selection, env)


def test_both_sides_too_large_is_refused(crm: Server) -> None:
    env = careful(page_size=10, max_scan_rows=50)
    with pytest.raises(ScanTooLarge, match=r"ids of 120 Accounts records or a look at 300"):
        crm.ids(contacts(crm, account__in=accounts(crm, size__gte=1)), env)


def test_explain_shows_the_inner_queryset(crm: Server) -> None:
    found = explain(
        contacts(crm, account__in=accounts(crm, size__lt=4)), Environment(precedence_known=True)
    )
    assert "account in ('11x…','11x…')" in found.statements[0]
    assert found.inner[0].statements[0].startswith("select id from Accounts where size < '4'")
    assert found.calls is None
    assert "first:" in str(found)


def test_references_to_deleted_records_are_not_among_the_ids() -> None:
    """They read as blank, so a negated condition keeps their rows."""
    crm = server(page_cap=10)
    crm.insert("Owners", 7, title="x")
    crm.insert("Owners", 8, title="x")
    for number in range(20, 60):
        crm.insert("Things", number, parent=7 if number % 2 else 8)
    crm.delete("Owners", 8)
    owners = crm.metas["Owners"]
    node: Node = resolve(owners, [], {"title": "x"})
    meta = crm.metas["Things"]
    inside = resolve(meta, [], {"parent__in": Queryset(Selection(owners, node))})
    outside = resolve(meta, [~Q(parent__in=Queryset(Selection(owners, node)))], {})
    env = careful(page_size=10)
    assert crm.ids(Selection(meta, inside), env) == [f"40x{n}" for n in range(21, 60, 2)]
    assert crm.ids(Selection(meta, outside), env) == [f"40x{n}" for n in range(20, 60, 2)]
