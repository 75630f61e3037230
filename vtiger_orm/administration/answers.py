"""Answers whose form only their readers know: what does not fit is an error of the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import MalformedAnswer


def acknowledged(answer: object) -> bool:
    """Whether the CRM says that it was done, in whatever words."""
    return isinstance(answer, dict) and bool(str(answer.get("message") or ""))


@contextmanager
def reading(operation: str) -> Iterator[None]:
    """Raises `MalformedAnswer` where the block finds less in an answer, or something else."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise MalformedAnswer(
            f"{operation} answered in an unknown form ({type(error).__name__}: {error})."
        ) from error
