"""Days of the session's time zone as moments in the CRM's own, which is UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo

from .tree import Atom, Compare, DayBound, Node, contains, mapped


def instant(day: date, zone: tzinfo) -> str:
    """The wire form of the moment at which a day begins."""
    try:
        moment = datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:
        moment = datetime.combine(day, time.min, UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def with_instants(node: Node, zone: tzinfo) -> Node:
    """The same tree, with days of the zone turned into comparisons of moments."""
    if not contains(node, DayBound):
        return node

    def moment(atom: Atom) -> Node:
        if isinstance(atom, DayBound):
            return Compare(atom.field, atom.operator, instant(atom.day, zone))
        return atom

    return mapped(node, moment)
