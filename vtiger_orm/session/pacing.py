"""What calls cost: the server's limits, which it announces in the headers of answers, and a count.

The Cloud counts calls a minute and a day, for the whole instance: so one `Limiter` a host
serves every session of the process. Each answer corrects what it knows; calls of other
processes show up in the same numbers.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import time as clock
from typing import Any, Final

from ..calls.clock import http_date
from ..dialects.errors import retry_after

_MINUTE: Final = 60.0
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The server's limits of calls, as its last answer told; None where it does not tell."""

    minute_limit: int | None = None
    minute_remaining: int | None = None
    minute_reset: datetime | None = None
    """When the minute's calls are free again, by this machine's clock."""
    daily_limit: int | None = None
    daily_remaining: int | None = None
    daily_reset: datetime | None = None


def read_limits(headers: Mapping[str, str], now: datetime, known: Limits) -> Limits:
    """`known`, corrected by what the headers of an answer say.

    Times are turned into this machine's by the server's own Date, so a clock that is wrong
    there or here does not matter.
    """
    server_now = http_date(headers.get("date")) or now
    found: dict[str, Any] = {
        "minute_limit": _count(headers.get("x-floodcontrol-minutelimit")),
        "minute_remaining": _count(headers.get("x-floodcontrol-remaining")),
        "minute_reset": _reset(headers.get("x-floodcontrol-reset"), server_now, now, _MINUTE),
        "daily_limit": _count(headers.get("x-ratelimit-dailylimit")),
        "daily_remaining": _count(headers.get("x-ratelimit-remaining")),
        "daily_reset": _reset(headers.get("x-ratelimit-reset"), server_now, now, _DAY),
    }
    return replace(known, **{name: value for name, value in found.items() if value is not None})


class Limiter:
    """Tells each call how long to wait; used by many threads and tasks at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits = Limits()
        self._closed_until = 0.0

    @property
    def limits(self) -> Limits:
        return self._limits

    def reserve(self) -> float:
        """Seconds to wait before sending; 0 takes one call from the minute's rest.

        After waiting, ask again: others may have taken what became free.
        """
        with self._lock:
            moment = clock()
            if self._closed_until > moment:
                return self._closed_until - moment
            limits = self._limits
            if limits.minute_remaining is None or limits.minute_reset is None:
                return 0.0
            wait = limits.minute_reset.timestamp() - moment
            if wait <= 0:
                # A new minute: how much of it is left is only known after the next answer.
                self._limits = replace(limits, minute_remaining=None, minute_reset=None)
                return 0.0
            if limits.minute_remaining > 0:
                self._limits = replace(limits, minute_remaining=limits.minute_remaining - 1)
                return 0.0
            return wait

    def saw(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from the headers of an answer."""
        limited = status == 429 or "retry-after" in headers
        if not limited and not any(name.startswith("x-") for name in headers):
            return
        moment = clock()
        with self._lock:
            here = datetime.fromtimestamp(moment, UTC)
            self._limits = read_limits(headers, here, self._limits)
            pause = retry_after(headers) if limited else None
            if pause:
                self._closed_until = max(self._closed_until, moment + pause)


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


def _count(text: str | None) -> int | None:
    try:
        return max(0, int(float(text))) if text else None
    except ValueError:
        return None


def _reset(text: str | None, server_now: datetime, now: datetime, window: float) -> datetime | None:
    """A reset given as a UNIX time, or as seconds from now where it is too small for one."""
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    if number is None:
        return None
    seconds = number if number <= window else number - server_now.timestamp()
    return now + timedelta(seconds=min(max(seconds, 0.0), window))


# Counting


class CallCount:
    """What was sent while the block of `Session.count_calls` was open.

    `count` are the requests of calls, repetitions included; logins are counted apart.
    """

    def __init__(self) -> None:
        self.count = 0
        self.logins = 0
        """Requests that were needed to log in (a challenge login takes two)."""
        self.operations: Counter[str] = Counter()
        """Requests by operation (``query``, ``revise``)."""

    def __len__(self) -> int:
        return self.count

    def __int__(self) -> int:
        return self.count

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        each = ", ".join(f"{name} {number}" for name, number in sorted(self.operations.items()))
        return f"<{self.count} calls{f': {each}' if each else ''}>"


def count_request(counter: CallCount, operation: str, *, login: bool) -> None:
    """One more request was sent."""
    if login:
        counter.logins += 1
    else:
        counter.count += 1
        counter.operations[operation] += 1
