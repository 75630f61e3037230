"""The logins of a session: as many as it may use at once, shared by all its threads and tasks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from .._dataclass import dataclass
from ..dialects.base import Auth

last_logins: dict[tuple[str, int], float] = {}
"""When this process last logged in at a server, by which network, in monotonic seconds; only
servers whose logins have to be some time apart ask for it."""


@dataclass(slots=True, eq=False)
class Lane:
    """One login. The server may work on one request of it at a time; the others then queue up
    there, so a lane is chosen by how busy it is, never blocked."""

    auth: Auth | None = None
    busy: int = field(default=0, repr=False)


class Lanes:
    """All lanes of one session in one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes = [Lane()]

    def widen(self, count: int) -> None:
        """Have at least `count` lanes; the new ones are not logged in yet."""
        with self._lock:
            missing = count - len(self._lanes)
            self._lanes.extend(Lane() for _ in range(missing))

    @property
    def closed(self) -> tuple[Lane, ...]:
        """Lanes that wait for a login."""
        with self._lock:
            return tuple(lane for lane in self._lanes if lane.auth is None)

    @property
    def auth(self) -> Auth | None:
        """Any login there is."""
        return next((lane.auth for lane in self._lanes if lane.auth is not None), None)

    def drop(self, auth: Auth) -> None:
        """Forget a login that the server does not accept any more."""
        with self._lock:
            for lane in self._lanes:
                if lane.auth is auth:
                    lane.auth = None

    def drain(self) -> tuple[Auth, ...]:
        """Forget every login and return those there were, each once."""
        with self._lock:
            found = {id(lane.auth): lane.auth for lane in self._lanes if lane.auth is not None}
            self._lanes = [Lane()]
            return tuple(found.values())

    @contextmanager
    def taken(self) -> Iterator[Lane]:
        """The least busy lane, for one call."""
        with self._lock:
            lane = min(self._lanes, key=lambda each: each.busy)
            lane.busy += 1
        try:
            yield lane
        finally:
            with self._lock:
                lane.busy -= 1
