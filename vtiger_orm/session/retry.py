"""What is repeated after a failure, and after how long: pure functions of the outcome.

Rules:

- A call that reads is repeated while another attempt may fare better.
- A call that writes and may be repeated (`revise`, `update`, `delete`) as well: doing it twice
  leaves the record as doing it once would. Workflows of the CRM may run twice.
- `create`, and any other write that is not `repeatable`, is repeated only when it certainly did
  not take place: it never left this machine, or the server refused it.
- Nothing is repeated whose file was read from a stream that cannot be rewound.
- An empty HTTP 500 is PHP after a fatal error, which comes again nearly always: one repetition.
- HTTP 429 waits for as long as the server says, else with growing pauses.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from ..calls.operations import Call
from ..calls.outcome import Again, Outcome, may_repeat

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
    longest_work: float = 300.0
    """Seconds for which the server may go on working on a request after its connection broke or
    timed out. That a record is not found proves only then that it was not created."""

    def backoff(self, attempt: int, chance: float) -> float:
        """Seconds to wait before the next attempt, for `chance` between 0 and 1."""
        full = min(self.longest_delay, self.first_delay * 2.0 ** (attempt - 1))
        return float(full * (0.5 + chance / 2))


def delay(
    call: Call[object],
    outcome: Outcome,
    attempt: int,
    policy: RetryPolicy,
    chance: float | None = None,
) -> float | None:
    """Seconds to wait before attempt `attempt + 1`, or None to give up."""
    if not may_repeat(call, outcome):
        return None
    chance = random.random() if chance is None else chance
    match outcome.again:
        case Again.LIMIT if attempt < policy.limited_attempts:
            if outcome.wait is None:
                return policy.backoff(attempt + 2, chance)
            return outcome.wait if outcome.wait <= policy.longest_wait else None
        case Again.YES if attempt < policy.attempts:
            return policy.backoff(attempt, chance)
        case Again.ONCE if attempt < min(2, policy.attempts):
            return policy.backoff(attempt, chance)
        case _:
            return None


def login_delay(attempt: int, chance: float | None = None) -> float:
    """Seconds before the next challenge; random, so that two processes fall out of step."""
    return (random.random() if chance is None else chance) * 0.2 * attempt
