"""A lock that threads and tasks of any event loop share."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future


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

    def enter(self) -> bool:
        """Wait for the turn. False where waiting could last for ever: the thread runs an event
        loop, and who is inside may need that loop to go on. The caller then does without."""
        if in_event_loop():
            with self._mutex:
                entered, self._taken = not self._taken, True
            return entered
        turn = self._ask()
        if turn is not None:
            try:
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


_gates: dict[tuple[str, str], Gate] = {}
_lock = threading.Lock()


def gate_of(endpoint: str, username: str) -> Gate:
    """The one gate for logins of a user at a server in this process."""
    with _lock:
        return _gates.setdefault((endpoint, username), Gate())


def forget_gates() -> None:
    """For a forked child: whoever was inside stayed in the parent."""
    global _lock
    _lock = threading.Lock()
    _gates.clear()
