"""HTTP as nobody should speak it: a value or an error of the library, in time, and no more."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.support.raw_server import Client, RawServer, plain
from vtiger_orm.calls.operations import Query
from vtiger_orm.calls.plans import perform
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.http import Response
from vtiger_orm.errors import VtigerError
from vtiger_orm.session import RetryPolicy, Session

IDS = Query("select id from Contacts order by id limit 3;", "Contacts")


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.fixture
def server(crm: Crm) -> Iterator[RawServer]:
    with RawServer(crm) as server:
        yield server


Say = Callable[[bytes], bytes]


def chunked(*chunks: bytes) -> Say:
    """An answer in chunks, as they are."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return lambda body: head + b"".join(chunks)


def _whole(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


RIGHT: dict[str, Say] = {
    "HTTP/1.0 to the end of the connection": lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body,
    "chunks": lambda body: chunked()(body) + _whole(body),
    "chunks with extensions and trailers": lambda body: (
        chunked()(body) + b"%x;a=b\r\n%s\r\n0\r\nX-T: 1\r\n\r\n" % (len(body), body)
    ),
    "some 1xx before": lambda body: (
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 3
        + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    ),
    "a length that is told twice": lambda body: (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Length: %d\r\n\r\n"
        % (len(body), len(body))
        + body
    ),
}
WRONG: dict[str, Say] = {
    "nothing": lambda body: b"",
    "half a status line": lambda body: b"HTTP/1.1 20",
    "no HTTP": lambda body: b"SSH-2.0-OpenSSH\r\n",
    "bytes of TLS": lambda body: b"\x15\x03\x01\x00\x02\x02\x28",
    "a chunk that is no number": chunked(b"zz\r\nabc\r\n0\r\n\r\n"),
    "a chunk that is negative": chunked(b"-5\r\nabc\r\n0\r\n\r\n"),
    "a chunk without an end": chunked(b"fffffff\r\n{"),
    "a chunk of more than is counted": chunked(b"f" * 40 + b"\r\n{"),
    "no last chunk": lambda body: chunked()(body) + b"%x\r\n%s\r\n" % (len(body), body),
    "a length that is too long": lambda body: (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 9) + body
    ),
    "a length that is too short": lambda body: (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) - 9) + body
    ),
    "a length that is none": lambda body: b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + body,
    "two lengths": lambda body: (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 900\r\n\r\n" + body
    ),
    "huge headers": lambda body: b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 900_000 + b"\r\n\r\n" + body,
    "very many headers": lambda body: (
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(99_999))
    ),
    "a header without a name": lambda body: b"HTTP/1.1 200 OK\r\n: x\r\n\r\n" + body,
    "a header with a NUL": lambda body: b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n" + body,
    "204 with a body": lambda body: b"HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n" + body,
    "another protocol": lambda body: b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n" + body,
    "status 0": lambda body: b"HTTP/1.1 0 No\r\n\r\n" + body,
}


def saying(say: Say, *, half_closed: bool = False) -> Callable[[Client, Response], None]:
    def behave(client: Client, response: Response) -> None:
        with suppress(OSError):
            client.send(say(response.body))
            client.connection.shutdown(socket.SHUT_WR)
            if half_closed:
                client.rest(20)

    return behave


def opened(server: RawServer, crm: Crm) -> Session:
    settings: dict[str, Any] = {"dialect": "webservice", "timeout": 1.0}
    # Twice: a connection that the server is about to close may be taken for a living one.
    retry = RetryPolicy(attempts=2, first_delay=0.01)
    session = Session(server.url, *crm.credentials(), retry=retry, **settings)
    session.identify()
    return session


def asked(session: Session, asynchronous: bool) -> Any:
    return asyncio.run(session.arun(perform(IDS))) if asynchronous else session.run(perform(IDS))


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_odd_and_right_is_understood(
    server: RawServer, crm: Crm, name: str, asynchronous: bool
) -> None:
    session = opened(server, crm)
    with server.behaves(saying(RIGHT[name]), "query"):
        assert len(asked(session, asynchronous)) == 3


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("half_closed", [False, True], ids=["closed", "half closed"])
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_an_error_of_the_library(
    server: RawServer, crm: Crm, name: str, half_closed: bool, asynchronous: bool
) -> None:
    session = opened(server, crm)
    started = time.monotonic()
    with (
        server.behaves(saying(WRONG[name], half_closed=half_closed), "query"),
        pytest.raises(VtigerError) as caught,
    ):
        asked(session, asynchronous)
    assert time.monotonic() - started < 5
    assert caught.value.outcome is not None
    assert len(json.dumps(str(caught.value))) < 2_000
    assert len(session.run(perform(IDS))) == 3, "the session is usable afterwards"


def test_the_plain_answer_is_right(server: RawServer, crm: Crm) -> None:
    """What the table above is measured by."""
    session = opened(server, crm)
    with server.behaves(lambda client, response: client.send(plain(response)), "query"):
        assert len(session.run(perform(IDS))) == 3
