"""How many calls a user allows himself: so many a minute, an hour, a day.

Windows slide: at no moment were more calls sent in the minute (hour, day) before it. They are
counted in sixtieths of the window, so that a budget for a day needs no list of a day's calls; what
is left of the oldest sixtieth counts as a whole.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeAlias
from urllib.parse import parse_qsl

from .._dataclass import dataclass
from ..errors import ConfigError
from .limits import Allowance

if TYPE_CHECKING:
    import sqlite3

SPANS: Final[Mapping[str, int]] = {"minute": 60, "hour": 3_600, "day": 86_400}
"""Seconds of each window."""
_PARTS: Final = 60
_PART: Final = re.compile(r"\s*([0-9]{1,12})\s*/\s*(minute|hour|day)\s*")
_BUSY_SECONDS: Final = 10.0

Counts: TypeAlias = dict[int, int]
"""Calls of one window, by the number of the sixtieth since 1970."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Calls a minute, an hour and a day that a session allows itself; None is no bound.

    Counted are all requests to the host, logins too. The threads, tasks and sessions of a
    process that have an equal budget for one host share it. With `file`, the path of an SQLite
    file that is made where it is missing, other processes of this machine share it as well; the
    file must not lie on a network drive.
    """

    minute: int | None = None
    hour: int | None = None
    day: int | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        for window, limit in self.limits.items():
            if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
                raise ConfigError(
                    f"A budget's {window} must be a whole number of calls, not {limit!r}."
                )
        if not self.limits:
            raise ConfigError(
                "A budget says how many calls are allowed: Budget(minute=60, day=20_000), or "
                "'60/minute, 20000/day, file:/var/lib/crm-budget.db'."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """A budget as text: ``60/minute, 1000/hour, 20000/day``, each of them optional, and
        ``file:/path/of/a/file`` at the end; ``file:/path?minute=60&day=20000`` is the same.

        Raises `ConfigError` for anything else.
        """
        numbers, told, file = text.partition("file:")
        found: dict[str, int] = {}
        for part in (each for each in numbers.split(",") if each.strip()):
            match = _PART.fullmatch(part)
            if match is None:
                raise ConfigError(
                    f"The budget {text!r} cannot be read: {part.strip()!r} is not a number of "
                    "calls and a window, such as 60/minute, 1000/hour or 20000/day."
                )
            found[match[2]] = int(match[1])
        path, _, query = file.strip().partition("?")
        for window, limit in parse_qsl(query, keep_blank_values=True):
            if window not in SPANS or not (limit.isascii() and limit.isdecimal()):
                raise ConfigError(
                    f"The budget {text!r} cannot be read: after the file's '?' come minute=, hour= "
                    "and day=, each with a number of calls."
                )
            found[window] = int(limit)
        if told and not path:
            raise ConfigError(f"The budget {text!r} names no file after file:.")
        return cls(**found, file=path or None)

    @property
    def limits(self) -> dict[str, int]:
        """The windows that are bounded."""
        known = (("minute", self.minute), ("hour", self.hour), ("day", self.day))
        return {window: limit for window, limit in known if limit is not None}


def wait_for(counts: Counts, limit: int, span: int, now: float) -> float:
    """Seconds until one more call stays within the limit; 0 when it does, infinite when none
    ever will."""
    if limit < 1:
        return math.inf
    part = span / _PARTS
    oldest = math.floor(now / part) - _PARTS
    # A clock that was set back leaves calls in the future: they count as of now.
    known = sorted((index, calls) for index, calls in counts.items() if index >= oldest)
    total = sum(calls for _, calls in known)
    for index, calls in known:
        if total < limit:
            break
        total -= calls
        ends = (min(index, oldest + _PARTS) + _PARTS + 1) * part
        if total < limit:
            return max(ends - now, 0.001)
    return 0.0


def spend(counts: Counts, span: int, now: float) -> None:
    """Count one call, and forget those that do not matter any more."""
    index = math.floor(now * _PARTS / span)
    for old in [each for each in counts if not index - _PARTS <= each <= index + _PARTS]:
        del counts[old]
    counts[index] = counts.get(index, 0) + 1


class Purse(Protocol):
    """The budget of one host, and what was spent of it."""

    def take(self, now: float) -> float:
        """Seconds to wait; 0 has taken one call."""
        ...

    def left(self, now: float) -> tuple[Allowance, ...]: ...


class ProcessPurse:
    """Kept in memory, for the threads and tasks of this process."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)
        self._counts: dict[str, Counts] = {window: {} for window in limits}
        self._lock = threading.Lock()

    def take(self, now: float) -> float:
        with self._lock:
            return _take(self._limits, self._counts, now)

    def left(self, now: float) -> tuple[Allowance, ...]:
        with self._lock:
            return _left(self._limits, self._counts, now)


