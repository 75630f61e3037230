"""Operations that a server says it does not have, and when that is believed.

An outage, an update of the server or a proxy can say so for a while. So one such answer makes the
call fail and nothing else; only when the server says it again at another time, and the operation
never worked in between, is it not asked any more. Operations that every CRM has are always asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

ANOTHER_TIME: Final = 60.0
"""Seconds after which the same answer is not the same outage any more."""

CORE: Final = frozenset(
    {
        "getchallenge",
        "login",
        "logout",
        "extendsession",
        "listtypes",
        "describe",
        "relatedtypes",
        "create",
        "retrieve",
        "update",
        "revise",
        "delete",
        "query",
    }
)
"""What makes a CRM: a server that says it has no such operation is out of order."""


class Refusals:
    """What one session was refused. Single operations on dicts are atomic, hence no lock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: dict[str, float] = {}
        self._believed: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Whether the operation (``METHOD name``) is believed to be missing."""
        return key in self._believed

    def refused(self, key: str) -> None:
        """The server said just now that it does not have the operation."""
        now = self._clock()
        first = self._first.setdefault(key, now)
        if now - first >= ANOTHER_TIME and key.split()[-1] not in CORE:
            self._believed.add(key)

    def worked(self, key: str, instead_of: Iterable[str] = ()) -> None:
        """The operation was answered: whatever was said before is over. `instead_of` are other
        spellings of it that were refused just before, so the server has only this one."""
        self._first.pop(key, None)
        self._believed.discard(key)
        self._believed.update(instead_of)
