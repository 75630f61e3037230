"""Lists of values that must all hold: narrowed, never multiplied out, and no row lost by that."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.planned import Server, careful, select, server
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q
from vtiger_orm.conditions.tree import Node
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.planner import explain, packing
from vtiger_orm.planner.branches import InList
from vtiger_orm.planner.packing import Packing

TEXTS = ["a", "A", "b", "c", "ä", "R&D", "d%", ""]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(TEXTS[:-1]),
    "note": st.sampled_from(TEXTS[:-1]),
    "whole": st.integers(0, 6),
    "amount": st.sampled_from([0, 1, 2, -360, 3]),
    "id": st.integers(1, 30).map(lambda number: f"40x{number}"),
}


def lists() -> st.SearchStrategy[Q]:
    fields = st.sampled_from(list(VALUES))
    return fields.flatmap(
        lambda name: st.lists(VALUES[name], min_size=1, max_size=5).map(
            lambda values: Q(**{f"{name}__in": values})
        )
    )


@st.composite
def trees(draw: st.DrawFn) -> Q:
    alternatives = draw(st.lists(st.lists(lists(), min_size=2, max_size=3), max_size=2, min_size=1))
    parts = [reduce(operator.and_, each) for each in alternatives]
    tree = reduce(operator.or_, parts)
    return ~tree if draw(st.integers(0, 4)) == 0 else tree


@pytest.fixture(scope="module")
def crm() -> Server:
    made = server(page_cap=10)
    for number in range(1, 31):
        made.insert(
            "Things",
            number,
            name=TEXTS[number % 8],
            note=None if number % 9 == 0 else TEXTS[number % 5],
            whole=None if number % 11 == 0 else number % 6,
            amount=["0", "1.0", "-360.0000000", "-360", None][number % 5],
        )
    return made


@examples(15)
@given(
    q=trees(),
    limits=st.sampled_from([(1, 2), (2, 3), (40, 200)]),
    collation=st.sampled_from(["general_ci", "unknown"]),
)
def test_the_rows_are_those_of_all_lists(
    crm: Server, q: Q, limits: tuple[int, int], collation: Any
) -> None:
    selection = select(crm, q)
    node: Node = selection.where
    most, listed = limits
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "MOST_PIECES", most)
        patch.setattr(packing, "LISTED_REFERENCES", listed)
        env = careful(page_size=10, collation=collation, url_budget=900)
        plain = careful()
        truth = [row["id"] for row in crm.everything("Things") if evaluate(node, row, plain)]
        assert crm.ids(selection, env) == truth
        assert crm.count(selection, env) == len(truth)
        assert crm.exists(selection, env) == bool(truth)
        told = explain(selection, env)
        assert told.expected_calls


def many(name: str, number: int) -> Q:
    return Q(**{f"{name}__in": [f"{name}{each}" for each in range(number)]})


def test_long_lists_side_by_side_are_not_multiplied_out() -> None:
    crm = server(page_cap=100)
    crm.insert("Things", 1, name="name1", note="note3999")
    crm.insert("Things", 2, name="name1", note="x")
    q = many("name", 4000) & many("note", 4000)
    env = careful(page_size=100)
    assert crm.ids(select(crm, q), env) == ["40x1"]
    assert crm.count(select(crm, q), env) == 1
    assert len(crm.log) < 100
    by_id = Q(id__in=[f"40x{number}" for number in range(1, 401)])
    crm.log.clear()
    assert crm.ids(select(crm, by_id & q), env) == ["40x1"]
    assert len(crm.log) < 20


def test_a_long_list_is_asked_about_piece_by_piece() -> None:
    """Where the server must say what equals what, also beside the ids of a page of rows."""
    crm = server(page_cap=100)
    for number in range(1, 151):
        crm.insert("Things", number, name=f"name{number % 3}", note=f"note{number % 2 * 3999}")
    env = careful(page_size=100, collation="unknown", url_budget=1000)
    q = many("name", 2) & many("note", 4000)
    truth = [f"40x{number}" for number in range(1, 151) if number % 3 < 2]
    assert crm.ids(select(crm, q), env) == truth
    assert crm.count(select(crm, q), env) == len(truth)


def test_lists_of_one_field_are_one_list() -> None:
    crm = server()
    env = careful()
    one = explain(select(crm, Q(name__in=["a", "b", "c"]) & Q(name__in=["B", "c", "d"])), env)
    assert [each.count("name") for each in one.statements] == [1]
    assert "'b','c'" in one.statements[0].replace(" ", "")
    none = explain(select(crm, Q(name__in=["a", "b"]) & Q(name__in=["c", "d"])), env)
    assert not none.statements
    assert none.calls == 0
    both = explain(select(crm, Q(name__in=["a", "R&D"]) & Q(name__in=["a", "R&amp;D"])), env)
    assert both.statements[0].count("name in") == 2


def test_so_many_pieces_are_refused_with_the_numbers() -> None:
    """Where nothing narrowed them before."""
    lists = tuple(InList(f"f{each}", tuple(f"v{n}" for n in range(4000))) for each in range(3))
    with pytest.raises(UnsupportedQuery, match="3 lists of values that must all hold take 8000"):
        Packing(7000, 100, True).packed((lists,))
