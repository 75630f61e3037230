"""How many calls one long reading has under way at once: as many as pay, and no more.

A server that works on several requests at a time answers sooner in all, until it has no more
processors or the reader cannot take in what comes. Neither is known beforehand, so it is found
out on the way: from how long calls take, and from how long the consumer had to wait for rows.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal, NamedTuple

from ..errors import ConfigError

MOST: Final = 8
"""Calls at once that ``parallel="auto"`` has at most: beyond it a single reader gained little
(measured with 20 ms a call), and the CRM has other users."""
MANY: Final = 100
"""Calls at once that any session may have: so many connections are kept for it."""

_WARM_UP: Final = 5
"""Calls one after the other before more are tried: most readings are over by then."""
_REMEMBERED: Final = 16
"""The last calls made alone, whose median tells how long one takes."""
_WAITING: Final = 0.15
"""The share of its time that a consumer has to wait before it is worth to read faster."""
_IDLE: Final = 0.02
"""A consumer that waits less than this is slower than the reading."""
_CROWDED: Final = 1.7
"""Calls that take so many times as long as alone are no longer worth more of them."""
_WORTHWHILE: Final = 1.3
"""How much faster the calls of a round have to be done than one after the other: side by side
takes a quarter more of them."""
_AGAIN: Final = 40
"""Rounds until it is tried anew, after it did not pay; twice as many each time."""


class Parallel(NamedTuple):
    """How many calls of one reading may be under way: from the start, and at most."""

    least: int = 1
    most: int = 1

    @classmethod
    def of(cls, setting: int | Literal["auto"]) -> Parallel:
        """What `Session(parallel=...)` means. Raises `ConfigError`."""
        if setting == "auto":
            return cls(1, MOST)
        usable = isinstance(setting, int) and not isinstance(setting, bool)
        if not usable or not 1 <= setting <= MANY:
            raise ConfigError(
                f'parallel must be "auto" or a whole number of calls from 1 to {MANY}, not '
                f"{str(setting)[:40]}."
            )
        return cls(setting, setting)


ALONE: Final = Parallel()
"""One call after the other."""


class Pace:
    """The width of one reading. The driver that performs it tells how its rounds went."""

    def __init__(self, parallel: Parallel) -> None:
        self.width: int = parallel.least
        """How many calls of the next round should be under way at once."""
        self._most = parallel.most
        self.adapts: bool = parallel.least < parallel.most
        """Whether it may change with how rounds go."""
        self._ceiling = parallel.most
        self._alone: deque[float] = deque(maxlen=_REMEMBERED)
        self._seconds: list[float] = []
        self._waited = self._whole = 0.0
        self._rounds = 0
        self._widest = 1
        """The most calls that were under way at once."""
        self._until = 0
        self._rest = _AGAIN
        self._in_vain = False
        """Whether the last round was not worth its width."""

    def answered(self, seconds: float, *, alone: bool) -> None:
        """One call of the round took so long, `alone` or beside others."""
        self._seconds.append(seconds)
        if alone:
            self._alone.append(seconds)

    def went(self, waited: float, whole: float, *, pressed: bool = False) -> None:
        """A step is over: how long the consumer `waited` for its rows out of the `whole` time
        since it was given the ones before, and whether limits of calls leave too little for more
        than one at a time. As many steps as calls are under way are a round, and are judged.
        """
        self._waited += waited
        self._whole += whole
        if pressed and self.adapts:
            self._at_most(1)
        if len(self._seconds) >= self.width:
            seconds, waited, whole = self._seconds, self._waited, self._whole
            self._seconds, self._waited, self._whole = [], 0.0, 0.0
            self._rounds += 1
            if self.adapts:
                self._judge(seconds, waited, whole)

    def _judge(self, seconds: list[float], waited: float, whole: float) -> None:
        from statistics import fmean, median  # costly to import, and most readings are of one page

        before, self._widest = self._widest, max(self._widest, self.width)
        alone = median(self._alone) if self._alone else 0.0
        slower = fmean(seconds) / alone if alone > 0 else 1.0
        share = waited / whole if whole > 0 else 0.0
        if self._rounds < _WARM_UP or self._widest > before:
            return  # sessions may have been opened for it, which tells nothing of the next
        pays = self.width == 1 or len(seconds) * alone >= _WORTHWHILE * whole
        once, self._in_vain = self._in_vain, not pays
        if not pays:
            if once:  # a single round may have been held up by anything
                self._at_most(max(1, self.width // 2))
        elif share < _IDLE or slower > 2 * _CROWDED:
            self.width = max(1, self.width - 1)
        elif share > _WAITING and slower < _CROWDED:
            if self._rounds >= self._until:
                self._ceiling = self._most
            self.width = min(self._ceiling, self.width * 2)

    def alone(self) -> None:
        """From now on one call after the other: more of them do not pay for this reading."""
        self.width, self._most, self._ceiling = 1, 1, 1

    def _at_most(self, width: int) -> None:
        self.width = self._ceiling = width
        self._until = self._rounds + self._rest
        self._rest *= 2
