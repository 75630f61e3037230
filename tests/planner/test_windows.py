"""Long readings side by side: in id order, complete, whatever the ids and the pace are."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.planned import Server, careful, server
from vtiger_orm.calls.operations import Query
from vtiger_orm.calls.pace import ALONE, Pace, Parallel
from vtiger_orm.calls.plans import Batch, Plan, Rows
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.errors import LimitReached, MalformedAnswer, SilentQueryError
from vtiger_orm.planner.explain import explain
from vtiger_orm.planner.rows import plan_counted_rows, plan_rows
from vtiger_orm.planner.windows import paced

PAGE = 10
ALL = Q()


def crm_of(numbers: Sequence[int]) -> Server:
    crm = server(page_cap=PAGE)
    for number in numbers:
        crm.insert("Things", number, name=f"n{number % 4}", whole=number)
    return crm


def select(crm: Server, condition: Q = ALL) -> Selection:
    meta = crm.metas["Things"]
    return Selection(meta, resolve(meta, [condition], {}), columns=())


@st.composite
def id_numbers(draw: st.DrawFn) -> list[int]:
    """Ids as tables have them: stretches of any density, and holes of any size between them."""
    numbers: list[int] = []
    low = 1
    for _ in range(draw(st.integers(1, 4))):
        step, length = draw(st.integers(1, 60)), draw(st.integers(1, 45))
        numbers += range(low, low + step * length, step)
        low = numbers[-1] + draw(st.sampled_from([1, 7, 500, 40_000, 3_000_000]))
    return numbers


NUMBERS = id_numbers()


class Chancy:
    """Performs plans, and tells the pace whatever chance has it."""

    def __init__(self, crm: Server, seed: int) -> None:
        self._crm, self._chance = crm, random.Random(seed)
        self.widest = 0

    def rows(self, selection: Selection, parallel: Parallel, **settings: Any) -> Iterator[str]:
        env = careful(page_size=PAGE, parallel=parallel, **settings)
        stream = plan_rows(selection, env)
        reply: Any = None
        while True:
            try:
                step = stream.send(reply)
            except StopIteration:
                return
            if isinstance(step, Rows):
                yield from (row["id"] for row in step.rows)
            call = step.ahead if isinstance(step, Rows) else step
            reply = None if call is None else self._perform(call)

    def _perform(self, step: Any) -> Any:
        reply = self._crm.perform(step)
        if isinstance(step, Batch) and isinstance(step.pace, Pace):
            self.widest = max(self.widest, len(step.calls) + len(step.soon))
            for _ in step.calls:
                seconds = self._chance.choice([0.01, 0.02, 0.1])
                step.pace.answered(seconds, alone=not step.soon)
            pressed = self._chance.random() < 0.02
            step.pace.went(self._chance.choice([0.0, 0.1, 0.9, 0.9]), 1.0, pressed=pressed)
        return reply


CONDITIONS = [ALL, Q(name="n1"), ~Q(name="n1"), ~Q(name__contains="n2"), Q(whole__gte=20)]


@given(
    numbers=NUMBERS,
    parallel=st.sampled_from([Parallel.of("auto"), Parallel.of(2), Parallel.of(8)]),
    condition=st.sampled_from(CONDITIONS),
    seed=st.integers(0, 999),
)
def test_the_rows_are_those_of_one_session_in_its_order(
    numbers: list[int], parallel: Parallel, condition: Q, seed: int
) -> None:
    crm = crm_of(numbers)
    selection = select(crm, condition)
    alone = crm.ids(selection, careful(page_size=PAGE))
    assert list(Chancy(crm, seed).rows(selection, parallel)) == alone


def partly_hidden(numbers: Sequence[int], hidden: Callable[[int], bool]) -> Server:
    """A CRM that takes what the user may not see out of a page, after it was cut."""
    crm = server(thinned=True, page_cap=PAGE)
    crm.engine.accounts.add_user("clerk")
    clerk = crm.engine.user("clerk")
    assert clerk is not None
    crm.engine.accounts.set_private("Things")
    crm.user = "clerk"
    for number in numbers:
        owner = 1 if hidden(number) else clerk.number
        crm.insert("Things", number, name=f"n{number % 4}", whole=number, assigned_user_id=owner)
    return crm


@given(
    numbers=NUMBERS,
    parallel=st.sampled_from([Parallel.of("auto"), Parallel.of(2), Parallel.of(8)]),
    condition=st.sampled_from(CONDITIONS),
    seed=st.integers(0, 999),
    share=st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]),
)
def test_rows_that_the_user_may_not_see_take_none_of_the_others_along(
    numbers: list[int], parallel: Parallel, condition: Q, seed: int, share: float
) -> None:
    chance = random.Random(seed)
    unseen = {number for number in numbers if chance.random() < share}
    crm = partly_hidden(numbers, unseen.__contains__)
    selection = select(crm, condition)
    alone = crm.ids(selection, careful(page_size=PAGE, thinned_pages=True))
    found = list(Chancy(crm, seed).rows(selection, parallel, thinned_pages=True))
    assert found == alone
    if condition is ALL:
        assert found == [f"40x{number}" for number in numbers if number not in unseen]


def test_pages_that_may_lack_rows_are_read_side_by_side_as_well() -> None:
    """A server of which nothing is known may take rows out of a page; most do not."""
    crm = crm_of(range(1, 500))
    reader = Chancy(crm, 0)
    assert len(list(reader.rows(select(crm), Parallel.of(8), thinned_pages=True))) == 499
    assert reader.widest == 8
    assert len(crm.log) <= 50 * 1.4


@given(numbers=NUMBERS, seed=st.integers(0, 999))
def test_explain_is_never_exceeded(numbers: list[int], seed: int) -> None:
    crm = crm_of(numbers)
    selection = select(crm)
    list(Chancy(crm, seed).rows(selection, Parallel.of(8)))
    told = explain(selection, careful(page_size=PAGE, parallel=Parallel.of(8)))
    assert told.rows_per_call is not None
    assert told.calls_beside is not None
    assert len(crm.log) <= len(numbers) // told.rows_per_call + told.calls_beside


@given(numbers=NUMBERS, position=st.integers(1, 60), seed=st.integers(0, 999))
def test_a_swallowed_error_loses_nothing(numbers: list[int], position: int, seed: int) -> None:
    """An empty window is believed as little as any other empty answer."""
    crm = crm_of(numbers)
    asked = 0

    def fail(text: str) -> None:
        nonlocal asked
        asked += 1

    crm.before = fail
    query = crm.query
    crm.query = lambda text: query(text) if asked + 1 != position else _empty(crm, text)  # type: ignore[method-assign]
    with suppress(SilentQueryError):
        found = list(Chancy(crm, seed).rows(select(crm), Parallel.of(8)))
        assert found == [f"40x{number}" for number in numbers]


def _empty(crm: Server, text: str) -> list[dict[str, str]]:
    assert crm.before is not None
    crm.before(text)
    return []


@given(numbers=NUMBERS, changes=st.lists(st.integers(1, 30), max_size=6), seed=st.integers(0, 99))
def test_who_stays_is_told_once_while_others_come_and_go(
    numbers: list[int], changes: list[int], seed: int
) -> None:
    crm = crm_of(numbers)
    chance, gone, calls = random.Random(seed), set[int](), 0

    def change(text: str) -> None:
        nonlocal calls
        calls += 1
        if calls in changes:
            leaving = chance.choice(numbers)
            gone.add(leaving)
            crm.delete("Things", leaving)
            crm.insert("Things", max(numbers) + calls, name="new")

    crm.before = change
    found = list(Chancy(crm, seed).rows(select(crm), Parallel.of(8)))
    assert found == sorted(set(found), key=lambda id: int(id[3:]))
    assert {f"40x{n}" for n in numbers if n not in gone} <= set(found)


def test_several_pages_are_asked_for_at_once() -> None:
    crm = crm_of(range(1, 500))
    reader = Chancy(crm, 0)
    assert len(list(reader.rows(select(crm), Parallel.of(8)))) == 499
    assert reader.widest == 8
    assert len(crm.log) <= 50 * 1.4


def test_nothing_is_asked_behind_as_many_rows_as_there_are() -> None:
    crm = crm_of(range(1, 300))
    env = careful(page_size=PAGE, parallel=Parallel.of(8))
    asked = []
    for number in (299, None):
        crm.log.clear()
        pages = crm.pages(plan_counted_rows(select(crm), number, env))
        assert [row["id"] for page in pages for row in page] == [f"40x{n}" for n in range(1, 300)]
        asked.append(list(crm.log))
    assert asked[1][: len(asked[0])] == asked[0]
    assert len(asked[1]) > len(asked[0])


UNEVEN = [*range(1, 400, 20), *range(400, 600)]
"""Ids that lie close behind such that lie far apart: windows hold more than a page."""


@pytest.mark.parametrize("condition", [ALL, ~Q(name__contains="z")], ids=str)
@pytest.mark.parametrize("thinned", [False, True])
def test_a_window_whose_witness_was_deleted_is_read_to_its_end(thinned: bool, condition: Q) -> None:
    crm = crm_of(UNEVEN)

    def delete(text: str) -> None:
        if "order by id desc" in text:
            witness.append(text)
        elif len(witness) == 1:
            crm.delete("Things", UNEVEN[-1])
            witness.append("deleted")

    witness: list[str] = []
    crm.before = delete
    env = careful(page_size=PAGE, parallel=Parallel.of(4), thinned_pages=thinned)
    assert crm.ids(select(crm, condition), env) == [f"40x{number}" for number in UNEVEN[:-1]]
    assert "deleted" in witness


def test_where_all_rows_are_deleted_before_the_last_one_is_looked_for_the_first_are_told() -> None:
    crm = crm_of(UNEVEN)

    def delete(text: str) -> None:
        if "order by id desc" in text:
            for number in UNEVEN:
                crm.delete("Things", number)

    crm.before = delete
    rows = crm.ids(select(crm), careful(page_size=PAGE, parallel=Parallel.of(4)))
    assert rows == [f"40x{number}" for number in UNEVEN[:PAGE]]


def test_a_window_that_stands_still_is_refused() -> None:
    """A server that goes on from the beginning of the window, whatever it is asked."""
    crm = crm_of(UNEVEN)
    query, first = crm.query, dict[str, list[Any]]()

    def same(text: str) -> list[Any]:
        window = re.search(r"id >= '40x\d+'", text)
        return query(text) if window is None else first.setdefault(window[0], query(text))

    crm.query = same  # type: ignore[method-assign]
    with pytest.raises(MalformedAnswer, match="Things"):
        crm.ids(select(crm), careful(page_size=PAGE, parallel=Parallel.of(4)))


def test_a_hole_is_crossed_by_a_page() -> None:
    """Not by windows: a CRM's ids are those of all its modules together."""
    crm = crm_of([*range(1, 200), *range(90_000_000, 90_000_200)])
    assert len(list(Chancy(crm, 0).rows(select(crm), Parallel.of(8)))) == 399
    assert len(crm.log) < 100


