"""The decisions behind a session, without any session: repeating, pacing, gates, lanes."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtiger_orm.calls.gates import Gate
from vtiger_orm.calls.operations import Call, Create, Delete, Operation, Query, Revise
from vtiger_orm.calls.outcome import Again, Fate, Outcome, may_repeat, outcome_of
from vtiger_orm.dialects.base import Auth, HttpResponse, Identity
from vtiger_orm.dialects.errors import Asked, unusable
from vtiger_orm.errors import (
    AccessDenied,
    ConnectionFailed,
    RateLimited,
    ServerError,
    Timeout,
    VtigerError,
)
from vtiger_orm.session import pacing
from vtiger_orm.session.limits import Limits, read_limits
from vtiger_orm.session.logins import Lanes
from vtiger_orm.session.pacing import SOON, Limiter, limiter_of
from vtiger_orm.session.retry import RetryPolicy, delay, login_delay

READ = Query("select id from Contacts;", "Contacts")
CREATE = Create("Contacts", {})
POLICY = RetryPolicy()
UNSENT = ConnectionFailed("refused", sent=False)
LOST = Timeout("slow")


def answered(status: int) -> VtigerError:
    """The error for an answer of this status that is not the API's."""
    return unusable(Asked("query"), HttpResponse(status, body=b"<html>" if status != 500 else b""))


@pytest.mark.parametrize(
    ("call", "error", "expected"),
    [
        (READ, LOST, True),
        (Revise("12x1", {}), LOST, True),
        (Delete("12x1"), LOST, True),
        (CREATE, LOST, False),
        (CREATE, UNSENT, True),
        (CREATE, answered(500), False),
        (CREATE, RateLimited("x"), True),
        (Operation("sync"), LOST, True),
        (Operation("convertlead", "POST"), LOST, False),
        (Operation("convertlead", "POST"), UNSENT, True),
    ],
)
def test_what_may_be_sent_again(call: Call[object], error: VtigerError, expected: bool) -> None:
    assert may_repeat(call, outcome_of(error)) is expected


def test_what_was_read_from_a_pipe_is_not_sent_again() -> None:
    once = outcome_of(RateLimited("x"))._replace(repeatable=False)
    assert not may_repeat(CREATE, once)
    assert not may_repeat(READ, once)
    assert delay(CREATE, once, 1, POLICY) is None


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (LOST, 8),
        (answered(200), 3),
        (answered(404), 1),
        (answered(502), 8),
        (answered(500), 2),
        (ServerError("internal", status=200), 1),
        (AccessDenied("no"), 1),
    ],
)
def test_how_often_a_read_is_tried(error: VtigerError, attempts: int) -> None:
    tried = 1
    while delay(READ, outcome_of(error), tried, POLICY, chance=0.5) is not None:
        tried += 1
    assert tried == attempts


@pytest.mark.parametrize("told", [None, 0.0, 0.01, 3.0, 50.0, 121.0])
@pytest.mark.parametrize(
    "hasty", [{}, {"attempts": 2}, {"first_delay": 0.0}, {"longest_delay": 0.001}], ids=str
)
def test_limits_are_waited_for_by_time_and_not_by_count(
    told: float | None, hasty: dict[str, Any]
) -> None:
    """For as long as is allowed and no longer, and never in a hurry that would keep a limit up."""
    policy = replace(POLICY, **hasty)
    outcome = Outcome(Fate.REFUSED, Again.LIMIT, told)
    waited, pauses = 0.0, list[float]()
    while True:
        number = len(pauses) + 1
        pause = delay(
            READ, outcome, number, policy, limited=number, allowed=120.0 - waited, chance=0.5
        )
        if pause is None:
            break
        pauses.append(pause)
        waited += pause
    assert waited <= 120
    assert bool(pauses) is (told is None or told <= 120)
    if told is None or told < 3:
        assert waited > 75
        assert 8 < len(pauses) < 20
    assert delay(READ, outcome, 1, replace(policy, attempts=1), limited=1) is None


def test_refusals_of_a_limit_use_up_no_attempts() -> None:
    assert delay(READ, outcome_of(answered(502)), 20, POLICY, limited=15) is not None
    assert delay(READ, outcome_of(answered(502)), 20, POLICY, limited=12) is None


