"""Requests as the limits of calls allow them, and the waits between the attempts of a call."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Final, cast
from urllib.parse import urlsplit

from .._dataclass import dataclass
from ..calls.clock import ClockSource, http_date
from ..calls.operations import Call, Delete
from ..calls.outcome import Again, Fate, Outcome, outcome_of
from ..dialects.base import Dialect, HttpRequest, HttpResponse
from ..errors import LimitReached, TransportError, VtigerError
from . import retry
from .counting import CallCount, count_request
from .effects import Admission, Conversation, Pause, Send
from .logs import log_exchange
from .pacing import Limiter, limiter_of
from .settings import Connection
from .waits import Wait, tell


@dataclass(slots=True)
class Effort:
    """What one call, or one login, has cost so far."""

    module: str | None = None
    attempt: int = 1
    limited: int = 0
    """Attempts that a limit of calls refused."""
    waited: float = 0.0
    """Seconds, for limits of calls."""
    began: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> float:
        """Seconds since the first attempt, but for those that limits took."""
        return time.monotonic() - self.began - self.waited


class Traffic:
    """All requests of one session in one process."""

    def __init__(self, connection: Connection, counters: Sequence[CallCount]) -> None:
        self._connection = connection
        self._counters = counters
        self.limiter: Final[Limiter] = limiter_of(urlsplit(connection.url).netloc)

    def exchange(
        self, request: HttpRequest, effort: Effort, *, login: bool = False
    ) -> Conversation[HttpResponse]:
        """One request within the limits; the answer's headers teach the limiter and the clock."""
        yield from self._admitted(request, effort)
        for counter in tuple(self._counters):
            count_request(counter, request.operation, login=login)
        clock, started = self._connection.clock, time.perf_counter()
        asked = clock.here()
        response = yield from self._sent(request)
        answered = clock.here()
        log_exchange(request, effort.module, response, time.perf_counter() - started)
        if (told := http_date(response.headers.get("date"))) is not None:
            clock.heard(told, asked, answered, ClockSource.DATE)
        return response

    def login(
        self, request: HttpRequest, effort: Effort, dialect: Dialect | None
    ) -> Conversation[HttpResponse]:
        """`exchange` for a request of a login, which may tell the server's time."""
        clock = self._connection.clock
        asked = clock.here()
        response = yield from self.exchange(request, effort, login=True)
        if dialect is not None and (told := dialect.time_told(response)) is not None:
            clock.heard(told, asked, clock.here(), ClockSource.LOGIN)
        return response

    def goodbye(self, request: HttpRequest) -> Conversation[None]:
        """A logout. It is not worth a wait: the server forgets the login by itself."""
        if self.limiter.reserve(self._take) <= 0:
            yield from self._sent(request)

    def _admitted(self, request: HttpRequest, effort: Effort) -> Conversation[None]:
        """Wait until the limits allow one more request, and take it from them."""
        while (seconds := self.limiter.reserve(self._take)) > 0:
            if effort.waited + seconds > self._connection.max_wait:
                error = self._limit_reached(request.operation, effort.module, seconds)
                error.outcome = outcome_of(error)._replace(fate=Fate.NEVER_LEFT)
                raise error
            yield Admission(seconds)
            reason = "the limit of calls is used up"
            wait = Wait(request.operation, effort.module, seconds, effort.attempt - 1, reason)
            tell(wait, self._connection.on_wait)
            effort.waited += seconds
            yield Pause(seconds)

    @property
    def pressed(self) -> bool:
        """Whether too little is left for calls side by side, of the server's limits or of the
        session's own."""
        purse = self._connection.purse
        left = purse.left(time.time()) if purse is not None else ()
        return self.limiter.limits.scarce or any(each.scarce for each in left)

    def _take(self) -> float:
        """Take one call from the session's own budget, or tell how long that has to wait."""
        purse = self._connection.purse
        return 0.0 if purse is None else purse.take(time.time())

    def _sent(self, request: HttpRequest) -> Conversation[HttpResponse]:
        try:
            response = cast("HttpResponse", (yield Send(request)))
        except BaseException:
            self.limiter.failed()
            raise
        self.limiter.saw(response.status, response.headers)
        return response

    # Again, or not

    def again(self, call: Call[object], failure: VtigerError, effort: Effort) -> Conversation[bool]:
        """Wait before another attempt where one is worth it; tell whether it is."""
        outcome = outcome_of(failure)
        effort.limited += outcome.again is Again.LIMIT
        seconds = retry.delay(
            call,
            outcome,
            effort.attempt,
            self._connection.policy,
            limited=effort.limited,
            spent=effort.spent,
            allowed=self._connection.max_wait - effort.waited,
        )
        if seconds is None or _is_own_limit(outcome):
            return False
        reason = f"attempt {effort.attempt} failed: {failure}"
        wait = Wait(call.operation, effort.module, seconds, effort.attempt, reason, failure)
        tell(wait, self._connection.on_wait)
        effort.attempt += 1
        if outcome.again is Again.LIMIT:
            effort.waited += seconds
        yield Pause(seconds)
        return True

    def given_up(
        self, call: Call[object], failure: VtigerError, outcome: Outcome, effort: Effort
    ) -> VtigerError:
        """The error of a call that is given up, with the outcome of all its attempts."""
        last = outcome_of(failure)
        refused = last.fate is Fate.REFUSED and last.again is Again.NO
        if isinstance(call, Delete) and refused and not outcome.undone:
            gone = TransportError(
                f"delete of {call.id}: the answer was lost, and the repetition was refused as it "
                "is for records that are gone. It was deleted in all likelihood; query for the id "
                "to be sure."
            )
            gone.__cause__ = failure
            failure = gone
        elif last.again is Again.LIMIT and last.repeatable and not _is_own_limit(last):
            reached = self._limit_reached(call.operation, effort.module, last.wait)
            reached.__cause__ = failure
            failure = reached
        elif effort.attempt > 1:
            seconds = time.monotonic() - effort.began
            told = f"Given up after {effort.attempt} attempts in {seconds:.1f} s."
            failure.args = (f"{failure} {told}", *failure.args[1:])
        failure.outcome = outcome
        return failure

    def _limit_reached(
        self, operation: str, module: str | None, seconds: float | None
    ) -> LimitReached:
        """`seconds` until it works again, where that is known."""
        known = seconds if seconds is not None and math.isfinite(seconds) else None
        at = None if known is None else datetime.now(UTC) + timedelta(seconds=known)
        works = (
            f"It works again at {at:%Y-%m-%d %H:%M:%S} UTC"
            if at is not None
            else "When it works again is not known"
        )
        return LimitReached(
            f"{operation}: the limit of calls is used up. {works}; this session waits "
            f"{self._connection.max_wait:g} s at most (max_wait). session.limits shows the limits.",
            at=at,
            retry_after=known,
            operation=operation,
            module=module,
            status=429,
        )


def _is_own_limit(outcome: Outcome) -> bool:
    """Whether the call was not even sent, since the limits known here do not allow it: waiting
    for them was thought of already."""
    return outcome.again is Again.LIMIT and outcome.fate is Fate.NEVER_LEFT
