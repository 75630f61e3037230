"""Servers that are away for a while, limits that are reached, and what is told of each wait."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from generated.demo import Accounts, Contacts, connect
from tests.support.fake_server import FAST, FakeServer, ok, rows
from vtiger_orm.calls.operations import Query
from vtiger_orm.calls.outcome import Again, Fate, Outcome
from vtiger_orm.calls.plans import perform
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Html, RateLimited
from vtiger_orm.errors import LimitReached, ServerError, VtigerError
from vtiger_orm.session import RetryPolicy, Wait
from vtiger_orm.session.pacing import forget_limiters
from vtiger_orm.session.retry import delay

READ = Query("select id from Contacts;", "Contacts")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget_limiters()
    yield
    forget_limiters()


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_the_default_bridges_ten_seconds_without_a_server(chance: float) -> None:
    """Whatever the jitter; and it ends within the policy's patience."""
    policy = RetryPolicy()
    for fate in (Fate.NEVER_LEFT, Fate.UNDER_WAY):
        outcome, waited, attempt = Outcome(fate, Again.YES), 0.0, 1
        while seconds := delay(READ, outcome, attempt, policy, spent=waited, chance=chance):
            waited += seconds
            attempt += 1
        assert 10 < waited <= policy.patience


def test_maintenance_is_waited_for_as_long_as_it_says() -> None:
    server = FakeServer()
    away = httpx.Response(503, headers={"Retry-After": "0.2"}, content=b"<html>back soon</html>")
    server.script("query", away, rows(1))
    told: list[Wait] = []
    session = server.session(on_wait=told.append)
    started = time.monotonic()
    assert session.run(perform(READ)) == [{"id": "12x1"}]
    assert time.monotonic() - started >= 0.2
    assert [(each.operation, each.module, each.attempt) for each in told] == [
        ("query", "Contacts", 1)
    ]
    assert "503" in told[0].reason
    assert told[0].error is not None


def test_what_the_hook_raises_ends_the_call() -> None:
    class Enough(Exception):
        pass

    def hook(wait: Wait) -> None:
        raise Enough

    server = FakeServer()
    server.always("query", httpx.Response(502))
    with pytest.raises(Enough):
        server.session(on_wait=hook).run(perform(READ))
    server.always("query", rows(1))
    assert server.session().run(perform(READ)) == [{"id": "12x1"}]


def test_an_error_tells_how_often_and_how_long_it_was_tried() -> None:
    server = FakeServer()
    server.always("query", httpx.Response(502, content=b"<html>Bad Gateway</html>"))
    with pytest.raises(VtigerError, match=r"Bad Gateway.*Given up after 3 attempts in \d+\.\d s"):
        server.session(retry=FAST).run(perform(READ))


def test_a_real_restart_is_bridged(crm: Crm) -> None:
    """A port on which nobody listens for a while."""
    with crm.serve() as server:
        port = int(server.url.rpartition(":")[2])
    told: list[Wait] = []
    missed, ended = threading.Event(), threading.Event()

    def hook(wait: Wait) -> None:
        told.append(wait)
        missed.set()

    policy = RetryPolicy(first_delay=0.05, longest_delay=0.2, attempts=20)
    session = connect(
        f"http://127.0.0.1:{port}",
        *crm.credentials(),
        dialect="webservice",
        retry=policy,
        on_wait=hook,
    )

    def come_back() -> None:
        missed.wait(20)
        with crm.serve(port):
            ended.wait(20)

    thread = threading.Thread(target=come_back)
    thread.start()
    try:
        with session:
            assert session.me.name == "admin"
    finally:
        ended.set()
        thread.join()
    assert told
    assert "no connection" in told[0].reason


# The end of a budget


def test_a_limit_that_lasts_too_long_is_told_with_its_end() -> None:
    server = FakeServer()
    refusal = {"success": False, "error": {"code": "X", "message": "slow down"}}
    server.script("query", httpx.Response(429, json=refusal, headers={"Retry-After": "300"}))
    session = server.session()
    with pytest.raises(LimitReached, match="works again at") as caught:
        session.run(perform(READ))
    assert caught.value.at is not None
    assert caught.value.at.timestamp() == pytest.approx(time.time() + 300, abs=5)
    before = len(server.requests)
    with pytest.raises(LimitReached) as again:
        server.session().run(perform(READ))
    assert len(server.requests) == before, "the host is closed for all"
    assert again.value.outcome is not None
    assert again.value.outcome.undone


@pytest.mark.parametrize("value", ["INF", "NAN", "-5", "soon", "1e999"])
def test_headers_that_are_no_numbers_do_no_harm(value: str) -> None:
    server = FakeServer()
    headers = {
        "X-FloodControl-Remaining": value,
        "X-FloodControl-Reset": value,
        "X-RateLimit-DailyLimit": value,
        "X-RateLimit-Reset": value,
    }
    server.always("query", ok([{"id": "12x1"}], **headers))
    session = server.session()
    for _ in range(3):
        assert session.run(perform(READ)) == [{"id": "12x1"}]


@pytest.mark.parametrize("prefetch", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_a_read_that_meets_the_end_of_the_budget_goes_on_later(
    crm: Crm, asynchronous: bool, prefetch: bool
) -> None:
    """The same iterator: no record is missing, none comes twice, no page is read again."""
    settings: dict[str, Any] = {"transport": crm.transport(), "max_wait": 0.0}
    session = connect(crm.url, *crm.credentials(), dialect="webservice", **settings)
    everything = Contacts.objects.using(session)[:130]
    if prefetch:
        everything = everything.select_related("account_id")
    expected = [each.id for each in everything]
    reading = everything.iterator(page_size=25)
    areading = everything.aiterator(page_size=25)
    found: list[Any] = []
    stops = 0

    def read() -> None:
        for each in reading:
            found.append(each)

    async def aread() -> None:
        async for each in areading:
            found.append(each)

    async def all_of_it() -> None:
        nonlocal stops
        while True:
            crm.faults.clear()
            crm.faults.next(RateLimited(retry_after=0.02), operation="query", after=1)
            try:
                await aread() if asynchronous else read()
                return
            except LimitReached as error:
                again = error.at
            stops += 1
            assert stops < 200
            assert again is not None
            await asyncio.sleep(again.timestamp() - time.time())

    with crm.count_calls() as calls:
        asyncio.run(all_of_it())
    crm.faults.clear()
    assert [each.id for each in found] == expected
    assert stops > 1
    assert calls.operations["query"] < 3 * stops + 3
    if prefetch:
        assert any(each.account_id and each.account_id.loaded for each in found)


def test_reads_stop_at_other_errors_for_good(crm: Crm) -> None:
    session = connect(
        crm.url, *crm.credentials(), dialect="webservice", transport=crm.transport(), retry=FAST
    )
    reading = Accounts.objects.using(session).iterator(page_size=2)
    next(reading)
    next(reading)
    crm.faults.always(Html(), operation="query")
    with pytest.raises((ServerError, VtigerError)):
        list(reading)
    crm.faults.clear()
    assert list(reading) == []
