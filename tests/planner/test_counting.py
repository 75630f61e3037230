"""count() and exists() without reading rows."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.support.planned import Server, careful, server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import TRUE, Order, Selection
from vtiger_orm.emulator.engine.accounts import VIEW_ALL
from vtiger_orm.emulator.profiles import profile_named
from vtiger_orm.errors import ScanTooLarge, UnsupportedQuery
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.planner.count import MOST_STATEMENTS, difference

SQL = careful(page_size=100)


@pytest.fixture(scope="module")
def crm() -> Server:
    crm = server()
    chance = random.Random(5)
    for number in range(11, 210):
        crm.insert(
            "Things",
            number,
            name=chance.choice(["a", "b", "ab", "", None]),
            note=chance.choice(["a", "b", "ab", "", None]),
            whole=chance.choice([1, 2, 3, None]),
            parent=chance.choice([0, 7, 8, None]),
        )
    for number in (7, 8):
        crm.insert("Owners", number, title="t")
    return crm


def select(crm: Server, condition: Q) -> Selection:
    meta = crm.metas["Things"]
    return Selection(meta, resolve(meta, [condition], {}))


def truth(crm: Server, selection: Selection) -> int:
    return sum(evaluate(selection.where, row, SQL) for row in crm.everything("Things"))


@pytest.mark.parametrize(
    ("condition", "statements"),
    [
        (Q(), 1),
        (Q(name="a"), 1),
        (~Q(name="a"), 2),
        (Q(whole=None), 2),
        (~Q(name__contains="a"), 2),
        (Q(whole=1) & ~Q(name__contains="a"), 2),
        (Q(name__contains="a") | ~Q(note__contains="a"), 3),
        (Q(id=None), 0),
        (Q(id__in=[f"40x{n}" for n in range(1, 251)]), 3),  # disjoint lists add up
        (Q(parent__in=[f"41x{n}" for n in range(1, 401)]), 2),
    ],
    ids=repr,
)
def test_number_of_statements(crm: Server, condition: Q, statements: int) -> None:
    selection = select(crm, condition)
    crm.log.clear()
    assert crm.count(selection, SQL) == truth(crm, selection)
    assert len(crm.log) == statements
    assert all(text.startswith("select count(*)") for text in crm.log)


def test_overlapping_statements_are_not_counted_twice(crm: Server) -> None:
    """``A + B - (A and B)``, where one statement cannot say ``A or B``."""
    pair = Q(name="a", note="b") | Q(name="a", whole=1) | Q(note="b", whole=2)
    selection = select(crm, pair)
    crm.log.clear()
    assert crm.count(selection, Environment(precedence_known=False)) == truth(crm, selection)
    assert len(crm.log) == 3


def test_beyond_the_limit_of_statements_ids_are_read(crm: Server) -> None:
    tree = ~Q(name__contains="a") | ~Q(note__contains="b")
    for number in range(8):
        tree = tree & (~Q(name__contains=f"{number}") | ~Q(note__contains=f"x{number}"))
    selection = select(crm, tree)
    assert difference(compiled(selection, SQL)) is None
    crm.log.clear()
    assert crm.count(selection, SQL) == truth(crm, selection)
    assert len(crm.log) < MOST_STATEMENTS
    with pytest.raises(ScanTooLarge, match="max_scan_rows is 50"):
        crm.count(selection, careful(page_size=10, max_scan_rows=50))


@pytest.mark.parametrize(
    ("start", "stop"), [(0, None), (5, None), (0, 3), (10, 20), (190, 999), (500, 600), (9, 2)]
)
def test_the_count_of_a_slice_is_the_number_of_its_rows(
    crm: Server, start: int, stop: int | None
) -> None:
    selection = replace(select(crm, ~Q(name="a")), start=start, stop=stop)
    assert crm.count(selection, SQL) == len(crm.ids(selection, SQL))
    assert crm.exists(selection, SQL) == bool(crm.ids(selection, SQL))


def test_a_negative_sum_is_counted_again(crm: Server) -> None:
    """The counts are taken at different moments; on moving data they may not fit together."""
    from vtiger_orm.planner import plan_count

    plan = plan_count(select(crm, ~Q(name__contains="a")), SQL)
    next(plan)
    plan.send([[{"count": "3"}], [{"count": "5"}]])
    with pytest.raises(StopIteration) as ended:
        plan.send([[{"count": "6"}], [{"count": "5"}]])
    assert ended.value.value == 1


@pytest.mark.parametrize(
    ("condition", "most"),
    [
        (Q(name="a"), 1),
        (~Q(name="a"), 1),
        (Q(whole=None), 1),
        (Q(name="zz"), 2),
        (~Q(name__contains="a"), 2),
        (Q(name="zz") | ~Q(note__contains="a"), 5),
        (Q(id__in=[]), 0),
    ],
    ids=repr,
)
def test_exists_reads_at_most_a_row(crm: Server, condition: Q, most: int) -> None:
    selection = select(crm, condition)
    crm.log.clear()
    assert crm.exists(selection, careful(page_size=100)) == bool(truth(crm, selection))
    assert len(crm.log) <= most
    assert all("limit 1;" in text or "count(*)" in text for text in crm.log)


def test_a_head_of_one_row_tells_whether_there_is_a_null(crm: Server) -> None:
    for name, expected in (("money", True), ("id", False)):
        condition: Any = Q(money=None) if name == "money" else Q(id=None)
        assert crm.exists(select(crm, condition), SQL) is expected


def test_a_server_that_does_not_count_is_noticed_by_its_answers() -> None:
    """A session believes its package until it has logged in: the CRM may be a later release."""
    crm = server(profile=profile_named("vtiger-8.3"))
    for number in range(1, 13):
        crm.insert("Things", number, name="a")
    env = careful(can_count=True)
    assert crm.count(Selection(crm.metas["Things"], TRUE), env) == 12
    assert env.knowledge.counts is False
    crm.log.clear()
    assert crm.count(Selection(crm.metas["Things"], TRUE), env) == 12
    assert not any("count(*)" in text for text in crm.log)


def test_an_empty_module_of_such_a_server_is_no_error() -> None:
    crm = server(profile=profile_named("vtiger-8.3"))
    selection, env = Selection(crm.metas["Things"], TRUE), careful(can_count=True)
    assert crm.count(selection, env) == 0
    assert crm.exists(selection, env) is False
    assert crm.ids(selection, env) == []


def test_that_a_server_does_not_count_is_noticed_where_rows_are_left_out_of_pages() -> None:
    """The first record is hidden from the user, so that one row would show nothing."""
    crm = server(profile=profile_named("vtiger-8.3"), thinned=True)
    crm.engine.accounts.add_user("clerk")
    crm.engine.accounts.restrict("clerk", VIEW_ALL, "")
    crm.engine.accounts.set_private("Things")
    clerk = crm.engine.user("clerk")
    assert clerk is not None
    crm.insert("Things", 1, name="a", assigned_user_id=1)
    crm.insert("Things", 2, name="a", assigned_user_id=clerk.number)
    crm.user = "clerk"
    env = careful(can_count=True, thinned_pages=True)
    with pytest.raises(UnsupportedQuery, match="does not count"):
        crm.count(Selection(crm.metas["Things"], TRUE), env)
    assert env.knowledge.counts is False


@pytest.mark.parametrize(("down", "mine"), [(True, 1), (False, 9), (True, 9), (False, 1)])
def test_a_first_page_that_is_hidden_as_a_whole_is_no_error(down: bool, mine: int) -> None:
    """Neither in the order that is asked for nor by id does it show that a statement fails."""
    crm = server(profile=profile_named("vtiger-8.3"), thinned=True, page_cap=3)
    crm.engine.accounts.add_user("clerk")
    crm.engine.accounts.restrict("clerk", VIEW_ALL, "")
    crm.engine.accounts.set_private("Things")
    clerk = crm.engine.user("clerk")
    assert clerk is not None
    for number in range(1, 10):
        owner = clerk.number if number == mine else 1
        crm.insert("Things", number, name="a", assigned_user_id=owner)
    crm.user = "clerk"
    meta = crm.metas["Things"]
    env = careful(page_size=3, can_count=False, thinned_pages=True)
    by_id = Selection(meta, TRUE, (Order(meta.fields["id"], down),))
    with pytest.raises(UnsupportedQuery, match="does not count"):
        crm.ids(by_id, env)
