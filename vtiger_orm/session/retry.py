"""What is repeated after a failure, and after how long: pure functions of what happened.

Rules:

- A call that reads is repeated after a transport failure or an HTTP 5xx.
- A call that writes and may be repeated (`revise`, `update`, `delete`) as well: doing it twice
  leaves the record as doing it once would. Workflows of the CRM may run twice.
- `create`, and any other write that is not `repeatable`, is repeated only when the request
  certainly never left this machine, or the server refused it unread (HTTP 429).
- An empty HTTP 500 is PHP after a fatal error, which comes again nearly always: one repetition.
- HTTP 429 waits for as long as the server says, else with growing pauses.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final

from ..calls.operations import Call
from ..errors import RateLimited, ServerError, TransportError, VtigerError

LOGIN_ATTEMPTS: Final = 5
"""Another process of the same user may log in at the same moment and spoil the challenge."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how fast. `attempts` counts the first one; 1 turns repetition off."""

    attempts: int = 3
    first_delay: float = 0.25
    """Seconds; doubled each time, and anything from half of it to all of it is waited."""
    longest_delay: float = 20.0
    limited_attempts: int = 6
    """Attempts when the server answers HTTP 429."""
    longest_wait: float = 120.0
    """Seconds that a call waits at most for a limit of calls to be lifted; then it raises."""

    def backoff(self, attempt: int, chance: float) -> float:
        """Seconds to wait before the next attempt, for `chance` between 0 and 1."""
        full = min(self.longest_delay, self.first_delay * 2.0 ** (attempt - 1))
        return float(full * (0.5 + chance / 2))


def may_repeat(call: Call[Any], error: VtigerError) -> bool:
    """Whether sending the call again cannot do anything twice."""
    if not call.writes or call.repeatable:
        return True
    if isinstance(error, TransportError):
        return not error.sent
    return isinstance(error, RateLimited)


def delay(
    call: Call[Any],
    error: VtigerError,
    attempt: int,
    policy: RetryPolicy,
    chance: float | None = None,
) -> float | None:
    """Seconds to wait before attempt `attempt + 1`, or None to give up and raise `error`."""
    if not may_repeat(call, error):
        return None
    chance = random.random() if chance is None else chance
    if isinstance(error, RateLimited):
        if attempt >= policy.limited_attempts:
            return None
        if error.retry_after is None:
            return policy.backoff(attempt + 2, chance)
        return error.retry_after if error.retry_after <= policy.longest_wait else None
    if attempt >= policy.attempts:
        return None
    if isinstance(error, TransportError):
        hopeless = error.status is not None and 300 <= error.status < 500
        return None if hopeless else policy.backoff(attempt, chance)
    if isinstance(error, ServerError) and (error.status or 0) >= 500:
        deterministic = error.status == 500 and attempt >= 2
        return None if deterministic else policy.backoff(attempt, chance)
    return None


def login_delay(attempt: int, chance: float | None = None) -> float:
    """Seconds before the next challenge; random, so that two processes fall out of step."""
    return (random.random() if chance is None else chance) * 0.2 * attempt
