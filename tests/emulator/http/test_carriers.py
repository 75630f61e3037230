"""The socket server and the httpx transport carry the same answers, whole or broken."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from vtiger_orm.emulator.http import Delivery, Request, Response, json_response
from vtiger_orm.emulator.server import Server
from vtiger_orm.emulator.transport import CrmTransport

Handler = Callable[[Request], Response]
Get = Callable[..., httpx.Response]
Carrier = Callable[[Handler], AbstractContextManager[Get]]


@contextmanager
def over_socket(handler: Handler) -> Iterator[Get]:
    with Server(handler) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client.request


@contextmanager
def over_transport(handler: Handler) -> Iterator[Get]:
    transport = CrmTransport(handler)
    with httpx.Client(transport=transport, base_url="http://crm.test") as client:
        yield client.request


@contextmanager
def over_async_transport(handler: Handler) -> Iterator[Get]:
    def request(method: str, url: str, **options: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = CrmTransport(handler)
            async with httpx.AsyncClient(transport=transport, base_url="http://crm.test") as it:
                return await it.request(method, url, **options)

        return asyncio.run(go())

    yield request


@pytest.fixture(params=[over_socket, over_transport, over_async_transport])
def carrier(request: pytest.FixtureRequest) -> Carrier:
    carrier: Carrier = request.param
    return carrier


def test_request_and_response_arrive_unchanged(carrier: Carrier) -> None:
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        return json_response({"x": "ü" * 70_000}, status=400, reason="Größe: it is\nwrong")

    with carrier(handler) as get:
        answer = get("POST", "/webservice.php?q=a%20b", data={"element": "ü" * 50_000})
    assert answer.status_code == 400
    assert answer.extensions["reason_phrase"].decode() == "Größe: it is wrong"
    assert answer.json() == {"x": "ü" * 70_000}
    assert seen[0].target == "/webservice.php?q=a%20b"
    assert seen[0].form == {"element": "ü" * 50_000}
    assert seen[0].client == "127.0.0.1"


def test_a_dropped_connection(carrier: Carrier) -> None:
    answer = Response(body=b"x", delivery=Delivery(dropped=True))
    with carrier(lambda _: answer) as get, pytest.raises(httpx.RemoteProtocolError):
        get("GET", "/")


def test_a_body_cut_short(carrier: Carrier) -> None:
    answer = Response(body=b"x" * 1000, delivery=Delivery(cut_after=10))
    with carrier(lambda _: answer) as get, pytest.raises(httpx.RemoteProtocolError):
        get("GET", "/")


def test_a_late_answer_and_an_impatient_client(carrier: Carrier) -> None:
    answer = Response(body=b"late", delivery=Delivery(delay=0.05))
    with carrier(lambda _: answer) as get:
        began = time.perf_counter()
        assert get("GET", "/", timeout=5).content == b"late"
        assert time.perf_counter() - began >= 0.05
    slow = replace(answer, delivery=Delivery(delay=0.5))
    with carrier(lambda _: slow) as get, pytest.raises(httpx.ReadTimeout):
        get("GET", "/", timeout=0.05)


def test_an_empty_answer(carrier: Carrier) -> None:
    with carrier(lambda _: Response(status=500)) as get:
        answer = get("GET", "/")
    assert (answer.status_code, answer.content) == (500, b"")


@contextmanager
def raw_connection(handler: Handler, keep_alive: bool | None = None) -> Iterator[socket.socket]:
    with (
        Server(handler, keep_alive=keep_alive) as server,
        socket.create_connection((server.host, server.port)) as sock,
    ):
        yield sock


class TestServer:
    def test_connections_are_closed_or_kept_as_the_answer_says(self) -> None:
        keep = Response(body=b"k", delivery=Delivery(keep_alive=True))
        with raw_connection(lambda r: keep if r.path == "/keep" else Response(body=b"c")) as sock:
            for _ in range(3):
                sock.sendall(b"GET /keep HTTP/1.1\r\nHost: x\r\n\r\n")
                assert sock.recv(4096).endswith(b"k")
            sock.sendall(b"GET /close HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"Connection: close" in sock.recv(4096)
            assert sock.recv(4096) == b""
        with raw_connection(lambda _: Response(body=b"c"), keep_alive=True) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
            got = b""
            while got.count(b"HTTP/1.1 200") < 2:
                got += sock.recv(4096)

    def test_a_request_line_of_75_kilobytes_is_read(self) -> None:
        with raw_connection(lambda r: Response(body=b"%d" % len(r.target))) as sock:
            sock.sendall(b"GET /?q=" + b"x" * 75_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(4096).endswith(b"75004")

    def test_nonsense_is_refused(self) -> None:
        with raw_connection(lambda _: Response()) as sock:
            sock.sendall(b"what is this\r\n\r\n")
            assert sock.recv(4096).startswith(b"HTTP/1.1 400")

    def test_a_client_that_waits_for_permission_to_send(self) -> None:
        with raw_connection(lambda r: Response(body=r.body)) as sock:
            sock.sendall(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                b"Expect: 100-continue\r\n\r\n"
            )
            assert sock.recv(4096).startswith(b"HTTP/1.1 100")
            sock.sendall(b"abc")
            assert sock.recv(4096).endswith(b"abc")

    def test_an_error_of_the_emulator_itself_answers_500(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken(_: Request) -> Response:
            raise RuntimeError("bug")

        with over_socket(broken) as get:
            assert get("GET", "/x?sessionName=secret").status_code == 500
        assert "bug" in caplog.text
        assert "secret" not in caplog.text

    def test_it_closes_at_once_with_clients_connected(self) -> None:
        waiting = threading.Event()

        def handler(_: Request) -> Response:
            waiting.set()
            return Response(body=b"x", delivery=Delivery(keep_alive=True))

        server = Server(handler)
        server.start()
        idle = socket.create_connection((server.host, server.port))
        busy = socket.create_connection((server.host, server.port))
        busy.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert waiting.wait(5)
        began = time.perf_counter()
        server.close()
        server.close()
        assert time.perf_counter() - began < 2
        assert idle.recv(10) == b""
        idle.close()
        busy.close()
        with pytest.raises(OSError):
            socket.create_connection((server.host, server.port), timeout=1)

    def test_only_this_machine_reaches_it_and_the_port_is_free(self) -> None:
        with Server(lambda _: Response()) as one, Server(lambda _: Response()) as two:
            assert one.host == two.host == "127.0.0.1"
            assert one.port != two.port
            with pytest.raises(OSError):
                Server(lambda _: Response(), port=one.port)
