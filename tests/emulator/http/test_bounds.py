"""What a server bears from its clients: large bodies, slow ones, many, and none it can take."""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from vtiger_orm.emulator import Crm, Request, Response, connection
from vtiger_orm.emulator.connection import Bounds, Handler
from vtiger_orm.emulator.http import Delivery
from vtiger_orm.emulator.server import Server

KEPT = Response(body=b"kept", delivery=Delivery(keep_alive=True))
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def served(
    bounds: Bounds, handler: Handler = lambda _: KEPT
) -> Iterator[Callable[[], socket.socket]]:
    """Makes connections to a server with these bounds."""
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection((server.host, server.port), timeout=10))
        return opened[-1]

    with Server(handler, bounds=bounds) as server:
        try:
            yield connect
        finally:
            for each in opened:
                each.close()


def everything(sock: socket.socket) -> bytes:
    """What arrives until the server hangs up."""
    received = b""
    try:
        while data := sock.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


class TestBodies:
    @pytest.mark.parametrize(
        ("head", "body"),
        [
            (b"Content-Length: 1001", b""),
            (b"Content-Length: 1001\r\nExpect: 100-continue", b""),
            (b"Content-Length: 99999999999999999999", b""),
            (b"Transfer-Encoding: chunked", b"400\r\n" + b"x" * 1024),
        ],
    )
    def test_a_larger_one_is_refused_unread(self, head: bytes, body: bytes) -> None:
        seen: list[Request] = []

        def handler(request: Request) -> Response:
            seen.append(request)
            return KEPT

        with served(Bounds(body=1000), handler) as connect:
            sock = connect()
            sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n" + body)
            assert sock.recv(4096).startswith(b"HTTP/1.1 413 ")
            sock.shutdown(socket.SHUT_WR)
            everything(sock)
            sock = connect()
            sock.sendall(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000
            )
            assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert [len(each.body) for each in seen] == [1000]

    def test_whoever_sends_it_at_once_sees_the_answer(self) -> None:
        with (
            Crm(data=None, body_limit=100_000) as crm,
            crm.serve() as server,
            httpx.Client(base_url=server.url, trust_env=False) as client,
        ):
            answer = client.post("/webservice.php", content=b"x" * 20_000_000)
            assert answer.status_code == 413
            assert client.get("/webservice.php", params={"operation": "x"}).status_code == 500

    def test_all_of_them_together(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"

        def wait_until_left(number: int) -> None:
            end = time.monotonic() + 10
            while server._budget._left != number:
                assert time.monotonic() < end, server._budget._left
                time.sleep(0.01)

        with Server(lambda _: KEPT, bounds=Bounds(body=1000, bodies=1500)) as server:
            address = (server.host, server.port)
            with socket.create_connection(address, timeout=10) as first:
                for _ in range(2):
                    second = socket.create_connection(address, timeout=10)
                    first.sendall(head + b"x" * 900)
                    wait_until_left(600)
                    second.sendall(head + b"x" * 600)
                    wait_until_left(0)
                    with socket.create_connection(address, timeout=10) as third:
                        third.sendall(head + b"x")
                        assert third.recv(4096).startswith(b"HTTP/1.1 503 ")
                    second.sendall(b"x")  # one more than there is room for
                    assert second.recv(4096).startswith(b"HTTP/1.1 503 ")
                    second.close()
                    wait_until_left(600)
                    first.sendall(b"x" * 100)
                    assert first.recv(4096).endswith(b"kept")
                    wait_until_left(1500)

    def test_without_a_socket_as_well(self) -> None:
        with Crm(data=None, body_limit=10) as crm, crm.copy() as other:
            for each in (crm, other):
                assert each.handle(Request("POST", "/webservice.php", body=b"x" * 11)).status == 413
                assert each.handle(Request("POST", "/webservice.php", body=b"x" * 10)).status == 500


class TestSlowClients:
    @pytest.mark.parametrize(
        "start",
        [b"GET / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n"],
    )
    def test_a_request_that_drips_is_given_up(self, start: bytes) -> None:
        with served(Bounds(patience=0.3)) as connect:
            sock = connect()
            sock.sendall(start)
            began = time.monotonic()
            sock.settimeout(0.05)
            answer = b""
            while not answer and time.monotonic() - began < 5:
                sock.sendall(b"x")
                with suppress(TimeoutError):
                    answer = sock.recv(4096)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert 0.2 < time.monotonic() - began < 3

    def test_one_that_says_nothing_is_hung_up_on(self) -> None:
        with served(Bounds(idle=0.5)) as connect:
            silent, used = connect(), connect()
            used.sendall(GET)
            assert used.recv(4096).endswith(b"kept")
            assert (everything(silent), everything(used)) == (b"", b"")

    def test_one_that_does_not_take_its_answer_is_hung_up_on(self) -> None:
        large = Response(body=b"x" * 50_000_000)
        with served(Bounds(patience=0.3), lambda _: large) as connect:
            sock = connect()
            sock.sendall(GET)
            time.sleep(1.5)
            assert len(everything(sock)) < 50_000_000

    def test_time_between_two_requests_does_not_count(self) -> None:
        with served(Bounds(patience=0.3)) as connect:
            sock = connect()
            for _ in range(3):
                sock.sendall(GET)
                assert sock.recv(4096).endswith(b"kept")
                time.sleep(0.2)


class TestManyClients:
    def test_one_that_is_idle_makes_room(self) -> None:
        with served(Bounds(connections=2)) as connect:
            socks = []
            for _ in range(3):
                sock = connect()
                sock.sendall(GET)
                assert sock.recv(4096).endswith(b"kept")
                socks.append(sock)
            ended, _, _ = select.select(socks, [], [], 10)
            assert len(ended) == 1
            assert ended[0] is not socks[2]
            assert ended[0].recv(10) == b""
            for sock in socks:
                if sock is not ended[0]:
                    sock.sendall(GET)
                    assert sock.recv(4096).endswith(b"kept")

    @pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n"])
    def test_those_that_say_nothing_more_make_room(
        self, said: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "_BEGUN", 0.1)
        with served(Bounds(connections=3)) as connect:
            silent = [connect() for _ in range(6)]
            for each in silent:
                each.sendall(said)
            sock = connect()
            sock.sendall(GET)
            assert sock.recv(4096).endswith(b"kept")

    def test_nobody_is_hung_up_on_while_it_is_answered(self) -> None:
        busy, release = threading.Semaphore(0), threading.Event()

        def handler(request: Request) -> Response:
            busy.release()
            assert release.wait(10)
            return KEPT

        with served(Bounds(connections=2), handler) as connect:
            socks = [connect() for _ in range(4)]
            for sock in socks:
                sock.sendall(GET)
            for _ in range(2):
                assert busy.acquire(timeout=5)
            assert not busy.acquire(timeout=0.3)  # the others wait for their turn
            release.set()
            for sock in socks:
                assert sock.recv(4096).endswith(b"kept")


class Failing:
    """A listener whose next accepts fail."""

    def __init__(self, listener: socket.socket, errors: list[Exception]) -> None:
        self._listener = listener
        self._errors = errors

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if self._errors:
            raise self._errors.pop()
        return self._listener.accept()

    def close(self) -> None:
        self._listener.close()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files"),
        ConnectionAbortedError(),
        BlockingIOError(),
        MemoryError(),
    ],
)
def test_a_failed_accept_is_tried_again(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(lambda _: KEPT)
    monkeypatch.setattr(server, "_listener", Failing(server._listener, [error] * 2))
    with server, httpx.Client(base_url=server.url, trust_env=False) as client:
        assert client.get("/").content == b"kept"
    told = [each for each in caplog.messages if "cannot take another client" in each]
    assert len(told) == (0 if isinstance(error, ConnectionAbortedError | BlockingIOError) else 1)


def test_no_thread_for_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(lambda _: KEPT)
    refusals = [RuntimeError("can't start new thread")]
    start = threading.Thread.start

    def starting(thread: threading.Thread) -> None:
        if refusals and not thread.name.startswith("vtiger-crm"):
            raise refusals.pop()
        start(thread)

    with server:
        monkeypatch.setattr(threading.Thread, "start", starting)
        with socket.create_connection((server.host, server.port), timeout=5) as sock:
            assert sock.recv(10) == b""
        monkeypatch.undo()
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            assert client.get("/").content == b"kept"
