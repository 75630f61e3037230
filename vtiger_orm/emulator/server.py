"""The embedded CRM on a socket: a thread for each connection, HTTP/1.1 by h11.

ASGI and WSGI servers cannot set the text of the status line, cut a body short or hang up; the
Cloud puts its error messages into the first, and tests need the others.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from functools import partial
from types import TracebackType
from typing import Final

from .connection import BodyBudget, Bounds, ClientConnection, Handler
from .hosts import Hosts, is_loopback
from .workers import Workers

_log = logging.getLogger(__name__)

_PAUSE: Final = 0.2
"""Seconds until a client that could not be taken is looked at again."""
_GRACE: Final = 1.0
"""Seconds after which a client that says nothing may be hung up on to make room: what it sends
may have arrived and not been read yet. One that has begun a request has some more of them."""


class Server:
    """A listening socket and its threads.

    ::

        with Server(crm.handle) as server:
            print(server.url)          # http://127.0.0.1:49321

    `port` 0 picks a free one; only this machine can reach it unless `host` says otherwise.
    `keep_alive` None leaves it to each answer (stock servers close, the Cloud keeps open).
    `bounds` is what its clients may ask of it, `hosts` the names it answers to (None: any).
    """

    def __init__(
        self,
        handle: Handler,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keep_alive: bool | None = None,
        bounds: Bounds | None = None,
        hosts: Hosts | None = None,
    ) -> None:
        """Bind at once. Raises `OSError` when the port is taken."""
        self._handle = handle
        self._keep_alive = keep_alive
        self._bounds = bounds or Bounds()
        self._budget = BodyBudget(self._bounds.bodies)
        self._hosts = hosts
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=128)
        self._listener.settimeout(0)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self._connections: set[ClientConnection] = set()
        self._workers = Workers()
        self._lock = threading.Lock()
        self._closed = False
        # Written to by close(): not every system wakes a waiting thread when its socket is closed.
        self._waker, self._woken = socket.socketpair()
        self._anything, self._waking = selectors.DefaultSelector(), selectors.DefaultSelector()
        for selector in (self._anything, self._waking):
            selector.register(self._woken, selectors.EVENT_READ)
        self._anything.register(self._listener, selectors.EVENT_READ)
        self._acceptor: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address of the CRM, as `VTIGER_URL` wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self._listener.getsockname()[0])

    def start(self) -> Server:
        """Answer requests on threads of their own; returns at once."""
        self._acceptor = threading.Thread(
            target=self.run, name=f"vtiger-crm-{self.port}", daemon=True
        )
        self._acceptor.start()
        return self

    def run(self) -> None:
        """Accept connections until `close()` is called. Nothing else ends it."""
        failing = False
        while True:
            self._anything.select()
            if self._closed:
                return
            if not self._has_room():
                self._waking.select(_PAUSE)
                continue
            try:
                self._accept()
            except (BlockingIOError, ConnectionError):
                continue  # whoever was there is gone again
            except Exception as error:  # no file descriptor, thread or memory left
                if not failing:
                    _log.warning("cannot take another client for now: %s", error)
                failing = True
                self._end_idle()
                self._waking.select(_PAUSE)
            else:
                failing = False

    def _accept(self) -> None:
        sock, address = self._listener.accept()
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = ClientConnection(
                sock,
                address[0],
                self._handle,
                keep_alive=self._keep_alive,
                bounds=self._bounds,
                budget=self._budget,
                hosts=self._hosts,
            )
            with self._lock:
                self._connections.add(connection)
            try:
                self._workers.run(partial(self._serve, connection))
            except BaseException:
                self._forget(connection)
                raise
        except BaseException:
            sock.close()
            raise

    def _serve(self, connection: ClientConnection) -> None:
        try:
            connection.run()
        finally:
            self._forget(connection)

    def _forget(self, connection: ClientConnection) -> None:
        with self._lock:
            self._connections.discard(connection)

    def _has_room(self) -> bool:
        with self._lock:
            full = len(self._connections) >= self._bounds.connections
        return not full or self._end_idle()

    def _end_idle(self) -> bool:
        """Hang up on the client that is idle longest; whether there was one."""
        latest = time.monotonic() - _GRACE
        with self._lock:
            waiting = [(each.idle_since, each) for each in self._connections]
        idle = [(since, each) for since, each in waiting if since is not None and since < latest]
        return any(each.end_idle() for _, each in sorted(idle, key=lambda pair: pair[0]))

    def close(self) -> None:
        """Stop listening, hang up on every client and wait for the threads."""
        if self._closed:
            return
        self._closed = True
        self._waker.send(b"x")
        if self._acceptor is not None:
            self._acceptor.join(timeout=5.0)
        for each in (
            *(self._anything, self._waking),
            *(self._listener, self._waker, self._woken),
        ):
            each.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()
        self._workers.close()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
