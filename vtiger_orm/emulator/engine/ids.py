"""Ids as requests send them. The server reads them more loosely than anybody should write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .errors import denied, invalid_id
from .schema import Module, Schema

_FORM: Final = re.compile(r"[0-9]+x[0-9]+")
_LEADING_DIGITS: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class WireId:
    """An id whose prefix is known. `number` is None where the second part is no number."""

    module: Module
    number: int | None
    text: str
    """As sent: answers echo it."""


def parse(schema: Schema, text: object) -> WireId:
    """``12x407``; also ``12x407x9`` and ``12x407'...``, which the server takes for the same.

    Raises "denied for id" for an unknown prefix or a text without ``x``.
    """
    parts = str(text if text is not None else "").split("x")
    module = schema.by_prefix.get(parts[0])
    if len(parts) < 2 or module is None:
        raise denied(" for id")
    match = _LEADING_DIGITS.match(parts[1])
    return WireId(module, int(match[0]) if match and len(match[0]) < 19 else None, str(text))


def check_form(text: object) -> None:
    """Raises INVALID_ID_ATTRIBUTE unless digits, ``x`` and digits are in it. A bare number passes:
    it is refused later, or not at all."""
    given = str(text if text is not None else "")
    if not given.isdecimal() and _FORM.search(given) is None:
        raise invalid_id()
