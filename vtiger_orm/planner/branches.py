"""What an AND of the normal form is made of."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from .._dataclass import dataclass
from ..conditions.tree import Node


class Comparison(NamedTuple):
    """A comparison the server can be sent: a wire name, an operator and a wire value."""

    wire: str
    operator: str
    value: str


class InList(NamedTuple):
    """``wire in (values)``."""

    wire: str
    values: tuple[str, ...]


class IsNull(NamedTuple):
    """The field is NULL in the database, which the query language cannot ask."""

    wire: str


@dataclass(frozen=True, slots=True)
class Residual:
    """A condition the server cannot be sent; it is evaluated on the rows."""

    node: Node


SENDABLE: Final = (Comparison, InList)
"""For `isinstance`: the parts that a statement can hold."""

Part: TypeAlias = Comparison | InList | IsNull | Residual

Branch: TypeAlias = tuple[Part, ...]
"""Parts that must all hold; an empty branch is true."""

Branches: TypeAlias = tuple[Branch, ...]
"""Branches of which one must hold; no branch is false."""


class Spelt(tuple[Part, ...]):
    """A branch of comparisons whose text is known; what is made of it is an ordinary one again."""

    text: str
    most: int
    """Bytes that it takes in a statement at most."""
    longest: int
    """Values of its longest list; 0 where it has none."""


ALWAYS: Final[Branches] = ((),)
"""The condition that holds for every row."""

ANY_ID: Final = Comparison("id", ">", "0x0")
"""What holds of every record: as the last alternative of a condition it makes a statement answer
a row wherever there is one, so that none shows that the statement fails."""

_NONE: Final[frozenset[str]] = frozenset()


def one_of(wire: str, values: tuple[str, ...]) -> Comparison | InList:
    """Equal to one of the values, of which there is at least one."""
    return Comparison(wire, "=", values[0]) if len(values) == 1 else InList(wire, values)


def not_null(wire: str, *, reference: bool) -> Comparison:
    """What holds of every value that is not NULL, of any type. References (and ids) are numbers,
    whatever stands before the ``x``; patterns of them are refused by Vtiger 8.3."""
    return Comparison(wire, ">=", "1x0") if reference else Comparison(wire, "like", "%")


def sendable(branch: Branch) -> Branch:
    """The parts of the branch that the server can be sent: they hold for more rows."""
    return tuple(part for part in branch if isinstance(part, SENDABLE))


def nulls(branch: Branch) -> frozenset[str]:
    """Wire names of the fields that must be NULL."""
    if IsNull not in map(type, branch):
        return _NONE
    return frozenset(part.wire for part in branch if isinstance(part, IsNull))


def has_residual(branch: Branch) -> bool:
    """Whether rows of the branch have to be checked in memory."""
    return any(isinstance(part, Residual) for part in branch)
