"""Connections: a resolver that hangs, addresses that are dead, and giving up meanwhile."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from generated.demo import connect
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import ConnectionFailed, Timeout
from vtiger_orm.session import RetryPolicy, Session
from vtiger_orm.session.exchange import Interrupt, Interrupted, current

NAME = "crm.slow.test"
ONCE = RetryPolicy(attempts=1)
real = socket.getaddrinfo


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


def session_at(url: str, crm: Crm, **settings: Any) -> Session:
    settings = {"dialect": "webservice", "timeout": 0.3, "retry": ONCE, **settings}
    return connect(url, *crm.credentials(), **settings)


def resolves(
    monkeypatch: pytest.MonkeyPatch, name: str, how: Callable[[int], list[tuple[int, str]]]
) -> None:
    """`name` has the addresses that `how` tells for a port, each with its family."""

    def getaddrinfo(host: Any, port: Any, *more: Any, **settings: Any) -> Any:
        asked = host.decode() if isinstance(host, bytes) else host
        if asked != name:
            return real(host, port, *more, **settings)
        return [
            (family, socket.SOCK_STREAM, 6, "", (place, port, 0, 0)[: 4 if ":" in place else 2])
            for family, place in how(int(port))
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_a_resolver_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, crm: Crm, asynchronous: bool
) -> None:
    answered = threading.Event()

    def hang(port: int) -> list[tuple[int, str]]:
        answered.wait(20)
        return []

    resolves(monkeypatch, NAME, hang)
    session = session_at(f"http://{NAME}:8000", crm)
    started = time.monotonic()

    async def ask() -> None:
        try:
            await session.aidentify()
        finally:
            answered.set()  # a loop that ends waits for its threads

    with pytest.raises(Timeout, match="accepted no connection") as caught:
        asyncio.run(ask()) if asynchronous else session.identify()
    assert time.monotonic() - started < 1.5
    assert not caught.value.sent
    answered.set()


def test_work_that_is_given_up_does_not_wait_for_the_resolver(
    monkeypatch: pytest.MonkeyPatch, crm: Crm
) -> None:
    answered, asked, interrupt = threading.Event(), threading.Event(), Interrupt()

    def hang(port: int) -> list[tuple[int, str]]:
        asked.set()
        answered.wait(20)
        return []

    resolves(monkeypatch, NAME, hang)
    ended: list[type[BaseException]] = []

    def work() -> None:
        current.interrupt = interrupt
        try:
            session_at(f"http://{NAME}:8000", crm, timeout=9.0).identify()
        except BaseException as error:
            ended.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert asked.wait(10)
    interrupt.break_off()
    thread.join(3)
    answered.set()
    assert ended == [Interrupted]


@pytest.fixture
def dead() -> Iterator[str]:
    """An address of this machine whose port takes no connection: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.2", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        kept = []
        for _ in range(3):
            made = socket.socket()
            made.setblocking(False)
            made.connect_ex(("127.0.0.2", port))
            kept.append(made)
        time.sleep(0.05)
        yield f"127.0.0.2:{port}"
        for each in kept:
            each.close()


@pytest.mark.parametrize("first", ["silent", "refusing", "of IPv6"])
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_a_dead_address_does_not_hide_the_living_one(
    monkeypatch: pytest.MonkeyPatch, crm: Crm, dead: str, first: str, asynchronous: bool
) -> None:
    """DNS round robin, and IPv6 that goes nowhere: two addresses, the first one dead."""
    place, port = dead.split(":")
    with crm.serve(int(port)) as server:
        family: int = socket.AF_INET
        if first == "refusing":
            place = "127.0.0.3"
        elif first == "of IPv6":
            family, place = socket.AF_INET6, "::1"
        found: list[tuple[int, str]] = [(family, place), (socket.AF_INET, "127.0.0.1")]
        resolves(monkeypatch, NAME, lambda port: found)
        monkeypatch.setattr("vtiger_orm.emulator.hosts.Hosts.__contains__", lambda self, host: True)
        session = session_at(f"http://{NAME}:{server.port}", crm, timeout=3.0)
        started = time.monotonic()
        told = asyncio.run(session.aidentify()) if asynchronous else session.identify()
        assert told.username == "admin"
        assert time.monotonic() - started < 1.5
        session.close()


def test_where_all_are_dead_it_ends_in_time(
    monkeypatch: pytest.MonkeyPatch, crm: Crm, dead: str
) -> None:
    place, port = dead.split(":")
    resolves(monkeypatch, NAME, lambda port: [(socket.AF_INET, place)] * 3)
    started = time.monotonic()
    with pytest.raises(Timeout, match="accepted no connection"):
        session_at(f"http://{NAME}:{port}", crm).identify()
    assert time.monotonic() - started < 1.0
    resolves(monkeypatch, NAME, lambda port: [(socket.AF_INET, "127.0.0.3")] * 3)
    with pytest.raises(ConnectionFailed, match="refused"):
        session_at(f"http://{NAME}:1", crm).identify()
