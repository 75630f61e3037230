"""What a conversation with the server may ask its driver to do.

Login, retry, renewal and pacing are written once, as generators of these effects; the two
drivers perform them, one by blocking, one by awaiting.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from ..dialects.base import HttpRequest
from .gate import Gate

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
class Enter:
    """Pass a gate. Reply: whether it has to be left again."""

    gate: Gate


Effect: TypeAlias = "Send | Pause | Enter"
Conversation: TypeAlias = Generator[Effect, Any, T]
