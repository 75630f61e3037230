"""The logins of a session, and the gate through which they are made.

A session has as many logins as it may use at once, shared by all its threads and tasks. Making one
goes through a gate, a lock that threads and tasks of any event loop share.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from ..dialects.base import Auth
from .exchange import Interrupt

_TURN_SECONDS: Final = 0.02
"""How often a worker that can be given up looks whether its turn has come."""


def in_event_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Gate:
    """Lets one at a time through, in the order of arrival.

    `enter` and `aenter` wait, `leave` never does. Login goes through one: two logins of one
    user at the same moment make each other fail.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[Future[None]] = deque()

    def _ask(self) -> Future[None] | None:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return None
            turn: Future[None] = Future()
            self._waiting.append(turn)
            return turn

    def enter(self, interrupt: Interrupt | None = None) -> bool:
        """Wait for the turn, or until the interrupt is raised. False where waiting could last
        for ever: the thread runs an event loop, and who is inside may need that loop to go on.
        The caller then does without."""
        if in_event_loop():
            with self._mutex:
                entered, self._taken = not self._taken, True
            return entered
        turn = self._ask()
        if turn is not None:
            try:
                while interrupt is not None and not turn.done():
                    interrupt.pause(_TURN_SECONDS)
                turn.result()
            except BaseException:
                self._give_up(turn)
                raise
        return True

    async def aenter(self) -> bool:
        turn = self._ask()
        if turn is not None:
            try:
                await asyncio.wrap_future(turn)
            except BaseException:
                self._give_up(turn)
                raise
        return True

    def _give_up(self, turn: Future[None]) -> None:
        """Stop waiting; when the turn had just come, pass it on."""
        if not turn.cancel():
            self.leave()

    def leave(self) -> None:
        with self._mutex:
            while self._waiting:
                turn = self._waiting.popleft()
                if turn.set_running_or_notify_cancel():
                    turn.set_result(None)
                    return
            self._taken = False


_gates: WeakValueDictionary[tuple[str, str], Gate] = WeakValueDictionary()
"""As long as somebody logs in: a process may serve any number of users in its life."""
_lock = threading.Lock()


def gate_of(endpoint: str, username: str) -> Gate:
    """The one gate for logins of a user at a server in this process."""
    with _lock:
        return _gates.setdefault((endpoint, username), Gate())


last_logins: dict[tuple[str, int], float] = {}
"""When this process last logged in at a server, by which network, in monotonic seconds; only
servers whose logins have to be some time apart ask for it."""


def forget_gates() -> None:
    """For a forked child: whoever was inside stayed in the parent."""
    global _lock
    _lock = threading.Lock()
    _gates.clear()


@dataclass(slots=True, eq=False)
class Lane:
    """One login. The server may work on one request of it at a time; the others then queue up
    there, so a lane is chosen by how busy it is, never blocked."""

    auth: Auth | None = None
    busy: int = field(default=0, repr=False)


class Lanes:
    """All lanes of one session in one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes = [Lane()]

    def widen(self, count: int) -> None:
        """Have at least `count` lanes; the new ones are not logged in yet."""
        with self._lock:
            missing = count - len(self._lanes)
            self._lanes.extend(Lane() for _ in range(missing))

    @property
    def closed(self) -> tuple[Lane, ...]:
        """Lanes that wait for a login."""
        with self._lock:
            return tuple(lane for lane in self._lanes if lane.auth is None)

    @property
    def auth(self) -> Auth | None:
        """Any login there is."""
        return next((lane.auth for lane in self._lanes if lane.auth is not None), None)

    def drop(self, auth: Auth) -> None:
        """Forget a login that the server does not accept any more."""
        with self._lock:
            for lane in self._lanes:
                if lane.auth is auth:
                    lane.auth = None

    def drain(self) -> tuple[Auth, ...]:
        """Forget every login and return those there were, each once."""
        with self._lock:
            found = {id(lane.auth): lane.auth for lane in self._lanes if lane.auth is not None}
            self._lanes = [Lane()]
            return tuple(found.values())

    @contextmanager
    def taken(self) -> Iterator[Lane]:
        """The least busy lane, for one call."""
        with self._lock:
            lane = min(self._lanes, key=lambda each: each.busy)
            lane.busy += 1
        try:
            yield lane
        finally:
            with self._lock:
                lane.busy -= 1
