"""What is repeated after a failure, and after how long: pure functions of the outcome.

Rules:

- A call that reads is repeated while another attempt may fare better, and for long enough to
  bridge the restart of a server.
- A call that writes and may be repeated (`revise`, `update`, `delete`) as well: doing it twice
  leaves the record as doing it once would. Workflows of the CRM may run twice.
- `create`, and any other write that is not `repeatable`, is repeated only when it certainly did
  not take place: it never left this machine, or the server refused it.
- Nothing is repeated whose file was read from a stream that cannot be rewound.
- An empty HTTP 500 is PHP after a fatal error, which comes again nearly always: one repetition.
  An answer of HTTP 200 that is none comes again mostly: two.
- HTTP 429 waits for as long as the server says, else with growing pauses, until `max_wait` seconds
  were waited, however often: it is no attempt that failed. A time that was told and did not hold
  is believed less each time. HTTP 503 is maintenance: at least as long as the server says, within
  `patience`.
"""

from __future__ import annotations

import random
from typing import Final

from .._dataclass import dataclass
from ..calls.operations import Call
from ..calls.outcome import Again, Fate, Outcome, may_repeat
from .checks import not_negative, whole

LOGIN_ATTEMPTS: Final = 5
"""Another process of the same user may log in at the same moment and spoil the challenge."""
APART_ATTEMPTS: Final = 15
"""Each second belongs to one user of an address: so many processes may begin at once, or nearly."""
_ODD_ATTEMPTS: Final = 3
_LEAST_PAUSE: Final = 0.01
"""Seconds after the first refusal by a limit of calls, whatever the server and the policy say;
doubled each time, so that nobody keeps a limit up by asking."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how fast. `attempts` counts the first one, and none that a limit of calls
    refused; 1 turns repetition off.

    The default bridges ten seconds without a server, and gives up after half a minute or so.
    Raises `ConfigError` for what is no number of attempts or seconds.
    """

    attempts: int = 8
    first_delay: float = 0.25
    """Seconds; doubled each time, and anything from half of it to all of it is waited."""
    longest_delay: float = 20.0
    """Seconds."""
    patience: float = 60.0
    """Seconds from the first attempt on, after which no further one is begun."""
    longest_work: float = 300.0
    """Seconds for which the server may go on working on a request after its connection broke or
    timed out. That a record is not found proves only then that it was not created."""

    def __post_init__(self) -> None:
        whole("RetryPolicy.attempts", self.attempts)
        for name in ("first_delay", "longest_delay", "patience", "longest_work"):
            not_negative(f"RetryPolicy.{name}", getattr(self, name))

    def backoff(self, attempt: int, chance: float) -> float:
        """Seconds to wait before the next attempt, for `chance` between 0 and 1."""
        full = min(self.longest_delay, self.first_delay * 2.0 ** min(attempt - 1, 60))
        return float(full * (0.5 + chance / 2))


def delay(
    call: Call[object],
    outcome: Outcome,
    attempt: int,
    policy: RetryPolicy,
    *,
    limited: int = 0,
    spent: float = 0.0,
    allowed: float = 120.0,
    chance: float | None = None,
) -> float | None:
    """Seconds to wait before attempt `attempt + 1`, or None to give up.

    `limited` of the attempts a limit of calls refused; `spent` seconds have passed since the first
    one; `allowed` may still be waited for a limit.
    """
    if not may_repeat(call, outcome):
        return None
    chance = random.random() if chance is None else chance
    if outcome.again is Again.LIMIT:
        paced = _paced(outcome.wait, limited, policy, chance)
        return paced if policy.attempts > 1 and paced <= allowed else None
    attempt -= limited
    backoff = policy.backoff(attempt, chance)
    most = {
        Again.ONCE: min(2, policy.attempts),
        Again.YES: (
            min(_ODD_ATTEMPTS, policy.attempts) if outcome.fate is Fate.UNKNOWN else policy.attempts
        ),
    }.get(outcome.again, 1)
    seconds = max(backoff, outcome.wait or 0.0)
    return seconds if attempt < most and spent + seconds <= policy.patience else None


def _paced(told: float | None, limited: int, policy: RetryPolicy, chance: float) -> float:
    """Seconds to wait after the refusal number `limited` of a limit of calls."""
    least = RetryPolicy(first_delay=_LEAST_PAUSE).backoff(limited, 1.0)
    if told is None:
        return max(least, policy.backoff(limited + 2, chance))
    doubt = policy.backoff(limited - 1, chance) if limited > 1 else 0.0
    return max(least, told, doubt)


def apart_delay(attempt: int, chance: float | None = None) -> float:
    """Seconds, beside the time that logins are apart anyway, before one that must not fall into a
    second in which another process logs in."""
    return (random.random() if chance is None else chance) * min(attempt, 5)


def login_delay(attempt: int, chance: float | None = None) -> float:
    """Seconds before the next challenge; random, so that two processes fall out of step."""
    return (random.random() if chance is None else chance) * 0.2 * attempt
