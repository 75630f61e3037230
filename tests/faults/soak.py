"""Many threads and tasks on one session, over sockets, with chaos: no difference, flat memory."""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from generated.demo import Accounts, Contacts, connect
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.errors import VtigerError
from vtiger_orm.session import RetryPolicy, Session

from .world import fill

THREADS: Final = 8
TASKS: Final = 50
_GROWTH: Final = 48 << 20
"""Bytes that the process may grow by after its first quarter."""

_KEPT: Final = 30
"""Files that may stay open: the pool of threads keeps twenty connections, the CRM some files."""

_CHAOS: Final[tuple[faults.Fault, ...]] = (
    faults.DroppedConnection(),
    faults.LostAnswer(),
    faults.TruncatedBody(),
    faults.TruncatedBody(honest=True),
    faults.Html(),
    faults.Html(503),
    faults.Html(504, done=True),
    faults.ServerError(),
    faults.RateLimited(0.01),
    faults.TextBefore(),
    faults.ExpiredSession(),
    faults.Latency(0.02),
)


@dataclass(slots=True)
class Tally:
    """What the workers have done and seen."""

    certain: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def created(self, name: str, error: VtigerError | None) -> None:
        with self.lock:
            self.done["create" if error is None else "create failed"] += 1
            if error is None:
                self.certain.add(name)
            elif error.outcome is not None and error.outcome.undone:
                self.denied.add(name)
            else:
                self.doubtful.add(name)

    def read(self, found: list[str], expected: list[str]) -> None:
        with self.lock:
            self.done["read"] += 1
            if found != expected:
                self.differences.append(f"read {len(found)} of {len(expected)}")

    def failed(self, what: str, error: BaseException) -> None:
        with self.lock:
            self.done[f"{what} failed"] += 1
            if not isinstance(error, VtigerError):
                self.differences.append(f"{what}: {type(error).__name__}: {error}")


def memory() -> int:
    """Bytes of this process that lie in memory now."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def open_files() -> int:
    """Files and sockets of this process."""
    found = Path("/proc/self/fd")
    return len(list(found.iterdir())) if found.exists() else 0


def soak(seconds: float, seed: int) -> int:
    """Exit code 0 when nothing differs."""
    tally, stop, files = Tally(), time.monotonic() + seconds, open_files()
    policy = RetryPolicy(attempts=6, first_delay=0.005, longest_delay=0.05, longest_work=0.0)
    with Crm(data=fill, profile="cloud") as crm, crm.serve() as server:
        session = connect(server.url, *crm.credentials(), dialect="cloud", retry=policy, timeout=5)
        expected = [f"Contact {n:02}" for n in range(12)]

        def over() -> bool:
            return time.monotonic() >= stop

        threads = [
            threading.Thread(target=_thread, args=[session, tally, number, expected, over])
            for number in range(THREADS)
        ]
        chaos = threading.Thread(target=_stir, args=[crm, random.Random(seed), over])
        tasks = threading.Thread(target=lambda: asyncio.run(_tasks(session, tally, expected, over)))
        for each in (*threads, chaos, tasks):
            each.start()
        time.sleep(seconds / 4)
        early = memory()
        for each in (*threads, chaos, tasks):
            each.join(seconds + 60)
            if each.is_alive():
                tally.differences.append("a worker hangs")
        late = memory()
        crm.faults.clear()
        _compare(crm, tally)
        session.close()
    kept = open_files() - files
    if kept > _KEPT:
        tally.differences.append(f"{kept} files or sockets are left open")
    grown = late - early
    if grown > _GROWTH:
        tally.differences.append(f"memory grew by {grown >> 20} MB")
    print(
        f"{THREADS} threads and {TASKS} tasks for {seconds:g} s: "
        + ", ".join(f"{number} {what}" for what, number in tally.done.most_common())
        + f"; memory {early >> 20} MB after a quarter, {late >> 20} MB at the end; "
        f"{len(tally.differences)} differences."
    )
    for line in tally.differences[:20]:
        print(" ", line, file=sys.stderr)
    return 1 if tally.differences else 0


def _stir(crm: Crm, chance: random.Random, over: Callable[[], bool]) -> None:
    while not over():
        crm.faults.next(
            chance.choice(_CHAOS),
            operation=("query", "create", "revise"),
            after=chance.randrange(4),
        )
        time.sleep(0.02)


def _thread(
    session: Session, tally: Tally, number: int, expected: list[str], over: Callable[[], bool]
) -> None:
    round_ = 0
    while not over():
        round_ += 1
        try:
            found = [each.lastname or "" for each in _reading(session)]
            tally.read(found, expected)
        except Exception as error:
            tally.failed("read", error)
        name = f"Thread {number} {round_}"
        try:
            Accounts.objects.using(session).create(accountname=name)
        except VtigerError as error:
            tally.created(name, error)
        except Exception as error:
            tally.failed("create", error)
        else:
            tally.created(name, None)


async def _tasks(
    session: Session, tally: Tally, expected: list[str], over: Callable[[], bool]
) -> None:
    await asyncio.gather(
        *(_task(session, tally, number, expected, over) for number in range(TASKS))
    )


async def _task(
    session: Session, tally: Tally, number: int, expected: list[str], over: Callable[[], bool]
) -> None:
    round_ = 0
    while not over():
        round_ += 1
        try:
            found = [each.lastname or "" async for each in _reading(session)]
            tally.read(found, expected)
        except Exception as error:
            tally.failed("read", error)
        if number % 5:
            continue
        name = f"Task {number} {round_}"
        try:
            await Accounts.objects.using(session).acreate(accountname=name)
        except VtigerError as error:
            tally.created(name, error)
        except Exception as error:
            tally.failed("create", error)
        else:
            tally.created(name, None)


def _reading(session: Session) -> Any:
    return Contacts.objects.using(session).filter(lastname__startswith="Contact")


def _compare(crm: Crm, tally: Tally) -> None:
    """What is stored is what was acknowledged, once each; what was denied is not there."""
    names: Counter[str] = Counter()
    while True:
        text = f"select accountname from Accounts order by id limit {names.total()},100;"
        page = crm.run("query", query=text)
        names.update(row["accountname"] for row in page)
        if len(page) < 100:
            break
    made = Counter({name: n for name, n in names.items() if not name.startswith("Account ")})
    tell = tally.differences.append
    for name, times in made.items():
        if times > 1:
            tell(f"{name} is there {times} times")
        if name in tally.denied:
            tell(f"{name} was denied, and is there")
    for name in tally.certain - made.keys():
        tell(f"{name} is lost")
    for name in made.keys() - tally.certain - tally.doubtful - tally.denied:
        tell(f"{name} was not asked for")
