"""Budgets that a user sets himself: never exceeded, whoever shares them."""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from tests.support.fake_server import FakeServer
from tests.support.spawned import spend
from vtiger_orm.errors import ConfigError, LimitReached
from vtiger_orm.session import Allowance, Budget
from vtiger_orm.session.budget import SPANS, FilePurse, ProcessPurse, Purse, forget_purses


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget_purses()
    yield
    forget_purses()


# As text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60/minute", Budget(minute=60)),
        (" 60 / minute , 1000/hour,20000/day", Budget(minute=60, hour=1000, day=20_000)),
        ("5/day, file:/tmp/a, b.db", Budget(day=5, file="/tmp/a, b.db")),
        ("file:x.db?minute=3&day=9", Budget(minute=3, day=9, file="x.db")),
        ("0/day", Budget(day=0)),
    ],
)
def test_a_budget_is_written_as_text(text: str, expected: Budget) -> None:
    assert Budget.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "60",
        "60/week",
        "-1/day",
        "1.5/day",
        "x/day",
        "file:",
        "file:a.db",
        "file:a?week=1",
        "²/day",
    ],
)
def test_other_texts_are_told(text: str) -> None:
    with pytest.raises(ConfigError, match="budget"):
        Budget.parse(text)


def test_a_budget_of_no_calls_or_of_halves_is_told() -> None:
    with pytest.raises(ConfigError, match="how many calls"):
        Budget()
    with pytest.raises(ConfigError, match="whole number"):
        Budget(minute=1.5)  # type: ignore[arg-type]  # what is refused


def test_a_file_that_is_none_is_told_when_the_session_is_made(tmp_path: Path) -> None:
    file = tmp_path / "text.db"
    file.write_text("this is no database, but long enough to be seen as something else" * 40)
    for path in (file, tmp_path / "missing" / "x.db", tmp_path):
        with pytest.raises(ConfigError, match="budget's file"):
            FakeServer().session(budget=Budget(minute=5, file=str(path)))


# The law


LIMITS = {"minute": 3, "hour": 7, "day": 12}


