"""Cases, their judgement, and the table of what came of them."""

from __future__ import annotations

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vtiger_orm.emulator import Crm
from vtiger_orm.errors import LimitReached, NotSupported, VtigerError
from vtiger_orm.session import Session

from .faults import FAULTS, LOGIN, Named
from .operations import OPERATIONS, Operation
from .world import LONGEST, State, World, do, make, threads, usable


class Where(StrEnum):
    """Which calls meet the fault."""

    FIRST = "the first call"
    LATER = "a later call"
    ALWAYS = "every call"
    LOGIN = "the login"


@dataclass(frozen=True, slots=True)
class Case:
    operation: Operation
    fault: Named
    where: Where | int
    """Or the number of calls that are answered before."""

    def __str__(self) -> str:
        return f"{self.operation.name}, {self.fault.name} at {self.where}"


class Verdict(StrEnum):
    RIGHT = "right"
    ERROR = "error"
    """One of the library's, and the store is as it says."""
    WRONG = "WRONG ANSWER"
    STORE = "WRONG STORE"
    """Something is lost, doubled, or done though the error denies it."""
    FOREIGN = "FOREIGN ERROR"
    HUNG = "HUNG"
    UNUSABLE = "SESSION UNUSABLE"
    LEAKED = "LEAKED"

    @property
    def good(self) -> bool:
        return self in (Verdict.RIGHT, Verdict.ERROR)


@dataclass(frozen=True, slots=True)
class Finding:
    case: Case
    world: str
    verdict: Verdict
    told: str = ""

    def __str__(self) -> str:
        return f"{self.world}: {self.case}: {self.verdict}: {self.told[:300]}"


@dataclass(frozen=True, slots=True)
class Expected:
    """What comes of an operation without faults."""

    value: Any
    before: State
    after: State


def cases() -> Iterator[Case]:
    for operation, fault, where in itertools.product(OPERATIONS, FAULTS, Where):
        if where is not Where.LOGIN or operation.name in ("list", "create"):
            yield Case(operation, fault, where)


class Matrix:
    """The worlds, and what each operation does in them undisturbed."""

    def __init__(self, more: Callable[[Crm], None] | None = None) -> None:
        self._more = more
        self._worlds: dict[tuple[str, str], World] = {}
        self._expected: dict[tuple[str, str, str], Expected | None] = {}

    def close(self) -> None:
        for world in self._worlds.values():
            world.crm.close()

    def world(self, dialect: str, driver: str) -> World:
        key = dialect, driver
        if key not in self._worlds:
            self._worlds[key] = make(dialect, driver, self._more)
        return self._worlds[key]

    def expected(self, world: World, operation: Operation) -> Expected | None:
        """None where the dialect does not have the operation."""
        key = world.dialect, world.driver, operation.name
        if key not in self._expected:
            with world.session() as session:
                before = world.state()
                try:
                    value = world.run(lambda: _work(world, operation, session))
                except NotSupported:
                    self._expected[key] = None
                else:
                    self._expected[key] = Expected(value, before, world.state())
        return self._expected[key]

    def judge(self, dialect: str, driver: str, case: Case) -> Finding | None:
        """None where the dialect does not have the operation."""
        world = self.world(dialect, driver)
        expected = self.expected(world, case.operation)
        if expected is None:
            return None
        alive = threads()
        with world.session() as session:
            _arm(world, case)
            began = time.monotonic()
            verdict, told = _judged(world, case, session, expected)
            took = time.monotonic() - began
            world.crm.faults.clear()
            if verdict.good and took > LONGEST:
                verdict, told = Verdict.HUNG, f"{took:.1f} s"
            if verdict.good:
                verdict, told = _afterwards(world, session, verdict, told)
            world.run(lambda: do(world.driver)(session, "close"))
        if verdict.good and not _gone(alive):
            verdict, told = Verdict.LEAKED, "threads"
        return Finding(case, f"{dialect} {driver}", verdict, told)


def _gone(alive: int) -> bool:
    """Whether there are no more threads than before; they end by themselves, not at once."""
    until = time.monotonic() + LONGEST
    while threads() > alive:
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


