"""The server's clock: how far it is from this machine's, and in which zone the CRM writes times.

Nothing of it is asked for; it is learnt from what answers tell anyway. Every answer has a Date
header, the challenge of a login has `serverTime`, and the record that a create answers has its
`createdtime`, which tells the zone, as a page of `sync` does. Each fact says how it is known and
how surely. One clock belongs to one session; plans find it in their environment and facts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from .._dataclass import dataclass

logger: logging.Logger = logging.getLogger("vtiger_orm")

_SECOND: Final = timedelta(seconds=1)
_NO_TIME: Final = timedelta()
_QUARTER: Final = timedelta(minutes=15)
_FARTHEST: Final = timedelta(hours=14, minutes=30)
"""No time zone is farther from UTC; a clock that differs by more is just wrong."""
_UNKNOWN: Final = timedelta(minutes=30)
"""How far the clocks of two machines are thought to differ while nothing is known."""
_JUMP: Final = timedelta(seconds=5)
"""Clocks drift by less between two answers; one that differs by more was set."""
_FIRST_YEAR: Final = 2000
"""A clock that shows less was never set."""


class ClockSource(StrEnum):
    """How a fact about the clock is known; what stands later is believed before the others."""

    ASSUMED = "nothing that was told"
    DATE = "the Date header of an answer"
    LOGIN = "the login's serverTime"
    STORED = "what a pull had proof of"
    SYNC = "the lastModifiedTime of sync"
    MODIFIED = "a record that somebody modified in the meantime"
    CREATE = "the createdtime of an own create"
    GIVEN = "the setting server_timezone"


_TELL_THE_TIME: Final = (
    ClockSource.CREATE,
    ClockSource.MODIFIED,
    ClockSource.LOGIN,
    ClockSource.DATE,
)
"""Sources that tell what time it is there, the best first."""


@dataclass(frozen=True, slots=True)
class Offset:
    """How far the server's clock is ahead of this machine's."""

    value: timedelta = _NO_TIME
    error: timedelta = _UNKNOWN
    """By how much `value` may be wrong, either way."""
    source: ClockSource = ClockSource.ASSUMED


@dataclass(frozen=True, slots=True)
class Zone:
    """Where the wall clock hangs by which the CRM writes and compares times."""

    tz: tzinfo = UTC
    source: ClockSource = ClockSource.ASSUMED

    @property
    def sure(self) -> bool:
        """Whether it was given or learnt. A learnt one holds for this time of the year."""
        return self.source is not ClockSource.ASSUMED

    @property
    def written(self) -> str | None:
        """Its name, or ``+09:00``; None where it is not sure."""
        if not self.sure:
            return None
        name: str | None = getattr(self.tz, "key", None)
        return name or datetime.now(self.tz).isoformat()[-6:]


class Span(NamedTuple):
    """A time by the server's clock, in UTC, both ends included."""

    begin: datetime
    end: datetime


def this_machine() -> datetime:
    return datetime.now(UTC)


