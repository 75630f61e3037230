"""Call limits of the Cloud: so many a minute, so many a day, told in headers, HTTP 429 beyond."""

from __future__ import annotations

from dataclasses import dataclass

from .clock import Clock


@dataclass(slots=True)
class RateLimits:
    """`minute` and `day` are calls allowed in a calendar minute and in 24 hours.

    The defaults never bite. ``crm.limits.minute = 30`` makes the emulator as strict as a small
    Cloud edition; `retry_after` False leaves that header out of the 429, as servers do.
    """

    clock: Clock
    minute: int = 100_000
    day: int = 10_000_000
    retry_after: bool = True
    used_minute: int = 0
    used_day: int = 0
    _minute_ends: int = 0
    _day_ends: int = 0

    def take(self) -> bool:
        """Count one call; False when it is one too many."""
        self._roll()
        if self.used_minute >= self.minute or self.used_day >= self.day:
            return False
        self.used_minute += 1
        self.used_day += 1
        return True

    def _roll(self) -> None:
        now = self.clock.timestamp()
        if now >= self._minute_ends:
            self._minute_ends = (now // 60 + 1) * 60
            self.used_minute = 0
        if now >= self._day_ends:
            self._day_ends = now + 86400
            self.used_day = 0

    def headers(self, *, refused: bool = False) -> dict[str, str]:
        """The headers of an answer; times are UNIX seconds."""
        headers = {
            "X-FloodControl-MinuteLimit": str(self.minute),
            "X-FloodControl-Remaining": str(max(self.minute - self.used_minute, 0)),
            "X-FloodControl-Reset": str(self._minute_ends),
            "X-RateLimit-DailyLimit": str(self.day),
            "X-RateLimit-Remaining": str(max(self.day - self.used_day, 0)),
            "X-RateLimit-Reset": str(self._day_ends),
        }
        if refused and self.retry_after:
            ends = self._minute_ends if self.used_day < self.day else self._day_ends
            headers["Retry-After"] = str(max(ends - self.clock.timestamp(), 0))
        return headers
