"""In which zone a CRM writes times, as far as reading can prove it.

A record that was modified between two looks at the newest one tells it, as its `modifiedtime` then
is a moment that is known; so does a page of `sync`, which tells one moment twice. A record that is
newer than the clock only shows how far ahead the zone is at least.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final, TypeGuard

from ..calls.clock import ClockSource, ServerClock, unix_time, wall_time
from ..calls.operations import Operation
from ..calls.plans import Plan, perform
from ..planner.branches import ALWAYS
from ..planner.statement import Statement
from .probing import tried

_MODIFIED: Final = "modifiedtime"
_LIKELY: Final = ("Contacts", "Accounts", "Leads", "Potentials", "HelpDesk")
"""Modules in which somebody is likely to be at work."""
_MOST: Final = 3
_FARTHEST: Final = timedelta(hours=15)
_RECENT: Final = timedelta(days=14)
"""A zone that is learnt of an older record might be that of another half of the year."""


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


class ZoneProof:
    """One attempt: begun before other calls are made, ended after them."""

    def __init__(self, clock: ServerClock, modules: Iterable[str]) -> None:
        self._clock: Final = clock
        there = frozenset(modules)
        self._modules: Final = [name for name in _LIKELY if name in there][:_MOST]
        self._began = clock.here()
        self._before: Mapping[str, str] = {}

    def begin(self) -> Plan[None]:
        if self._clock.zone.sure:
            return
        self._began = self._clock.here()
        self._before = yield from self._newest()

    def end(self, *, syncs: bool) -> Plan[str | None]:
        """The zone as it is stored, or None. `syncs` is whether the CRM has that operation."""
        if not self._clock.zone.sure and self._before:
            after = yield from self._newest()
            ended = self._clock.here()
            for module, time in after.items():
                self._clock.saw_past(time)
                if time > self._before.get(module, time):
                    self._clock.saw_create(time, self._began, ended, ClockSource.MODIFIED)
        for module, time in self._before.items():
            if syncs and not self._clock.zone.sure:
                yield from tried(self._by_sync(module, time))
        return self._clock.zone.written

    def _newest(self) -> Plan[dict[str, str]]:
        found: dict[str, str] = {}
        for module in self._modules:
            asked = Statement(
                module, (_MODIFIED,), ALWAYS, order=(_MODIFIED,), descending=True, limit=1
            )
            rows = yield from tried(perform(asked.query))
            if rows and (time := str(rows[0].get(_MODIFIED) or "")):
                found[module] = time
        return found

    def _by_sync(self, module: str, time: str) -> Plan[None]:
        wall = wall_time(time)
        if wall is None or abs(self._clock.now() - wall) > _RECENT + _FARTHEST:
            return
        since = int((wall - _FARTHEST).timestamp())
        asked = {"modifiedTime": str(since), "elementType": module}
        answer = yield from perform(Operation("sync", "GET", asked))
        if not isinstance(answer, Mapping) or answer.get("deleted"):
            return
        updated = answer.get("updated")
        rows = [row for row in updated if isinstance(row, Mapping)] if _is_list(updated) else []
        moment = unix_time(answer.get("lastModifiedTime"))
        if rows and moment is not None and abs(self._clock.now() - moment) < _RECENT:
            self._clock.saw_wall(max(str(row.get(_MODIFIED)) for row in rows), moment)
