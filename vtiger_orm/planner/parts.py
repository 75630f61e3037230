"""What an AND of the normal form is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from ..conditions.tree import Node


class Said(NamedTuple):
    """A comparison the server can be sent: a wire name, an operator and a wire value."""

    wire: str
    operator: str
    value: str


class Listed(NamedTuple):
    """``wire in (values)``."""

    wire: str
    values: tuple[str, ...]


class Null(NamedTuple):
    """The field is NULL in the database, which the query language cannot ask."""

    wire: str


@dataclass(frozen=True, slots=True)
class Local:
    """A condition the server cannot be sent; it is evaluated on the rows."""

    node: Node


SENDABLE: Final = (Said, Listed)
"""For `isinstance`: the parts that a statement can hold."""

Part: TypeAlias = Said | Listed | Null | Local

Branch: TypeAlias = tuple[Part, ...]
"""Parts that must all hold; an empty branch is true."""

Branches: TypeAlias = tuple[Branch, ...]
"""Branches of which one must hold; no branch is false."""


_NONE: Final[frozenset[str]] = frozenset()


def sendable(branch: Branch) -> Branch:
    """The parts of the branch that the server can be sent: they hold for more rows."""
    return tuple(part for part in branch if isinstance(part, SENDABLE))


def nulls(branch: Branch) -> frozenset[str]:
    """Wire names of the fields that must be NULL."""
    if Null not in map(type, branch):
        return _NONE
    return frozenset(part.wire for part in branch if isinstance(part, Null))


def is_local(branch: Branch) -> bool:
    """Whether rows of the branch have to be checked in memory."""
    return any(isinstance(part, Local) for part in branch)
