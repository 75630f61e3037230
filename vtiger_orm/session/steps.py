"""Steps of plans, as both drivers perform them: how they begin, how they went, what is left."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Generic, ParamSpec, TypeAlias, TypeVar

from ..calls.operations import Call, alters
from ..calls.outcome import Fate, outcome_of
from ..calls.plans import Batch, Reply, Rows, Step
from ..errors import ConfigError, VtigerError
from .core import Core
from .exchange import Sent

P = ParamSpec("P")
W = TypeVar("W")

Timed: TypeAlias = tuple[Reply, float]
"""A reply, and how many seconds it took."""


class UnderWay(Generic[W]):
    """Steps of one plan that are performed, each by a worker or task `W`, before the plan asks
    for their replies."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._works: dict[int, tuple[Step, W]] = {}
        self._alone: Step | None = None
        """The step that was begun when nothing else was under way, and nothing has been since."""

    def started(self, step: Step, start: Callable[[Step], W]) -> list[W]:
        """Have a step under way, and what comes soon after it; those that were not yet."""
        soon = step.soon if isinstance(step, Batch) else ()
        units = [unit_of(step), *soon]
        if soon:
            self._core.widen(len(units))
        self._alone = units[0] if not soon and not self._works else None
        new: list[W] = []
        for each in units:
            if id(each) not in self._works:
                work = start(each)
                self._works[id(each)] = each, work
                new.append(work)
        return new

    def taken(self, step: Step) -> tuple[W | None, bool]:
        """Who works on a step, whose result is now of interest; and whether it does so alone."""
        unit = unit_of(step)
        _, work = self._works.pop(id(unit), (None, None))
        return work, not self._works if work is None else unit is self._alone

    def left(self) -> list[W]:
        """Those whose replies nobody has asked for."""
        works, self._works = self._works, {}
        return [work for _, work in works.values()]


def unit_of(step: Step) -> Step:
    """What is performed for a step: a batch of one call that has a pace is that call."""
    if isinstance(step, Batch) and step.pace is not None and len(step.calls) == 1:
        return step.calls[0]
    return step


def replied(step: Step, timed: Timed, *, alone: bool) -> Reply:
    """What the plan is told, and its pace."""
    reply, seconds = timed
    if unit_of(step) is step:
        return reply
    if isinstance(step, Batch) and step.pace is not None:
        step.pace.answered(seconds, alone=alone)
    return [reply]


def timed(perform: Callable[P, Reply], *args: P.args, **kwargs: P.kwargs) -> Timed:
    began = time.perf_counter()
    return perform(*args, **kwargs), time.perf_counter() - began


class Traces:
    """Whether a plan has written something: then no later error of it says that nothing was."""

    def __init__(self) -> None:
        self._something = False

    def done(self, step: Step, reply: Reply) -> None:
        if isinstance(step, Batch):
            pairs = zip(step.calls, reply if isinstance(reply, list) else ())
            self._something |= any(alters(each) and not _failed(told) for each, told in pairs)
        else:
            self._something |= alters(step)

    def failed(self, step: Step) -> None:
        """What became of the calls of a batch beside the one that failed is not told."""
        if isinstance(step, Batch) and len(step.calls) > 1:
            self._something |= any(alters(each) for each in step.calls)

    def settle(self, error: VtigerError) -> None:
        outcome = outcome_of(error)
        if self._something and outcome.undone:
            error.outcome = outcome._replace(fate=Fate.UNKNOWN, missing=False)


def _failed(reply: Reply) -> bool:
    return isinstance(reply, VtigerError) and outcome_of(reply).undone


class Work:
    """The calls of a batch, taken one by one by several workers, and what became of them."""

    def __init__(self, batch: Batch) -> None:
        self._collect = batch.collect
        self._queue = iter(list(enumerate(batch.calls)))
        self._failures: dict[int, Exception] = {}
        self.results: list[Reply] = [None] * len(batch.calls)

    def __iter__(self) -> Iterator[tuple[int, Call[object]]]:
        # A list iterator hands out each item once, whatever the number of threads.
        return self._queue

    def failed(self, index: int, error: Exception) -> None:
        if self._collect and isinstance(error, VtigerError):
            self.results[index] = error
        else:
            self._failures[index] = error
            self.stop()

    def stop(self) -> None:
        """Start nothing more; what is under way may end."""
        for _ in self._queue:
            pass

    def outcome(self) -> list[Reply]:
        if self._failures:
            raise self._failures[min(self._failures)]
        return self.results


class Round:
    """One step of a plan that adapts how much it asks for at once: told how long it was waited
    for."""

    def __init__(self, step: Step | Rows, core: Core) -> None:
        step_ahead = step.ahead if isinstance(step, Rows) else step
        self._pace = step_ahead.pace if isinstance(step_ahead, Batch) else None
        self._core = core
        self._began = self._awaited = time.perf_counter()

    def awaited(self) -> None:
        """The consumer wants the next rows from now on."""
        self._awaited = time.perf_counter()

    def over(self) -> None:
        """They are there."""
        if self._pace is not None:
            now = time.perf_counter()
            pressed = self._pace.adapts and self._core.pressed
            self._pace.went(now - self._awaited, now - self._began, pressed=pressed)


def width_of(batch: Batch, width: Callable[[], int]) -> int:
    """How many calls of the batch are under way at once."""
    most = width() if batch.pace is None else batch.pace.width
    return min(most, len(batch.calls))


def at_last(number: int, sent: Sent) -> Sent:
    """Calls `sent` when it was called so many times: all that can be under way is."""
    calls = itertools.count(1)

    def one_more() -> None:
        if next(calls) == number:
            sent()

    return one_more


def rest(step: Step | Rows) -> Step | Rows:
    """What is left of a step whose call was not made; its rows were handed out."""
    return replace(step, rows=()) if isinstance(step, Rows) else step


def check_process(process: int) -> None:
    """What reads ahead for an iterator, or answers it, stayed in the process that began it."""
    if os.getpid() != process:
        raise ConfigError(
            "This iterator was begun before the process was forked, and cannot go on in the child: "
            "begin it anew here. Sessions and querysets work in both."
        )
