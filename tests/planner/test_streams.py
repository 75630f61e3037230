"""Streams put together, fed by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from vtiger_orm.calls.operations import Query, Row
from vtiger_orm.calls.plans import Batch, Rows, RowStream
from vtiger_orm.planner.streams import (
    ahead,
    chained,
    everything,
    merged,
    project,
    steps_together,
    window,
)


def rows(*numbers: int) -> list[Row]:
    return [{"id": f"1x{number}", "n": number} for number in numbers]


def source(name: str, *pages: Iterable[int], error: Exception | None = None) -> RowStream:
    """One call for each page."""
    for index, page in enumerate(pages):
        reply = yield Query(f"{name}{index}")
        assert reply == f"answer to {name}{index}"
        yield Rows(rows(*page))
    if error is not None:
        raise error


def answer(step: Any) -> Any:
    if isinstance(step, Batch):
        return [answer(call) for call in step.calls]
    return f"answer to {step.text}"


def _texts(step: Any) -> Any:
    if isinstance(step, Batch):
        return [_texts(call) for call in step.calls]
    return step.text


def perform(stream: RowStream) -> tuple[list[list[int]], list[Any]]:
    """The numbers of each page, and what was asked, in order; batches as lists."""
    pages: list[list[int]] = []
    asked: list[Any] = []
    reply: Any = None
    while True:
        try:
            step: Any = stream.send(reply)
        except StopIteration:
            return pages, asked
        if isinstance(step, Rows):
            pages.append([row["n"] for row in step.rows])
            step = step.ahead
            if step is None:
                reply = None
                continue
        asked.append(_texts(step))
        reply = answer(step)


def test_ahead_hands_out_a_page_with_the_next_step() -> None:
    stream = ahead(source("a", [1], [2], [3]))
    assert stream.send(None) == Query("a0")
    first = stream.send("answer to a0")
    assert first == Rows(rows(1), ahead=Query("a1"))
    assert stream.send("answer to a1") == Rows(rows(2), ahead=Query("a2"))
    assert stream.send("answer to a2") == Rows(rows(3))
    with pytest.raises(StopIteration):
        stream.send(None)


def test_rows_are_handed_out_before_an_error_that_follows_them() -> None:
    stream = ahead(source("a", [1], error=ValueError("late")))
    stream.send(None)
    assert stream.send("answer to a0") == Rows(rows(1))
    with pytest.raises(ValueError, match="late"):
        stream.send(None)


def test_a_window_asks_for_nothing_behind_its_end() -> None:
    pages, asked = perform(window(source("a", [1, 2], [3, 4], [5, 6]), 1, 3))
    assert pages == [[2], [3]]
    assert asked == ["a0", "a1"]
    assert perform(window(source("a", [1]), 0, 0)) == ([], [])
    assert perform(window(source("a", [1], [2]), 5, None)) == ([], ["a0", "a1"])


def test_merged_streams_are_in_order_and_without_repetition() -> None:
    streams = [source("a", [1, 4], [7]), source("b", [2, 4, 5], [6, 7]), source("c")]
    pages, asked = perform(merged(streams, lambda row: row["n"], 3))
    assert [n for page in pages for n in page] == [1, 2, 4, 5, 6, 7]
    assert asked[0] == ["a0", "b0"], "the first pages are asked for side by side"
    assert asked[1:] == ["a1", "b1"]


def test_one_stream_is_not_merged_but_passed_on() -> None:
    assert perform(merged([source("a", [2], [1])], lambda row: row["n"], 9))[0] == [[2], [1]]


def test_chained_streams_begin_when_the_one_before_has_ended() -> None:
    pages, asked = perform(chained([source("a", [1]), source("b", [2])]))
    assert (pages, asked) == ([[1], [2]], ["a0", "b0"])


def test_hidden_columns_are_taken_off_and_unknown_ones_stay() -> None:
    stream = project(source("a", [1]), {"n"})
    next(stream)
    assert stream.send("answer to a0") == Rows([{"id": "1x1"}])


def test_steps_taken_together_get_their_own_replies() -> None:
    plan = steps_together([Query("a"), Batch([Query("b"), Query("c")])])
    batch = next(plan)
    assert batch == Batch([Query("a"), Query("b"), Query("c")])
    with pytest.raises(StopIteration) as ended:
        plan.send([1, 2, 3])
    assert ended.value.value == [1, [2, 3]]


def test_everything_collects_the_rows() -> None:
    plan = everything(source("a", [1], [2, 3]))
    assert next(plan) == Query("a0")
    assert plan.send("answer to a0") == Query("a1")
    with pytest.raises(StopIteration) as ended:
        plan.send("answer to a1")
    assert ended.value.value == rows(1, 2, 3)