class ServerClock:
    """What is known of the clock of one server. Assignments are atomic, hence no lock."""

    def __init__(
        self,
        zone: tzinfo | None = None,
        *,
        stored: str | None = None,
        here: Callable[[], datetime] = this_machine,
    ) -> None:
        """`zone` where it is known, or as `stored` by a pull (see `Zone.written`); `here` tells
        this machine's time as an aware datetime."""
        self.here: Final = here
        self._told: dict[ClockSource, tuple[timedelta, timedelta]] = {}
        self._zone = Zone() if zone is None else Zone(zone, ClockSource.GIVEN)
        if zone is None and (known := _zone_written(stored)) is not None:
            self._zone = Zone(known, ClockSource.STORED)
        self.least_ahead: timedelta | None = None
        """How far the CRM's wall is ahead of UTC at least, where that is all that was seen."""
        self._denied: timedelta | None = None
        """How far from UTC the CRM was seen to be against the given zone."""

    @property
    def zone(self) -> Zone:
        return self._zone

    @property
    def offset(self) -> Offset:
        for source in _TELL_THE_TIME:
            if (found := self._told.get(source)) is not None:
                least, most = found
                return Offset((least + most) / 2, (most - least) / 2, source)
        return Offset()

    def now(self) -> datetime:
        """The server's time, in UTC."""
        return self.here() + self.offset.value

    def during(self, begin: datetime, end: datetime) -> Span:
        """When something happened there that happened between two moments of this machine."""
        offset = self.offset
        return Span(begin + offset.value - offset.error, end + offset.value + offset.error)

    # Learning

    def heard(
        self, told: datetime, asked: datetime, answered: datetime, source: ClockSource
    ) -> None:
        """The server told its time, in whole seconds, between two moments of this machine."""
        if told.year >= _FIRST_YEAR:
            self._learn(source, told - answered, told + _SECOND - asked)

    def saw_create(
        self,
        createdtime: object,
        asked: datetime,
        answered: datetime,
        source: ClockSource = ClockSource.CREATE,
    ) -> None:
        """A record was made, or modified, between two moments of this machine, at this time of
        the CRM's wall.

        The quarters of an hour in the difference are the zone, the rest is the clock.
        """
        wall = wall_time(createdtime)
        if wall is None:
            return
        least, most = wall - answered, wall + _SECOND - asked
        ahead = _quarters((least + most) / 2 - self.offset.value)
        if most - least > _QUARTER or abs(ahead) > _FARTHEST:
            return
        self._learn_zone(ahead, wall, source)
        if self._ahead(wall - ahead) == ahead:
            self._learn(source, least - ahead, most - ahead)

    def saw_past(self, text: object) -> None:
        """A time of the CRM's wall that is not to come: one that is newer than the server's clock
        shows how far the wall is ahead of UTC at least."""
        wall = wall_time(text)
        if wall is None:
            return
        least = wall - self.now() - self.offset.error
        quarters = -(-least // _QUARTER) * _QUARTER
        if _NO_TIME < quarters <= _FARTHEST and quarters > (self.least_ahead or _NO_TIME):
            self.least_ahead = quarters

    def saw_wall(self, text: object, moment: datetime) -> None:
        """The CRM told one moment twice, by its wall and by itself."""
        wall = wall_time(text)
        if wall is None:
            return
        ahead = _quarters(wall - moment)
        if ahead == wall - moment and abs(ahead) <= _FARTHEST:
            self._learn_zone(ahead, wall, ClockSource.SYNC)

    def _learn(self, source: ClockSource, least: timedelta, most: timedelta) -> None:
        """The offset lies between the two. What the source told before is narrowed down by it,
        or replaced; where a clock was set in the meantime, nothing older holds any more."""
        known = self._told.get(source)
        if known is not None:
            both = max(least, known[0]), min(most, known[1])
            if both[0] <= both[1]:
                least, most = both
            elif both[0] - both[1] > _JUMP:
                self._told = {}
        self._told = {**self._told, source: (least, most)}

    def _ahead(self, moment: datetime) -> timedelta:
        """How far the CRM's wall is thought to be ahead of UTC at a moment."""
        return moment.astimezone(self._zone.tz).utcoffset() or _NO_TIME

    def _learn_zone(self, ahead: timedelta, wall: datetime, source: ClockSource) -> None:
        thought = self._ahead(wall - ahead)
        if self._zone.source is ClockSource.GIVEN:
            if thought != ahead and self._denied != ahead:
                self._denied = ahead
                logger.warning(
                    "the CRM's times are %s from UTC, not %s as server_timezone=%s says: by %s a "
                    "moment just now is %s. Times are read and written as the setting says; "
                    "correct it, or set the clocks right",
                    *(_hours(ahead), _hours(thought), self._zone.tz),
                    *(source, wall.replace(tzinfo=None)),
                )
        elif not self._zone.sure or thought != ahead:
            self._zone = Zone(timezone(ahead) if ahead else UTC, source)
            if ahead:
                logger.warning(
                    "the CRM's times are %s from UTC: by %s a moment just now is %s. From now on "
                    "times are read and written like that. Name the CRM's zone, so that it is "
                    "right from the first call and in summer and winter: "
                    "connect(server_timezone='Area/City')",
                    *(_hours(ahead), source, wall.replace(tzinfo=None)),
                )


def wall_time(text: object) -> datetime | None:
    """A time of the CRM's wall, as if it were UTC; None for what is none."""
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    except ValueError:
        return None


def _zone_written(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text[0] in "+-":
        ahead = datetime.fromisoformat(f"2000-01-01T00:00:00{text}").utcoffset()
        return timezone(ahead) if ahead else UTC
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return None  # a name that this machine does not know: it is learnt again


def _quarters(difference: timedelta) -> timedelta:
    return round(difference / _QUARTER) * _QUARTER


@lru_cache(maxsize=16)  # every answer of a second has the same one, and three ask for it
def http_date(text: str | None) -> datetime | None:
    """The moment of a Date header; None for what is none."""
    from email.utils import parsedate_to_datetime  # not before the first answer: it is costly

    try:
        date = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None
    return date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date


def unix_time(told: object) -> datetime | None:
    """The moment of seconds since 1970, as a number or a text; None for what is none."""
    try:
        seconds = int(told) if isinstance(told, (int, float, str)) else 0
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _hours(difference: timedelta) -> str:
    return f"{difference / timedelta(hours=1):+g} hours"
