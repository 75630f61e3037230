"""Gates: what only one thread or task of the process may do at a time."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

_TURN_SECONDS: Final = 0.02
"""How often a worker that can be given up looks whether its turn has come."""


class Pausing(Protocol):
    """What can give up whoever waits."""

    def pause(self, seconds: float) -> None:
        """Wait for so long; raises when nobody wants the work any more."""
        ...


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that runs in this thread."""
    if "asyncio" not in sys.modules:  # blocking programs do without, importing it takes 10 ms
        return None
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def in_event_loop() -> bool:
    """Whether an event loop runs in this thread."""
    return running_loop() is not None


class Gate:
    """Lets one at a time through, in the order of arrival.

    `enter` and `aenter` wait, `leave` never does. Threads and tasks of any event loop share it.
    Login goes through one: two logins of one user at the same moment make each other fail.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[Future[None]] = deque()

    def _ask(self) -> Future[None] | None:
        from concurrent.futures import Future

        with self._mutex:
            if not self._taken:
                self._taken = True
                return None
            turn: Future[None] = Future()
            self._waiting.append(turn)
            return turn

    def enter(self, interrupt: Pausing | None = None) -> bool:
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
        import asyncio

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


_gates: WeakValueDictionary[Hashable, Gate] = WeakValueDictionary()
"""As long as somebody is at one: a process may pass any number of them in its life."""
_lock = threading.Lock()


def gate_of(*what: Hashable) -> Gate:
    """The one gate of this process for this."""
    with _lock:
        return _gates.setdefault(what, Gate())


@contextmanager
def one_at_a_time(*what: Hashable) -> Iterator[None]:
    """The block, while nobody else of this process is in one for the same."""
    gate = gate_of(*what)
    entered = gate.enter()
    try:
        yield
    finally:
        if entered:
            gate.leave()


@asynccontextmanager
async def aone_at_a_time(*what: Hashable) -> AsyncIterator[None]:
    """`one_at_a_time`, awaited."""
    gate = gate_of(*what)
    await gate.aenter()
    try:
        yield
    finally:
        gate.leave()


def forget_gates() -> None:
    """For a forked child: whoever was inside stayed in the parent."""
    global _lock
    _lock = threading.Lock()
    _gates.clear()
