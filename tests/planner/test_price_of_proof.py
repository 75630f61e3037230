"""What it costs to prove the end of a long read: less than three calls in a hundred.

The server here is a sorted list: every row satisfies every condition, and names sort as ids do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.planned import KINDS, careful, server, things
from vtiger_orm.calls.environment import Environment, Knowledge
from vtiger_orm.calls.operations import Listing, QueryRelated, Row
from vtiger_orm.calls.pace import ALONE, Parallel
from vtiger_orm.calls.plans import Batch, Rows
from vtiger_orm.conditions.tree import TRUE, Order, Selection
from vtiger_orm.feed.by_time import by_time
from vtiger_orm.feed.cursors import Position
from vtiger_orm.feed.request import FeedRequest
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.module import Relation
from vtiger_orm.planner import plan_rows
from vtiger_orm.planner.list_pages import by_id, in_database_order, of_ids
from vtiger_orm.planner.related_ids import Side, related_ids

PAGE = 10
METAS = server().metas
THINGS = METAS["Things"]
LATER = re.compile(r"(?:id|name) ([<>]=?|=) '(?:40x|n)(\d+)'")
LIMIT = re.compile(r"limit (?:(\d+),)?(\d+)")


@dataclass
class Long:
    """Records 1 to `number`, in pages of `PAGE`; the calls it had."""

    number: int
    calls: int = 0
    cut: int | None = None
    """The call whose page holds half of its rows."""

    def perform(self, step: Any) -> Any:
        if isinstance(step, Batch):
            return [self.perform(call) for call in step.calls]
        self.calls += 1
        if isinstance(step, Listing):
            return self.listed(step)
        if "count(*)" in step.text:
            return [{"count": str(len(self.within(step.text)))}]
        rows = self.within(step.text)
        if " desc" in step.text:
            rows = rows[::-1]
        found = LIMIT.search(step.text)
        assert found is not None
        start, limit = int(found[1] or 0), min(int(found[2]), PAGE)
        return self.page(rows[start : start + limit])

    def within(self, text: str) -> range:
        """The numbers that a statement asks for, but for the record that is asked for as well."""
        low, high = 1, self.number
        text, _, witness = text.partition(" or ")
        for operator, digits in LATER.findall(text):
            value = int(digits)
            if operator in (">", ">=", "="):
                low = max(low, value + (operator == ">"))
            if operator in ("<", "<=", "="):
                high = min(high, value - (operator == "<"))
        rows = range(low, high + 1)
        if witness:
            beside = int(LATER.search(witness)[2])  # type: ignore[index]
            if beside not in rows:
                return sorted([*rows, beside])  # type: ignore[return-value]
        return rows

    def listed(self, listing: Listing) -> list[Row]:
        low, high = 1, self.number
        for each in listing.criteria:
            value = int(str(each.value).split("x")[1])
            if each.operator in (">", ">="):
                low = max(low, value + (each.operator == ">"))
            if each.operator in ("<", "<="):
                high = min(high, value - (each.operator == "<"))
        rows = range(low, high + 1)
        if listing.order[-1][1]:
            rows = rows[::-1]
        return self.page(rows[listing.start : listing.start + min(listing.length, PAGE)])

    def page(self, numbers: Any) -> list[Row]:
        if self.calls == self.cut:
            numbers = numbers[: max(1, len(numbers) // 2)]
        return [{"id": f"40x{n}", "name": f"n{n:06}", "whole": f"{n}"} for n in numbers]

    def read(self, plan: Any) -> list[str]:
        """The ids that a reader finds."""
        found: list[str] = []
        reply: Any = None
        while True:
            try:
                step = plan.send(reply)
            except StopIteration as end:
                return end.value or found
            if isinstance(step, Rows):
                found += [str(row["id"]) for row in step.rows]
                step = step.ahead
            reply = None if step is None else self.perform(step)


def rows(order: str = "", parallel: Parallel = ALONE) -> Any:
    orders = tuple(Order(THINGS.fields[n.lstrip("-")], n.startswith("-")) for n in order.split())

    def read(env: Environment) -> Any:
        columns = (THINGS.fields["name"],)
        selection = Selection(THINGS, TRUE, orders, columns=columns)
        return plan_rows(selection, replace(env, parallel=parallel))

    return read


def related(env: Environment) -> Any:
    relation = Relation("things", "Things", "Things")
    return related_ids(Side("41x1", METAS["Owners"], relation, THINGS), env)


READERS = {
    "by id": rows(),
    "by id, descending": rows("-id"),
    "in order": rows("name"),
    "in order, descending": rows("-name"),
    "side by side": rows(parallel=Parallel(4, 4)),
    "related": related,
    "lists": lambda env: by_id(THINGS, (), PAGE),
    "lists, descending": lambda env: by_id(THINGS, (), PAGE, descending=True),
    "lists of ids": lambda env: of_ids(THINGS, [f"40x{n}" for n in range(1, 1500)], PAGE),
    "lists in order": lambda env: in_database_order(
        THINGS, (), (Order(THINGS.fields["whole"], False),), PAGE
    ),
}


@pytest.mark.parametrize("reader", READERS)
def test_the_end_is_proved_at_less_than_three_in_a_hundred(reader: str) -> None:
    """However the pages come out."""
    for number in (1000, 1001):
        crm = Long(number)
        assert len(crm.read(READERS[reader](careful(page_size=PAGE)))) == number
        trusting = Knowledge(trusting=True)
        for operation in ("query", QueryRelated.operation):
            trusting.page_holds(PAGE + 1, operation)
        plain = Long(number)
        plain.read(READERS[reader](careful(page_size=PAGE, knowledge=trusting)))
        least = number // PAGE
        assert crm.calls <= 1.03 * max(plain.calls, least), reader
        if reader not in ("in order", "in order, descending", "lists in order", "side by side"):
            assert crm.calls <= 1.03 * least + 1


@pytest.mark.parametrize("reader", READERS)
def test_no_page_that_is_cut_once_ends_a_long_read(reader: str) -> None:
    number = 111
    whole = Long(number)
    truth = whole.read(READERS[reader](careful(page_size=PAGE)))
    assert len(truth) == number
    for cut in range(2, whole.calls + 1):
        crm = Long(number, cut=cut)
        assert crm.read(READERS[reader](careful(page_size=PAGE))) == truth, cut


# -- the feed

TIMED = module_meta(things(**KINDS, modifiedtime="datetime", createdtime="datetime"))
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
STAMP = re.compile(r"modifiedtime ([<>]=?) '([^']+)'")


def named(match: re.Match[str]) -> str:
    number = (datetime.fromisoformat(match[2]).replace(tzinfo=UTC) - BEGIN) // timedelta(seconds=1)
    return f"name {match[1]} 'n{max(number, 0)}'"


class Timed(Long):
    """The same, record by record changed a second later."""

    def within(self, text: str) -> range:
        return super().within(STAMP.sub(named, text))

    def page(self, numbers: Any) -> list[Row]:
        rows = super().page(numbers)
        for row in rows:
            moment = BEGIN + timedelta(seconds=int(row["id"].split("x")[1]))
            row["modifiedtime"] = row["createdtime"] = f"{moment:%Y-%m-%d %H:%M:%S}"
        return rows


def told(crm: Timed, window: int = 100, settings: dict[str, Any] | None = None) -> list[str]:
    request = FeedRequest(TIMED, Position("Things", ahead=None), window=window)
    stream = by_time(request, careful(page_size=PAGE, **(settings or {})))
    found: list[str] = []
    step: Any
    reply: Any = None
    while True:
        try:
            step = stream.send(reply)
        except StopIteration:
            return found
        if isinstance(step, Rows):
            found += [str(row["id"]) for row in step.rows]
            step = step.ahead
        reply = None if step is None else crm.perform(step)


def test_a_long_reading_of_changes_takes_hardly_more_calls_than_pages() -> None:
    """Windows, their ends, and the proof that they are whole, all together."""
    short, long = Timed(1500), Timed(3100)
    assert len(told(short)) == 1500
    assert told(long) == [f"40x{number}" for number in range(1, 3101)]
    assert long.calls - short.calls <= 1.03 * 1600 / PAGE


@pytest.mark.parametrize("window", [7, 10, 20])
def test_a_page_of_changes_that_is_cut_hides_none(window: int) -> None:
    crm = Timed(75)
    truth = told(crm, window)
    assert len(truth) == 75
    for cut in range(2, crm.calls + 1):
        assert told(Timed(75, cut=cut), window, {"consistency": "strict"}) == truth, cut