def test_a_limit_of_calls_stops_it_and_it_goes_on() -> None:
    """The driver keeps the step that met a limit, and performs it once more."""
    crm = crm_of(range(1, 300))
    stream = plan_rows(select(crm), careful(page_size=PAGE, parallel=Parallel.of(4)))
    found: list[str] = []
    reply: Any = None
    step: Any = None
    stopped = 0
    with suppress(StopIteration):
        while True:
            step = stream.send(reply)
            if isinstance(step, Rows):
                found += [row["id"] for row in step.rows]
                step = step.ahead
            if isinstance(step, Batch) and step.soon:
                assert not step.collect, "a limit must stop the reading, not one of its windows"
                stopped += 1
                crm.perform(step)  # what was answered before the limit was met is lost
            reply = None if step is None else crm.perform(step)
    assert stopped
    assert found == [f"40x{number}" for number in range(1, 300)]


@pytest.mark.parametrize("error", [LimitReached("used up"), ValueError("broken")])
def test_an_error_of_one_call_ends_the_reading(error: Exception) -> None:
    crm = crm_of(range(1, 300))
    stream = plan_rows(select(crm), careful(page_size=PAGE, parallel=Parallel.of(4)))
    step: Any = next(stream)
    while not (isinstance(step, Rows) and isinstance(step.ahead, Batch) and step.ahead.soon):
        step = stream.send(crm.perform(step.ahead if isinstance(step, Rows) else step))
    with pytest.raises(type(error)):
        stream.throw(error)


