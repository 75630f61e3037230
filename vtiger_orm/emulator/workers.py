"""Threads that are used again: to start one takes as long as to read and answer a request, and
clients of a stock server come with a new connection for each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

_PATIENCE: Final = 0.2
"""Seconds that a thread waits for more work before it ends."""


class Workers:
    """As many threads as are busy, or were just now. One thread alone hands out the work."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._free = threading.Semaphore(0)
        """Counts threads that wait for work, without those for which there is some."""
        self._threads: set[threading.Thread] = set()

    def run(self, work: Callable[[], object]) -> None:
        """Have it done at once, whoever else is busy. Raises `RuntimeError` and `MemoryError`
        where another thread cannot be had."""
        if not self._free.acquire(blocking=False):
            thread = threading.Thread(target=self._loop, daemon=True)
            thread.start()
            self._threads.add(thread)
        self._work.put(work)

    def _loop(self) -> None:
        while (work := self._next()) is not None:
            work()
            del work  # else it is kept until there is more
            self._free.release()
        self._threads.discard(threading.current_thread())

    def _next(self) -> Callable[[], object] | None:
        while True:
            try:
                return self._work.get(timeout=_PATIENCE)
            except Empty:
                if self._free.acquire(blocking=False):
                    return None  # nobody counts on this thread any more

    def close(self) -> None:
        """Wait for all threads, though not for long; there is no more work."""
        threads = tuple(self._threads)
        for _ in threads:
            self._work.put(None)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5.0)
