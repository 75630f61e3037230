"""How rows are read: pages and their number, columns, slices, awkward modules, refusals."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.support.planned import KINDS, Server, careful, described, server, things
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Query
from vtiger_orm.calls.pace import Parallel
from vtiger_orm.calls.plans import Batch, Rows
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import TRUE, Node, Order, Selection
from vtiger_orm.errors import ScanTooLarge, SilentQueryError, UnsupportedQuery
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.planner import plan_rows
from vtiger_orm.planner.orders import total_key

SQL = careful(page_size=100)


@pytest.fixture(scope="module")
def many() -> Server:
    """403 rows: blanks of both sorts, a field without NULL, ties, dates mostly empty."""
    crm = server()
    chance = random.Random(3)
    for number in range(1, 404):
        crm.insert(
            "Things",
            number,
            name=f"n{number % 7}",
            note=chance.choice(["", "", "", "text"]) if number % 40 else None,
            whole=number % 3,
            day=None if number % 2 else "2024-01-01",
            moment=f"2024-01-{number % 28 + 1:02} 12:{number % 60:02}:00",
            flag=chance.choice(["0", "1", ""]) if number > 30 else None,
            money=None if number <= 60 else "1.00000000",
            parent=chance.choice([0, 7, 8]),
        )
    for number in (7, 8):
        crm.insert("Owners", 1000 + number, title="t")
    return crm


def select(crm: Server, *args: Any, columns: str | None = "", **lookups: Any) -> Selection:
    meta = crm.metas["Things"]
    names = None if columns is None else tuple(meta.fields[each] for each in columns.split())
    return Selection(meta, resolve(meta, args, lookups), columns=names)


def order_by(selection: Selection, names: str) -> Selection:
    fields = selection.module.fields
    return replace(
        selection,
        order=tuple(Order(fields[n.lstrip("-")], n.startswith("-")) for n in names.split()),
    )


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
        (Q(), 5),  # 403 rows in pages of 100
        (Q(whole=1), 2),  # 135 rows
        (Q(id="40x5"), 1),
        (Q(id__in=[f"40x{n}" for n in range(1, 101)]), 1),  # exactly one full page
        (Q(id__in=[f"40x{n}" for n in range(1, 301)]), 3),
        (Q(day=None), 4),  # 202 NULL dates: statement, and a head of 3 pages
        (Q(note=None), 6),  # few NULL and many empty: a statement and a short head
        (Q(money=None), 1),  # 60 NULL numbers: one head
        (~Q(whole=1), 5),  # no NULL: first page, statement for the rest, empty head
        (~Q(name="n3"), 7),
        (~Q(day__gte=date(2030, 1, 1)), 6),
        (~Q(name__contains="n3"), 6),  # superset, with its count
        (Q(name="n3") & ~Q(note__contains="t"), 1),  # fewer than a page: evaluated at once
        (Q(id=None), 0),
        (Q(name__in=[]), 0),
    ],
    ids=repr,
)
def test_number_of_calls(many: Server, condition: Q, most: int) -> None:
    """About as in the table of PLANNING 3.4; nothing is known of NULLs in advance."""
    assert calls(many, select(many, condition), careful(page_size=100)) <= most


@pytest.mark.parametrize(
    ("condition", "most"),
    [
        (Q(name="n3"), 1),
        (~Q(name="n3"), 6),  # statement and head: the server compares, nothing is judged here
        # two pages, a count; for each page a verdict, and whether the rows are still there
        (Q(whole=1) & ~Q(note__contains="x"), 7),
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
    assert len(many.log) == 4, "only the statement itself"


def test_many_fields_are_asked_about_at_once_whether_they_hold_null() -> None:
    """PLANNING 3.1: two calls when none of them does, and then the statement is exact."""
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
    proof = 1 if start >= 135 else 0  # that there are none
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
    """PLANNING 6: one call for a page where the server has the order, two from the end."""
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
    """The cap is silent (BEHAVIOUR 1.8): 200 were asked for, 100 came."""
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
    """PLANNING 7: a short or even empty page in the middle is not the end."""
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


# -- one-to-many joins (PLANNING 9)


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
    crm = server(described("Quotes", "4", kinds), page_cap=10)
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


# -- several at once


def test_pages_are_read_side_by_side(many: Server) -> None:
    """Whatever the way: by id in one statement, NULL by itself, a superset. In order."""
    env = careful(page_size=20, parallel=Parallel(4, 4))
    for condition in (Q(), ~Q(name="n3"), ~Q(name__contains="n3")):
        selection = select(many, condition)
        batches: list[int] = []
        stream = plan_rows(selection, env)
        found: list[str] = []
        reply: Any = None
        while True:
            try:
                step = stream.send(reply)
            except StopIteration:
                break
            if isinstance(step, Rows):
                found += [row["id"] for row in step.rows]
                reply = None if step.ahead is None else many.perform(step.ahead)
            else:
                if isinstance(step, Batch):
                    batches.append(len(step.calls))
                reply = many.perform(step)
        assert found == many.ids(selection, careful(page_size=20))
        assert max(batches) >= 4
    assert many.ids(order_by(select(many), "id"), env) == many.ids(select(many), SQL)


# -- limits


def test_a_scan_beyond_the_limit_is_refused_with_both_numbers(many: Server) -> None:
    env = careful(page_size=20, max_scan_rows=300)
    with pytest.raises(ScanTooLarge, match=r"reading 383 rows or more.*max_scan_rows is 300"):
        many.ids(select(many, ~Q(name__contains="n3")), env)
    assert many.ids(replace(select(many, ~Q(name__contains="n3")), stop=5), env)
    assert len(many.ids(select(many), env)) == 403, "what the server decides has no limit"


def test_a_large_superset_is_read_branch_by_branch_where_that_is_small(many: Server) -> None:
    """PLANNING 3.4: the exact way, when the superset is too large."""
    condition = Q(money=None) & ~Q(note__contains="zz") | Q(id__in=["40x70", "40x71"])
    env = careful(page_size=20, max_scan_rows=200)
    found = many.ids(select(many, condition), env)
    assert found == [f"40x{number}" for number in [*range(1, 61), 70, 71]]


# -- silent SQL errors (PLANNING 10)


def node(crm: Server, **lookups: Any) -> Node:
    return resolve(crm.metas["Things"], [], lookups)


def test_every_empty_answer_is_confirmed(many: Server) -> None:
    """Also of a statement that has worked before: the next may fail for another reason."""
    env = careful(page_size=100)
    assert many.ids(select(many, name="none"), env) == []
    assert many.log[-1].startswith("select count(*)")
    many.log.clear()
    assert many.ids(select(many, name="nobody"), env) == []
    assert [text.split(" from ")[0] for text in many.log] == ["select id", "select count(*)"]


def test_a_swallowed_sql_error_is_raised_with_the_statement() -> None:
    crm = server()
    crm.insert("Things", 1, name="a")
    selection = select(crm, name="a", columns="name")
    stream = plan_rows(selection, careful())
    step = next(stream)
    assert isinstance(step, Query)
    counting = stream.send([])
    assert isinstance(counting, Query)
    assert "order by" not in counting.text, "a count with an order fails although nothing is wrong"
    proof = stream.send([])
    assert isinstance(proof, Query)
    assert "name = 'a' or id > '0x0'" in proof.text, "answers a row unless the condition fails"
    every = stream.send([])
    assert isinstance(every, Query)
    assert "where" not in every.text
    with pytest.raises(SilentQueryError, match="reports an SQL error") as caught:
        stream.send([{"id": "40x1"}])
    assert caught.value.statement == counting.text
    stream = plan_rows(selection, careful())
    first = next(stream)
    stream.send([])
    again = stream.send([{"count": "1"}])
    assert again == first
    assert stream.send([]) == counting
    with pytest.raises(SilentQueryError, match="counts 1 rows") as caught:
        stream.send([{"count": "1"}])
    assert isinstance(first, Query)
    assert caught.value.statement == first.text


def test_a_count_that_answers_nothing_is_an_error() -> None:
    """Unless the condition works: then it is counting that does not."""
    from vtiger_orm.planner import plan_count

    crm = server()
    env = careful()
    plan = plan_count(select(crm, name="a"), env)
    counting = next(plan)
    assert isinstance(counting, Query)
    proof, every = plan.send([]), plan.send([])
    assert isinstance(proof, Query)
    assert "or id > '0x0'" in proof.text
    assert isinstance(every, Query)
    assert "where" not in every.text
    with pytest.raises(SilentQueryError) as caught:
        plan.send([{"id": "40x1"}])
    assert caught.value.statement == counting.text
    assert env.knowledge.counts, "nothing is learnt from a statement that fails"


def test_everything_is_true_of_a_true_condition(many: Server) -> None:
    assert many.ids(Selection(many.metas["Things"], TRUE), SQL) == [
        f"40x{number}" for number in range(1, 404)
    ]