def test_a_slice_and_another_order_stay_as_they_are() -> None:
    crm = crm_of(range(1, 300))
    wide, alone = careful(page_size=PAGE, parallel=Parallel.of(8)), careful(page_size=PAGE)
    for selection in (replace(select(crm), stop=120), replace(select(crm), start=5, stop=90)):
        crm.log.clear()
        rows = crm.ids(selection, wide)
        asked = list(crm.log)
        crm.log.clear()
        assert rows == crm.ids(selection, alone)
        assert asked == crm.log
    assert careful(parallel=ALONE) == careful()


@pytest.mark.parametrize("case", ["ids that are listed", "one at a time"])
def test_no_windows_are_asked_for_where_they_spare_nothing(case: str) -> None:
    crm = crm_of(range(1, 100))
    listed = Q(id__in=[f"40x{number}" for number in range(1, 5)])
    selection = select(crm, listed if case == "ids that are listed" else ALL)
    logs: list[list[str]] = []
    for parallel in (Parallel(8, 8), ALONE):
        if case == "one at a time" and parallel is not ALONE:
            parallel = Parallel(1, 1)
        crm.log = []
        crm.ids(selection, careful(page_size=PAGE, parallel=parallel))
        logs.append(crm.log)
    assert logs[0] == logs[1]


