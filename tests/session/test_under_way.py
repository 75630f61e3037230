"""Calls that a plan asks for soon: under way before it does, and of no interest until it does."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import httpx
import pytest

from tests.support.fake_server import FakeServer, ok, refused
from vtiger_orm.calls.operations import Call, Query, Row
from vtiger_orm.calls.pace import Pace, Parallel
from vtiger_orm.calls.plans import Batch, Plan, Rows, RowStream
from vtiger_orm.errors import AccessDenied, LimitReached
from vtiger_orm.session import Session

READERS: TypeAlias = Callable[[Session, RowStream], Iterator[Sequence[Row]]]


def blocking(session: Session, stream: RowStream) -> Iterator[Sequence[Row]]:
    return iter(session.stream(stream))


class Awaiting(Iterator[Sequence[Row]]):
    """The pages of an asynchronous stream, in a loop of its own that ends with them."""

    def __init__(self, session: Session, stream: RowStream) -> None:
        self._loop = asyncio.new_event_loop()
        self._pages = session.astream(stream)

    def __next__(self) -> Sequence[Row]:
        if self._loop.is_closed():
            raise StopIteration
        try:
            return self._loop.run_until_complete(anext(self._pages))
        except LimitReached:
            raise
        except BaseException as end:
            self.close()
            raise (StopIteration() if isinstance(end, StopAsyncIteration) else end) from None

    def close(self) -> None:
        self._loop.run_until_complete(self._pages.aclose())  # type: ignore[attr-defined]
        self._loop.close()


READ = pytest.mark.parametrize("read", [blocking, Awaiting])


def in_turn(calls: Sequence[Call[Any]], width: int, pace: Pace | None = None) -> RowStream:
    """What each of the calls finds, so many of them under way at once."""
    pace = pace or Pace(Parallel.of(width))
    reply: Any = yield Batch((calls[0],), pace=pace, soon=calls[1:width])
    for number in range(1, len(calls)):
        soon = calls[number + 1 : number + width]
        reply = yield Rows(reply[0], ahead=Batch((calls[number],), pace=pace, soon=soon))
    yield Rows(reply[0])


def pages(count: int) -> list[Query]:
    return [Query(f"page {number};", "Contacts") for number in range(count)]


def number_of(given: dict[str, str]) -> int:
    return int(given["query"].removeprefix("page ").rstrip(";"))


def numbered(given: dict[str, str]) -> httpx.Response:
    return ok([{"id": f"12x{number_of(given)}"}])


def too_many(seconds: float) -> httpx.Response:
    """No more calls for so long."""
    refusal = {"success": False, "error": {"code": "X", "message": "slow down"}}
    return httpx.Response(429, json=refusal, headers={"Retry-After": str(seconds)})


def ids(found: Iterator[Sequence[Row]]) -> list[str]:
    return [row["id"] for rows in found for row in rows]


@READ
def test_they_are_answered_in_turn_and_each_is_asked_once(read: READERS) -> None:
    server = FakeServer()
    server.always("query", numbered)
    assert ids(read(server.session(parallel=4), in_turn(pages(20), 4))) == [
        f"12x{number}" for number in range(20)
    ]
    assert len(server.operations) == 20


def test_so_many_are_under_way_at_once() -> None:
    """Each answer waits until three others are asked for."""
    server, together = FakeServer(), threading.Barrier(4, timeout=30)

    def meeting(given: dict[str, str]) -> httpx.Response:
        together.wait()
        return numbered(given)

    server.always("query", meeting)
    assert len(ids(blocking(server.session(parallel=4), in_turn(pages(4), 4)))) == 4
    assert server.most_concurrent == 4
    assert server.logins == 4


@READ
def test_an_error_is_told_when_its_turn_comes(read: READERS) -> None:
    server = FakeServer()

    def third(given: dict[str, str]) -> httpx.Response:
        return refused("ACCESS_DENIED") if number_of(given) == 2 else numbered(given)

    server.always("query", third)
    found = read(server.session(parallel=4), in_turn(pages(8), 4))
    assert ids(iter([next(found), next(found)])) == ["12x0", "12x1"]
    with pytest.raises(AccessDenied):
        next(found)
    with pytest.raises(StopIteration):
        next(found)


@READ
def test_an_error_that_nobody_asked_for_is_nobodys(read: READERS) -> None:
    server = FakeServer()

    def first_only(given: dict[str, str]) -> httpx.Response:
        return refused("ACCESS_DENIED") if number_of(given) else numbered(given)

    def plan() -> RowStream:
        first, *others = pages(4)
        reply: Any = yield Batch((first,), pace=Pace(Parallel.of(4)), soon=others)
        yield Rows(reply[0])

    server.always("query", first_only)
    assert ids(read(server.session(parallel=4), plan())) == ["12x0"]


@READ
def test_a_limit_of_calls_stops_it_and_it_goes_on_where_it_stopped(read: READERS) -> None:
    """What was answered meanwhile is kept, what was refused is asked for again."""
    server, answered, refusals = FakeServer(), list[int](), set[int]()

    def limited(given: dict[str, str]) -> httpx.Response:
        number = number_of(given)
        if number % 3 == 2 and number not in refusals:
            refusals.add(number)
            return too_many(0.01)
        answered.append(number)
        return numbered(given)

    server.always("query", limited)
    found = read(server.session(parallel=4, max_wait=0.0), in_turn(pages(20), 4))
    seen, limits = list[str](), 0
    while len(seen) < 20:
        try:
            seen += ids(iter([next(found)]))
        except LimitReached:
            limits += 1
            time.sleep(0.02)
    assert seen == [f"12x{number}" for number in range(20)]
    assert next(found, None) is None
    assert limits
    assert sorted(answered) == list(range(20))


@READ
def test_a_limit_that_several_met_is_told_once(read: READERS) -> None:
    """Those that met it before they were asked for are asked for again, as it may be over."""
    server, refusals = FakeServer(), list[int]()

    def limited(given: dict[str, str]) -> httpx.Response:
        number = number_of(given)
        if number == 4 and not refusals:
            refusals.append(number)
            return too_many(0.1)
        return numbered(given)

    server.always("query", limited)
    found = read(server.session(parallel=4, max_wait=0.0), in_turn(pages(12), 4))
    seen, limits = list[str](), 0
    while len(seen) < 12:
        try:
            seen += ids(iter([next(found)]))
        except LimitReached:
            limits += 1
            time.sleep(0.2)
    assert next(found, None) is None
    assert limits <= 1


def test_a_session_that_is_closed_meanwhile_costs_none_of_them() -> None:
    """Those for which no worker was free do not begin any more; they are asked when it is their
    turn."""
    server, closed = FakeServer(), threading.Event()

    def held_back(given: dict[str, str]) -> httpx.Response:
        if number_of(given):
            closed.wait(30)
        return numbered(given)

    server.always("query", held_back)
    session = server.session(parallel=60)
    found = blocking(session, in_turn(pages(60), 60))
    seen = ids(iter([next(found)]))
    session.close()
    closed.set()
    assert seen + ids(found) == [f"12x{number}" for number in range(60)]


def test_a_session_may_be_closed_as_one_is_just_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    server, copied = FakeServer(), contextvars.copy_context
    server.always("query", numbered)
    session = server.session(parallel=4)

    def closing() -> contextvars.Context:
        session.close()
        return copied()

    found = blocking(session, in_turn(pages(8), 4))
    seen = ids(iter([next(found)]))
    monkeypatch.setattr(contextvars, "copy_context", closing)
    assert seen + ids(found) == [f"12x{number}" for number in range(8)]


@pytest.mark.parametrize("width", [1, 4])
def test_a_thread_that_outlives_the_main_one_reads_on(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """Pools of workers take no work any more by then."""
    server = FakeServer()
    server.always("query", numbered)
    found = blocking(server.session(parallel=4), in_turn(pages(8), width))
    seen = ids(iter([next(found)]))
    monkeypatch.setattr("concurrent.futures.thread._shutdown", True)
    assert seen + ids(found) == [f"12x{number}" for number in range(8)]


def test_as_many_sessions_are_opened_as_calls_are_under_way() -> None:
    """The server serialises the calls of one."""
    server, together = FakeServer(), threading.Barrier(3, timeout=30)

    def meeting(given: dict[str, str]) -> httpx.Response:
        together.wait()
        return numbered(given)

    server.always("query", meeting)
    session = server.session(parallel="auto")
    assert len(ids(blocking(session, in_turn(pages(3), 3)))) == 3
    assert server.logins == 3


@READ
def test_who_leaves_early_leaves_nothing_behind(read: READERS) -> None:
    server = FakeServer()
    server.always("query", numbered)
    session = server.session(parallel=4)
    found = read(session, in_turn(pages(1000), 4))
    next(found)
    found.close()  # type: ignore[attr-defined]
    session.close()
    assert len(server.operations) <= 6


def test_a_process_that_ends_does_not_wait_until_a_call_ahead_may_be_made() -> None:
    """Python waits for the threads of a pool, and these would wait for their budget."""
    program = """
        from tests.session.test_under_way import blocking, in_turn, numbered, pages
        from tests.support.fake_server import FakeServer

        server = FakeServer()
        server.always("query", numbered)
        session = server.session(parallel=4, budget="8/minute", max_wait=120)
        found = blocking(session, in_turn(pages(100), 4))
        print(len(next(found)), flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert told.stdout == "1\n"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_plan_that_hands_out_nothing_has_them_under_way_as_well(asynchronous: bool) -> None:
    server = FakeServer()
    server.always("query", numbered)

    def plan() -> Plan[list[str]]:
        calls, pace, found = pages(9), Pace(Parallel.of(3)), []
        for number, call in enumerate(calls):
            soon = calls[number + 1 : number + 3]
            reply: Any = yield Batch((call,), pace=pace, soon=soon)
            found += [row["id"] for row in reply[0]]
        return found

    session = server.session(parallel=3)
    found = asyncio.run(session.arun(plan())) if asynchronous else session.run(plan())
    assert found == [f"12x{number}" for number in range(9)]
    assert len(server.operations) == 9


@READ
def test_the_pace_is_told_of_calls_that_were_alone(read: READERS) -> None:
    class Told(Pace):
        def answered(self, seconds: float, *, alone: bool) -> None:
            heard.append(alone)
            assert 0 <= seconds < 30

    server, heard = FakeServer(), list[bool]()
    server.always("query", numbered)
    ids(read(server.session(parallel=3), in_turn(pages(3), 1, Told(Parallel.of("auto")))))
    assert heard == [True] * 3
    heard.clear()
    ids(read(server.session(parallel=3), in_turn(pages(6), 3, Told(Parallel.of(3)))))
    assert heard == [False] * 6
