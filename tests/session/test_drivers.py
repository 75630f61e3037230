"""Streams, batches and blocks: what the two drivers do with plans."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import httpx
import pytest

from tests.support.fake_server import Answer, FakeServer, ok, refused
from vtiger_orm.calls.operations import Operation, Query, Retrieve, Row
from vtiger_orm.calls.plans import (
    Plan,
    Rows,
    RowStream,
    attempt_all,
    perform,
    perform_all,
)
from vtiger_orm.errors import AccessDenied, BlockingCall, NotSupported, VtigerError
from vtiger_orm.package import Package
from vtiger_orm.session import drivers


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def page(number: int) -> Query:
    return Query(f"page {number};", "Contacts")


def pages(count: int) -> RowStream:
    """Hands out `count` pages, each asked for while the one before is looked at."""
    rows = yield from perform(page(0))
    for number in range(1, count):
        rows = cast("list[Row]", (yield Rows(rows, ahead=page(number))))
    yield Rows(rows)


def numbered(given: dict[str, str]) -> httpx.Response:
    return ok([{"id": "12x" + given["query"].removeprefix("page ").rstrip(";")}])


async def collected(stream: AsyncIterator[Sequence[Row]]) -> list[str]:
    return [row["id"] async for rows in stream for row in rows]


# Streams


def test_a_stream_hands_out_every_page_in_order(server: FakeServer) -> None:
    server.always("query", numbered)
    found = [row["id"] for rows in server.session().stream(pages(5)) for row in rows]
    assert found == [f"12x{number}" for number in range(5)]
    assert asyncio.run(collected(server.session().astream(pages(5)))) == found


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine must not fail a test: rows wait as long as it takes for the next request."""
    monkeypatch.setattr(drivers, "HANDOVER_SECONDS", 30.0)


@pytest.mark.usefixtures("patient")
def test_the_next_page_is_asked_for_before_this_one_is_used(server: FakeServer) -> None:
    server.always("query", numbered)
    stream = iter(server.session().stream(pages(3)))
    next(stream)
    assert len(server.operations) == 2
    assert len(list(stream)) == 2


@pytest.mark.usefixtures("patient")
async def test_the_next_page_is_asked_for_before_tasks_use_this_one(server: FakeServer) -> None:
    server.always("query", numbered)
    stream = server.session().astream(pages(3))
    await anext(stream)
    assert len(server.operations) == 2
    assert len(await collected(stream)) == 2


def test_rows_do_not_wait_for_a_slow_connection(server: FakeServer) -> None:
    answered = threading.Event()

    def slowly(given: dict[str, str]) -> httpx.Response:
        answered.wait(30)
        return numbered(given)

    server.script("query", numbered, slowly)
    stream = iter(server.session().stream(pages(2)))
    assert next(stream) == [{"id": "12x0"}]
    answered.set()
    assert next(stream) == [{"id": "12x1"}]


def test_leaving_a_stream_early_ends_its_plan(server: FakeServer) -> None:
    server.always("query", numbered)
    ended = []

    def plan() -> RowStream:
        try:
            yield from pages(50)
        finally:
            ended.append(True)

    for _ in server.session().stream(plan()):
        break
    assert ended == [True]
    assert len(server.operations) <= 2


async def test_leaving_an_async_stream_early_cancels_what_was_ahead(server: FakeServer) -> None:
    cancelled = []

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "page+1" in str(request.url):
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    cancelled.append(True)
                    raise
            return server.handle(request)

    server.always("query", numbered)
    stream = server.session(async_transport=Transport()).astream(pages(3))
    await anext(stream)
    await asyncio.sleep(0.01)
    await stream.aclose()  # type: ignore[attr-defined]
    assert cancelled == [True]


def test_an_error_ahead_reaches_the_plan(server: FakeServer) -> None:
    def plan() -> RowStream:
        rows = yield from perform(page(0))
        try:
            yield Rows(rows, ahead=page(1))
        except AccessDenied:
            yield Rows([{"id": "recovered"}])

    answers: list[Answer] = [numbered, refused("ACCESS_DENIED")]
    server.script("query", *answers)
    found = [row["id"] for rows in server.session().stream(plan()) for row in rows]
    server.script("query", *answers)
    assert found == ["12x0", "recovered"]
    assert asyncio.run(collected(server.session().astream(plan()))) == found


def test_an_error_that_the_plan_does_not_catch_reaches_the_consumer(server: FakeServer) -> None:
    server.script("query", numbered, refused("ACCESS_DENIED"))
    stream = server.session().stream(pages(3))
    assert len(next(iter(stream))) == 1
    with pytest.raises(AccessDenied):
        next(iter(stream))


# Batches


def batch(size: int, *, collect: bool = False) -> Plan[list[Any]]:
    calls = [Retrieve(f"12x{number}") for number in range(size)]
    return (yield from (attempt_all(calls) if collect else perform_all(calls)))


def echo(given: dict[str, str]) -> httpx.Response:
    time.sleep(0.005)
    return ok({"id": given["id"]})


class Overlapping(httpx.AsyncBaseTransport):
    """Counts how many requests are under way at once."""

    def __init__(self, server: FakeServer) -> None:
        self.server, self.now, self.most = server, 0, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.005)
            return self.server.handle(request)
        finally:
            self.now -= 1