class FilePurse:
    """Kept in an SQLite file, for all processes of this machine.

    The file is opened for each call (a fraction of a millisecond), so that nothing of it is
    inherited by a forked child.
    """

    def __init__(self, limits: Mapping[str, int], file: str, host: str) -> None:
        self._limits = dict(limits)
        self._file = file
        self._host = host
        with self._open() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS spent (host TEXT, span TEXT, part INTEGER, "
                "calls INTEGER, PRIMARY KEY (host, span, part)) WITHOUT ROWID"
            )

    def take(self, now: float) -> float:
        with self._open() as connection:
            counts = self._read(connection)
            wait = _take(self._limits, counts, now)
            if wait <= 0:
                connection.execute("DELETE FROM spent WHERE host = ?", [self._host])
                connection.executemany(
                    "INSERT INTO spent VALUES (?, ?, ?, ?)",
                    [
                        (self._host, window, part, calls)
                        for window, parts in counts.items()
                        for part, calls in parts.items()
                    ],
                )
            return wait

    def left(self, now: float) -> tuple[Allowance, ...]:
        with self._open() as connection:
            return _left(self._limits, self._read(connection), now)

    def _read(self, connection: sqlite3.Connection) -> dict[str, Counts]:
        counts: dict[str, Counts] = {window: {} for window in SPANS}
        for window, part, calls in connection.execute(
            "SELECT span, part, calls FROM spent WHERE host = ?", [self._host]
        ):
            counts[window][part] = calls
        return counts

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file, in a transaction that nobody else writes in."""
        import sqlite3

        try:
            opened = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)
            with closing(opened) as connection:
                # Losing the last calls to a power cut is no harm that a wait would be worth.
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except (sqlite3.Error, KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"The budget's file {self._file!r} cannot be used: {error}. It is an SQLite file "
                "that this user may write, and the folder it lies in as well."
            ) from None


def _take(limits: Mapping[str, int], counts: dict[str, Counts], now: float) -> float:
    waits = [wait_for(counts[each], limit, SPANS[each], now) for each, limit in limits.items()]
    wait = max(waits)
    if wait <= 0:
        # All windows, so that processes with other bounds find what they need.
        for window in counts:
            spend(counts[window], SPANS[window], now)
    return wait


def _left(
    limits: Mapping[str, int], counts: dict[str, Counts], now: float
) -> tuple[Allowance, ...]:
    found = []
    for window, limit in limits.items():
        oldest = math.floor(now * _PARTS / SPANS[window]) - _PARTS
        spent = sum(calls for part, calls in counts[window].items() if part >= oldest)
        found.append(Allowance(window, limit, max(0, limit - spent)))
    return tuple(found)


_purses: dict[tuple[str, Budget], Purse] = {}
_lock = threading.Lock()


def purse_of(host: str, budget: Budget) -> Purse:
    """The one purse of a host and budget in this process. Raises `ConfigError` for a file that
    cannot be used."""
    with _lock:
        if (host, budget) not in _purses:
            _purses[host, budget] = (
                ProcessPurse(budget.limits)
                if budget.file is None
                else FilePurse(budget.limits, str(Path(budget.file).absolute()), host)
            )
        return _purses[host, budget]


def forget_purses() -> None:
    """For a forked child (whose parent may have held a lock) and for tests."""
    global _lock
    _lock = threading.Lock()
    _purses.clear()
