"""Tasks that are cancelled at one of their waits: what is left, and the session after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from generated.demo import Contacts
from vtiger_orm.session import Session

from .matrix import OPERATIONS, Matrix
from .operations import Operation
from .world import Held, World, do, listed


class CancelledAt:
    """Awaits something, and cancels its own task at one of the waits, counted from 0."""

    def __init__(self, work: Awaitable[Any], at: int) -> None:
        self._work = work.__await__()
        self._at = at
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        send: Any = self._work.send
        given: Any = None
        while True:
            try:
                waiting = send(given)
            except StopIteration as done:
                return done.value
            if self.waits == self._at:
                asyncio.current_task().cancel()  # type: ignore[union-attr]  # it is awaited in one
            self.waits += 1
            try:
                given, send = (yield waiting), self._work.send
            except BaseException as error:
                given, send = error, self._work.throw


class Waiting(httpx.AsyncBaseTransport):
    """A transport that lets others go first, before a request and before its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        response = await self._inner.handle_async_request(request)
        await asyncio.sleep(0)
        return response


@dataclass(slots=True)
class Seen:
    waits: int = 0
    wrong: str = ""
    """Empty when all is well."""


def cancel(world: World, operation: Operation, at: int) -> Seen:
    """Cancel an operation at a wait, and look at what is left and whether the session is usable."""
    seen, before = Seen(), Held.now()
    with world.session(async_transport=Waiting(world.crm.transport())) as session:
        asyncio.run(_cancelled(world, operation, at, session, seen))
    if not seen.wrong:
        seen.wrong = Held.now().more_than(before)
    return seen


async def _cancelled(
    world: World, operation: Operation, at: int, session: Session, seen: Seen
) -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    work = CancelledAt(operation.work("async", do("async"), session), at)

    async def task() -> Any:
        return await work

    running = asyncio.create_task(task())
    done, _ = await asyncio.wait([running], timeout=20)
    seen.waits = work.waits
    if not done:
        seen.wrong = "it goes on"
    elif not running.cancelled() and work.waits > at:
        seen.wrong = f"not cancelled: {running.exception() or running.result()!r}"
    elif left := asyncio.all_tasks() - {asyncio.current_task()}:
        seen.wrong = f"{len(left)} tasks are left"
    else:
        ids = await listed("async", Contacts.objects.using(session).values_list("id"))
        if len(ids) != sum(world.state()["Contacts"].values()):
            seen.wrong = f"{len(ids)} contacts are read afterwards"
    await session.aclose()
    if told:
        seen.wrong = seen.wrong or f"the loop was told {told[0]}"


def everywhere(matrix: Matrix, dialect: str) -> Iterator[tuple[str, int, Seen]]:
    """Every operation, cancelled at each of its waits in turn."""
    world = matrix.world(dialect, "async")
    for operation in OPERATIONS:
        if "async" in operation.drivers and matrix.expected(world, operation) is not None:
            at, seen = 0, Seen(1)
            while seen.waits > at:
                seen = cancel(world, operation, at)
                yield operation.name, at, seen
                at += 1
