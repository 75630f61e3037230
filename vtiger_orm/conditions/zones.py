"""Moments in conditions: everything above holds them in UTC, the CRM compares its own wall."""

from __future__ import annotations

from datetime import UTC, tzinfo

from ..metadata.kinds import Family
from ..values.zones import to_wall
from .tree import And, Compare, Equal, Node, Not, OneOf, Or


class Wall(str):
    """A moment as the CRM's wall shows it."""

    __slots__ = ()


def on_the_wall(node: Node, zone: tzinfo) -> Node:
    """The same tree with its moments as the CRM of the zone writes them. Applying it to such a
    tree changes nothing."""
    if zone is UTC:
        return node
    match node:
        case And(children):
            return And(tuple(on_the_wall(child, zone) for child in children))
        case Or(children):
            return Or(tuple(on_the_wall(child, zone) for child in children))
        case Not(child):
            return Not(on_the_wall(child, zone))
        case Equal(field, value) if field.family is Family.DATETIME:
            return Equal(field, _wall(value, zone))
        case Compare(field, operator, value) if field.family is Family.DATETIME:
            return Compare(field, operator, _wall(value, zone))
        case OneOf(field, values) if field.family is Family.DATETIME:
            return OneOf(field, tuple(_wall(value, zone) for value in values))
        case _:
            return node


def _wall(value: str, zone: tzinfo) -> Wall:
    return value if isinstance(value, Wall) else Wall(to_wall(value, zone))
