"""Frozen values that are asked for all the time, and are another one only now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, TypeVarTuple

T = TypeVar("T")
Parts = TypeVarTuple("Parts")


class Remade(Generic[T]):
    """What was made last, as long as it is made of the same.

    It does not keep what makes it: that is a method of whoever holds it, and both would wait for
    the garbage collector together.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: tuple[object, T] | None = None

    def of(self, make: Callable[[*Parts], T], *parts: *Parts) -> T:
        last = self._last  # once: other threads set it
        if last is not None and last[0] == parts:
            return last[1]
        made = make(*parts)
        self._last = parts, made
        return made
