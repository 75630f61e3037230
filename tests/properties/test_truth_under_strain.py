"""The law of truth under strain: pages thinned by permissions, and rows that come, go and change
between any two calls, in every order, with few rows a page and with ranges read side by side."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import OWNER_NUMBERS, conditions, datasets, orders, records
from tests.properties.test_truth import META, TREES, comparisons, expected, stored
from tests.support.planned import Server, careful, server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.pace import ALONE, Parallel
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.tree import Node, Order, Selection


@st.composite
def strained(draw: st.DrawFn, thinned: bool = False) -> Environment:
    return careful(
        page_size=draw(st.integers(3, 7)),
        precedence_known=draw(st.booleans()),
        **draw(comparisons()),
        parallel=draw(st.sampled_from([ALONE, ALONE, Parallel(3, 3)])),
        url_budget=draw(st.sampled_from([8000, 900])),
        thinned_pages=thinned,
    )


def filled(rows: list[dict[str, Any]], env: Environment) -> Server:
    crm = server(thinned=env.thinned_pages, page_cap=env.page_size)
    for number in OWNER_NUMBERS:
        crm.insert("Owners", number, title=f"t{number}", rank=number)
    for index, row in enumerate(rows):
        crm.insert("Things", 10 + (index * 7) % 101, **row)
    return crm


# -- permissions


@given(
    rows=datasets(40),
    hidden=st.sets(st.integers(0, 39)),
    nodes=st.lists(TREES, min_size=1, max_size=2),
    order=orders(META),
    env=strained(thinned=True),
    size=st.one_of(st.none(), st.integers(0, 12)),
)
def test_pages_thinned_by_permissions(
    rows: list[dict[str, Any]],
    hidden: set[int],
    nodes: list[Node],
    order: tuple[Order, ...],
    env: Environment,
    size: int | None,
) -> None:
    """A clerk sees only what is the clerk's own; the rest is dropped after LIMIT."""
    crm = filled([], env)
    crm.engine.accounts.add_user("clerk")
    clerk = crm.engine.user("clerk")
    assert clerk is not None
    crm.engine.accounts.set_private("Things")
    crm.user = "clerk"
    numbers = [10 + (index * 7) % 101 for index in range(len(rows))]
    for index, (number, row) in enumerate(zip(numbers, rows)):
        own = {**row, "assigned_user_id": 1 if index in hidden else clerk.number}
        crm.insert("Things", number, **own)
    mine = {f"40x{number}" for index, number in enumerate(numbers) if index not in hidden}
    crm.user = None
    visible = [row for row in stored(crm) if row["id"] in mine]
    crm.user = "clerk"
    for node in nodes:
        truth = {row["id"] for row in visible if evaluate(node, row, env)}
        found = crm.ids(Selection(META, node, order), env)
        assert len(found) == len(set(found))
        assert set(found) == truth
        part = crm.ids(Selection(META, node, order, 0, size), env)
        assert (
            len(part) == len(set(part)) == (len(truth) if size is None else min(size, len(truth)))
        )
        assert set(part) <= truth
        assert crm.count(Selection(META, node), env) == len(truth)
        assert crm.exists(Selection(META, node), env) == bool(truth)


# -- others at work

VOLATILE = 6
"""Rows that come and go, in between and behind the others."""


@given(
    rows=datasets(30),
    others=st.lists(records, min_size=VOLATILE, max_size=VOLATILE),
    node=conditions(META, depth=3),
    order=orders(META),
    env=strained(),
    seed=st.integers(0, 1000),
)
def test_rows_that_come_and_go_between_calls(
    rows: list[dict[str, Any]],
    others: list[dict[str, Any]],
    node: Node,
    order: tuple[Order, ...],
    env: Environment,
    seed: int,
) -> None:
    """What satisfied all the time comes once, what never did never."""
    env = replace(env, consistency="strict")
    crm = filled(rows, env)
    always = set(expected(crm, node, env))
    chance = random.Random(seed)
    taken = {10 + (index * 7) % 101 for index in range(len(rows))}
    free = [number for number in range(10, 130) if number not in taken]
    places = chance.sample(free, len(others))
    for place, row in zip(places, others):
        crm.insert("Things", place, **row)
    ever = set(expected(crm, node, env))
    turns = dict.fromkeys(places, 1)
    there = {place: chance.random() < 0.5 for place in places}
    for place in places:
        if not there[place]:
            crm.delete("Things", place)

    def meanwhile(statement: str) -> None:
        for place in places:
            if turns[place] and chance.random() < 0.3:
                (crm.delete if there[place] else crm.undelete)("Things", place)
                there[place] = not there[place]
                turns[place] -= 1

    crm.before = meanwhile
    found = crm.ids(Selection(META, node, order), env)
    assert len(found) == len(set(found)), "a row came twice"
    assert always <= set(found), "a row that was there all the time is missing"
    assert set(found) <= ever, "a row that never satisfied the condition"
