"""Is the CRM's time UTC? Found out for free, from the answer of a session's first create."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from weakref import WeakSet

from ..calls.operations import Row

logger = logging.getLogger("vtiger_orm")

_QUARTER: Final = timedelta(minutes=15)
_FARTHEST: Final = timedelta(hours=14, minutes=30)
"""No time zone is farther from UTC; a clock that differs by more is just wrong."""

_checked: WeakSet[Any] = WeakSet()


def check(runner: Any, row: Row) -> None:
    """Log a warning, once a session, when a new record's `createdtime` is a time zone away."""
    made = row.get("createdtime")
    if runner is None or not made or runner in _checked:
        return
    _checked.add(runner)
    hours = offset(str(made), datetime.now(UTC))
    if hours is not None:
        logger.warning(
            "the CRM's times are %+g hours from UTC: a record made just now has createdtime %s. "
            "Times are read and written as UTC; set the CRM server's time zone to UTC, or this "
            "machine's clock right",
            hours,
            made,
        )


def offset(made: str, now: datetime) -> float | None:
    """Hours between a time that should be `now` in UTC and `now`, in quarters; None for none."""
    try:
        moment = datetime.fromisoformat(made).replace(tzinfo=UTC)
    except ValueError:
        return None
    difference = moment - now
    quarters = round(difference / _QUARTER)
    if quarters == 0 or abs(difference) > _FARTHEST:
        return None
    return quarters / 4
