"""Threads of the server: used again, as many as it takes, and gone when they are not needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from vtiger_orm.emulator.workers import Workers


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()


def test_work_that_comes_later_needs_no_other_thread(workers: Workers) -> None:
    threads: set[int] = set()
    for _ in range(20):
        done = threading.Event()

        def work(done: threading.Event = done) -> None:
            threads.add(threading.get_ident())
            done.set()

        workers.run(work)
        assert done.wait(5)
        time.sleep(0.005)  # it waits again
    assert len(threads) < 20


def test_nobody_waits_for_a_free_thread(workers: Workers) -> None:
    together = threading.Barrier(9)
    for _ in range(2):
        for _ in range(8):
            workers.run(lambda: together.wait(5))
        together.wait(5)


def test_threads_end_by_themselves(workers: Workers) -> None:
    before = threading.active_count()
    together = threading.Barrier(5)
    for _ in range(4):
        workers.run(lambda: together.wait(5))
    together.wait(5)
    until = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < until
        time.sleep(0.01)
    done = threading.Event()
    workers.run(done.set)
    assert done.wait(5)


def test_close_waits_for_what_is_under_way() -> None:
    workers, done = Workers(), threading.Event()

    def work() -> None:
        time.sleep(0.1)
        done.set()

    workers.run(work)
    workers.close()
    assert done.is_set()
