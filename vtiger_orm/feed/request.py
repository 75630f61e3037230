"""What a feed is asked for, and what one reading of it starts from."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import field
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .._dataclass import dataclass
from ..calls.operations import Row
from ..calls.plans import Reply, Rows, Step
from ..metadata.module import FieldMeta, ModuleMeta
from .cursors import EPOCH, MARGIN, Page, Position, created_at, number_of, whole

if TYPE_CHECKING:
    from ..calls.clock import ServerClock

SyncType: TypeAlias = Literal["user", "userandgroup", "application"]
"""Whose records: the session user's own, those of the user's groups too, or all visible ones."""

WINDOW: Final = 500
"""Changes that are read, sorted and handed out together."""

Reading: TypeAlias = Generator["Step | Rows", Reply, Position]


class ChangeKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """What a feed is asked for."""

    module: ModuleMeta
    position: Position
    whose: SyncType = "application"
    columns: tuple[FieldMeta, ...] | None = None
    deleted_among: tuple[str, ...] = ()
    """Ids the caller holds; those that the CRM no longer has are reported as deleted."""
    window: int = WINDOW

    @property
    def needed(self) -> tuple[FieldMeta, ...] | None:
        """The columns to read."""
        if self.columns is None:
            return None
        meta = self.module
        always = [meta.id, meta.by_wire["modifiedtime"]]
        if "createdtime" in meta.by_wire:
            always.append(meta.by_wire["createdtime"])
        return tuple(dict.fromkeys((*self.columns, *always)))


@dataclass(slots=True)
class Beginning:
    """When a reading began. What the server's clock showed then is known once it has answered."""

    request: FeedRequest
    clock: ServerClock
    moment: datetime = field(init=False)
    """By this machine's clock."""
    _there: datetime | None = field(init=False, default=None)
    """By the server's, as it was known when the position was found."""

    def __post_init__(self) -> None:
        self.moment = self.clock.here()

    def position(self, zone: tzinfo) -> Position:
        """Where to go on, by what is known of the clock now."""
        now = self.clock.during(self.moment, self.moment)
        self._there = now.begin
        return self.request.position.resumed(zone, now, self.clock.offset)

    def settled(self, newest: datetime | None) -> datetime:
        """Up to when nothing can change behind the reader any more: `MARGIN` before the server's
        "now". A change of that time shows that its wall is as far, whatever is believed of clock
        and zone; a wall that may not have got there yet settles nothing. Nor does a clock that is
        set on meanwhile: changes of before were made while it was read."""
        now = self.clock.during(self.moment, self.moment).begin
        if self._there is not None:
            now = min(now, self._there)
        latest = now if newest is None else min(now, newest)
        return whole(max(latest, EPOCH + MARGIN) - MARGIN)


def shown(page: Page, request: FeedRequest, zone: tzinfo) -> list[Row]:
    """The items of a page as a feed's plan hands them out."""
    began = request.position
    items = []
    for number, (id_, row, _) in enumerate(page.items):
        if row is None:
            kind = ChangeKind.DELETED
        elif id_ not in began.seen and _created(id_, row, zone) > began.key:
            kind = ChangeKind.CREATED
        else:
            kind = ChangeKind.UPDATED
        items.append(item(page, number, kind))
    return items


def item(page: Page, number: int, kind: ChangeKind) -> Row:
    id_, row, _ = page.items[number]
    return {"kind": kind, "id": id_, "row": row, "page": page, "index": number}


def _created(id_: str, row: Row, zone: tzinfo) -> tuple[datetime, int]:
    return created_at(row, zone) or EPOCH, number_of(id_)
