"""What a session's settings may be: each check returns its value, or raises `ConfigError`."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from ..errors import ConfigError

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., object])

LONGEST: Final = 10.0 * 365 * 86_400
"""Seconds: no clock of the system waits for much longer than a hundred times as long."""
_MOST: Final = 10**12


def positive(name: str, value: float) -> float:
    """A number of seconds above 0."""
    if not _is_number(value) or not 0 < value <= LONGEST:
        raise ConfigError(f"{name} must be a number of seconds above 0, not {_shown(value)}.")
    return value


def not_negative(name: str, value: float, most: float = LONGEST) -> float:
    """A number of seconds from 0 on."""
    if not _is_number(value) or not 0 <= value <= most:
        raise ConfigError(f"{name} must be a number of seconds, 0 or more, not {_shown(value)}.")
    return value


def whole(name: str, value: int) -> int:
    """A whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST:
        raise ConfigError(f"{name} must be a whole number above 0, not {_shown(value)}.")
    return value


def flag(name: str, value: bool) -> bool:
    """True or False: a text such as ``"0"``, from the environment say, would count as true."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} is True or False, not {_shown(value)}.")
    return value


def one_of(name: str, value: T, known: Collection[T]) -> T:
    """One of these texts."""
    if not isinstance(value, str) or value not in known:
        listed = " or ".join(map(repr, known))
        raise ConfigError(f"{name} is {listed}, not {_shown(value)}.")
    return value


def instance(name: str, value: T | None, kind: type[T]) -> T | None:
    """One of a class, or None."""
    if value is not None and not isinstance(value, kind):
        raise ConfigError(f"{name} is a {kind.__name__}, not {_shown(value)}.")
    return value


def callable_or_none(name: str, value: C | None) -> C | None:
    """A function, or None."""
    if value is not None and not callable(value):
        raise ConfigError(f"{name} is a function, not {_shown(value)}.")
    return value


def mapped(name: str, value: Mapping[str, T] | None) -> Mapping[str, T]:
    """Something by modules; None is nothing."""
    if value is not None and not isinstance(value, Mapping):
        raise ConfigError(f"{name} is a mapping by modules, not {_shown(value)}.")
    return value or {}


def _is_number(value: object) -> bool:
    # NaN compares with nothing.
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < _MOST):
        return repr(value)
    if isinstance(value, str):
        return repr(value[:40])
    return f"a value of type {type(value).__name__}"
