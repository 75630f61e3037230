"""Moments in conditions as the CRM compares them: by the wall clock of its own zone.

When summer time ends the wall shows an hour twice, and nothing tells of which of the two a row is.
A condition is therefore widened to every row that may satisfy it, and so is its negation: in that
hour a row may be among both, and none is lost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Final

from ..metadata.kinds import Family
from ..values.zones import Repeated, repeated, to_wall
from .tree import FALSE, And, Atom, Compare, Equal, InMonth, InSelection, Node, Not, OneOf, Or

_AFTER: Final = (">", ">=")


class Wall(str):
    """A moment as the CRM's wall shows it."""

    __slots__ = ()


def on_the_wall(node: Node, zone: tzinfo, *, certainly: bool = False) -> Node:
    """The same tree, whose moments are in UTC, with moments as a CRM of this zone writes and
    compares them. Applying it to such a tree changes nothing.

    It is true of every row that may satisfy the condition; `certainly` of those that do whichever
    of the two hours they are of.
    """
    if zone is UTC:
        return node
    match node:
        case And(children):
            return And(tuple(on_the_wall(each, zone, certainly=certainly) for each in children))
        case Or(children):
            return Or(tuple(on_the_wall(each, zone, certainly=certainly) for each in children))
        case Not(child):
            return Not(on_the_wall(child, zone, certainly=not certainly))
        case _:
            return _shown(node, zone, certainly)


def _shown(atom: Atom, zone: tzinfo, certainly: bool) -> Node:
    if isinstance(atom, InSelection):
        return _of_another(atom, zone, certainly)
    if atom.field.family is not Family.DATETIME:
        return atom
    match atom:
        case Equal(field, value):
            if certainly and _repeated(value, zone):
                return FALSE
            return Equal(field, _wall(value, zone))
        case OneOf(field, values):
            left = [each for each in values if not (certainly and _repeated(each, zone))]
            return OneOf(field, tuple(_wall(each, zone) for each in left)) if left else FALSE
        case Compare(field, symbol, value):
            hour = _repeated(value, zone)
            # A row after it may be of the other hour, which the wall shows from its beginning on;
            # one before it likewise, up to its end. Of the first hour nothing else is before it
            # for certain, of the second nothing after it.
            if hour is None or hour.second is ((symbol in _AFTER) is not certainly):
                return Compare(field, symbol, _wall(value, zone))
            edge = Wall(hour.end if hour.second else hour.begin)
            return Compare(field, ">=" if symbol in _AFTER else "<", edge)
        case InMonth(certainly=None):
            return replace(atom, certainly=certainly)
        case _:
            return atom


def _of_another(atom: InSelection, zone: tzinfo, certainly: bool) -> InSelection:
    """Records of another queryset: of a slice of one nobody can tell more than it holds."""
    inner = atom.selection
    if inner.start or inner.stop is not None:
        return atom
    where = on_the_wall(inner.where, zone, certainly=certainly)
    return atom if where == inner.where else replace(atom, selection=replace(inner, where=where))


def _repeated(value: str, zone: tzinfo) -> Repeated | None:
    return None if isinstance(value, Wall) else repeated(value, zone)


def _wall(value: str, zone: tzinfo) -> Wall:
    return value if isinstance(value, Wall) else Wall(to_wall(value, zone))
