"""Rows inserted, deleted and changed while they are read: nothing twice, nothing missed that
satisfied the condition all the time."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.support.pairs import pairs
from tests.support.planned import Server, careful, server
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import TRUE, Order, Selection
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.planner.orders import Paging, normalised, paging_of

ROWS = range(1, 241)
VOLATILE = range(1, 241, 5)
"""Every fifth row comes and goes."""


@pytest.fixture
def crm() -> Server:
    crm = server(page_cap=10)
    chance = random.Random(7)
    for number in ROWS:
        crm.insert(
            "Things",
            number,
            name=chance.choice(["a", "B", "b", "c", None, "", "d"]),
            whole=chance.choice([1, 2, 3, None]),
            day=chance.choice([None, "2024-01-01", "2024-01-02", "2023-05-05"]),
        )
    return crm


def disturbed(crm: Server, seed: int) -> None:
    """Before every call some of the volatile rows vanish, and others come back."""
    chance = random.Random(seed)
    gone: set[int] = set()

    def before(statement: str) -> None:
        for number in chance.sample(VOLATILE, 6):
            if number in gone:
                crm.undelete("Things", number)
                gone.discard(number)
            else:
                crm.delete("Things", number)
                gone.add(number)

    crm.before = before


CONDITIONS: list[Any] = [
    Q(),
    Q(whole__gte=2),
    ~Q(name="b"),
    Q(day=None),
    Q(name=None),
    ~Q(name__contains="b"),
]
ORDERS = [
    ("", Paging.BY_ID),
    ("-id", Paging.BY_ID),
    ("name", Paging.FORWARD),
    ("name -id", Paging.FORWARD),
    ("whole name", Paging.FORWARD),
    ("-name -whole", Paging.BACKWARD),
    ("-name id", Paging.BACKWARD),
    ("-day", Paging.GROUPS),
    ("-name", Paging.GROUPS),
    ("name -whole", Paging.SORTED),
]


@pytest.mark.parametrize(
    ("ordered", "condition", "seed"), pairs(ORDERS, CONDITIONS, range(4)), ids=repr
)
def test_nothing_twice_and_nothing_missed(
    crm: Server, ordered: tuple[str, Paging], condition: Q, seed: int
) -> None:
    names, reading = ordered
    meta = crm.metas["Things"]
    order = tuple(
        Order(meta.fields[name.lstrip("-")], name.startswith("-")) for name in names.split()
    )
    selection = Selection(meta, resolve(meta, [condition], {}), order)
    env = careful(page_size=10)
    what = compiled(selection, env)
    if what.is_exact:
        assert paging_of(what, normalised(order), 0) is reading
    always = set(crm.ids(selection, env)) - {f"40x{number}" for number in VOLATILE}
    disturbed(crm, seed)
    found = crm.ids(selection, env)
    crm.before = None
    for number in VOLATILE:
        crm.undelete("Things", number)
    assert len(found) == len(set(found)), "a row came twice"
    assert not always - set(found), "a row that was there all the time is missing"


def test_new_rows_do_not_push_others_over_the_edge_of_a_page(crm: Server) -> None:
    meta = crm.metas["Things"]
    added = iter(range(1001, 2000))

    def before(statement: str) -> None:
        for _ in range(3):
            crm.insert("Things", next(added), name="A", whole=0)

    crm.before = before
    for order in ((Order(meta.fields["name"]),), (Order(meta.fields["name"], True),)):
        found = crm.ids(Selection(meta, TRUE, order), careful(page_size=10))
        assert len(found) == len(set(found))
        assert {f"40x{number}" for number in ROWS} <= set(found)


def test_rows_that_become_null_while_a_head_is_read_are_not_lost_from_it(crm: Server) -> None:
    """A bounded head counts again when its bound is reached."""
    meta = crm.metas["Things"]
    table = crm.engine.schema.modules["Things"]
    changes = iter(range(2, 241))

    def before(statement: str) -> None:
        if "order by name" in statement:
            crm.engine.store.update(table, next(changes), {"name": None})

    null_before = {
        f"40x{number}"
        for (number,) in crm.engine.store.rows('SELECT id FROM "m_Things" WHERE name IS NULL')
    }
    crm.before = before
    found = crm.ids(Selection(meta, resolve(meta, [], {"name": None})), careful(page_size=10))
    assert null_before <= set(found)
    assert len(found) == len(set(found))
