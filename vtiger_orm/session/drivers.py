"""The driver that performs plans by blocking, and what it has in common with the other one.

Each knows how to perform the effects of one conversation, to do a batch side by side, and to
start the next page while the consumer works on this one.
"""

from __future__ import annotations

import contextvars
import itertools
import os
import threading
import time
from collections.abc import (
    Callable,
    Generator,
    Iterator,
    Sequence,
)
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TypeVar

from ..calls.operations import Call, Row, alters
from ..calls.outcome import Fate, outcome_of
from ..calls.plans import Batch, Plan, Reply, Rows, RowStream, Step
from ..calls.resuming import Resumable
from ..errors import ConfigError, LimitReached, VtigerError
from . import http
from .core import Core
from .effects import Conversation, Effect, Enter, Pause, Send
from .exchange import Interrupt, Sent, current
from .pools import Transports

T = TypeVar("T")

HANDOVER_SECONDS = 0.005
"""How long a page is held back until the request for the next one is on its way. Without it the
consumer's first milliseconds of work, which leave the interpreter to nobody else, delay the
request; with no limit a slow connection would hold back rows that are here."""

_GRACE_SECONDS = 1.0
"""How long workers that were given up are waited for. They end at once, but for those that just
make a connection."""


class SyncDriver:
    """Performs plans by blocking; threads may share it."""

    def __init__(
        self,
        core: Core,
        transports: Transports,
        timeout: float,
        width: Callable[[], int],
        workers: Callable[[], ThreadPoolExecutor],
    ) -> None:
        self._core = core
        self._transports = transports
        self._timeout = timeout
        self._width = width
        self._workers = workers

    def run(self, plan: Plan[T]) -> T:
        """Perform a plan's steps one after the other and return its result."""
        traces = Traces()
        try:
            step = next(plan)
            while True:
                try:
                    watch = Round(step, self._core)
                    reply = self._step(step)
                    watch.over()
                except Exception as error:
                    traces.failed(step)
                    step = plan.throw(error)
                else:
                    traces.done(step, reply)
                    step = plan.send(reply)
        except StopIteration as done:
            result: T = done.value
            return result
        except VtigerError as error:
            traces.settle(error)
            raise
        finally:
            plan.close()

    def stream(self, stream: RowStream) -> Iterator[Sequence[Row]]:
        """Yield what a plan hands out; the call it needs next runs in a worker meanwhile.

        A limit that is reached stops it, and it goes on with the same step when asked again.
        """
        return Resumable(self._pages(stream))

    def _pages(self, stream: RowStream) -> Generator[Sequence[Row] | LimitReached, None, None]:
        ahead: _Ahead | None = None
        process = os.getpid()
        try:
            step = next(stream)
            while True:
                try:
                    watch = Round(step, self._core)
                    if isinstance(step, Rows):
                        ahead = self._start(step.ahead) if step.ahead is not None else None
                        if step.rows:
                            yield step.rows
                            check_process(process)
                        watch.awaited()
                        reply = ahead.result() if ahead is not None else None
                        ahead = None
                    else:
                        reply = self._step(step)
                    watch.over()
                except LimitReached as error:
                    ahead, step = None, rest(step)
                    yield error
                except Exception as error:
                    step = stream.throw(error)
                else:
                    step = stream.send(reply)
        except StopIteration:
            return
        finally:
            if ahead is not None and os.getpid() == process:
                ahead.give_up()
            stream.close()

    def converse(self, conversation: Conversation[T], sent: Sent | None = None) -> T:
        """Perform one conversation with the server; `sent` is told when a request went out."""
        try:
            effect = next(conversation)
            while True:
                try:
                    reply = self._perform(effect, sent)
                except BaseException as error:
                    effect = conversation.throw(error)
                else:
                    effect = conversation.send(reply)
        except StopIteration as done:
            result: T = done.value
            return result

    def _perform(self, effect: Effect, sent: Sent | None) -> object:
        match effect:
            case Send(request):
                return http.send(self._transports.sync(), request, self._timeout, sent)
            case Pause(seconds):
                if current.interrupt is not None:
                    current.interrupt.pause(seconds)
                else:
                    time.sleep(seconds)
                return None
            case Enter(gate):
                return gate.enter(current.interrupt)

    def _step(self, step: Step, sent: Sent | None = None) -> Reply:
        if isinstance(step, Batch):
            return self._batch(step, sent)
        return self.converse(self._core.converse(step), sent)

    def _start(self, step: Step) -> _Ahead:
        """Perform a step in a worker; returns when its request is on its way, or soon."""
        under_way, interrupt = threading.Event(), Interrupt()

        def work() -> Reply:
            try:
                return self._step(step, under_way.set)
            finally:
                under_way.set()

        ahead = _Ahead(self._submit(work, interrupt), interrupt)
        try:
            under_way.wait(HANDOVER_SECONDS)
        except BaseException:
            ahead.give_up()
            raise
        return ahead

    def _submit(self, work: Callable[[], T], interrupt: Interrupt) -> Future[T]:
        def interruptible() -> T:
            current.interrupt = interrupt
            try:
                return work()
            finally:
                current.interrupt = None

        return self._workers().submit(contextvars.copy_context().run, interruptible)

    def _batch(self, batch: Batch, sent: Sent | None = None) -> list[Reply]:
        work = Work(batch)
        width = width_of(batch, self._core, self._width)
        sent = sent and at_last(width, sent)
        interrupt = Interrupt()

        def worker() -> None:
            for index, call in work:
                began = time.perf_counter()
                try:
                    work.results[index] = self._step(call, sent)
                    work.took(time.perf_counter() - began)
                except Exception as error:
                    work.failed(index, error)

        helpers: list[Future[None]] = []
        try:
            helpers.extend(self._submit(worker, interrupt) for _ in range(width - 1))
            worker()
            for helper in helpers:
                # One that has not begun, as all workers are busy, has nothing left to do; all of
                # those may be batches that wait for their own helpers.
                if not helper.cancel():
                    helper.result()
        except BaseException:  # somebody presses Ctrl-C
            work.stop()
            interrupt.break_off()
            wait([each for each in helpers if not each.cancel()], timeout=_GRACE_SECONDS)
            raise
        finally:
            interrupt.end()
        return work.outcome()


class _Ahead:
    """A step that a worker performs while the consumer has other things to do."""

    def __init__(self, future: Future[Reply], interrupt: Interrupt) -> None:
        self._future = future
        self._interrupt = interrupt

    def result(self) -> Reply:
        try:
            return self._future.result()
        except BaseException:
            self.give_up()
            raise
        finally:
            self._interrupt.end()

    def give_up(self) -> None:
        """Nobody wants its result any more: it ends as soon as it can."""
        self._future.cancel()
        self._interrupt.break_off()
        self._interrupt.end()


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
        self._pace = batch.pace
        self._queue = iter(list(enumerate(batch.calls)))
        self._failures: dict[int, Exception] = {}
        self.results: list[Reply] = [None] * len(batch.calls)

    def __iter__(self) -> Iterator[tuple[int, Call[object]]]:
        # A list iterator hands out each item once, whatever the number of threads.
        return self._queue

    def took(self, seconds: float) -> None:
        """A call was answered after so long."""
        if self._pace is not None:
            self._pace.answered(seconds)

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


def width_of(batch: Batch, core: Core, width: Callable[[], int]) -> int:
    """How many calls of the batch are under way at once."""
    calls = len(batch.calls)
    if batch.pace is None:
        return min(width(), calls)
    under_way = min(batch.pace.width, calls)
    core.widen(under_way)
    return under_way


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
