r"""LIKE patterns: ``%`` is any text, ``_`` one character, ``\`` takes the next one literally."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

ANY: Final = "%"
ONE: Final = "_"
_SPECIAL: Final = re.compile(r"[\\%_]")
_BLANKS: Final = " %_"
"""Characters of which a pattern consists that blanks match."""


def literal(text: str) -> str:
    """The pattern that matches exactly this text."""
    return text if text.isalnum() else _SPECIAL.sub(r"\\\g<0>", text)


def tokens(pattern: str) -> Iterator[tuple[bool, str]]:
    """(is it a wildcard, character) for each character that the pattern matches with.

    A backslash before a character that needs none disappears; one at the very end stands for
    itself. The server reads patterns in the same way.
    """
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            yield False, next(characters, "\\")
        else:
            yield character in (ANY, ONE), character


def canonical(pattern: str) -> str:
    """The same pattern with nothing escaped that needs no escape, and no escape at its end."""
    return "".join(
        character if wildcard else literal(character) for wildcard, character in tokens(pattern)
    )


def matches_blank(pattern: str) -> bool:
    """Whether some text of blanks only, or the empty one, matches."""
    if pattern.strip(_BLANKS) and "\\" not in pattern:
        return False
    return all(wildcard or character == " " for wildcard, character in tokens(pattern))
