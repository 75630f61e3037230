"""The cursor of a change feed: opaque text that rides on every item and can be stored.

It holds the time that was read up to, by the CRM's clock and in the zone that was thought to be
its, and a digest of every record that was handed out within the last seconds before it. Those
seconds are read again next time, because the CRM stores whole seconds: a record that changes again
within the same second would be missed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from ..calls.operations import Row
from ..errors import InvalidValue

OVERLAP: Final = timedelta(seconds=5)
"""How far back the next reading starts: covers writes that took a while to be stored."""

EPOCH: Final = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
"""The earliest time that may be asked for: `sync` refuses 0."""

_VERSION: Final = 1
_DELETED: Final = "-"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a feed of one module has been handed out."""

    module: str
    time: datetime = EPOCH
    """Aware, in UTC, whole seconds."""
    seen: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Id -> (UNIX second, digest) of what was handed out for the overlap."""
    ahead: int | None = 0
    """Seconds that the CRM's wall was thought to be ahead of UTC when `time` was read off it;
    None for a time that does not come from there."""

    @property
    def reads_from(self) -> datetime:
        """From where to read again, this second included."""
        return max(EPOCH, self.time - OVERLAP)

    def in_zone(self, zone: tzinfo) -> Position:
        """The position, to go on from with the CRM in this zone. Where the time was read as if
        the CRM were in another one, it is further back, so that nothing is missed."""
        ahead = int(_ahead(self.time, zone).total_seconds())
        if self.ahead == ahead:
            return self
        back = timedelta(seconds=0 if self.ahead is None else abs(self.ahead - ahead))
        return replace(self, time=max(EPOCH + back, self.time) - back, ahead=ahead)

    def wall_from(self, zone: tzinfo, now: datetime) -> datetime:
        """From where to read by the CRM's wall, where summer time may have ended since: then the
        wall shows the last hour of it again."""
        again = _ahead(self.reads_from, zone) - _ahead(now, zone)
        return (
            max(EPOCH + again, self.reads_from) - again if again > timedelta() else self.reads_from
        )

    def knows(self, id_: str, row: Row | None) -> bool:
        """Whether this very state of the record was handed out already."""
        known = self.seen.get(id_)
        return known is not None and known[1] == digest(row)

    def after(self, items: Iterable[tuple[str, Row | None, datetime]]) -> Position:
        """The position once these items (id, state, time) are handed out, too."""
        reached, seen = self.time, dict(self.seen)
        for id_, row, time in items:
            # When a record was deleted is not told: its time says how long to remember it.
            reached = reached if row is None else max(reached, time)
            seen[id_] = (int(time.timestamp()), digest(row))
        oldest = int((reached - OVERLAP).timestamp())
        kept = {key: value for key, value in seen.items() if value[0] >= oldest}
        return replace(self, time=reached, seen=kept)

    def encode(self) -> str:
        facts: list[object] = [_VERSION, self.module, int(self.time.timestamp()), self.seen]
        if self.ahead != 0:
            facts.append(self.ahead)
        text = json.dumps(facts, separators=(",", ":"), sort_keys=True)
        packed = zlib.compress(text.encode("utf-8"), 6)
        return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")

    @classmethod
    def decode(cls, cursor: str, module: str) -> Position:
        """Raises `InvalidValue` for text that is no cursor, or one of another module."""
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            packed = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
            unpacker = zlib.decompressobj()
            text = unpacker.decompress(packed, _LARGEST)
            if not unpacker.eof:
                raise ValueError("cut off")
            version, owner, seconds, seen, *more = json.loads(text)
            [ahead] = more or [0]
            position = cls(
                owner,
                datetime.fromtimestamp(seconds, UTC),
                {str(key): (int(second), str(mark)) for key, (second, mark) in seen.items()},
                None if ahead is None else int(ahead),
            )
        except (ValueError, TypeError, binascii.Error, zlib.error, OverflowError) as error:
            raise InvalidValue(
                "since= is no cursor of a change feed. Give the cursor of an item, a datetime "
                "with a time zone, or None for everything."
            ) from error
        if version != _VERSION:
            raise InvalidValue(
                f"The cursor was written by another version of the library (format {version}). "
                "Start again from a datetime."
            )
        if owner != module:
            raise InvalidValue(f"The cursor belongs to {owner}, not to {module}.")
        return position


_LARGEST: Final = 16 * 1024 * 1024


def digest(row: Row | None) -> str:
    """A short mark of a record's state; None is a deleted record."""
    if row is None:
        return _DELETED
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
    return base64.b85encode(hashlib.blake2b(text.encode("utf-8"), digest_size=6).digest()).decode()


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
        # A moment has no overlap behind it: nothing was handed out yet.
        moment = since.astimezone(UTC).replace(microsecond=0)
        return Position(module, max(EPOCH, moment) + OVERLAP, ahead=None)
    return Position.decode(since, module)


def moment_of(row: Row, zone: tzinfo = UTC) -> datetime:
    """The record's `modifiedtime` in a CRM of this zone; `EPOCH` where it has none that can be
    read."""
    return _moment(row.get("modifiedtime"), zone)


def created_at(row: Row, zone: tzinfo = UTC) -> datetime:
    return _moment(row.get("createdtime"), zone)


def _moment(text: object, zone: tzinfo) -> datetime:
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return EPOCH


def _ahead(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def in_order(rows: Iterable[Row], zone: tzinfo = UTC) -> list[Row]:
    """Oldest change first, by id within a second."""
    return sorted(rows, key=lambda row: (moment_of(row, zone), int(row["id"].split("x")[1])))
