"""Partitions: picklable, disjoint, together the whole, open at both ends."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.planned import Server, careful, server
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Node, Order, Selection
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.planner import plan_partitions


@pytest.fixture
def crm() -> Server:
    crm = server(page_cap=10)
    for number in range(1, 301, 3):
        crm.insert("Things", number * number, name=f"n{number % 5}" if number % 4 else None)
    return crm


def condition(crm: Server, q: Q) -> Node:
    return resolve(crm.metas["Things"], [q], {})


@pytest.mark.parametrize("n", [1, 2, 4, 7, 99, 150])
@pytest.mark.parametrize(
    "q", [Q(), Q(name="n1"), ~Q(name="n1"), ~Q(name__contains="1"), Q(id=None)], ids=repr
)
def test_partitions_are_the_whole(crm: Server, n: int, q: Q) -> None:
    env = careful(page_size=10)
    meta = crm.metas["Things"]
    whole = Selection(meta, condition(crm, q), columns=())
    parts = crm.run(plan_partitions(whole, n, env))
    assert 1 <= len(parts) <= n
    found = [crm.ids(pickle.loads(pickle.dumps(part)), env) for part in parts]
    assert [id for part in found for id in part] == crm.ids(whole, env)


def test_they_are_about_equally_full_although_ids_are_not_even(crm: Server) -> None:
    env = careful(page_size=10)
    parts = crm.run(plan_partitions(Selection(crm.metas["Things"]), 4, env))
    assert [crm.count(part, env) for part in parts] == [25, 25, 25, 25]


@given(
    gaps=st.lists(st.sampled_from([1, 1, 1, 2, 7, 1000, 4_000]), min_size=40, max_size=160),
    n=st.integers(2, 8),
)
@examples(30)
def test_no_part_is_twice_another_however_skewed_ids_are(gaps: list[int], n: int) -> None:
    """Law: parts of five rows and more are balanced to within 2x."""
    skewed = server(page_cap=10)
    number = 0
    for gap in gaps:
        number += gap
        skewed.insert("Things", number, name="n")
    env = careful(page_size=10)
    parts = skewed.run(plan_partitions(Selection(skewed.metas["Things"]), n, env))
    sizes = [skewed.count(part, env) for part in parts]
    assert sum(sizes) == len(gaps)
    assert len(sizes) == n
    assert max(sizes) <= 2 * min(sizes)


def test_records_added_later_fall_into_one(crm: Server) -> None:
    env = careful(page_size=10)
    parts = crm.run(plan_partitions(Selection(crm.metas["Things"]), 3, env))
    crm.insert("Things", 3, name="first")
    crm.insert("Things", 999_999, name="last")
    assert sum(crm.count(part, env) for part in parts) == 102


def test_they_keep_the_order(crm: Server) -> None:
    meta = crm.metas["Things"]
    whole = Selection(meta, order=(Order(meta.fields["name"], True),))
    parts = crm.run(plan_partitions(whole, 3, careful(page_size=10)))
    assert all(part.order == whole.order for part in parts)


def test_they_cost_a_call_for_each_part(crm: Server) -> None:
    crm.run(plan_partitions(Selection(crm.metas["Things"]), 4, careful(page_size=10)))
    assert len(crm.log) == 4


def test_slices_and_senseless_numbers_are_refused(crm: Server) -> None:
    whole = Selection(crm.metas["Things"])
    with pytest.raises(UnsupportedQuery, match="Take the partitions first"):
        crm.run(plan_partitions(replace(whole, stop=5), 2, careful()))
    with pytest.raises(ValueError, match="at least 1"):
        crm.run(plan_partitions(whole, 0, careful()))
