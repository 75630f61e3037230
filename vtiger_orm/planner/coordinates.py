"""Coordinates that are not set: the CRM keeps ``-360.0000000``, which reads as blank.

They are numbers to the server. Any number of the same value but with other digits is a value, and
only LIKE tells them apart: so comparisons that -360 would satisfy are sent without it, and each
other way of writing it is an alternative of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Final

from ..conditions.evaluate import number
from ..conditions.tree import Atom, Compare, Equal, OneOf, Present
from ..metadata.kinds import Kind
from ..values.blank import NO_COORDINATE
from .branches import Branch, Branches, Comparison

_NUMBER: Final = Decimal(NO_COORDINATE)
_PLAIN: Final = "-360"
_DIGITS: Final = NO_COORDINATE.partition(".")[2]
_WRITTEN: Final = (
    _PLAIN,
    *(f"{_PLAIN}.{'0' * digits}" for digits in range(1, len(_DIGITS))),
    f"{NO_COORDINATE}0%",
)
"""The patterns of -360 with other digits."""
_ALL: Final = frozenset((NO_COORDINATE, *_WRITTEN))
_COMPARISONS: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "=": eq,
    "!=": ne,
}


def allows_unset(atom: Atom) -> bool:
    """Whether a coordinate that is not set would satisfy the atom, if it were a number."""
    if atom.field.kind is not Kind.DOUBLE:
        return False
    match atom:
        case Present():
            return True
        case Equal(_, value):
            return number(value) == _NUMBER
        case OneOf(_, values):
            return _NUMBER in map(number, values)
        case Compare(_, operator, value):
            return _holds(operator, value)
        case _:
            return False


def unset(wire: str) -> Branches:
    """What holds of coordinates that are not set alone."""
    return ((Comparison(wire, "like", NO_COORDINATE),),)


def without_unset(wire: str, branches: Branches) -> Branches:
    """What holds where the branches do, but for those; -360 satisfies the branches."""
    other = Comparison(wire, "!=", _PLAIN)
    written = tuple((Comparison(wire, "like", pattern),) for pattern in _WRITTEN)
    return (*((*branch, other) for branch in branches), *written)


def is_possible(branch: Branch) -> bool:
    """False for an alternative that asks for one way of writing -360, and for another or for
    another number at once."""
    asked: dict[str, str] = {}
    for part in branch:
        if not isinstance(part, Comparison) or part.value not in _ALL or part.operator != "like":
            continue
        if asked.setdefault(part.wire, part.value) != part.value:
            return False
    return not asked or not any(
        isinstance(part, Comparison)
        and part.wire in asked
        and part.operator in _COMPARISONS
        and not _holds(part.operator, part.value)
        for part in branch
    )


def are_told_apart(branches: Branches) -> bool:
    """Whether the alternatives are there because of coordinates that are not set."""
    return any(
        isinstance(part, Comparison) and part.operator == "like" and part.value in _ALL
        for branch in branches
        for part in branch
    )


def _holds(operator: str, value: str) -> bool:
    bound = number(value)
    return bound is not None and _COMPARISONS[operator](_NUMBER, bound)
