"""Threads that are used again: to start one takes as long as to read and answer a request, and
clients of a stock server come with a new connection for each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Workers:
    """As many threads as were ever busy at once. One thread alone hands out the work."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._free = threading.Semaphore(0)
        """Counts threads that wait for work, without those for which there is some."""
        self._threads: list[threading.Thread] = []

    def run(self, work: Callable[[], None]) -> None:
        """Have it done at once, whoever else is busy. Raises `RuntimeError` and `MemoryError`
        where another thread cannot be had."""
        if not self._free.acquire(blocking=False):
            thread = threading.Thread(target=self._loop, daemon=True)
            thread.start()
            self._threads.append(thread)
        self._work.put(work)

    def _loop(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # else it is kept until there is more
            self._free.release()

    def close(self) -> None:
        """Wait for all threads, though not for long; there is no more work."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5.0)
