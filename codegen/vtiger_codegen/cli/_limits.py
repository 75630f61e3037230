"""Limits of calls in words, for `whoami` and `limits`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from vtiger_orm.session import Limits


def in_words(limits: Limits) -> Iterator[str]:
    """What the server announces, and what is left of the user's own budget."""
    told = False
    if limits.minute_limit is not None:
        told = True
        left = f"{limits.minute_remaining} of {limits.minute_limit} calls left in this minute"
        yield left + _until(limits.minute_reset)
    if limits.daily_limit is not None:
        told = True
        left = f"{limits.daily_remaining} of {limits.daily_limit} calls left today"
        yield left + _until(limits.daily_reset)
    if limits.closed_until is not None:
        told = True
        yield f"closed{_until(limits.closed_until)}"
    if not told:
        yield "the server announces none"
    for each in limits.budget:
        yield f"own budget: {each.left} of {each.limit} calls left of the {each.window}"


def _until(moment: datetime | None) -> str:
    return f", until {moment:%Y-%m-%d %H:%M:%S} UTC" if moment is not None else ""
