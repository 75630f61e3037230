"""A value as written in a query, the way the server's SQL reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:[eE][0-9]+)?")
_ESCAPES: Final = {
    "0": "\0",
    "b": "\b",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "Z": "\x1a",
    "%": "\\%",
    "_": "\\_",
}
# What an unquoted id may paste into the SQL and still be understood here.
_PASTED: Final = re.compile(r"\s*[0-9]+(?:\s+(?:or|and)\s+[0-9]+)*\s*", re.IGNORECASE)


class SilentError(Exception):
    """The SQL made from the query is wrong: the server answers success and no rows."""


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: the name of a column, in the server's SQL."""

    name: str


Literal = str | float | None | Word


def literal(token: str) -> Literal:
    """Text of a quoted value, a number, NULL, or a bare word.

    Raises `SilentError` when the quotes do not come out right in SQL.
    """
    if token.startswith("'"):
        return unescaped(token[1:-1])
    if _NUMBER.fullmatch(token):
        return float(token)
    constants: dict[str, float | None] = {"true": 1.0, "false": 0.0, "null": None}
    lower = token.lower()
    return constants[lower] if lower in constants else Word(token)


def unescaped(content: str) -> str:
    """The content of an SQL literal: backslash escapes and doubled quotes undone.

    A backslash before the closing quote leaves the literal open: a `SilentError`.
    """
    if "\\" not in content and "'" not in content:
        return content
    parts = []
    position = 0
    while position < len(content):
        character = content[position]
        following = content[position + 1 : position + 2]
        if character == "\\":
            if not following:
                raise SilentError("a backslash hides the closing quote")
            parts.append(_ESCAPES.get(following, following))
            position += 2
        elif character == "'":
            if following != "'":
                raise SilentError("a quote closes the literal early")
            parts.append("'")
            position += 2
        else:
            parts.append(character)
            position += 1
    return "".join(parts)


def id_part(token: str) -> str | None:
    """What the server takes for the number: the text between the first and the second ``x``."""
    parts = token.strip("'\"").split("x")
    return parts[1] if len(parts) > 1 else None


def pasted_number(token: str) -> str:
    """The number of an id as the server pastes it into its SQL: unquoted.

    Raises `SilentError` when that is no SQL. Conditions pasted along with the number take
    effect, as they do on the server: that is the hole which clients must close.
    """
    part = id_part(token)
    if part is None or not _PASTED.fullmatch(part):
        raise SilentError(f"an id without a number: {token}")
    return part.strip()
