"""The server's limits of calls, as the headers of its answers tell them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from .._dataclass import dataclass
from ..calls.clock import http_date

MINUTE: Final = 60.0
DAY: Final = 86_400.0
_MOST_CALLS: Final = 10**12
_SCARCE: Final = 0.5
"""The share of a limit that is kept for calls one after the other: side by side they take more."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one window of the session's own budget (`Session(budget=...)`)."""

    window: str
    """``minute``, ``hour`` or ``day``."""
    limit: int
    left: int

    @property
    def scarce(self) -> bool:
        """Whether too little of it is left for calls side by side."""
        return _is_scarce(self.left, self.limit)


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
    closed_until: datetime | None = None
    """Until when nothing is sent: the server refused a call (HTTP 429) and named this time. A day
    at most, whatever it said."""
    budget: tuple[Allowance, ...] = ()
    """What is left of the session's own budget."""

    @property
    def scarce(self) -> bool:
        """Whether too little of one is left for calls side by side, or a call was refused."""
        minute = _is_scarce(self.minute_remaining, self.minute_limit)
        day = _is_scarce(self.daily_remaining, self.daily_limit)
        return minute or day or self.closed_until is not None


def _is_scarce(left: int | None, limit: int | None) -> bool:
    return left is not None and limit is not None and left < _SCARCE * limit


def read_limits(
    headers: Mapping[str, str], now: datetime, known: Limits, *, out: int = 0
) -> Limits:
    """`known`, corrected by what the headers of an answer say; requests that are `out` may not be
    counted there.

    Times are turned into this machine's by the server's own Date, so a clock that is wrong
    there or here does not matter. What is no number (``INF``, ``NAN``, words) is no header.
    """
    server_now = http_date(headers.get("date")) or now
    left = _count(headers.get("x-floodcontrol-remaining"))
    found: dict[str, Any] = {
        "minute_limit": _count(headers.get("x-floodcontrol-minutelimit")),
        "minute_remaining": None if left is None else max(0, left - out),
        "minute_reset": _reset(headers.get("x-floodcontrol-reset"), server_now, now, MINUTE),
        "daily_limit": _count(headers.get("x-ratelimit-dailylimit")),
        "daily_remaining": _count(headers.get("x-ratelimit-remaining")),
        "daily_reset": _reset(headers.get("x-ratelimit-reset"), server_now, now, DAY),
    }
    return replace(known, **{name: value for name, value in found.items() if value is not None})


def midnight_after(moment: datetime) -> datetime:
    """When a day's calls are free again where the server does not tell."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _count(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None else int(min(max(0.0, number), _MOST_CALLS))


def _reset(text: str | None, server_now: datetime, now: datetime, window: float) -> datetime | None:
    """A reset given as a UNIX time, as seconds from now where it is too small for one, or as a
    date; never further away than the window is long."""
    number = _number(text)
    if number is None:
        then = http_date(text)
        if then is None:
            return None
        number = then.timestamp()
    seconds = number if number <= window else number - server_now.timestamp()
    return now + timedelta(seconds=min(max(seconds, 0.0), window))
