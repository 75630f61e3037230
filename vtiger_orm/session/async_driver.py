"""The driver that performs plans by awaiting."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Self, TypeVar

from ..calls.gates import in_event_loop
from ..calls.operations import Row
from ..calls.plans import Batch, Plan, Reply, Rows, RowStream, Step
from ..errors import ConfigError, LimitReached, VtigerError
from . import drivers, http
from .core import Core
from .drivers import Round, Traces, Work, at_last, check_process, width_of
from .effects import Conversation, Effect, Enter, Pause, Send
from .exchange import Sent
from .pools import Transports

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
        traces = Traces()
        try:
            _check_loop()
            step = next(plan)
            while True:
                try:
                    watch = Round(step, self.core)
                    reply = await self.step(step)
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

    def stream(self, stream: RowStream) -> AsyncIterator[Sequence[Row]]:
        """Yield what a plan hands out; the call it needs next runs in a task meanwhile."""
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
            case Enter(gate):
                return await gate.aenter()

    def step(self, step: Step, sent: Sent | None = None) -> Coroutine[Any, Any, Reply]:
        if isinstance(step, Batch):
            return self._batch(step, sent)
        return self.converse(self.core.converse(step), sent)

    async def start(self, step: Step) -> asyncio.Task[Reply]:
        """Perform a step in a task; returns when its request is on its way, or soon."""
        under_way = asyncio.Event()

        async def work() -> Reply:
            try:
                return await self.step(step, under_way.set)
            finally:
                under_way.set()

        task = asyncio.create_task(work())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(drivers.HANDOVER_SECONDS):
                    await under_way.wait()
        except BaseException:
            await _cancelled(task)
            raise
        return task

    async def _batch(self, batch: Batch, sent: Sent | None = None) -> list[Reply]:
        work = Work(batch)
        width = width_of(batch, self.core, self._width)
        sent = sent and at_last(width, sent)

        async def worker() -> None:
            for index, call in work:
                began = time.perf_counter()
                try:
                    work.results[index] = await self.step(call, sent)
                    work.took(time.perf_counter() - began)
                except Exception as error:
                    work.failed(index, error)

        if width <= 1:
            await worker()
        else:
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(worker())
        return work.outcome()


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
        self._ahead: asyncio.Task[Reply] | None = None
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
                        self._ahead = await self._driver.start(step.ahead)
                    if step.rows:
                        return step.rows
                self._step = await self._after(step)
                self._handed_out = False
        except LimitReached:
            self._ahead = None
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
            if self._ahead is not None:
                reply = await self._ahead
                self._ahead = None
            else:
                call = step.ahead if isinstance(step, Rows) else step
                reply = None if call is None else await self._driver.step(call)
            if watch is not None:
                watch.over()
        except LimitReached:
            raise
        except Exception as error:
            self._ahead = None
            failure = error
        else:
            return _next(lambda: self._stream.send(reply))
        return _next(lambda: self._stream.throw(failure))

    async def aclose(self) -> None:
        self._over = True
        ahead, self._ahead = self._ahead, None
        if ahead is not None and os.getpid() == self._process:
            await _cancelled(ahead)
        self._stream.close()


def _next(step: Callable[[], Step | Rows]) -> Step | Rows | None:
    """The plan's next step; None when it has ended, which a coroutine must not be told by
    `StopIteration`."""
    try:
        return step()
    except StopIteration:
        return None


async def _cancelled(task: asyncio.Task[Reply]) -> None:
    """Cancel a task whose result nobody wants any more, and see it end."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


def _check_loop() -> None:
    if not in_event_loop():
        raise ConfigError(
            "Asynchronous methods need asyncio, and no event loop of it runs here. With trio or "
            "curio use the blocking methods in a worker thread (trio.to_thread.run_sync)."
        )
