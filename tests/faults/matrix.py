"""Cases, their judgement, and the table of what came of them."""

from __future__ import annotations

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from vtiger_orm.emulator import Crm
from vtiger_orm.errors import LimitReached, NotSupported, VtigerError
from vtiger_orm.session import Session

from .faults import FAULTS, LOGIN, Named
from .operations import Effect, Operation
from .reads import READS
from .world import LONGEST, Held, State, World, do, make, usable
from .writes import WRITES

OPERATIONS: Final = (*READS, *WRITES)


_LIES: Final = (("delete", "result true"), ("create", "result 5"), ("import", "result 5"))
"""Operations, and what RestfulApi answers when it has done them: from a server that has not, no
client can tell it."""


class Where(StrEnum):
    """Which calls meet the fault."""

    FIRST = "the first call"
    SECOND = "the second call"
    MIDDLE = "a call in the middle"
    LAST = "the last call"
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
    calls: int
    """How many it takes, logins apart."""

    @property
    def places(self) -> Mapping[Where, int]:
        """Which call meets the fault, from 0, each number once."""
        last = self.calls - 1
        told = (Where.FIRST, 0), (Where.LAST, last), (Where.SECOND, 1), (Where.MIDDLE, last // 2)
        found: dict[Where, int] = {}
        for where, number in told:
            if number <= last and number not in found.values():
                found[where] = number
        return found


def cases() -> Iterator[Case]:
    for operation, fault, where in itertools.product(OPERATIONS, FAULTS, Where):
        if where is not Where.LOGIN or operation.name in ("list", "create"):
            yield Case(operation, fault, where)


class Matrix:
    """The worlds, and what each operation does in them undisturbed.

    Over sockets, the CRM is a server in this process, and connections are real. `more` puts further
    records into each CRM.
    """

    def __init__(self, more: Callable[[Crm], None] | None = None, *, sockets: bool = False) -> None:
        self._more = more
        self._sockets = sockets
        self._worlds: dict[tuple[str, str], World] = {}
        self._expected: dict[tuple[str, str, Operation], Expected | None] = {}

    def close(self) -> None:
        for world in self._worlds.values():
            world.close()

    def world(self, dialect: str, driver: str) -> World:
        key = dialect, driver
        if key not in self._worlds:
            self._worlds[key] = make(dialect, driver, self._more, sockets=self._sockets)
        return self._worlds[key]

    def expected(self, world: World, operation: Operation) -> Expected | None:
        """None where the dialect does not have the operation."""
        key = world.dialect, world.driver, operation
        if key not in self._expected:
            with world.session() as session, world.crm.count_calls() as calls:
                before = world.state()
                try:
                    value = world.run(lambda: _work(world, operation, session))
                except NotSupported:
                    self._expected[key] = None
                else:
                    self._expected[key] = Expected(value, before, world.state(), calls.number)
        return self._expected[key]

    def judge(self, dialect: str, driver: str, case: Case) -> Finding | None:
        """None where the dialect, or the driver, does not have the operation, or not this call."""
        if driver not in case.operation.drivers or (self._sockets and not case.fault.by_wire):
            return None
        lies = [name == case.fault.name and of in case.operation.name for of, name in _LIES]
        if dialect == "restfulapi" and any(lies):
            return None
        world = self.world(dialect, driver)
        expected = self.expected(world, case.operation)
        if expected is None:
            return None
        number = case.where if isinstance(case.where, int) else expected.places.get(case.where)
        if number is None and case.where not in (Where.ALWAYS, Where.LOGIN):
            return None
        world.hang_up()
        before = Held.now()
        with world.session() as session:
            _arm(world, case, number or 0)
            began = time.monotonic()
            verdict, told = _judged(world, case, session, expected)
            took = time.monotonic() - began
            world.crm.faults.clear()
            if verdict.good and took > LONGEST:
                verdict, told = Verdict.HUNG, f"{took:.1f} s"
            if verdict.good:
                verdict, told = _afterwards(world, session, verdict, told)
            world.run(lambda: do(world.driver)(session, "close"))
        world.hang_up()
        if verdict.good and (left := _left(before)):
            verdict, told = Verdict.LEAKED, left
        return Finding(case, str(world), verdict, told)


def _left(before: Held) -> str:
    """What was left behind. Threads and connections end by themselves, not at once."""
    until = time.monotonic() + LONGEST
    while left := Held.now().more_than(before):
        if time.monotonic() > until:
            return left
        time.sleep(0.001)
    return ""


async def _work(world: World, operation: Operation, session: Session) -> Any:
    return await operation.work(world.driver, do(world.driver), session)


def _arm(world: World, case: Case, number: int) -> None:
    faults, fault = world.crm.faults, case.fault.fault
    match case.where:
        case Where.ALWAYS:
            faults.always(fault)
        case Where.LOGIN:
            faults.next(fault, operation=LOGIN)
        case _:
            faults.next(fault, after=number)


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
        if case.operation.effect is Effect.TOLD:
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
    undone = error.outcome is not None and error.outcome.undone
    if case.operation.effect is Effect.ONE and undone and state != expected.before:
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
