"""What records and querysets know of a session: enough to run plans, nothing of how.

`session` implements it; nothing in `query`, `records` or `references` imports `session`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from .operations.calls import Plan, Row, RowStream
    from .query.environment import Environment

T = TypeVar("T")


class Runner(Protocol):
    """Performs plans. A `Session` is one; a test may be another."""

    @property
    def environment(self) -> Environment:
        """Limits, capabilities and settings that plans are made with; opens the session."""
        ...

    def run(self, plan: Plan[T]) -> T:
        """Perform the plan's calls one by one and return its result."""
        ...

    async def arun(self, plan: Plan[T]) -> T: ...

    def stream(self, stream: RowStream) -> Iterator[Sequence[Row]]:
        """Perform the plan and yield what it emits, one page ahead of the consumer."""
        ...

    def astream(self, stream: RowStream) -> AsyncIterator[Sequence[Row]]: ...
