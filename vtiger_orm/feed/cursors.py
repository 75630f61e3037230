"""The cursor of a change feed: opaque text that rides on every item and can be stored.

A change becomes visible a while after the time that the CRM gives it, so the end of what was read
is never believed. A cursor has two parts: up to `Position.time`, which lies `MARGIN` before the
server's own "now", everything is told for good; what was told later than that is remembered
record by record, and read again and passed over next time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple, TypeAlias

from .._dataclass import dataclass
from ..calls.clock import Offset, Span
from ..calls.operations import Row
from ..errors import InvalidValue
from ..values.zones import readings, repeated

OVERLAP: Final = timedelta(seconds=30)
"""A change is told although it becomes visible so long after its `modifiedtime`: the CRM takes
the time when a save begins, and stores the record when it ends."""

CLOCK_TOLERANCE: Final = timedelta(seconds=10)
"""By how much the server's clock may be other than is believed, or be set back, unnoticed."""

_NOTICED: Final = CLOCK_TOLERANCE / 2
"""A clock that is certainly further back than it was has been set back."""

MARGIN: Final = OVERLAP + CLOCK_TOLERANCE

EPOCH: Final = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
"""The earliest time that may be asked for: `sync` refuses 0."""

_SECOND: Final = timedelta(seconds=1)
_VERSION: Final = 3
_OVERLAP_1: Final = timedelta(seconds=5)
"""How far the cursors of version 1 were read behind."""
_DELETED: Final = "-"
_TAIL: Final = struct.Struct(">qqIi")
_TAIL_2: Final = struct.Struct(">qqI")
"""Of version 2, whose zone was that of a page's beginning."""
_FROM_NO_WALL: Final = 1 << 30
_CHECK: Final = struct.Struct(">I")
_DAMAGED: Final = (
    *(ValueError, TypeError, LookupError, OverflowError, RecursionError),
    *(zlib.error, struct.error),
)


Item: TypeAlias = "tuple[str, Row | None, datetime | None]"
"""Id, state and time of a change: no state for a deletion, no time where it cannot be read."""


