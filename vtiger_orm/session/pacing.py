"""When the next request may be sent: by the server's limits, which it announces.

The Cloud counts calls a minute and a day, for the whole instance: so one `Limiter` a host
serves every session of the process. Each answer corrects what it knows; calls of other
processes show up in the same numbers. Requests whose answers are still out were not all counted
yet when an answer was made, so they are taken off what it says is left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import time as clock
from typing import Final

from ..dialects.errors import retry_after
from .limits import DAY, MINUTE, Limits, midnight_after, read_limits

SOON: Final = 0.05
"""Seconds until it is asked again, where only answers that are out are in the way."""


class Limiter:
    """Tells each call how long to wait; used by many threads and tasks at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits = Limits()
        self._out = 0
        """Requests that were sent and not answered yet."""

    @property
    def limits(self) -> Limits:
        return self._limits

    def reserve(self, also: Callable[[], float] | None = None) -> float:
        """Seconds to wait before sending; 0 takes one call from what is left.

        After waiting, ask again: others may have taken what became free. `also` is asked only
        where nothing else is in the way, and may take or make wait as well. What it was given
        is handed back by `saw` or `failed`.
        """
        with self._lock:
            moment = clock()
            limits = self._renewed(datetime.fromtimestamp(moment, UTC))
            wait = self._wait(limits, moment)
            if wait <= 0 and also is not None:
                wait = also()
            if wait > 0:
                return wait
            self._out += 1
            self._limits = replace(
                limits,
                minute_remaining=_less(limits.minute_remaining, 1),
                daily_remaining=_less(limits.daily_remaining, 1),
            )
            return 0.0

    def saw(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from the headers of an answer."""
        moment = clock()
        with self._lock:
            self._out = max(0, self._out - 1)
            if status != 429 and not any(name.startswith("x-") for name in headers):
                return
            here = datetime.fromtimestamp(moment, UTC)
            found = read_limits(headers, here, self._limits, out=self._out)
            # HTTP 503 with Retry-After is maintenance: whoever met it waits, nobody else has to.
            pause = retry_after(headers) if status == 429 else None
            if pause:
                until = here + timedelta(seconds=min(pause, DAY))
                found = replace(found, closed_until=max(until, found.closed_until or until))
            self._limits = found

    def failed(self) -> None:
        """No answer came."""
        with self._lock:
            self._out = max(0, self._out - 1)

    def _renewed(self, now: datetime) -> Limits:
        """The limits, with those of windows that are over as new."""
        limits = self._limits
        if limits.closed_until is not None and limits.closed_until <= now:
            limits = replace(limits, closed_until=None)
        if limits.minute_reset is not None and limits.minute_reset <= now:
            fresh = _less(limits.minute_limit, self._out)
            ends = limits.minute_reset + timedelta(seconds=MINUTE)
            known = fresh is not None and ends > now
            limits = replace(
                limits,
                minute_remaining=fresh if known else None,
                minute_reset=ends if known else None,
            )
        if limits.daily_reset is not None and limits.daily_reset <= now:
            limits = replace(limits, daily_remaining=None, daily_reset=None)
        if limits.daily_remaining == 0 and limits.daily_reset is None:
            limits = replace(limits, daily_reset=midnight_after(now))
        self._limits = limits
        return limits

    def _wait(self, limits: Limits, moment: float) -> float:
        ends = [limits.closed_until]
        if limits.daily_remaining == 0:
            ends.append(limits.daily_reset)
        if limits.minute_remaining == 0 and limits.minute_reset is not None:
            if self._out and limits.closed_until is None and limits.daily_remaining != 0:
                # What is out may turn out to be in the number already: then there is some left.
                return min(SOON, max(0.001, limits.minute_reset.timestamp() - moment))
            ends.append(limits.minute_reset)
        return max((each.timestamp() - moment for each in ends if each is not None), default=0.0)


def _less(number: int | None, by: int) -> int | None:
    return None if number is None else max(0, number - by)


_limiters: dict[str, Limiter] = {}
_lock = threading.Lock()


def limiter_of(host: str) -> Limiter:
    """The one limiter of a host (``crm.example.com:443``) in this process."""
    with _lock:
        return _limiters.setdefault(host, Limiter())


def forget_limiters() -> None:
    """For a forked child (whose parent may have held a lock) and for tests."""
    global _lock
    _lock = threading.Lock()
    _limiters.clear()