class NeverExceeded(RuleBasedStateMachine):
    """Two purses of each kind on one budget: processes that share a file, threads a memory."""

    purses = Bundle("purses")

    @initialize(target=purses, file=st.booleans())
    def begin(self, file: bool) -> Purse:
        self.now = 1_700_000_000.0
        self.latest = self.now
        self.sent: deque[float] = deque()
        self.folder = TemporaryDirectory()
        self.file = f"{self.folder.name}/budget.db" if file else None
        self.shared = ProcessPurse(LIMITS)
        return self.open()

    def open(self) -> Purse:
        return FilePurse(LIMITS, self.file, "crm.test") if self.file else self.shared

    @rule(target=purses)
    def another(self) -> Purse:
        return self.open()

    @rule(seconds=st.one_of(st.floats(0, 90), st.floats(0, 4000), st.floats(0, 90_000)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(purse=purses, calls=st.integers(1, 5))
    def ask(self, purse: Purse, calls: int) -> None:
        for _ in range(calls):
            wait = purse.take(self.now)
            if wait <= 0:
                self.sent.append(self.now)
            else:
                assert self.full(self.now), "nobody waits for nothing"

    @rule(purse=purses)
    def wait_as_told(self, purse: Purse) -> None:
        """A wait that is kept leads to a call in the end, and is no longer than a window."""
        for _ in range(200):
            wait = purse.take(self.now)
            if wait <= 0:
                self.sent.append(self.now)
                return
            assert wait <= 86_400 * 61 / 60 + 0.01
            self.now += wait
        raise AssertionError("no call was ever allowed")

    @rule(purse=purses)
    def look(self, purse: Purse) -> None:
        for each in purse.left(self.now):
            assert 0 <= each.left <= each.limit - self.within(SPANS[each.window])

    def within(self, span: float) -> int:
        return sum(1 for each in self.sent if self.now - span < each <= self.now)

    def full(self, now: float) -> bool:
        """Whether a window that is longer by its oldest part is used up."""
        return any(
            sum(1 for each in self.sent if now - SPANS[window] * 61 / 60 <= each) >= limit
            for window, limit in LIMITS.items()
        )

    @invariant()
    def no_window_is_exceeded(self) -> None:
        sent = getattr(self, "sent", ())
        for window, limit in LIMITS.items():
            for end in sent:
                inside = sum(1 for each in sent if end - SPANS[window] < each <= end)
                assert inside <= limit

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestNeverExceeded = NeverExceeded.TestCase
TestNeverExceeded.settings = settings(stateful_step_count=20)


def test_a_clock_that_is_set_back_neither_blocks_nor_allows_more() -> None:
    purse = ProcessPurse({"minute": 2})
    assert [purse.take(1_000_000.0), purse.take(1_000_000.0)] == [0, 0]
    assert 0 < purse.take(999_990.0) <= 61.0
    assert purse.take(999_000.0) == pytest.approx(0) or purse.take(999_000.0) <= 61.0


def test_a_budget_of_zero_never_allows_a_call() -> None:
    assert ProcessPurse({"day": 0}).take(0.0) == math.inf
    server = FakeServer()
    with pytest.raises(LimitReached) as caught:
        server.session(budget="0/day").identify()
    assert server.requests == []
    assert caught.value.at is None
    assert caught.value.outcome is not None
    assert caught.value.outcome.undone


# In sessions


def test_sessions_threads_and_tasks_share_one_budget() -> None:
    server = FakeServer()
    sessions = [server.session(budget="12/minute", max_wait=0.0) for _ in range(2)]
    refused: list[LimitReached] = []

    def work() -> None:
        for session in sessions:
            for _ in range(3):
                try:
                    session.call("query", {"query": "select id from Contacts;"})
                except LimitReached as error:
                    refused.append(error)

    async def tasks() -> None:
        await asyncio.gather(*(asyncio.to_thread(work) for _ in range(2)))
        with pytest.raises(LimitReached):
            await sessions[0].acall("query", {"query": "select id from Contacts;"})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(tasks())
    assert len(server.requests) == 12, "logins are counted as well"
    assert refused
    at = refused[0].at
    assert at is not None
    assert 0 < at.timestamp() - time.time() <= 61
    assert sessions[0].limits.budget == (Allowance("minute", 12, 0),)


def test_processes_share_a_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    file = str(tmp_path / "budget.db")
    children = [context.Process(target=spend, args=[file, results]) for _ in range(2)]
    for child in children:
        child.start()
    spent = sum(results.get(timeout=30) for _ in children)
    for child in children:
        child.join(30)
    assert spent == 50


def test_a_process_that_is_killed_loses_no_call_and_holds_no_lock(tmp_path: Path) -> None:
    """kill -9 at any moment: what it told is counted, and others go on at once."""
    file = str(tmp_path / "budget.db")
    told = 0
    for _ in range(3):
        program = (
            "import sys\nfrom vtiger_orm.session.budget import FilePurse\n"
            "purse = FilePurse({'hour': 300}, sys.argv[1], 'crm.test')\n"
            "while purse.take(1_000_000.0) <= 0: print('.', end='', flush=True)\n"
        )
        with subprocess.Popen([sys.executable, "-c", program, file], stdout=subprocess.PIPE) as one:
            assert one.stdout is not None
            told += len(one.stdout.read(20))
            one.kill()
            told += len(one.stdout.read())
    left = FilePurse({"hour": 300}, file, "crm.test").left(1_000_000.0)[0].left
    assert 300 - told - 3 <= left <= 300 - told


def test_the_environment_names_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VTIGER_BUDGET", "7/day")
    assert FakeServer().session().limits.budget == (Allowance("day", 7, 7),)
    assert FakeServer().session(budget="9/day").limits.budget[0].limit == 9