async def _work(world: World, operation: Operation, session: Session) -> Any:
    return await operation.work(world.driver, do(world.driver), session)


def _arm(world: World, case: Case) -> None:
    faults, fault = world.crm.faults, case.fault.fault
    match case.where:
        case Where.FIRST:
            faults.next(fault)
        case Where.LATER:
            faults.next(fault, after=1)
        case Where.ALWAYS:
            faults.always(fault)
        case Where.LOGIN:
            faults.next(fault, operation=LOGIN)
        case int(before):
            faults.next(fault, after=before)


def _judged(world: World, case: Case, session: Session, expected: Expected) -> tuple[Verdict, str]:
    try:
        value = world.run(lambda: _work(world, case.operation, session))
    except VtigerError as error:
        told = f"{type(error).__name__}: {error}"
        if case.fault.harmless:
            return Verdict.WRONG, f"harmless, and yet {told}"
        return _of_error(world, case, expected, error, told)
    except TimeoutError:
        return Verdict.HUNG, "not over in time"
    except Exception as error:
        return Verdict.FOREIGN, f"{type(error).__name__}: {error}"
    state = world.state()
    if value != expected.value:
        if case.operation.name == "bulk_create":
            return (
                (Verdict.ERROR, "in the report")
                if _between(expected, state)
                else (
                    Verdict.STORE,
                    _difference(expected, state),
                )
            )
        return Verdict.WRONG, f"{value!r} instead of {expected.value!r}"
    if state != expected.after:
        return Verdict.STORE, _difference(expected, state)
    return Verdict.RIGHT, ""


def _of_error(
    world: World, case: Case, expected: Expected, error: VtigerError, told: str
) -> tuple[Verdict, str]:
    state = world.state()
    if not _between(expected, state):
        return Verdict.STORE, f"{told}; {_difference(expected, state)}"
    one = case.operation.name in ("create", "save", "delete")
    undone = error.outcome is not None and error.outcome.undone
    if one and undone and state != expected.before:
        return Verdict.STORE, f"denied, and yet done: {told}"
    if not str(error).strip():
        return Verdict.FOREIGN, f"{type(error).__name__} without a message"
    return Verdict.ERROR, told


def _afterwards(world: World, session: Session, verdict: Verdict, told: str) -> tuple[Verdict, str]:
    try:
        if usable(world, session):
            return verdict, told
        return Verdict.UNUSABLE, "another answer than before"
    except LimitReached:
        return verdict, told  # the fault closed the host for longer than the session waits
    except Exception as error:
        return Verdict.UNUSABLE, f"{type(error).__name__}: {error} (after {told})"


def _between(expected: Expected, state: State) -> bool:
    """Whether each row is there as often as before, or as after, and the number of rows fits."""
    for name, rows in state.items():
        before, after = expected.before[name], expected.after[name]
        for row in {*rows, *before, *after}:
            least, most = sorted((before[row], after[row]))
            if not least <= rows[row] <= most:
                return False
        fewest, most_rows = sorted((sum(before.values()), sum(after.values())))
        if not fewest <= sum(rows.values()) <= most_rows:
            return False
    return True


def _difference(expected: Expected, state: State) -> str:
    return "; ".join(
        f"{name}: +{dict(rows - expected.after[name])} -{dict(expected.after[name] - rows)}"
        for name, rows in state.items()
        if rows != expected.after[name]
    )


def table(findings: Iterable[Finding]) -> str:
    """Fault by fault, as Markdown: how often the answer was right, an error, or neither."""
    rows: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for each in findings:
        rows[each.case.fault.name][each.verdict] += 1
    bad = [each for each in Verdict if not each.good]
    lines = ["| fault | right | error | neither |", "| --- | ---: | ---: | --- |"]
    for name, counts in rows.items():
        neither = ", ".join(f"{counts[each]} {each}" for each in bad if counts[each])
        lines.append(f"| {name} | {counts[Verdict.RIGHT]} | {counts[Verdict.ERROR]} | {neither} |")
    return "\n".join(lines) + "\n"
