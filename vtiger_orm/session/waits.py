"""What a session tells each time that it waits: to the log, and to the user's `on_wait`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from .._dataclass import dataclass
from ..errors import VtigerError
from .logs import log_wait

_TOLD_FROM: Final = 0.1
"""Shorter waits for answers that are still out are not worth a line."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait that is about to begin: before a call is repeated, or until a limit is lifted."""

    operation: str
    module: str | None
    seconds: float
    attempt: int
    """How often the call was sent already; 0 when it waits to be sent at all."""
    reason: str
    """Without secrets."""
    error: VtigerError | None = None
    """What made the attempt fail."""


OnWait: TypeAlias = Callable[[Wait], object]
"""Called before each wait, in the thread or task that waits, and not awaited. What it raises ends
the call."""


def tell(wait: Wait, hook: OnWait | None) -> None:
    """Raises what the hook raises."""
    if wait.error is None and wait.seconds < _TOLD_FROM:
        return
    log_wait(wait.operation, wait.seconds, wait.reason)
    if hook is not None:
        hook(wait)
