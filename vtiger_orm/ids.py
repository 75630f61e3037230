"""Record ids: `<module prefix>x<number>`, for example ``12x407``.

The server pastes ids into its SQL without quotes, so nothing may reach a query or a request
that has not passed through here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import InvalidId

_ID = re.compile(r"([0-9]{1,9})x([0-9]{1,18})", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)


class RecordId(NamedTuple):
    """The two numbers of an id. Prefixes differ from server to server: never hard-code one."""

    prefix: str
    number: int

    def __str__(self) -> str:
        return f"{self.prefix}x{self.number}"


def parse_id(text: str) -> RecordId:
    """Split ``12x407`` into its prefix and number.

    Raises `InvalidId` for anything else, also for text that merely starts like an id.
    """
    match = _ID.fullmatch(text)
    if match is None:
        raise InvalidId(text)
    return RecordId(match[1], int(match[2]))


def is_id(text: str) -> bool:
    """Whether the text has the form of an id; says nothing about whether the record exists."""
    return _ID.fullmatch(text) is not None


def id_number(text: str) -> int:
    """The record number of an id, whose order is the server's order of ids. Raises `InvalidId`."""
    match = _ID.fullmatch(text)
    if match is None:
        raise InvalidId(text)
    return int(match[2])


def whole_number(told: object) -> int | None:
    """A whole number that an answer tells, as a number or in text, and of no more digits than an
    id has; None for anything else."""
    if isinstance(told, str) and _DIGITS.fullmatch(told):
        return int(told)
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 10**18:
        return told
    return None
