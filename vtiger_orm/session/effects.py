"""What a conversation with the server asks to be done: the drivers do it, each in its own way."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

from .._dataclass import dataclass
from ..calls.gates import Gate
from ..dialects.base import HttpRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Reply: the `HttpResponse`."""

    request: HttpRequest


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Admission:
    """The next request has to wait so many seconds for a limit. What nobody asked for yet, and
    may not ask for at all, is given up where that is long: it is done when it is asked for."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Enter:
    """Pass a gate. Reply: whether it has to be left again."""

    gate: Gate


Effect: TypeAlias = "Send | Pause | Admission | Enter"
Conversation: TypeAlias = Generator[Effect, object, T]
