"""How long one exchange with the server may take, and how it is given up from outside.

An exchange has three bounds, each of them in seconds of `timeout`, the session's setting: a
connection is to be made within one (ten seconds at most), an answer is to begin, with all of
its headers, within one after the request went out, and everything together is to end within
ten: a request that is taken in, or an answer that is given out, byte by byte.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeAlias

from ..errors import Timeout

WHOLE: Final = 10
"""Timeouts that an exchange may take as a whole."""
CONNECT_SECONDS: Final = 10.0
_SHORT_SECONDS: Final = 1.0
"""What is asked for ahead waits no longer for a limit."""

Sent: TypeAlias = Callable[[], None]
"""Called when a request is on its way, by transports that tell (those of httpx do)."""


class Interrupted(BaseException):
    """The work was given up by whoever had asked for it; raised in its own thread alone."""


class Breakable(Protocol):
    """What another thread can break, so that who waits for it wakes up: a connection."""

    def break_off(self) -> None: ...


class Exchange:
    """One request and its answer: what is left of its time.

    Transports tell how far it is by httpcore's trace events (`step`).
    """

    def __init__(self, what: str, timeout: float, sent: Sent | None = None) -> None:
        self.what: Final = what
        self.timeout: Final = timeout
        self._sent = sent
        self.ends: float = time.monotonic() + WHOLE * timeout
        """When all of it is to be over, by `time.monotonic`."""
        self.until: float = self.ends
        """When the present step of it is to be over."""
        self.opened: list[Any] = []
        """The connections that were made for it, as transports tell. Where it fails they are
        closed: a proxy that refuses leaves its connection to nobody."""

    def step(self, event: str, facts: Mapping[str, Any]) -> None:
        """Something begins or ends: ``http11.receive_response_headers.started``."""
        if event.endswith(".connect_tcp.complete"):
            self.opened.append(facts["return_value"])
        if event.endswith(".receive_response_headers.started"):
            self.until = min(self.ends, time.monotonic() + self.timeout)
        elif event.endswith(".receive_response_headers.complete"):
            self.until = self.ends
        elif event.endswith(".send_request_body.complete") and self._sent is not None:
            self._sent()

    def left(self, most: float | None = None) -> float:
        """Seconds until the present step is to be over; 0 when it should be already."""
        left = max(0.0, self.until - time.monotonic())
        return left if most is None else min(left, most)

    def check(self) -> None:
        """Raises `Timeout` when the time of the whole exchange is over."""
        if time.monotonic() > self.ends:
            raise self.too_long()

    def too_long(self) -> Timeout:
        return Timeout(
            f"{self.what}: the answer was not complete after {WHOLE * self.timeout:g} seconds, "
            f"{WHOLE} times the session's timeout. Large files on a slow line need a longer one "
            "(Session(timeout=...))."
        )

    def limits(self) -> dict[str, float]:
        """The timeouts of httpx for a single operation on the socket."""
        each = self.timeout
        return {"connect": min(each, CONNECT_SECONDS), "read": each, "write": each, "pool": each}

    def trace(self) -> Callable[[str, Mapping[str, Any]], None]:
        return self.step

    def atrace(self, moved: Callable[[float], None]) -> Callable[..., Awaitable[None]]:
        """As `trace`; `moved` is told when the deadline is another one (`time.monotonic`)."""

        async def trace(event: str, facts: Mapping[str, Any]) -> None:
            before = self.until
            self.step(event, facts)
            if self.until != before:
                moved(self.until)

        return trace


class Interrupt:
    """Gives up what other threads do for this one: their pauses end, their connections break.

    Made in a thread that can be given up itself, it is given up with that. With `ahead`, what
    they do was not asked for yet.
    """

    def __init__(self, *, ahead: bool = False) -> None:
        self._raised = threading.Event()
        self._lock = threading.Lock()
        self._waiting: set[Breakable] = set()
        self._outer = current.interrupt
        self._ahead: bool = ahead or (self._outer is not None and self._outer._ahead)
        if self._outer is not None:
            self._outer.watch(self)

    def break_off(self) -> None:
        """From now on, whoever works under this interrupt stops with `Interrupted`."""
        self._raised.set()
        with self._lock:
            waiting = tuple(self._waiting)
        for each in waiting:
            each.break_off()

    def check(self) -> None:
        if self._raised.is_set():
            raise Interrupted

    def pause(self, seconds: float) -> None:
        if self._raised.wait(seconds):
            raise Interrupted

    def admit(self, seconds: float) -> None:
        """Before a pause until a limit allows a request: not in a worker for what nobody asked
        for. Python would wait for it before it ends the process."""
        if self._ahead and seconds > _SHORT_SECONDS:
            raise Interrupted

    def watch(self, connection: Breakable) -> None:
        """Break this connection, too, when the work is given up."""
        with self._lock:
            self._waiting.add(connection)
        if self._raised.is_set():
            connection.break_off()

    def forget(self, connection: Breakable) -> None:
        with self._lock:
            self._waiting.discard(connection)

    @contextmanager
    def watching(self, connection: Breakable) -> Iterator[None]:
        """`watch` within a block."""
        self.watch(connection)
        try:
            yield
        finally:
            self.forget(connection)

    def end(self) -> None:
        """Nobody works under it any more."""
        if self._outer is not None:
            self._outer.forget(self)


class Current(threading.local):
    """What this thread is doing: the exchange of blocking transports, and who can stop it."""

    exchange: Exchange | None = None
    interrupt: Interrupt | None = None


current: Final = Current()