@pytest.mark.parametrize(
    ("dialect", "parallel", "width"),
    [("webservice", 1, 1), ("webservice", 3, 3), ("cloud", 1, 4), ("cloud", 6, 6)],
)
async def test_batches_run_as_wide_as_the_server_allows(
    server: FakeServer, dialect: str, parallel: int, width: int
) -> None:
    server.always("retrieve", echo)
    expected = [{"id": f"12x{number}"} for number in range(12)]
    transport = Overlapping(server)
    session = server.session(dialect=dialect, parallel=parallel, async_transport=transport)
    assert await session.arun(batch(12)) == expected
    assert transport.most == width

    session = server.session(dialect=dialect, parallel=parallel)
    server.most_concurrent = 0
    assert await asyncio.to_thread(session.run, batch(12)) == expected
    assert 1 < server.most_concurrent <= width or width == 1 == server.most_concurrent


def test_several_sessions_share_one_challenge(server: FakeServer) -> None:
    """Four logins with one challenge: four challenges of one user would spoil each other."""
    server.always("retrieve", echo)
    server.session(parallel=4).run(batch(16))
    used = {given["sessionName"] for name, given in server.requests if name == "retrieve"}
    assert (server.challenges, server.logins, len(used)) == (1, 4, 4)


def test_an_expired_lane_renews_alone(server: FakeServer) -> None:
    server.always("retrieve", echo)
    session = server.session(parallel=3)
    session.run(batch(6))
    server.sessions.discard("canary-session-2")
    session.run(batch(9))
    assert (server.challenges, server.logins) == (2, 4)


def failing(given: dict[str, str]) -> httpx.Response:
    if given["id"] in ("12x1", "12x3"):
        return refused("ACCESS_DENIED", given["id"])
    return ok({"id": given["id"]})


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_collecting_batch_puts_errors_in_their_places(server: FakeServer, parallel: int) -> None:
    server.always("retrieve", failing)
    for results in (
        server.session(parallel=parallel).run(batch(5, collect=True)),
        asyncio.run(server.session(parallel=parallel).arun(batch(5, collect=True))),
    ):
        assert [isinstance(each, AccessDenied) for each in results] == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_plain_batch_raises_the_first_error(server: FakeServer, parallel: int) -> None:
    server.always("retrieve", failing)
    with pytest.raises(AccessDenied, match="12x1"):
        server.session(parallel=parallel).run(batch(5))
    with pytest.raises(AccessDenied, match="12x1"):
        asyncio.run(server.session(parallel=parallel).arun(batch(5)))


def test_an_empty_batch_sends_nothing(server: FakeServer) -> None:
    assert server.session().run(batch(0)) == []
    assert asyncio.run(server.session().arun(batch(0))) == []
    assert server.requests == []


def test_a_collecting_batch_collects_missing_operations(server: FakeServer) -> None:
    server.always("lookup", httpx.Response(500))

    def plan() -> Plan[list[Any]]:
        results = yield from attempt_all([Operation("lookup")])
        return results

    assert isinstance(server.session().run(plan())[0], NotSupported)


# Blocks


def package() -> Package:
    return Package(
        "crm_package",
        format=1,
        generator="0",
        dialect="webservice",
        version="8.0.0",
        modules={"Contacts": ("contacts", "12"), "Users": ("users", "19")},
    )


def test_a_block_makes_the_session_current(server: FakeServer) -> None:
    crm = package()
    with server.session(package=crm) as outer:
        assert crm.runner() is outer
        with server.session(package=crm) as inner:
            assert crm.runner() is inner
        assert crm.runner() is outer
    with pytest.raises(VtigerError):
        crm.runner()


async def test_blocks_of_tasks_do_not_mix(server: FakeServer) -> None:
    crm = package()

    async def work() -> bool:
        async with server.session(package=crm) as session:
            await asyncio.sleep(0)
            return crm.runner() is session

    assert all(await asyncio.gather(*(work() for _ in range(5))))


async def test_one_session_in_blocks_of_several_tasks(server: FakeServer) -> None:
    crm = package()
    session = server.session(package=crm)
    started = asyncio.Event()

    async def short() -> None:
        async with session:
            await started.wait()

    async def long() -> None:
        async with session:
            await session.arun(perform(page(0)))
            started.set()
            await asyncio.sleep(0.01)
            assert crm.runner() is session
            await session.arun(perform(page(1)))

    await asyncio.gather(short(), long())
    assert server.logins == 1


async def test_leaving_in_another_task_does_not_raise(server: FakeServer) -> None:
    crm = package()
    session = server.session(package=crm)
    await asyncio.create_task(session.__aenter__())
    await asyncio.create_task(session.__aexit__(None, None, None))
    with pytest.raises(VtigerError):
        crm.runner()


async def test_a_blocking_call_in_an_async_block_names_its_twin(server: FakeServer) -> None:
    async with server.session() as session:
        with pytest.raises(BlockingCall, match=r"run\(\) blocks.*await \.\.\. \.arun"):
            session.run(perform(page(0)))
        with pytest.raises(BlockingCall, match="astream"):
            session.stream(pages(1))
        with pytest.raises(BlockingCall, match="aidentify"):
            session.identify()
        assert await asyncio.to_thread(session.run, perform(page(0))) == []
    assert server.operations == ["query"]


async def test_a_plain_block_may_block_in_a_loop(server: FakeServer) -> None:
    """Notebooks run an event loop all the time."""
    with server.session() as session:
        assert session.run(perform(page(0))) == []


def test_threads_use_a_session_of_another_thread(server: FakeServer) -> None:
    with server.session(parallel=2) as session:
        threads = [
            threading.Thread(target=session.run, args=[perform(page(number))])
            for number in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(server.operations) == ["query"] * 6
