"""The driver that performs plans by blocking.

Each knows how to perform the effects of one conversation, to do a batch side by side, and to
start the next page while the consumer works on this one.
"""

from __future__ import annotations

import contextvars
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from functools import partial
from typing import Final, Protocol, TypeVar

from ..calls.operations import Row
from ..calls.plans import Batch, Plan, Reply, Rows, RowStream, Step
from ..calls.resuming import Resumable
from ..errors import LimitReached, VtigerError
from . import http
from .core import Core
from .effects import Admission, Conversation, Effect, Enter, Pause, Send
from .exchange import Interrupt, Interrupted, Sent, current
from .pools import Transports
from .steps import (
    Round,
    Timed,
    Traces,
    UnderWay,
    Work,
    at_last,
    check_process,
    replied,
    rest,
    timed,
    unit_of,
    width_of,
)

T = TypeVar("T")

HANDOVER_SECONDS = 0.005
"""How long a page is held back until the request for the next one is on its way. Without it the
consumer's first milliseconds of work, which leave the interpreter to nobody else, delay the
request; with no limit a slow connection would hold back rows that are here."""

_GRACE_SECONDS = 1.0
"""How long workers that were given up are waited for. They end at once, but for those that just
make a connection."""


class InWorker(Protocol):
    """Has a thread do some work, once one is free."""

    def __call__(self, work: Callable[[], T], /) -> Future[T]: ...


class SyncDriver:
    """Performs plans by blocking; threads may share it."""

    def __init__(
        self,
        core: Core,
        transports: Transports,
        timeout: float,
        width: Callable[[], int],
        in_worker: InWorker,
    ) -> None:
        self.core: Final = core
        self._transports = transports
        self._timeout = timeout
        self._width = width
        self._in_worker = in_worker

    def run(self, plan: Plan[T]) -> T:
        """Perform a plan's steps one after the other and return its result."""
        traces, under_way = Traces(), _UnderWay(self)
        try:
            step = next(plan)
            while True:
                try:
                    watch = Round(step, self.core)
                    reply = under_way.reply(step)
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
            under_way.give_up()
            plan.close()

    def stream(self, stream: RowStream) -> Iterator[Sequence[Row]]:
        """Yield what a plan hands out; the calls it needs next run in workers meanwhile.

        A limit that is reached stops it, and it goes on with the same step when asked again.
        """
        return Resumable(self._pages(stream))

    def _pages(self, stream: RowStream) -> Generator[Sequence[Row] | LimitReached, None, None]:
        under_way = _UnderWay(self)
        process = os.getpid()
        try:
            step = next(stream)
            while True:
                try:
                    watch = Round(step, self.core)
                    if isinstance(step, Rows):
                        if step.ahead is not None:
                            under_way.begin(step.ahead)
                        if step.rows:
                            yield step.rows
                            check_process(process)
                        watch.awaited()
                        reply = None if step.ahead is None else under_way.reply(step.ahead)
                    else:
                        reply = under_way.reply(step)
                    watch.over()
                except LimitReached as error:
                    step = rest(step)
                    yield error
                except Exception as error:
                    step = stream.throw(error)
                else:
                    step = stream.send(reply)
        except StopIteration:
            return
        finally:
            if os.getpid() == process:
                under_way.give_up()
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
            case Admission(seconds):
                if current.interrupt is not None:
                    current.interrupt.admit(seconds)
                return None
            case Enter(gate):
                return gate.enter(current.interrupt)

    def perform(self, step: Step, sent: Sent | None = None) -> Reply:
        """Perform one step and return its reply."""
        if isinstance(step, Batch):
            return self._batch(step, sent)
        return self.converse(self.core.converse(step), sent)

    def start(self, step: Step) -> _Ahead:
        """Perform a step in a worker."""
        under_way, interrupt = threading.Event(), Interrupt(ahead=True)

        def work() -> Timed:
            try:
                return timed(self.perform, step, under_way.set)
            finally:
                under_way.set()

        return _Ahead(self._submit(work, interrupt), interrupt, under_way)

    def _submit(self, work: Callable[[], T], interrupt: Interrupt) -> Future[T]:
        def interruptible() -> T:
            current.interrupt = interrupt
            try:
                return work()
            finally:
                current.interrupt = None

        return self._in_worker(partial(contextvars.copy_context().run, interruptible))

    def _batch(self, batch: Batch, sent: Sent | None = None) -> list[Reply]:
        work = Work(batch)
        width = width_of(batch, self._width)
        sent = sent and at_last(width, sent)
        interrupt = Interrupt()

        def worker() -> None:
            for index, call in work:
                try:
                    work.results[index] = self.perform(call, sent)
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

    def __init__(self, future: Future[Timed], interrupt: Interrupt, sent: threading.Event) -> None:
        self._future = future
        self._interrupt = interrupt
        self.sent: Final = sent
        """Set when its request is on its way, or it is over."""

    def result(self) -> Timed | None:
        """None where it is to be done now: it met a limit before it was of interest, which may be
        over, or no worker does it any more, as a limit would have held it up for long, the session
        was closed, or the main thread has ended."""
        if self._met_a_limit():
            self._interrupt.end()
            return None
        try:
            return self._future.result()
        except (CancelledError, Interrupted):
            return None
        except BaseException:
            self.give_up()
            raise
        finally:
            self._interrupt.end()

    def _met_a_limit(self) -> bool:
        over = self._future.done() and not self._future.cancelled()
        return over and isinstance(self._future.exception(), LimitReached)

    def give_up(self) -> None:
        """Nobody wants its result any more: it ends as soon as it can."""
        self._future.cancel()
        self._interrupt.break_off()
        self._interrupt.end()


class _UnderWay(UnderWay[_Ahead]):
    """Steps of one plan that workers perform before it asks for their replies."""

    def __init__(self, driver: SyncDriver) -> None:
        super().__init__(driver.core)
        self._driver = driver

    def begin(self, step: Step) -> None:
        """Start a step and those that come soon; returns when the requests are on their way, or
        soon."""
        until = time.perf_counter() + HANDOVER_SECONDS
        for each in self.started(step, self._driver.start):
            each.sent.wait(max(0.0, until - time.perf_counter()))

    def reply(self, step: Step) -> Reply:
        """The reply to a step, which is performed now unless it was begun."""
        if isinstance(step, Batch) and step.soon:
            self.started(step, self._driver.start)
        ahead, alone = self.taken(step)
        found = None if ahead is None else ahead.result()
        if found is None:
            found = timed(self._driver.perform, unit_of(step))
        return replied(step, found, alone=alone)

    def give_up(self) -> None:
        """Nobody wants the other replies any more."""
        for each in self.left():
            each.give_up()