def test_pauses_grow_and_stay_bounded() -> None:
    assert [POLICY.backoff(attempt, 1.0) for attempt in (1, 2, 3, 20)] == [0.25, 0.5, 1.0, 20.0]
    assert POLICY.backoff(1, 0.0) == 0.125
    assert delay(READ, outcome_of(RateLimited("x", retry_after=7)), 1, POLICY) == 7
    assert 0 <= login_delay(1) <= 0.2
    assert login_delay(4, 1.0) == pytest.approx(0.8)


# Limits of calls

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_limits_are_read_by_the_servers_clock() -> None:
    """The server's clock is an hour ahead: its reset time must not make us wait an hour."""
    there = NOW + timedelta(hours=1)
    headers = {
        "date": there.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "x-floodcontrol-minutelimit": "90",
        "x-floodcontrol-remaining": "3",
        "x-floodcontrol-reset": str(int(there.timestamp()) + 20),
        "x-ratelimit-dailylimit": "120000",
        "x-ratelimit-remaining": "5",
        "x-ratelimit-reset": str(int(there.timestamp()) + 7200),
    }
    limits = read_limits(headers, NOW, Limits())
    assert limits.minute_reset == NOW + timedelta(seconds=20)
    assert limits.daily_reset == NOW + timedelta(hours=2)
    assert (limits.minute_limit, limits.minute_remaining) == (90, 3)
    assert (limits.daily_limit, limits.daily_remaining) == (120_000, 5)


def test_a_reset_in_seconds_and_nonsense_are_read() -> None:
    limits = read_limits({"x-floodcontrol-reset": "15"}, NOW, Limits())
    assert limits.minute_reset == NOW + timedelta(seconds=15)
    odd = {"x-floodcontrol-reset": "soon", "x-floodcontrol-remaining": "many", "date": "x"}
    assert read_limits(odd, NOW, limits) == limits
    far = read_limits({"x-floodcontrol-reset": "99999999999"}, NOW, Limits())
    assert far.minute_reset == NOW + timedelta(seconds=60)


def test_the_rest_of_a_minute_is_shared_out() -> None:
    limiter = Limiter()
    assert limiter.reserve() == 0
    limiter.saw(200, {"x-floodcontrol-remaining": "2", "x-floodcontrol-reset": "30"})
    assert [limiter.reserve(), limiter.reserve()] == [0, 0]
    assert limiter.reserve() == SOON, "what is out may have been counted already"
    limiter.failed()
    limiter.saw(200, {"x-floodcontrol-remaining": "0", "x-floodcontrol-reset": "30"})
    assert limiter.reserve() == pytest.approx(30, abs=1)
    limiter.saw(200, {"x-floodcontrol-remaining": "9", "x-floodcontrol-reset": "30"})
    assert limiter.reserve() == 0


def test_answers_that_are_out_are_taken_off_what_is_left() -> None:
    limiter = Limiter()
    assert [limiter.reserve() for _ in range(5)] == [0] * 5
    limiter.saw(200, {"x-floodcontrol-remaining": "5", "x-floodcontrol-reset": "30"})
    assert limiter.limits.minute_remaining == 1


def test_a_new_minute_has_the_calls_that_the_server_told(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = time.time()
    monkeypatch.setattr(pacing, "clock", lambda: moment)
    limiter = Limiter()
    headers = {"x-floodcontrol-minutelimit": "2", "x-floodcontrol-remaining": "0"}
    limiter.saw(200, headers | {"x-floodcontrol-reset": "30"})
    assert limiter.reserve() == pytest.approx(30)
    moment += 31
    assert [limiter.reserve(), limiter.reserve()] == [0, 0]
    assert limiter.reserve() > 0


def test_a_day_that_is_used_up_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = time.time()
    monkeypatch.setattr(pacing, "clock", lambda: moment)
    limiter = Limiter()
    limiter.saw(200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "7200"})
    assert limiter.reserve() == pytest.approx(7200)
    moment += 7201
    assert limiter.reserve() == 0
    limiter.saw(200, {"x-ratelimit-remaining": "0"})
    assert 0 < limiter.reserve() <= 86_400, "until midnight, where the server does not tell"