class Told(NamedTuple):
    """One thing that was handed out and is read again: a state of a record."""

    id: str
    second: int
    """UNIX time of the change; when a record was deleted is not told, so the latest it can be."""
    mark: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a feed of one module has been handed out."""

    module: str
    time: datetime = EPOCH
    """Aware, in UTC, whole seconds: what changed before it is told."""
    seen: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Id -> (UNIX second, digest) of what was told although it changed later than that."""
    ahead: int | None = 0
    """Seconds that the CRM's wall was thought to be ahead of UTC when `time` was read off it;
    None for a time that does not come from there."""
    after: int = 0
    """What changed within the second `time` is told up to this number of an id."""
    clock: int | None = None
    """Seconds that the server's clock was ahead of this machine's, at least; None if not known."""
    by_sync: bool | None = False
    """Whether it was read by `sync`, which tells deletions; None in a cursor of version 1."""
    again: bool = field(default=False, compare=False)
    """Whether the wall has shown the hour of `time` twice by now: it is read as a whole, and what
    was told of it is remembered."""

    def resumed(self, zone: tzinfo, now: Span, offset: Offset) -> Position:
        """The position, to go on from: further back where clock or zone are not what they were.

        `now` is the server's time, `offset` what is known of its clock.
        """
        here = self.in_zone(zone)
        time = here.wall_from(zone, now.end)
        again = time != here.time
        time = min(time, whole(now.end - MARGIN))
        known = offset.error <= CLOCK_TOLERANCE
        least, most = offset.value - offset.error, offset.value + offset.error
        if known and self.clock is not None:
            back = timedelta(seconds=self.clock) - most
            if back > _NOTICED:
                time = min(time, here.time - back - CLOCK_TOLERANCE)
        return replace(
            here,
            time=max(EPOCH, whole(time)),
            after=here.after if time >= here.time else 0,
            clock=int(least.total_seconds() // 1) if known else None,
            again=again,
        )

    def in_zone(self, zone: tzinfo) -> Position:
        """The position, to go on from with the CRM in this zone. Where the time was read as if
        the CRM were in another one, it is further back, so that nothing is missed."""
        ahead = int(_ahead(self.time, zone).total_seconds())
        if self.ahead == ahead:
            return self
        if self.ahead is None:
            return replace(self, ahead=ahead)
        back = timedelta(seconds=abs(self.ahead - ahead))
        return replace(self, time=max(EPOCH + back, self.time) - back, ahead=ahead, after=0)

    def wall_from(self, zone: tzinfo, now: datetime) -> datetime:
        """From where to read by the CRM's wall: from the beginning of an hour that it showed
        twice by now, since a change of the second one may stand anywhere in it."""
        hour = repeated(_written(self.time), zone)
        if hour is None:
            return self.time
        first, turn = (_read(text) for text in readings(hour.begin, zone))
        # A second earlier: of its first second, too, nothing is known by its place.
        return self.time if now < turn else first - _SECOND

    def knows(self, id_: str, row: Row | None, time: datetime | None) -> bool:
        """Whether this very state of the record, of that time, was handed out already."""
        if row is not None and time is not None and (time, number_of(id_)) <= self.key:
            return True
        known = self.seen.get(id_)
        return known is not None and known[1] == digest(row)

    @property
    def key(self) -> tuple[datetime, int]:
        """What changed up to here, in order of time and id, is told."""
        return self.time, self.after

    def encode(self) -> str:
        return sealed(self.head(()), self.key, 0, self.ahead)

    def head(self, loose: Sequence[Told]) -> str:
        """What the cursors of a page have in common; `loose` may be told behind this position."""
        facts = [_VERSION, self.module, self.seen, loose, self.clock, self.by_sync]
        text = json.dumps(facts, separators=(",", ":"), sort_keys=True)
        return _base64(zlib.compress(text.encode("utf-8"), 6))

    @classmethod
    def decode(cls, cursor: str, module: str) -> Position:
        """Raises `InvalidValue` for text that is no cursor, or one of another module."""
        try:
            head, dot, tail = str.partition(cursor, ".")  # a TypeError for what is no text
            facts = json.loads(_unpacked(_bytes(head)))
            position = _position(facts, head, _bytes(tail)) if dot else _position_1(facts)
        except _DAMAGED as error:
            raise InvalidValue(
                "since= is no cursor of a change feed. Give the cursor of an item, a datetime "
                "with a time zone, or None for everything."
            ) from error
        if position is None:
            raise InvalidValue(
                "The cursor was written by another version of the library. Start again from a "
                "datetime."
            )
        if position.module != module:
            raise InvalidValue(f"The cursor belongs to {position.module}, not to {module}.")
        return position


class Page:
    """Items that were read together, in the order in which they are handed out.

    `settled` is the time up to which nothing can change behind the reader any more, and the page
    has everything up to it. The cursors of all items share one text that is made once.
    """

    __slots__ = ("_head", "_loose", "_tails", "_zone", "base", "items")

    def __init__(
        self,
        base: Position,
        items: Iterable[Item],
        settled: datetime,
        latest: datetime,
        zone: tzinfo,
    ) -> None:
        """`latest` is when those changed that have no time of their own, at the latest; `zone`
        that in which the times were read."""
        oldest = int(base.time.timestamp())
        kept = {id_: known for id_, known in base.seen.items() if known[0] >= oldest}
        self.base: Position = replace(base, seen=kept)
        self.items: tuple[Item, ...] = tuple(items)
        self._zone = zone
        self._loose: list[tuple[str, Row | None, int]] = []
        self._head: str | None = None
        key = base.key
        self._tails = [(key, 0)]
        for id_, row, time in self.items:
            if row is not None and time is not None and time <= settled and not base.again:
                key = max(key, (time, number_of(id_)))
            else:
                self._loose.append((id_, row, int((time or latest).timestamp())))
            self._tails.append((key, len(self._loose)))
        if self.items:
            end = whole(settled) + timedelta(seconds=1), 0
            self._tails[-1] = (max(key, end), len(self._loose))

    def cursor(self, number: int) -> str:
        """The position once the first `number` items are handed out, as text."""
        if self._head is None:
            told = [Told(id_, second, digest(row)) for id_, row, second in self._loose]
            self._head = self.base.head(told)
        key, count = self._tails[number]
        return sealed(self._head, key, count, self._ahead(key[0]))

    def position(self, number: int) -> Position:
        """The position once the first `number` items are handed out."""
        key, count = self._tails[number]
        told = (Told(id_, second, digest(row)) for id_, row, second in self._loose[:count])
        return _behind(self.base, key, told, self._ahead(key[0]))

    def _ahead(self, moment: datetime) -> int | None:
        if self.base.ahead is None:
            return None
        return int(_ahead(moment, self._zone).total_seconds())


def _behind(
    base: Position, key: tuple[datetime, int], told: Iterable[Told], ahead: int | None
) -> Position:
    seen = {**base.seen, **{each.id: (each.second, each.mark) for each in told}}
    return replace(base, time=key[0], after=key[1], seen=seen, ahead=ahead)


# Text


def sealed(head: str, key: tuple[datetime, int], count: int, ahead: int | None) -> str:
    """A cursor: what it has in common with others, what is its own, and a check of both."""
    from_wall = _FROM_NO_WALL if ahead is None else ahead
    tail = _TAIL.pack(int(key[0].timestamp()), key[1], count, from_wall)
    check = zlib.crc32(tail, zlib.crc32(head.encode("ascii")))
    return f"{head}.{_base64(tail + _CHECK.pack(check))}"


def _position(facts: list[object], head: str, tail: bytes) -> Position | None:
    own, check = tail[: -_CHECK.size], tail[-_CHECK.size :]
    if facts[0] == _VERSION:
        _, module, seen, loose, clock, by_sync = facts
        seconds, after, count, from_wall = _TAIL.unpack(own)
        ahead = None if from_wall == _FROM_NO_WALL else from_wall
    elif facts[0] == 2:
        _, module, seen, loose, told_ahead, clock, by_sync = facts
        seconds, after, count = _TAIL_2.unpack(own)
        ahead = _optional(told_ahead)
    else:
        return None
    if _CHECK.unpack(check)[0] != zlib.crc32(own, zlib.crc32(head.encode("ascii"))):
        raise ValueError("damaged")
    if not isinstance(loose, list) or not isinstance(module, str):
        raise ValueError("damaged")
    base = Position(
        module,
        seen=_marks(seen),
        clock=_optional(clock),
        by_sync=None if by_sync is None else bool(by_sync),
    )
    told = [Told(str(id_), int(second), str(mark)) for id_, second, mark in loose[:count]]
    return _behind(base, (datetime.fromtimestamp(seconds, UTC), after), told, ahead)


def _position_1(facts: list[object]) -> Position | None:
    """A cursor of version 1: it was read on from a few seconds behind its time."""
    if facts[0] != 1:
        return None
    _, module, seconds, seen, *more = facts
    [ahead] = more or [0]
    if not isinstance(module, str) or not isinstance(seconds, int):
        raise ValueError("damaged")
    time = max(EPOCH, datetime.fromtimestamp(seconds, UTC) - _OVERLAP_1)
    return Position(module, time, _marks(seen), _optional(ahead), by_sync=None)


def _marks(found: object) -> dict[str, tuple[int, str]]:
    if not isinstance(found, dict):
        raise ValueError("damaged")
    return {str(key): (int(second), str(mark)) for key, (second, mark) in found.items()}


def _optional(number: object) -> int | None:
    if number is None or type(number) is int:
        return number
    raise ValueError("damaged")


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(packed, _LARGEST)
    if not unpacker.eof:
        raise ValueError("cut off")
    return text


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)


