"""The emulator's clock: the real time, unless a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Calling it gives the server's time as an aware UTC datetime.

    ::

        crm.clock.advance(hours=2)                       # sessions left idle expire
        crm.clock.freeze(datetime(2024, 2, 29, tzinfo=UTC))
    """

    def __init__(self, source: Callable[[], datetime] = _utc_now) -> None:
        self._source = source
        self._shift = timedelta()
        self._frozen: datetime | None = None

    def __call__(self) -> datetime:
        return (self._frozen if self._frozen is not None else self._source()) + self._shift

    def timestamp(self) -> int:
        """UNIX seconds."""
        return int(self().timestamp())

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0) -> None:
        """Move the clock forward; negative values move it back."""
        self._shift += timedelta(seconds=seconds, minutes=minutes, hours=hours)

    def freeze(self, at: datetime | None = None) -> None:
        """Stop the clock, now or at the given aware datetime; `advance` still moves it.

        Raises `ValueError` for a datetime without a zone.
        """
        if at is not None and at.tzinfo is None:
            raise ValueError("The clock needs a datetime with a time zone, such as UTC.")
        self._frozen = at.astimezone(UTC) if at is not None else self()
        self._shift = timedelta()

    def resume(self) -> None:
        """Back to the real time."""
        self._frozen = None
        self._shift = timedelta()
