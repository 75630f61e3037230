"""Events and todos: what the server works out by itself at every write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from .casts import number

_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?\s*([ap]m)?", re.IGNORECASE)
_EPOCH: Final = datetime(1970, 1, 1)
_MINUTE: Final = timedelta(minutes=1)


def duration(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Hours and minutes from start to end, each cut off towards zero; None where the start is no
    moment, which is an error after the record was stored.

    Without `time_end` the end is the midnight after `due_date`; an end that is no moment counts
    as 1970.
    """
    start = _moment(row.get("date_start"), row.get("time_start") or "00:00")
    if start is None:
        return None
    if row.get("time_end"):
        span = (_moment(row.get("due_date"), row["time_end"]) or _EPOCH) - start
    else:
        midnight = _moment(row.get("due_date"), "00:00")
        span = midnight - start + timedelta(days=1) if midnight is not None else _EPOCH - start
    minutes = int(span / _MINUTE)
    hours = int(minutes / 60)
    return str(hours), str(minutes - hours * 60)


def _moment(day: Any, clock: Any) -> datetime | None:
    match = _CLOCK.fullmatch(str(clock or "").strip())
    try:
        start = datetime.combine(date.fromisoformat(str(day or "")), datetime.min.time())
    except ValueError:
        return None
    if match is None:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    if hours > 24 or minutes > 59 or seconds > 59:
        return None
    if match[4]:
        hours = hours % 12 + (12 if match[4].lower() == "pm" else 0)
    try:
        return start + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:  # midnight after the last day there is
        return None


def reminder(value: Any) -> int:
    """Seconds, as sent, in the minutes that are answered: full hours get one minute more."""
    seconds = int(number(value) or 0)
    if not seconds:
        return 0
    minutes = int(seconds / 60)
    return minutes + 1 if minutes % 60 == 0 else minutes
