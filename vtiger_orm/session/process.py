"""What belongs to one process: the living part of a session, and clean hands after a fork.

A child has no lock that is held by a thread which stayed in the parent, and no socket that the
parent goes on using.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from ..calls.gates import forget_gates
from .budget import forget_purses
from .core import Core
from .counting import CallCount
from .drivers import SyncDriver
from .pacing import forget_limiters
from .pools import Transports, forget_transports
from .settings import Connection

if TYPE_CHECKING:
    from .async_driver import AsyncDriver

T = TypeVar("T")

_SIDE_BY_SIDE: Final = 4
"""Calls of a batch at once where the server does not serialise them."""
_WORKERS: Final = 32

_lock = threading.Lock()


def process_lock() -> threading.Lock:
    """Guards the few moments in which a session opens, closes or enters a block. It belongs to
    the process: a lock of the session's own might be copied into a child while it is held."""
    return _lock


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    forget_gates()
    forget_limiters()
    forget_purses()
    forget_transports()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Alive:
    """What a session holds while it is open, in one process."""

    def __init__(
        self,
        connection: Connection,
        counters: list[CallCount],
        transports: Transports,
    ) -> None:
        self.process: int = os.getpid()
        self.core: Core = Core(connection, counters)
        timeout = connection.timeout
        self.sync: SyncDriver = SyncDriver(
            self.core, transports, timeout, self.width, self._in_worker
        )
        self._transports = transports
        self._parallel = connection.parallel
        self._lock = threading.Lock()
        self._workers: ThreadPoolExecutor | None = None

    @cached_property
    def asynchronous(self) -> AsyncDriver:
        """Made when it is needed: blocking programs do without asyncio."""
        from .async_driver import AsyncDriver

        core = self.core
        return AsyncDriver(core, self._transports, core.connection.timeout, self.width)

    def width(self) -> int:
        """How many calls of a batch may be under way at once."""
        dialect = self.core.dialect
        if dialect is None or dialect.serialises:
            return self._parallel.least
        return max(self._parallel.least, _SIDE_BY_SIDE)

    def _in_worker(self, work: Callable[[], T]) -> Future[T]:
        """Have a worker thread do it, once one is free. Where none can begin it any more, as the
        main thread has ended, it is cancelled."""
        with self._lock:  # threads that were just let go would refuse it
            if self._workers is None:
                self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="vtiger-orm")
            try:
                return self._workers.submit(work)
            except RuntimeError:
                refused: Future[T] = Future()
                refused.cancel()
                return refused

    def end(self) -> None:
        """Let the worker threads go; what they still do is no longer of interest."""
        with self._lock:
            if self._workers is not None:
                self._workers.shutdown(wait=False, cancel_futures=True)
                self._workers = None
