"""The driver that performs plans by awaiting."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Self, TypeVar

from ..calls.gates import in_event_loop, running_loop
from ..calls.operations import Row
from ..calls.plans import Batch, Plan, Reply, Rows, RowStream, Step
from ..errors import ConfigError, LimitReached, VtigerError
from . import drivers, http
from .core import Core
from .effects import Admission, Conversation, Effect, Enter, Pause, Send
from .exchange import Sent
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
    unit_of,
    width_of,
)

T = TypeVar("T")


class AsyncDriver:
    """Performs plans by awaiting; tasks of several loops may share it."""

    def __init__(
        self, core: Core, transports: Transports, timeout: float, width: Callable[[], int]
    ) -> None:
        self.core = core
        self._transports = transports
        self._timeout = timeout
        self._width = width

    async def run(self, plan: Plan[T]) -> T:
        traces, under_way = Traces(), _UnderWay(self)
        try:
            _check_loop()
            step = next(plan)
            while True:
                try:
                    watch = Round(step, self.core)
                    reply = await under_way.reply(step)
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
            await under_way.give_up()
            plan.close()

    def stream(self, stream: RowStream) -> AsyncIterator[Sequence[Row]]:
        """Yield what a plan hands out; the calls it needs next run in tasks meanwhile."""
        return _Pages(self, stream)

    async def converse(self, conversation: Conversation[T], sent: Sent | None = None) -> T:
        try:
            _check_loop()
            effect = next(conversation)
            while True:
                try:
                    reply = await self._perform(effect, sent)
                except BaseException as error:
                    effect = conversation.throw(error)
                else:
                    effect = conversation.send(reply)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _perform(self, effect: Effect, sent: Sent | None) -> object:
        match effect:
            case Send(request):
                transport = await self._transports.asynchronous()
                return await http.asend(transport, request, self._timeout, sent)
            case Pause(seconds):
                await asyncio.sleep(seconds)
                return None
            case Admission():
                return None  # a task holds up nobody
            case Enter(gate):
                return await gate.aenter()

    def perform(self, step: Step, sent: Sent | None = None) -> Coroutine[Any, Any, Reply]:
        """Perform one step and return its reply."""
        if isinstance(step, Batch):
            return self._batch(step, sent)
        return self.converse(self.core.converse(step), sent)

    def start(self, step: Step) -> _Ahead:
        """Perform a step in a task."""
        under_way = asyncio.Event()

        async def work() -> Timed:
            try:
                return await _timed(self.perform(step, under_way.set))
            finally:
                under_way.set()

        return _Ahead(asyncio.create_task(work()), under_way)

    async def _batch(self, batch: Batch, sent: Sent | None = None) -> list[Reply]:
        work = Work(batch)
        width = width_of(batch, self._width)
        sent = sent and at_last(width, sent)

        async def worker() -> None:
            for index, call in work:
                try:
                    work.results[index] = await self.perform(call, sent)
                except Exception as error:
                    work.failed(index, error)

        if width <= 1:
            await worker()
        else:
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(worker())
        return work.outcome()


class _Ahead(NamedTuple):
    """A step that a task performs while the consumer has other things to do."""

    task: asyncio.Task[Timed]
    sent: asyncio.Event
    """Set when its request is on its way, or it is over."""

    async def result(self) -> Timed | None:
        """What it found; None where it met a limit before it was of interest, which may be over.
        It is cancelled where nobody waits for it any more."""
        task = self.task
        if task.done() and not task.cancelled() and isinstance(task.exception(), LimitReached):
            return None
        try:
            return await task
        except BaseException:
            await _cancelled([task])
            raise


class _UnderWay(UnderWay[_Ahead]):
    """Steps of one plan that tasks perform before it asks for their replies."""

    def __init__(self, driver: AsyncDriver) -> None:
        super().__init__(driver.core)
        self._driver = driver

    async def begin(self, step: Step) -> None:
        """Start a step and those that come soon; returns when the requests are on their way, or
        soon."""
        started = self.started(step, self._driver.start)
        with suppress(TimeoutError):
            async with asyncio.timeout(drivers.HANDOVER_SECONDS):
                for each in started:
                    await each.sent.wait()

    async def reply(self, step: Step) -> Reply:
        """The reply to a step, which is performed now unless it was begun."""
        if isinstance(step, Batch) and step.soon:
            self.started(step, self._driver.start)
        ahead, alone = self.taken(step)
        found = None if ahead is None else await ahead.result()
        if found is None:
            found = await _timed(self._driver.perform(unit_of(step)))
        return replied(step, found, alone=alone)

    async def give_up(self) -> None:
        """Nobody wants the other replies any more."""
        await _cancelled([each.task for each in self.left()])


class _Pages(AsyncIterator[Sequence[Row]]):
    """What a plan hands out. A limit that is reached stops it, and it goes on with the same step
    when asked again.

    It is no asynchronous generator: a loop that ends closes all of those at once, the one that
    reads and the one that is read from, and each complains of the other.
    """

    def __init__(self, driver: AsyncDriver, stream: RowStream) -> None:
        self._driver = driver
        self._stream = stream
        self._step: Step | Rows | None = None
        self._handed_out = False
        self._round: Round | None = None
        self._under_way = _UnderWay(driver)
        self._process = os.getpid()
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sequence[Row]:
        if self._over:
            raise StopAsyncIteration
        try:
            check_process(self._process)
            _check_loop()
            if self._step is None:
                self._step = next(self._stream, None)
            while self._step is not None:
                step = self._step
                if not self._handed_out:
                    self._round = Round(step, self._driver.core)
                if isinstance(step, Rows) and not self._handed_out:
                    self._handed_out = True
                    if step.ahead is not None:
                        await self._under_way.begin(step.ahead)
                    if step.rows:
                        return step.rows
                self._step = await self._after(step)
                self._handed_out = False
        except LimitReached:
            raise
        except BaseException:
            await self.aclose()
            raise
        await self.aclose()
        raise StopAsyncIteration

    async def _after(self, step: Step | Rows) -> Step | Rows | None:
        """Do the step, and return the next one."""
        watch = self._round
        try:
            if watch is not None and isinstance(step, Rows):
                watch.awaited()
            asked = step.ahead if isinstance(step, Rows) else step
            reply = None if asked is None else await self._under_way.reply(asked)
            if watch is not None:
                watch.over()
        except LimitReached:
            raise
        except Exception as error:
            failure = error
        else:
            return _next(lambda: self._stream.send(reply))
        return _next(lambda: self._stream.throw(failure))

    async def aclose(self) -> None:
        self._over = True
        if os.getpid() == self._process:
            await self._under_way.give_up()
        self._stream.close()


def _next(step: Callable[[], Step | Rows]) -> Step | Rows | None:
    """The plan's next step; None when it has ended, which a coroutine must not be told by
    `StopIteration`."""
    try:
        return step()
    except StopIteration:
        return None


async def _timed(performing: Awaitable[Reply]) -> Timed:
    began = time.perf_counter()
    return await performing, time.perf_counter() - began


async def _cancelled(tasks: Sequence[asyncio.Task[Timed]]) -> None:
    """Cancel tasks whose results nobody wants any more, and see them end. Those of another loop
    end when that one goes on."""
    here = running_loop()
    for task in tasks:
        loop = task.get_loop()
        if loop is here:
            task.cancel()
        elif not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)
    own = [task for task in tasks if task.get_loop() is here]
    if own:
        await asyncio.wait(own)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()


def _check_loop() -> None:
    if not in_event_loop():
        raise ConfigError(
            "Asynchronous methods need asyncio, and no event loop of it runs here. With trio or "
            "curio use the blocking methods in a worker thread (trio.to_thread.run_sync)."
        )
