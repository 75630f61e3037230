"""The embedded CRM on a socket: one thread per connection, HTTP/1.1 by h11.

ASGI and WSGI servers cannot set the text of the status line, cut a body short or hang up; the
Cloud puts its error messages into the first, and tests need the others.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Final

import h11

from .http import Request, Response

Handler = Callable[[Request], Response]

_log = logging.getLogger(__name__)

_READ: Final = 65536
_IDLE_SECONDS: Final = 75.0
_HEADER_LIMIT: Final = 1 << 20


def reason_phrase(response: Response) -> str:
    """The text of the status line; line breaks of a message become blanks."""
    if response.reason:
        return " ".join(response.reason.split())
    try:
        return HTTPStatus(response.status).phrase
    except ValueError:
        return ""


class _Connection:
    """One client connection, answered until it is closed."""

    def __init__(
        self, sock: socket.socket, client: str, handle: Handler, keep_alive: bool | None
    ) -> None:
        self._socket = sock
        self._client = client
        self._handle = handle
        self._keep_alive = keep_alive
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADER_LIMIT)

    def run(self) -> None:
        try:
            while self._answer_one():
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint)
        except (OSError, h11.LocalProtocolError):
            pass  # the client went away
        finally:
            self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._socket.sendall(self._http.send(go_on) or b"")
            self._http.receive_data(self._socket.recv(_READ))

    def _read(self) -> Request | None:
        head = self._next_event()
        if not isinstance(head, h11.Request):
            return None
        body = bytearray()
        while isinstance(event := self._next_event(), h11.Data):
            body += event.data
        return Request(
            method=head.method.decode("ascii"),
            target=head.target.decode("latin-1"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers
            ),
            body=bytes(body),
            client=self._client,
        )

    def _answer_one(self) -> bool:
        """Answer one request; whether the connection may carry another."""
        request = self._read()
        if request is None:
            return False
        try:
            response = self._handle(request)
        except Exception:
            _log.exception("the embedded CRM itself failed on %s", request.raw_path)
            response = Response(status=500)
        delivery = response.delivery
        if delivery.delay > 0:
            time.sleep(delivery.delay)
        if delivery.dropped:
            return False
        keep = delivery.keep_alive if self._keep_alive is None else self._keep_alive
        body = b"" if request.method == "HEAD" else response.body
        headers = [(_latin(name), _latin(value)) for name, value in response.headers]
        headers.append((b"Content-Length", b"%d" % len(response.body)))
        if not keep:
            headers.append((b"Connection", b"close"))
        head = h11.Response(
            status_code=response.status,
            reason=reason_phrase(response).encode("utf-8"),
            headers=headers,
        )
        data = self._http.send(head) or b""
        if delivery.cut_after is not None and delivery.cut_after < len(body):
            self._socket.sendall(data + body[: delivery.cut_after])
            return False
        if body:
            data += self._http.send(h11.Data(data=body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        self._socket.sendall(data)
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _refuse(self, status: int) -> None:
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            with contextlib.suppress(OSError, h11.LocalProtocolError):
                headers = [("Content-Length", "0"), ("Connection", "close")]
                head = h11.Response(status_code=status, headers=headers)
                data = self._http.send(head) or b""
                self._socket.sendall(data + (self._http.send(h11.EndOfMessage()) or b""))


def _latin(value: str) -> bytes:
    return value.encode("latin-1", "replace")


class Server:
    """A listening socket and its threads.

    ::

        with Server(crm.handle) as server:
            print(server.url)          # http://127.0.0.1:49321

    `port` 0 picks a free one; only this machine can reach it unless `host` says otherwise.
    `keep_alive` None leaves it to each answer (stock servers close, the Cloud keeps open).
    """

    def __init__(
        self,
        handle: Handler,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keep_alive: bool | None = None,
    ) -> None:
        """Bind at once. Raises `OSError` when the port is taken."""
        self._handle = handle
        self._keep_alive = keep_alive
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=128)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self._connections: set[_Connection] = set()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._closed = False
        # Written to by close(): not every system wakes accept() when its socket is closed.
        self._waker, self._woken = socket.socketpair()
        self._acceptor: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address of the CRM, as `VTIGER_URL` wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> Server:
        """Answer requests on threads of their own; returns at once."""
        self._acceptor = threading.Thread(
            target=self.run, name=f"vtiger-crm-{self.port}", daemon=True
        )
        self._acceptor.start()
        return self

    def run(self) -> None:
        """Accept connections until `close()` is called."""
        while True:
            select.select([self._listener, self._woken], [], [])
            if self._closed:
                return
            sock, address = self._listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(_IDLE_SECONDS)
            connection = _Connection(sock, address[0], self._handle, self._keep_alive)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections.add(connection)
                self._threads.add(thread)
            thread.start()

    def _serve(self, connection: _Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                self._connections.discard(connection)
                self._threads.discard(threading.current_thread())

    def close(self) -> None:
        """Stop listening, hang up on every client and wait for the threads."""
        if self._closed:
            return
        self._closed = True
        self._waker.send(b"x")
        if self._acceptor is not None:
            self._acceptor.join(timeout=5.0)
        for sock in (self._listener, self._waker, self._woken):
            sock.close()
        with self._lock:
            connections, threads = list(self._connections), list(self._threads)
        for connection in connections:
            connection.close()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5.0)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