_LARGEST: Final = 16 * 1024 * 1024


def digest(row: Row | None) -> str:
    """A short mark of a record's state; None is a deleted record."""
    if row is None:
        return _DELETED
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
    return base64.b85encode(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    ).decode()


def start(since: str | datetime | None, module: str) -> Position:
    """Where a feed begins: a cursor, a moment, or the beginning."""
    if since is None:
        return Position(module, ahead=None)
    if isinstance(since, datetime):
        if since.utcoffset() is None:
            raise InvalidValue(
                "since= is a datetime without a time zone, which could mean any moment. Add one: "
                "since.replace(tzinfo=datetime.UTC) if it is UTC."
            )
        # What was read until then may have been stored later than its time, as everywhere.
        moment = max(EPOCH + MARGIN, whole(since.astimezone(UTC)))
        return Position(module, moment - MARGIN, ahead=None)
    return Position.decode(since, module)


# Times


def moment_of(row: Row, zone: tzinfo) -> datetime | None:
    """The record's `modifiedtime` in a CRM of this zone; None where it has none that can be
    read."""
    return _moment(row.get("modifiedtime"), zone)


def created_at(row: Row, zone: tzinfo) -> datetime | None:
    return _moment(row.get("createdtime"), zone)


def _moment(text: object, zone: tzinfo) -> datetime | None:
    try:
        return whole(datetime.fromisoformat(str(text)).replace(tzinfo=zone).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _ahead(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def whole(moment: datetime) -> datetime:
    """The second in which the moment lies."""
    return moment.replace(microsecond=0)


def number_of(id_: str) -> int:
    return int(id_.split("x")[1])


def in_order(rows: Iterable[Row], zone: tzinfo) -> list[Row]:
    """Oldest change first, by id within a second; those without a time before all."""
    return sorted(rows, key=lambda row: (moment_of(row, zone) or EPOCH, number_of(row["id"])))
