"""An end of data is believed only where it is proved: a swallowed SQL error anywhere in a read is
either made good or raised, and pages may be shorter than was believed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.pairs import pairs
from tests.support.planned import Server, careful, server
from vtiger_orm.calls.operations import Row
from vtiger_orm.calls.pace import ALONE, Parallel
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Order, Selection
from vtiger_orm.errors import MalformedAnswer, SilentQueryError
from vtiger_orm.planner import plan_rows

ROWS = 40
PAGE = 10


@dataclass
class Odd(Server):
    """A server that answers one statement as it should not, and perhaps cannot count."""

    failing: int | None = None
    """The number of that statement since the log was cleared."""
    answer: Any = field(default_factory=list)
    """What is answered to it: by default no rows, as to an SQL error."""
    cut: int | None = None
    """So many rows are answered to it instead."""
    counting: bool = True

    def query(self, text: str) -> list[Row]:
        rows = super().query(text)
        if len(self.log) == self.failing:
            rows = self.answer if self.cut is None else rows[: self.cut]
        elif not self.counting and "count(*)" in text:
            rows = []
        return rows

    def fails_at(self, number: int | None) -> None:
        self.log.clear()
        self.failing = number


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


@pytest.mark.parametrize(
    ("name", "order", "settings"),
    pairs(CONDITIONS, ORDERS, [{}, {"can_count": False}, {"parallel": Parallel(2, 2)}]),
    ids=repr,
)
def test_one_swallowed_error_loses_nothing(name: str, order: str, settings: dict[str, Any]) -> None:
    """At whatever statement it happens: the rows are all there, or the error is raised."""
    crm = filled()
    crm.counting = settings.get("can_count", True)
    selection = select(crm, CONDITIONS[name](crm), order)
    truth = crm.ids(selection, careful(page_size=PAGE, **settings))
    for position in range(1, len(crm.log) + 1):
        crm.fails_at(position)
        with suppress(SilentQueryError):
            found = crm.ids(selection, careful(page_size=PAGE, **settings))
            assert found == truth, (position, crm.log)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("can_count", [True, False])
def test_counts_and_existence_do_not_suffer_from_one_either(name: str, can_count: bool) -> None:
    crm = filled()
    crm.counting = can_count
    selection = select(crm, CONDITIONS[name](crm))
    env = careful(page_size=PAGE, can_count=can_count)
    number, exists = crm.count(selection, env), crm.exists(selection, env)
    assert number == len(crm.ids(selection, env))
    for position in range(1, len(crm.log) + 1):
        crm.fails_at(position)
        with suppress(SilentQueryError):
            env = careful(page_size=PAGE, can_count=can_count)
            assert crm.count(selection, env) == number, (position, crm.log)
        crm.fails_at(position)
        with suppress(SilentQueryError):
            env = careful(page_size=PAGE, can_count=can_count)
            assert crm.exists(selection, env) == exists, (position, crm.log)


@pytest.mark.parametrize("order", ORDERS)
def test_an_error_in_a_slice_or_a_deep_page_is_no_end(order: str) -> None:
    crm = filled(rows=95)
    for start, stop in ((0, 10), (25, 60), (90, 120), (30, None)):
        selection = select(crm, Q(), order, start, stop)
        crm.fails_at(None)
        truth = crm.ids(selection, careful(page_size=PAGE))
        for position in range(1, len(crm.log) + 1):
            crm.fails_at(position)
            with suppress(SilentQueryError):
                found = crm.ids(selection, careful(page_size=PAGE))
                assert found == truth, (start, stop, position)


@pytest.mark.parametrize("name", ["negated", "blank"])
def test_strict_reading_loses_nothing_either(name: str) -> None:
    crm = filled()
    selection = select(crm, CONDITIONS[name](crm))
    truth = crm.ids(selection, careful(page_size=PAGE, consistency="strict"))
    for position in range(1, len(crm.log) + 1):
        crm.fails_at(position)
        with suppress(SilentQueryError):
            env = careful(page_size=PAGE, consistency="strict")
            assert crm.ids(selection, env) == truth


LATER = re.compile(r"id [<>] '|limit \d+,|[a-z] < '")
"""A page behind another one."""


@pytest.mark.parametrize(
    ("order", "name", "strict", "parallel"),
    pairs(
        ["", "-id", "name", "-name", "-day", "name -whole"],
        ["everything", "negated", "residual", "semi-join", "by id", "blank"],
        [False, True],
        [ALONE, Parallel(2, 2)],
    ),
)
def test_a_page_that_is_cut_once_loses_nothing(
    name: str, order: str, strict: bool, parallel: Parallel
) -> None:
    """A short page behind full ones is no end by itself; in strict reading no short page is."""
    chance = random.Random(f"{name} {order}")
    settings: dict[str, Any] = {"parallel": parallel, "page_size": PAGE}
    if strict:
        settings["consistency"] = "strict"
    crm = filled(rows=45)
    selection = select(crm, CONDITIONS[name](crm), order)
    truth = crm.ids(selection, careful(**settings))
    for position, text in enumerate(list(crm.log), 1):
        if "count(*)" in text or not (strict or LATER.search(text)):
            continue
        crm.cut = chance.choice([0, 1, chance.randrange(2, PAGE)])
        crm.fails_at(position)
        with suppress(SilentQueryError):
            found = crm.ids(selection, careful(**settings))
            assert found == truth, (position, crm.cut, text)


# -- pages that are shorter than believed


@pytest.mark.parametrize(
    ("cap", "believed", "order"), pairs([2, 7, 10, 50], [3, 10, 19, 100, 200], ORDERS)
)
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


def test_a_page_is_doubted_until_a_longer_one_was_seen() -> None:
    crm = filled(rows=41, page_cap=100)
    env = careful(page_size=100)
    forty = select(crm, Q(id__lte="40x40"))
    for selection, rows, calls in ((forty, 40, 2), (select(crm, Q()), 41, 1), (forty, 40, 1)):
        crm.log.clear()
        assert len(crm.ids(selection, env)) == rows
        assert len(crm.log) == calls


# -- servers that cannot count


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 20, 99, 100, 101, 640, 1003])
def test_rows_are_counted_by_pages_where_the_server_cannot(rows: int) -> None:
    crm = filled(rows=rows)
    crm.counting = False
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
    crm.answer = answer
    for position in (1, 2):
        crm.fails_at(position)
        with pytest.raises(MalformedAnswer):
            crm.ids(select(crm, Q()), careful(page_size=PAGE))


def test_null_is_malformed_too() -> None:
    crm = filled()
    stream = plan_rows(select(crm, Q()), careful())
    next(stream)
    with pytest.raises(MalformedAnswer, match="NoneType instead of a list"):
        stream.send(None)
