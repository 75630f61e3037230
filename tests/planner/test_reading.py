"""How rows are read: pages and their number, columns, slices, awkward modules, refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.support.planned import (
    KINDS,
    Server,
    careful,
    described,
    order_by,
    select,
    server,
    things,
)
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Query
from vtiger_orm.calls.pace import Parallel
from vtiger_orm.calls.plans import Batch, Rows
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.errors import ScanTooLarge, UnsupportedQuery
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.planner import plan_rows
from vtiger_orm.planner.orders import total_key

SQL = careful(page_size=100)


def calls(crm: Server, selection: Selection, env: Environment) -> int:
    """Calls it takes to read the rows, once the statements' shapes are known to work; the rows
    are checked on the way."""
    crm.ids(selection, env)
    crm.log.clear()
    found = crm.ids(selection, env)
    taken = len(crm.log)
    rows = [r for r in crm.everything("Things") if evaluate(selection.where, r, env)]
    truth = [row["id"] for row in sorted(rows, key=total_key(selection.order))]
    truth = truth[selection.start : selection.stop]
    assert len(found) == len(set(found)) == len(truth)
    if not selection.order:
        assert found == truth
    return taken


# -- by id


@pytest.mark.parametrize(
    ("condition", "most"),
    [
        (Q(), 6),  # 403 rows in pages of 100, and the proof of their end
        (Q(whole=1), 3),  # 135 rows
        (Q(id="40x5"), 1),
        (Q(id__in=[f"40x{n}" for n in range(1, 101)]), 1),  # exactly one full page
        (Q(id__in=[f"40x{n}" for n in range(1, 301)]), 3),
        (Q(day=None), 4),  # 202 NULL dates: statement, and a head of 3 pages
        (Q(note=None), 6),  # few NULL and many empty: a statement and a short head
        (Q(money=None), 1),  # 60 NULL numbers: one head
        (~Q(whole=1), 5),  # no NULL: first page, statement for the rest, empty head
        (~Q(name="n3"), 7),
        (~Q(day__gte=date(2030, 1, 1)), 6),
        (~Q(name__contains="n3"), 7),  # superset, with its count
        (Q(name="n3") & ~Q(note__contains="t"), 1),  # fewer than a page: evaluated at once
        (Q(id=None), 0),
        (Q(name__in=[]), 0),
    ],
    ids=repr,
)
def test_number_of_calls(many: Server, condition: Q, most: int) -> None:
    """Nothing is known of NULLs in advance."""
    assert calls(many, select(many, condition), careful(page_size=100)) <= most


@pytest.mark.parametrize(
    ("condition", "most"),
    [
        (Q(name="n3"), 1),
        (~Q(name="n3"), 6),  # statement and head: the server compares, nothing is judged here
        # two pages, their end, a count; for each page a verdict, and whether the rows are there
        (Q(whole=1) & ~Q(note__contains="x"), 8),
        (Q(name="n3") & ~Q(note__contains="x"), 3),
    ],
    ids=repr,
)
def test_number_of_calls_where_only_the_server_can_compare_text(
    many: Server, condition: Q, most: int
) -> None:
    env = careful(page_size=100, collation="unknown")
    assert calls(many, select(many, condition), env) <= most


def test_what_a_head_found_out_is_remembered(many: Server) -> None:
    env = careful(page_size=100)
    many.ids(select(many, ~Q(name="n3")), env)
    assert env.knowledge.null_free("Things", "name") is True
    many.log.clear()
    assert len(many.ids(select(many, ~Q(name="n3")), env)) == 403 - 58
    assert len(many.log) == 5, "only the statement itself, to its end"


def test_many_fields_are_asked_about_at_once_whether_they_hold_null() -> None:
    """Two calls when none of them does, and then the statement is exact."""
    crm = server(page_cap=10)
    for number in range(1, 40):
        crm.insert("Things", number, name="a", note="b", mail="c", stage="d", flag="1")
    env = careful(page_size=10)
    condition = ~Q(name="x") & ~Q(note="x") & ~Q(mail="x")
    assert len(crm.ids(select(crm, condition), env)) == 39
    counted = [text for text in crm.log if text.startswith("select count(*)")]
    assert counted[0] == "select count(*) from Things;"
    assert counted[1].count(" like '%'") == 3
    assert len(counted) == 2
    assert not any("order by name" in text for text in crm.log), "no head was needed"
    assert all(env.knowledge.null_free("Things", name) for name in ("name", "note", "mail"))


def test_only_what_the_server_left_open_is_read_and_tested(many: Server) -> None:
    many.log.clear()
    many.ids(select(many, Q(whole=1, flag=True) & ~Q(name__contains="3")), SQL)
    assert many.log[0].startswith("select id,name from Things where whole = '1' and flag = '1'")


def test_dates_are_never_believed_to_be_free_of_null() -> None:
    crm = server(things(day="date"))
    for number in range(1, 30):
        crm.insert("Things", number, day="2024-01-01")
    env = careful(page_size=10)
    crm.ids(select(crm, ~Q(day__year=2023)), env)
    assert env.knowledge.null_free("Things", "day") is None


def test_knowledge_of_nulls_expires() -> None:
    from vtiger_orm.calls.environment import NULL_FREE_SECONDS, Knowledge

    now = [0.0]
    knowledge = Knowledge(clock=lambda: now[0])
    knowledge.learn_null_free("M", "f", True)
    assert knowledge.null_free("M", "f") is True
    now[0] = NULL_FREE_SECONDS + 1
    assert knowledge.null_free("M", "f") is None


@pytest.mark.parametrize(
    ("start", "stop", "most"),
    [(0, 10, 1), (0, 100, 1), (5, 105, 1), (0, 0, 0), (7, 3, 0), (400, 500, 1), (0, 150, 2)],
)
def test_slices_of_what_the_server_decides(many: Server, start: int, stop: int, most: int) -> None:
    selection = replace(select(many), start=start, stop=stop)
    assert calls(many, selection, SQL) == most
    narrow = replace(selection, where=select(many, whole=1).where)  # 135 rows
    proof = 1 if start >= 135 or stop == 150 else 0  # that there are none, or no more
    assert calls(many, narrow, SQL) <= most + proof


def test_slices_under_a_residual_stop_reading(many: Server) -> None:
    selection = replace(select(many, ~Q(name__contains="n3")), start=10, stop=20)
    assert calls(many, selection, SQL) == 1


# -- by another order


@pytest.mark.parametrize(
    ("names", "start", "stop", "most"),
    [
        ("id", 0, 10, 1),
        ("-id", 0, 10, 1),
        ("name", 0, 50, 1),
        ("name", 30, 80, 1),
        ("-moment", 0, 50, 1),
        ("-moment", 50, 90, 2),
        ("-name -whole", 0, 50, 2),
        ("moment -name", 0, 30, 1),
        ("-moment name", 0, 30, 1),
        ("name", 0, None, 6),
        ("-name -whole", 0, None, 7),
        ("-whole name", 0, None, 6),
    ],
)
def test_calls_of_orders(many: Server, names: str, start: int, stop: int | None, most: int) -> None:
    """One call for a page where the server has the order, two from the end."""
    selection = replace(order_by(select(many), names), start=start, stop=stop)
    assert calls(many, selection, SQL) <= most


def test_slices_of_one_order_fit_together(many: Server) -> None:
    """Ties have a fixed place, whatever way a slice is read."""
    for names in ("name", "-name", "-name -whole", "whole -name", "-whole name", "-flag", "flag"):
        whole = many.ids(order_by(select(many), names), SQL)
        pieces: list[str] = []
        for start in range(0, 420, 60):
            part = replace(order_by(select(many), names), start=start, stop=start + 60)
            pieces += many.ids(part, SQL)
        assert pieces == whole, names


def test_ties_of_a_descending_order_are_the_reverse_of_the_ascending_one(many: Server) -> None:
    up = many.ids(order_by(select(many), "moment"), SQL)
    assert many.ids(order_by(select(many), "-moment"), SQL) == up[::-1]
    assert many.ids(order_by(select(many), "-moment -name"), SQL) == (
        many.ids(order_by(select(many), "moment name"), SQL)[::-1]
    )


def test_an_order_the_server_lacks_is_refused_beyond_the_limit(many: Server) -> None:
    env = careful(page_size=10, max_scan_rows=250)
    with pytest.raises(ScanTooLarge, match=r"sorted in memory by -whole, name.*250"):
        many.ids(order_by(select(many), "-whole name"), env)
    assert many.ids(order_by(select(many), "-whole -name"), env)


def test_the_rest_of_a_page_is_not_lost_when_the_next_call_fails(many: Server) -> None:
    """Rows that were read are handed out before the error is raised."""
    stream = plan_rows(select(many), SQL)
    step = next(stream)
    assert isinstance(step, Query)
    rows = stream.send(many.query(step.text))
    assert isinstance(rows, Rows)
    assert isinstance(rows.ahead, Query)
    assert "id > '40x100'" in rows.ahead.text


def test_the_next_page_is_asked_for_with_every_page_but_the_last(many: Server) -> None:
    for condition in (Q(), ~Q(name="n3"), ~Q(name__contains="n3"), Q(day=None)):
        env = careful(page_size=50)
        many.ids(select(many, condition), env)
        stream = plan_rows(select(many, condition), env)
        reply: Any = None
        ahead = []
        while True:
            try:
                step = stream.send(reply)
            except StopIteration:
                break
            if isinstance(step, Rows):
                ahead.append(step.ahead is not None)
                reply = None if step.ahead is None else many.perform(step.ahead)
            else:
                reply = many.perform(step)
        assert sum(ahead) >= len(ahead) - 2


@pytest.mark.parametrize("names", ["", "-id", "name", "-name", "-name -whole", "name -whole"])
def test_a_server_that_cuts_pages_shorter_than_believed_loses_nothing(
    many: Server, names: str
) -> None:
    """The cap is silent: 200 were asked for, 100 came."""
    env = careful(page_size=200)
    for condition in (Q(), ~Q(name="n3"), ~Q(name__contains="n3"), Q(day=None)):
        selection = order_by(select(many, condition), names)
        found = many.ids(selection, env)
        assert sorted(found) == sorted(many.ids(selection, SQL))


def test_null_and_empty_come_once_in_a_descending_order() -> None:
    """They are one group, in which the ids alone decide."""
    crm = server(things(name="string"), page_cap=20)
    for number in (1, 2, 3):
        crm.insert("Things", number, name="")
    for number in (10, 11, 12):
        crm.insert("Things", number, name=None)
    crm.insert("Things", 5, name="x")
    found = crm.ids(order_by(select(crm), "-name"), careful(page_size=20))
    assert found == ["40x5", "40x12", "40x11", "40x10", "40x3", "40x2", "40x1"]


# -- columns


def test_columns_are_explicit_and_rows_hold_no_others(many: Server) -> None:
    rows = many.rows(select(many, ~Q(name="n1"), whole=1, columns="note"), SQL)
    assert all(set(row) == {"id", "note"} for row in rows)
    assert "*" not in "".join(many.log).replace("count(*)", "")
    ordered = order_by(select(many, whole=1, columns="note"), "-moment")
    assert all(set(row) == {"id", "note"} for row in many.rows(ordered, SQL))


def test_all_columns_that_can_be_read_are_read_by_default(many: Server) -> None:
    (row,) = many.rows(select(many, id="40x5", columns=None), SQL)
    assert set(row) == {*KINDS, "id"}


def test_columns_that_do_not_fit_into_one_statement_are_read_by_id() -> None:
    names = {f"cf_a_rather_long_name_{n}": "string" for n in range(60)}
    crm = server(described("Things", "40", names))
    for number in range(1, 30):
        crm.insert("Things", number, **{name: f"{name}{number}" for name in names})
    env = careful(page_size=10, url_budget=1500)
    rows = crm.rows(Selection(crm.metas["Things"]), env)
    assert len(rows) == 29
    assert all(row[name] == f"{name}{row['id'][3:]}" for row in rows for name in names)
    assert max(map(len, crm.log)) < 1500
    ordered = order_by(Selection(crm.metas["Things"]), "-cf_a_rather_long_name_59")
    assert [set(row) for row in crm.rows(ordered, env)] == [{*names, "id"}] * 29


def test_a_column_that_cannot_be_read_is_refused() -> None:
    crm = server(described("Odd", "50", {"tax1": "double"}, flaws={"tax1": Flaw.DENIED}))
    meta = crm.metas["Odd"]
    with pytest.raises(UnsupportedQuery, match=r"Odd\.tax1 cannot be read: the CRM refuses"):
        crm.rows(Selection(meta, columns=(meta.fields["tax1"],)), SQL)
    assert crm.rows(Selection(meta), SQL) == []


# -- several at once


def test_pages_are_read_side_by_side(many: Server) -> None:
    """Whatever the way: by id in one statement, NULL by itself, a superset. In order."""
    env = careful(page_size=20, parallel=Parallel(4, 4))
    for condition in (Q(), ~Q(name="n3"), ~Q(name__contains="n3")):
        selection = select(many, condition)
        under_way: list[int] = []
        stream = plan_rows(selection, env)
        found: list[str] = []
        reply: Any = None
        while True:
            try:
                step = stream.send(reply)
            except StopIteration:
                break
            asked = step.ahead if isinstance(step, Rows) else step
            if isinstance(step, Rows):
                found += [row["id"] for row in step.rows]
            if isinstance(asked, Batch):
                under_way.append(len(asked.calls) + len(asked.soon))
            reply = None if asked is None else many.perform(asked)
        assert found == many.ids(selection, careful(page_size=20))
        assert max(under_way) >= 4
    assert many.ids(order_by(select(many), "id"), env) == many.ids(select(many), SQL)


# -- limits


def test_a_scan_beyond_the_limit_is_refused_with_both_numbers(many: Server) -> None:
    env = careful(page_size=20, max_scan_rows=300)
    with pytest.raises(ScanTooLarge, match=r"reading 383 rows or more.*max_scan_rows is 300"):
        many.ids(select(many, ~Q(name__contains="n3")), env)
    assert many.ids(replace(select(many, ~Q(name__contains="n3")), stop=5), env)
    assert len(many.ids(select(many), env)) == 403, "what the server decides has no limit"


def test_a_large_superset_is_read_branch_by_branch_where_that_is_small(many: Server) -> None:
    """The exact way, when the superset is too large."""
    condition = Q(money=None) & ~Q(note__contains="zz") | Q(id__in=["40x70", "40x71"])
    env = careful(page_size=20, max_scan_rows=200)
    found = many.ids(select(many, condition), env)
    assert found == [f"40x{number}" for number in [*range(1, 61), 70, 71]]
