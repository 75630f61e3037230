"""Days of the session's time zone as moments in the CRM's own, which is UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo

from .tree import And, Compare, DayBound, Node, Not, Or, contains


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
    match node:
        case And(children):
            return And(tuple(with_instants(child, zone) for child in children))
        case Or(children):
            return Or(tuple(with_instants(child, zone) for child in children))
        case Not(child):
            return Not(with_instants(child, zone))
        case DayBound(field, operator, day):
            return Compare(field, operator, instant(day, zone))
        case _:
            return node
