"""Line items are read to a proved end: a swallowed SQL error is an empty page, not an end."""

from __future__ import annotations

from typing import Any

import pytest

from vtiger_orm.calls.operations import Query, Retrieve
from vtiger_orm.calls.plans import Batch
from vtiger_orm.errors import MalformedAnswer
from vtiger_orm.writing.line_items import read_items_of

PAGE = 100


class Shop:
    """Records with so many items each, and calls that are answered as they should not be."""

    def __init__(self, sizes: list[int]) -> None:
        self.asked = 0
        self.failing: int | None = None
        self.odd: Any = []
        self.hidden = ""
        self.records = [f"13x{1 + number}" for number in range(len(sizes))]
        owners = [id_ for id_, size in zip(self.records, sizes) for _ in range(size)]
        self.items = [
            {"id": f"40x{1 + number}", "parent_id": owner, "sequence_no": str(number)}
            for number, owner in enumerate(owners)
        ]

    def answer(self, call: Any) -> Any:
        self.asked += 1
        if self.asked == self.failing:
            return self.odd
        if isinstance(call, Retrieve):
            return {"id": call.id, "LineItems": self.of(call.id)}
        assert isinstance(call, Query)
        first = int(call.text.partition("id > '")[2].partition("'")[0].partition("x")[2])
        listed = [each for each in self.records if f"'{each}'" in call.text]
        found = [
            each
            for each in self.items
            if each["parent_id"] in listed
            and each["parent_id"] != self.hidden
            and int(each["id"].partition("x")[2]) > first
        ]
        return found[:PAGE]

    def of(self, id_: str) -> list[Any]:
        return [each for each in self.items if each["parent_id"] == id_]

    def read(self) -> dict[str, list[Any]]:
        self.asked = 0
        reply: Any = None
        plan: Any = read_items_of(self.records)
        while True:
            try:
                step = plan.send(reply)
            except StopIteration as end:
                found: dict[str, list[Any]] = end.value
                return found
            assert isinstance(step, Batch)
            reply = [self.answer(call) for call in step.calls]


@pytest.mark.parametrize("sizes", [[1], [3, 2], [60, 60, 60], [100], [99, 1, 1], [2] * 120, [250]])
def test_no_item_is_lost_by_one_error(sizes: list[int]) -> None:
    shop = Shop(sizes)
    truth = {id_: shop.of(id_) for id_ in shop.records}
    assert shop.read() == truth
    for number in range(1, shop.asked + 1):
        shop.failing = number
        assert shop.read() == truth, number


def test_a_record_whose_items_no_query_shows_is_asked_itself() -> None:
    shop = Shop([3, 2, 4])
    shop.hidden = "13x2"
    assert shop.read() == {id_: shop.of(id_) for id_ in shop.records}


@pytest.mark.parametrize("odd", [None, {}, 0, "", [None], [{"parent_id": "13x1"}]])
def test_what_is_no_page_of_items_is_malformed(odd: Any) -> None:
    shop = Shop([60, 60])
    shop.odd = odd
    for number in (1, 2, 3):
        shop.failing = number
        with pytest.raises(MalformedAnswer):
            shop.read()


def test_pages_that_do_not_move_on_are_malformed() -> None:
    shop = Shop([150])
    shop.failing, shop.odd = 2, shop.items[:PAGE]
    with pytest.raises(MalformedAnswer, match="does not move on"):
        shop.read()


def test_the_proof_costs_no_call() -> None:
    for size, calls in ((1, 2), (99, 2), (100, 2), (101, 3), (1000, 12)):
        shop = Shop([size])
        shop.read()
        assert shop.asked <= calls, size