def test_every_call_tells_the_pace_and_the_plan_sees_nothing_of_it() -> None:
    """A batch stays one, with its errors in their places if it wanted them; an error that the
    plan handles is handled, and it is closed in the end."""
    one, two, three = (Query(f"select id from {name};", name) for name in "ABC")
    seen: list[object] = []

    def plan() -> Plan[str]:
        try:
            seen.append((yield one))
            try:
                yield two
            except LimitReached as error:
                seen.append(error)
            seen.append((yield Batch((two, three), collect=True)))
            seen.append((yield Batch((three,))))
            return "done"
        finally:
            seen.append("closed")

    pace, error = Pace(Parallel.of(4)), LimitReached("used up")
    paced_plan = paced(plan(), pace)
    assert next(paced_plan) == Batch((one,), False, pace)
    assert paced_plan.send([[1]]) == Batch((two,), False, pace)
    assert paced_plan.throw(error) == Batch((two, three), True, pace)
    assert paced_plan.send([[2], [3]]) == Batch((three,), False, pace)
    with pytest.raises(StopIteration) as done:
        paced_plan.send([[4]])
    assert done.value.value == "done"
    assert seen == [[1], error, [[2], [3]], [[4]], "closed"]
    inner = plan()
    left = paced(inner, pace)
    next(left)
    left.close()
    assert seen[-1] == "closed"
    assert len(seen) == 6


@pytest.mark.parametrize("replies", [None, [], [1, 2], "x"])
def test_one_call_has_one_reply(replies: object) -> None:
    def plan() -> Plan[object]:
        return (yield Query("select id from A;", "A"))

    paced_plan = paced(plan(), Pace(Parallel.of(4)))
    next(paced_plan)
    with pytest.raises(TypeError, match="one reply"):
        paced_plan.send(replies)
