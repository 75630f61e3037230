"""A runner that answers from memory, and no session left over between tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest

from tests.support.hand_made import package
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Row
from vtiger_orm.calls.plans import Batch, Plan, Rows, RowStream
from vtiger_orm.errors import ApiError

T = TypeVar("T")


class MemoryRunner:
    """Performs plans by asking `answer` for the result of each call."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.calls: list[Any] = []
        self._answer = answer
        self.environment = Environment()

    def _perform(self, step: Any) -> Any:
        if isinstance(step, Batch):
            return [self._perform(call) for call in step.calls]
        self.calls.append(step)
        return self._answer(step)

    def run(self, plan: Plan[T]) -> T:
        try:
            step = next(plan)
            while True:
                try:
                    reply = self._perform(step)
                except ApiError as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(reply)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def arun(self, plan: Plan[T]) -> T:
        return self.run(plan)

    def stream(self, stream: RowStream) -> Iterator[Sequence[Row]]:
        reply: Any = None
        try:
            while True:
                step = stream.send(reply)
                if isinstance(step, Rows):
                    yield step.rows
                    reply = self._perform(step.ahead) if step.ahead is not None else None
                else:
                    reply = self._perform(step)
        except StopIteration:
            return

    async def astream(self, stream: RowStream) -> AsyncIterator[Sequence[Row]]:
        for rows in self.stream(stream):
            yield rows


@pytest.fixture
def runner_of() -> Iterator[Callable[[Callable[[Any], Any]], MemoryRunner]]:
    """Makes a runner and lets it be the package's current session until the test ends."""
    activations = []

    def make(answer: Callable[[Any], Any]) -> MemoryRunner:
        runner = MemoryRunner(answer)
        activations.append(package.activate(runner))
        return runner

    yield make
    for activation in reversed(activations):
        activation.end()
