"""Every exchange ends in time, whatever the server does, and every wait can be given up."""

from __future__ import annotations

import asyncio
import io
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.raw_server import Client, RawServer, plain
from vtiger_orm.calls.operations import Create, FilePart, Query
from vtiger_orm.calls.plans import Plan, Rows, RowStream, perform, perform_all
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.http import Response
from vtiger_orm.errors import ConfigError, Timeout, VtigerError
from vtiger_orm.session import RetryPolicy, Session

IDS = Query("select id from Contacts order by id limit 3;", "Contacts")
ONCE = RetryPolicy(attempts=1)


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.fixture
def server(crm: Crm) -> Iterator[RawServer]:
    with RawServer(crm) as server:
        yield server


def session_at(server: RawServer, crm: Crm, **settings: Any) -> Session:
    settings = {"dialect": "webservice", "timeout": 0.1, "retry": ONCE, **settings}
    return Session(server.url, *crm.credentials(), **settings)


def run(session: Session, plan: Plan[Any], asynchronous: bool) -> Any:
    return asyncio.run(session.arun(plan)) if asynchronous else session.run(plan)


def drips_headers(client: Client, response: Response) -> None:
    client.send(b"HTTP/1.1 200 OK\r\nX-A: ")
    while client.rest(0.02):
        client.send(b"a")


def drips_body(client: Client, response: Response) -> None:
    head, _, body = plain(response).partition(b"\r\n\r\n")
    client.send(head + b"\r\n\r\n")
    for byte in body:
        if not client.rest(0.03):
            return
        client.send(bytes([byte]))


def goes_on_for_ever(client: Client, response: Response) -> None:
    while client.rest(0.02):
        client.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def never_answers(client: Client, response: Response) -> None:
    client.rest(20)


def stalls(client: Client, response: Response) -> None:
    client.send(plain(response)[:-5])
    client.rest(20)


def is_down(client: Client, response: Response) -> None:
    client.send(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


BEHAVIOURS = [drips_headers, drips_body, goes_on_for_ever, never_answers, stalls]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_slow_answer_is_given_up(
    server: RawServer,
    crm: Crm,
    behaviour: Callable[[Client, Response], None],
    asynchronous: bool,
) -> None:
    session = session_at(server, crm)
    session.identify()
    started = time.monotonic()
    with server.behaves(behaviour, "query"), pytest.raises(Timeout) as caught:
        run(session, perform(IDS), asynchronous)
    assert time.monotonic() - started < 1.5
    assert not caught.value.outcome or not caught.value.outcome.undone
    assert len(session.run(perform(IDS))) == 3, "the session is usable afterwards"


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_a_slow_upload_is_given_up(server: RawServer, crm: Crm, asynchronous: bool) -> None:
    session = session_at(server, crm)
    me = session.identify().user_id
    file = FilePart("filename", "a.bin", io.BytesIO(bytes(20_000_000)))
    values = {"notes_title": "a", "filelocationtype": "I", "assigned_user_id": me}
    plan = perform(Create("Documents", values, file))
    server.taking = 0.08
    started = time.monotonic()
    with pytest.raises(Timeout):
        run(session, plan, asynchronous)
    assert time.monotonic() - started < 2.5


# Giving up from outside


def interrupted(work: Callable[[], object]) -> None:
    """Do it, and press Ctrl-C soon."""
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.4, signal.pthread_kill, [main, signal.SIGINT])
    timer.start()
    try:
        work()
    finally:
        timer.join()


def many() -> Plan[Any]:
    return (yield from perform_all([IDS] * 4))


def ahead() -> RowStream:
    rows = yield from perform(IDS)
    yield Rows(rows, ahead=IDS)


@pytest.mark.parametrize("work", ["call", "batch", "ahead", "pause"])
def test_ctrl_c_ends_it_at_once(server: RawServer, crm: Crm, work: str) -> None:
    """The workers, too: the interpreter waits for them when it ends."""
    session = session_at(server, crm, timeout=5.0, parallel=3, retry=RetryPolicy())
    others = {*threading.enumerate()}  # of sessions that other tests left to the collector
    session.run(many())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    behaviour = is_down if work == "pause" else never_answers
    started = time.monotonic()
    works: dict[str, Callable[[], object]] = {
        "call": lambda: session.run(perform(IDS)),
        "pause": lambda: session.run(perform(IDS)),
        "batch": lambda: session.run(many()),
        "ahead": lambda: list(session.stream(ahead())),
    }
    with server.behaves(behaviour, "query"), pytest.raises(KeyboardInterrupt):
        interrupted(works[work])
    session.close()
    while any(each.name.startswith("vtiger-orm") for each in {*threading.enumerate()} - others):
        assert time.monotonic() - started < 2.5
        time.sleep(0.01)
    assert time.monotonic() - started < 2.5
    assert len(session.run(perform(IDS))) == 3


def test_ctrl_c_ends_waiting_for_the_login_of_another_thread(server: RawServer, crm: Crm) -> None:
    session = session_at(server, crm, timeout=1.0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    failed: list[Exception] = []

    def log_in() -> None:
        try:
            session.run(perform(IDS))
        except VtigerError as error:
            failed.append(error)

    with server.behaves(never_answers, "login"):
        other = threading.Thread(target=log_in)
        other.start()
        with pytest.raises(KeyboardInterrupt):
            interrupted(lambda: session.run(perform(IDS)))
        assert other.is_alive(), "it is not waited for"
        other.join()
    assert len(failed) == 1
    assert len(session.run(perform(IDS))) == 3


@pytest.mark.parametrize("work", ["call", "batch", "ahead"])
async def test_cancellation_leaves_the_session_usable(
    server: RawServer, crm: Crm, work: str
) -> None:
    session = session_at(server, crm, timeout=5.0, parallel=3)
    await session.arun(many())

    async def read() -> None:
        match work:
            case "call":
                await session.arun(perform(IDS))
            case "batch":
                await session.arun(many())
            case _:
                async for _ in session.astream(ahead()):
                    pass

    started = time.monotonic()
    with server.behaves(never_answers, "query"), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await read()
    assert time.monotonic() - started < 1.5
    assert len(await session.arun(perform(IDS))) == 3
    assert [each for each in asyncio.all_tasks() if each is not asyncio.current_task()] == []
    await session.aclose()


def test_other_loops_than_asyncio_are_told(server: RawServer, crm: Crm) -> None:
    """A coroutine that is driven by hand is what trio's is to asyncio."""
    session = session_at(server, crm)
    for begin in (
        lambda: session.arun(perform(IDS)),
        lambda: session.aidentify(),
        lambda: anext(session.astream(ahead())),
        lambda: session.aclose(),
    ):
        with pytest.raises(ConfigError, match="asyncio"):
            begin().send(None)  # type: ignore[union-attr]  # a coroutine has it


def test_errors_of_time_are_ours(server: RawServer, crm: Crm) -> None:
    with server.behaves(never_answers, "getchallenge"), pytest.raises(VtigerError):
        session_at(server, crm).identify()
