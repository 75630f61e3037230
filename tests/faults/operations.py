"""The operations of the matrix: what a session is asked, and a plain value of its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias

from vtiger_orm.session import Session

Do: TypeAlias = Callable[..., Awaitable[Any]]
Work: TypeAlias = Callable[[str, Do, Session], Awaitable[Any]]


class Effect(Enum):
    """What an operation does to the store."""

    NONE = auto()
    ONE = auto()
    """One write: undone by its error, the store is as it was."""
    SEVERAL = auto()
    """Several writes, of which some may be done."""
    TOLD = auto()
    """Several, and its value tells of each what became of it, instead of an error."""


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    work: Work
    effect: Effect = Effect.NONE
    drivers: tuple[str, ...] = ("sync", "async")
