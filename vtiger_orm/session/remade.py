"""Frozen values that are asked for all the time, and are another one only now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Parts = TypeVarTuple("Parts")


class Remade(Generic[T, *Parts]):
    """What was made last, as long as it is made of the same."""

    __slots__ = ("_last", "_make")

    def __init__(self, make: Callable[[Unpack[Parts]], T]) -> None:
        self._make = make
        self._last: tuple[tuple[*Parts], T] | None = None

    def of(self, *parts: *Parts) -> T:
        last = self._last  # once: other threads set it
        if last is not None and last[0] == parts:
            return last[1]
        made = self._make(*parts)
        self._last = parts, made
        return made