HEADERS = ["retry-after", "date"]
HEADERS += [f"x-floodcontrol-{each}" for each in ("minutelimit", "remaining", "reset")]
HEADERS += [f"x-ratelimit-{each}" for each in ("dailylimit", "remaining", "reset")]
ODD = ["INF", "-inf", "NAN", "-5", "1e400", "9" * 5000, "soon", "", "\u00b2", "0x10", "1_000"]
ODD += ["Fri, 01 Jan 2100 00:00:00 GMT", "Fri, 99 Foo 99999 99:99:99 GMT", ", ,", "Mon,", "1 Jan"]


@given(
    st.dictionaries(
        st.sampled_from(HEADERS),
        st.one_of(st.sampled_from(ODD), st.text(max_size=30), st.floats().map(str)),
    ),
    st.sampled_from([200, 429, 503]),
)
def test_any_header_closes_a_host_for_a_day_at_most(headers: dict[str, str], status: int) -> None:
    limiter = Limiter()
    limiter.saw(status, headers)
    assert 0 <= limiter.reserve() <= 86_400.0


def test_maintenance_closes_no_host() -> None:
    limiter = Limiter()
    limiter.saw(503, {"retry-after": "600", "x-powered-by": "PHP"})
    assert limiter.reserve() == 0


def test_answers_without_limits_teach_nothing() -> None:
    limiter = Limiter()
    limiter.saw(200, {"content-type": "application/json"})
    assert limiter.limits == Limits()


def test_retry_after_closes_the_host_for_all() -> None:
    limiter = limiter_of("pacing.test")
    limiter.saw(429, {"retry-after": "20"})
    assert limiter_of("pacing.test").reserve() == pytest.approx(20, abs=1)
    assert limiter_of("elsewhere.test").reserve() == 0


# Gates


def test_a_gate_lets_one_thread_through() -> None:
    gate, inside, most = Gate(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            assert gate.enter()
            inside += 1
            most = max(most, inside)
            inside -= 1
            gate.leave()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


async def test_threads_and_tasks_share_a_gate() -> None:
    gate, order = Gate(), []
    assert await gate.aenter()

    def thread() -> None:
        gate.enter()
        order.append("thread")
        gate.leave()

    async def task() -> None:
        await gate.aenter()
        order.append("task")
        gate.leave()

    waiting = asyncio.create_task(asyncio.to_thread(thread))
    await asyncio.sleep(0.02)
    later = asyncio.create_task(task())
    await asyncio.sleep(0.01)
    assert order == []
    gate.leave()
    await asyncio.gather(waiting, later)
    assert order == ["thread", "task"]


async def test_a_cancelled_waiter_passes_its_turn_on() -> None:
    gate = Gate()
    await gate.aenter()
    first, second = (asyncio.create_task(gate.aenter()) for _ in range(2))
    await asyncio.sleep(0)
    gate.leave()  # the first one's turn has come, but it has not run yet
    first.cancel()
    assert await asyncio.wait_for(second, 2)
    gate.leave()
    assert await asyncio.wait_for(gate.aenter(), 2)


async def test_blocking_in_a_loop_never_waits_for_that_loop() -> None:
    gate = Gate()
    await gate.aenter()
    assert gate.enter() is False
    gate.leave()
    assert gate.enter() is True
    gate.leave()


# Lanes


def test_the_least_busy_lane_is_taken() -> None:
    lanes = Lanes()
    lanes.widen(3)
    with lanes.taken() as one, lanes.taken() as two, lanes.taken() as three:
        assert len({id(one), id(two), id(three)}) == 3
        with lanes.taken() as four:
            assert four is one
    with lanes.taken() as again:
        assert again is one


def test_dropping_a_login_keeps_the_others() -> None:
    lanes = Lanes()
    lanes.widen(2)
    old, other = (Auth(Identity("19x1", "a"), secret) for secret in ("x", "y"))
    for lane, auth in zip(lanes.closed, (old, other)):
        lane.auth = auth
    lanes.drop(old)
    assert [lane.auth for lane in lanes.closed] == [None]
    assert lanes.auth is other
    assert lanes.drain() == (other,)
    assert lanes.auth is None


def test_pauses_are_short_in_tests() -> None:
    started = time.perf_counter()
    assert delay(READ, outcome_of(LOST), 1, RetryPolicy(first_delay=0.001)) is not None
    assert time.perf_counter() - started < 1
