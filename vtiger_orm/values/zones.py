"""Moments as the CRM writes them, in its own zone, and as everything here holds them: in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from .uniform_rows import UniformRows, WireColumn, WireRow

_SECOND: Final = timedelta(seconds=1)


def to_wall(text: str, zone: tzinfo) -> str:
    """A moment in UTC as the wall clock of the zone shows it; other text as it is."""
    return text if zone is UTC else _moved(text, UTC, zone)


def to_utc(text: str, zone: tzinfo) -> str:
    """What the wall clock of the zone shows as a moment in UTC; other text as it is.

    An hour that comes twice, when summer time ends, is taken for the first.
    """
    return text if zone is UTC else _moved(text, zone, UTC)


class Repeated(NamedTuple):
    """An hour (half of one in places) that the wall shows twice, since summer time ended."""

    begin: str
    end: str
    """By the wall, the end not included."""
    second: bool
    """Whether the moment is of its second time."""


def repeated(text: str, zone: tzinfo) -> Repeated | None:
    """The hour in which a moment in UTC lies, where the wall of the zone shows that hour twice."""
    moment = None if zone is UTC else _read(text)
    if moment is None or zone.utcoffset(None) is not None:  # the same in summer and winter
        return None
    try:
        first, second = _meant(_wall_of(moment, zone), zone)
        if first == second:
            return None
        before, after = first, second
        summer = _wall_of(first, zone) - first
        while after - before > _SECOND:  # where the clock is set back
            middle = before + (after - before) // _SECOND // 2 * _SECOND
            if _wall_of(middle, zone) - middle == summer:
                before = middle
            else:
                after = middle
        begin = _wall_of(after, zone)
    except OverflowError:
        return None
    return Repeated(_written(begin), _written(begin + (second - first)), moment >= after)


def readings(text: str, zone: tzinfo) -> tuple[str, ...]:
    """The moments in UTC that the wall clock of the zone may mean: two of an hour that comes
    twice; other text as it is."""
    wall = None if zone is UTC else _read(text)
    try:
        meant = () if wall is None else _meant(wall, zone)
    except OverflowError:
        meant = ()
    return tuple(dict.fromkeys(map(_written, meant))) or (text,)


def rows_in_utc(
    rows: Sequence[WireRow], fields: Iterable[FieldMeta], zone: tzinfo
) -> Sequence[WireRow]:
    """The rows of an answer with the moments among these fields in UTC."""
    if zone is UTC:
        return rows
    wires = {each.wire for each in fields if each.family is Family.DATETIME}
    if isinstance(rows, UniformRows):
        moments = {wire: rows.columns[wire] for wire in wires if wire in rows.columns}
        return rows.with_columns({wire: _in_utc(each, zone) for wire, each in moments.items()})
    return [
        {
            name: to_utc(value, zone) if name in wires and isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _in_utc(column: WireColumn, zone: tzinfo) -> list[Any]:
    return [to_utc(value, zone) if isinstance(value, str) else value for value in column]


def _moved(text: str, origin: tzinfo, target: tzinfo) -> str:
    moment = _read(text)
    if moment is None:
        return text
    try:
        moved = moment.replace(tzinfo=origin).astimezone(target)
    except OverflowError:
        return text
    return _written(moved.replace(tzinfo=None))


def _wall_of(moment: datetime, zone: tzinfo) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, fold=0)


def _meant(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """What the wall shows, in UTC, the first time and the second."""
    times = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    first, second = (each.replace(tzinfo=None) for each in times)
    return first, second


def _read(text: str) -> datetime | None:
    """A moment without a zone; None for a day, which has none, and other text."""
    if len(text) <= len("2024-02-29"):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is not None else moment


def _written(moment: datetime) -> str:
    return moment.isoformat(" ", "seconds")
