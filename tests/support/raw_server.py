"""A server of raw sockets before the embedded CRM: what it does to an answer is bytes and time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.http import Request, Response

Behaviour = Callable[["Client", Response], None]
"""Answers a request instead of the server, which has worked on it already."""


class Client:
    """The connection of one request."""

    def __init__(self, connection: socket.socket, ended: threading.Event) -> None:
        self.connection = connection
        self._ended = ended

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def rest(self, seconds: float) -> bool:
        """Wait; False when the server is to end."""
        return not self._ended.wait(seconds)


def plain(response: Response, *headers: tuple[str, str], body: bytes | None = None) -> bytes:
    """The bytes of an answer."""
    content = response.body if body is None else body
    lines = [f"HTTP/1.1 {response.status} OK"]
    lines += [f"{name}: {value}" for name, value in (*response.headers, *headers)]
    lines += [f"Content-Length: {len(content)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + content


class RawServer:
    """Serves a CRM on a port, and `behaves` badly where it is told to."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.behaviour: tuple[str | None, Behaviour] | None = None
        self.taking = 0.0
        """Seconds between two pieces of a request that are taken in."""
        self.headers: list[dict[str, str]] = []
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    @contextmanager
    def behaves(self, behaviour: Behaviour, operation: str | None = None) -> Iterator[None]:
        self.behaviour = operation, behaviour
        try:
            yield
        finally:
            self.behaviour = None

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]  # mypy infers no lambda with a default

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with connection, suppress(OSError, ValueError):
            request = self._read(connection)
            given = request.query.get("operation") or request.form.get("operation")
            operation = given or request.target.split("?")[0].rsplit("/", 1)[-1]
            self.headers.append({name.lower(): value for name, value in request.headers})
            response = self._crm.handle(request)
            if self.behaviour is not None and self.behaviour[0] in (None, operation):
                self.behaviour[1](Client(connection, self._ended), response)
            else:
                connection.sendall(plain(response))

    def _read(self, connection: socket.socket) -> Request:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._piece(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [(name, value.strip()) for name, _, value in (x.partition(":") for x in lines)]
        length = next((int(v) for name, v in headers if name.lower() == "content-length"), 0)
        while len(body) < length:
            if self.taking and not Client(connection, self._ended).rest(self.taking):
                raise OSError("the server ends")
            body += self._piece(connection)
        return Request(method=method, target=target, headers=tuple(headers), body=body)

    def _piece(self, connection: socket.socket) -> bytes:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("the client has gone")
        return piece
