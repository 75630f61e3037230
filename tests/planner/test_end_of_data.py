"""An end of data is believed only where it is proved: a swallowed SQL error anywhere in a read is
either made good or raised, and pages may be shorter than was believed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support.planned import Server, careful, server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Row
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Order, Selection
from vtiger_orm.errors import MalformedAnswer, SilentQueryError
from vtiger_orm.planner import plan_rows

ROWS = 40
PAGE = 10


@dataclass
class Odd(Server):
    """A server that answers some statements as it should not."""

    answer: Callable[[int, str], Any] = lambda number, text: None
    """What is answered to a statement, by its number, in place of its rows; None for those."""

    def query(self, text: str) -> list[Row]:
        rows = super().query(text)
        other = self.answer(len(self.log), text)
        return rows if other is None else other


def filled(rows: int = ROWS, page_cap: int = PAGE) -> Odd:
    plain = server(page_cap=page_cap)
    crm = Odd(plain.engine, plain.metas)
    chance = random.Random(5)
    for number in range(1, rows + 1):
        crm.insert(
            "Things",
            number,
            name=chance.choice(["a", "b", "c", "d"]),
            note=chance.choice([None, "", "x", "y"]),
            whole=number % 5,
            day=chance.choice([None, "2024-01-01"]),
            parent=chance.choice([0, None, 9001, 9002]),
        )
    for number in (9001, 9002):
        crm.insert("Owners", number, title="t", rank=number % 2)
    return crm


def select(crm: Server, condition: Any, order: str = "", start: int = 0, stop: Any = None) -> Any:
    meta = crm.metas["Things"]
    wanted = tuple(Order(meta.fields[n.lstrip("-")], n.startswith("-")) for n in order.split())
    return Selection(meta, resolve(meta, [condition], {}), wanted, start, stop)


def inner(crm: Server) -> Q:
    meta = crm.metas["Owners"]

    class Records:
        selection = Selection(meta, resolve(meta, [], {"rank": 1}))

    return Q(parent__in=Records())


CONDITIONS: dict[str, Callable[[Server], Q]] = {
    "everything": lambda crm: Q(),
    "exact": lambda crm: Q(name="a"),
    "nothing": lambda crm: Q(name="z"),
    "blank": lambda crm: Q(note=None),
    "blank day": lambda crm: Q(day=None),
    "negated": lambda crm: ~Q(note="x"),
    "residual": lambda crm: ~Q(note__contains="x") & Q(whole__gte=1),
    "by id": lambda crm: Q(id__in=[f"40x{n}" for n in range(5, 35)]),
    "semi-join": inner,
}
ORDERS = ["", "-id", "name", "name whole", "-name -whole", "-name", "-day", "name -whole"]


def every_position(taken: int) -> Iterator[int]:
    yield from range(1, taken + 1)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("settings", [{}, {"can_count": False}, {"parallel": 2}], ids=repr)
def test_one_swallowed_error_loses_nothing(name: str, order: str, settings: dict[str, Any]) -> None:
    """At whatever statement it happens: the rows are all there, or the error is raised."""
    crm = filled()
    if not settings.get("can_count", True):
        crm.answer = lambda number, text: [] if "count(*)" in text else None
    selection = select(crm, CONDITIONS[name](crm), order)
    truth = crm.ids(selection, careful(page_size=PAGE, **settings))
    honest, taken = crm.answer, len(crm.log)
    for position in every_position(taken):
        crm.log.clear()
        crm.answer = lambda number, text, at=position: (
            [] if number == at else honest(number, text)
        )
        try:
            found = crm.ids(selection, careful(page_size=PAGE, **settings))
        except SilentQueryError:
            continue
        assert found == truth, (position, crm.log)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("can_count", [True, False])
def test_counts_and_existence_do_not_suffer_from_one_either(name: str, can_count: bool) -> None:
    crm = filled()
    silent: Callable[[int, str], Any] = lambda number, text: (
        [] if "count(*)" in text and not can_count else None
    )
    crm.answer = silent
    selection = select(crm, CONDITIONS[name](crm))
    env = careful(page_size=PAGE, can_count=can_count)
    number, exists = crm.count(selection, env), crm.exists(selection, env)
    assert number == len(crm.ids(selection, env))
    for position in every_position(len(crm.log)):
        for asked, truth in ((crm.count, number), (crm.exists, exists)):
            crm.log.clear()
            crm.answer = lambda number, text, at=position: (
                [] if number == at else silent(number, text)
            )
            env = careful(page_size=PAGE, can_count=can_count)
            try:
                found = asked(selection, env)
            except SilentQueryError:
                continue
            assert found == truth, (position, crm.log)


def test_an_error_in_a_slice_or_a_deep_page_is_no_end() -> None:
    crm = filled(rows=95)
    for order in ORDERS:
        for start, stop in ((0, 10), (25, 60), (90, 120), (30, None)):
            selection = select(crm, Q(), order, start, stop)
            crm.answer = lambda number, text: None
            crm.log.clear()
            truth = crm.ids(selection, careful(page_size=PAGE))
            for position in every_position(len(crm.log)):
                crm.log.clear()
                crm.answer = lambda number, text, at=position: [] if number == at else None
                try:
                    found = crm.ids(selection, careful(page_size=PAGE))
                except SilentQueryError:
                    continue
                assert found == truth, (order, start, stop, position)


def test_the_proof_costs_one_call_where_pages_come_out_even() -> None:
    """Below 3 % of a long read, and nothing where the last page is short."""
    for rows, calls in ((1000, 102), (1001, 101), (1009, 101)):
        crm = filled(rows=rows)
        env = careful(page_size=PAGE)
        assert len(crm.ids(select(crm, Q()), env)) == rows
        assert len(crm.log) == calls
        assert calls <= 1.03 * (rows / PAGE + 1)


# -- pages that are shorter than believed


@pytest.mark.parametrize("cap", [2, 3, 5, 7, 10, 20, 50, 100])
@pytest.mark.parametrize("believed", [2, 3, 5, 10, 19, 50, 100, 200])
@pytest.mark.parametrize("order", ORDERS)
def test_pages_may_be_smaller_than_believed(cap: int, believed: int, order: str) -> None:
    """Believed sizes of 20 rows and more are cut to round numbers."""
    if cap % 5 and believed >= 20:
        cap = 25
    crm = filled(rows=120, page_cap=cap)
    fitting = select(crm, Q(whole__gte=1), order)
    truth = crm.ids(fitting, careful(page_size=cap))
    assert len(truth) == 96
    assert crm.ids(fitting, careful(page_size=believed)) == truth
    for name in ("blank", "negated", "residual", "by id", "semi-join"):
        selection = select(crm, CONDITIONS[name](crm), order)
        assert crm.ids(selection, careful(page_size=believed)) == crm.ids(
            selection, careful(page_size=cap)
        )


def test_a_page_that_was_not_cut_is_doubted_once() -> None:
    crm = filled(rows=40, page_cap=100)
    env = careful(page_size=100)
    for expected in (2, 1, 1):
        crm.log.clear()
        assert len(crm.ids(select(crm, Q()), env)) == 40
        assert len(crm.log) == expected


# -- servers that cannot count


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 20, 99, 100, 101, 640, 1003])
def test_rows_are_counted_by_pages_where_the_server_cannot(rows: int) -> None:
    crm = filled(rows=rows)
    crm.answer = lambda number, text: [] if "count(*)" in text else None
    env = careful(page_size=PAGE, can_count=False)
    assert crm.count(select(crm, Q()), env) == rows
    assert len(crm.log) <= 22
    assert not any("count(*)" in text for text in crm.log)
    assert crm.exists(select(crm, Q()), env) is bool(rows)


def test_rows_that_come_and_go_while_pages_are_counted() -> None:
    crm = filled(rows=200)
    chance = random.Random(1)

    def before(text: str) -> None:
        number = chance.randrange(190, 200)
        chance.choice([crm.delete, crm.undelete])("Things", number)

    crm.before = before
    for _ in range(20):
        found = crm.count(select(crm, Q()), careful(page_size=PAGE, can_count=False))
        assert 185 <= found <= 200


# -- what is no answer


@pytest.mark.parametrize("answer", [{}, "", 0, {"id": "40x1"}, ["40x1"], [None], [{"name": "a"}]])
def test_what_is_no_list_of_rows_is_malformed(answer: Any) -> None:
    crm = filled()
    for position in (1, 2):
        crm.log.clear()
        crm.answer = lambda number, text, at=position: answer if number == at else None
        with pytest.raises(MalformedAnswer):
            crm.ids(select(crm, Q()), careful(page_size=PAGE))


def test_null_is_malformed_too() -> None:
    crm = filled()
    stream = plan_rows(select(crm, Q()), careful())
    next(stream)
    with pytest.raises(MalformedAnswer, match="NoneType instead of a list"):
        stream.send(None)


def strict() -> Environment:
    return careful(page_size=PAGE, consistency="strict")


def test_strict_reading_loses_nothing_either() -> None:
    crm = filled()
    selection = replace(select(crm, CONDITIONS["negated"](crm)), columns=())
    truth = crm.ids(selection, strict())
    for position in every_position(len(crm.log)):
        crm.log.clear()
        crm.answer = lambda number, text, at=position: [] if number == at else None
        try:
            assert crm.ids(selection, strict()) == truth
        except SilentQueryError:
            continue
