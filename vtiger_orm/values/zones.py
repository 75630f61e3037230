"""Moments as the CRM writes them, in its own zone, and as everything here holds them: in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from ..metadata.kinds import Family
from ..metadata.module import FieldMeta


def to_wall(text: str, zone: tzinfo) -> str:
    """A moment in UTC as the wall clock of the zone shows it; other text as it is."""
    return text if zone is UTC else _moved(text, UTC, zone)


def to_utc(text: str, zone: tzinfo) -> str:
    """What the wall clock of the zone shows as a moment in UTC; other text as it is.

    An hour that comes twice, when summer time ends, is taken for the first.
    """
    return text if zone is UTC else _moved(text, zone, UTC)


def rows_in_utc(
    rows: Sequence[dict[str, Any]], fields: Iterable[FieldMeta], zone: tzinfo
) -> Sequence[dict[str, Any]]:
    """The rows of an answer with the moments among these fields in UTC."""
    if zone is UTC:
        return rows
    wires = {each.wire for each in fields if each.family is Family.DATETIME}
    return [
        {
            name: to_utc(value, zone) if name in wires and isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _moved(text: str, origin: tzinfo, target: tzinfo) -> str:
    if len(text) <= len("2024-02-29"):
        return text  # a day, which has no zone
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return text
        moved = moment.replace(tzinfo=origin).astimezone(target)
    except (ValueError, OverflowError):
        return text
    return moved.replace(tzinfo=None).isoformat(" ", "seconds")
