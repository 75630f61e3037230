r"""Text compared as the CRM's database compares it (utf8mb3_general_ci), for local evaluation.

Every character of the basic plane has one weight: case and accents do not count, ``ß`` weighs as
``s``. Trailing blanks do not count in comparisons (PAD SPACE); they do in LIKE. No Unicode
routine of Python gives this order, so the engine's own table is kept as data.

In a LIKE pattern ``%`` is any text, ``_`` one character, ``\`` takes the next one literally.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Final

_PADDING: Final = " " * 8
"""Stands for the endless blanks a text is padded with, where keys of unequal length are sorted.
It decides only between a text and its own continuation by blanks and a control character."""

_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")

ANY: Final = "%"
ONE: Final = "_"
_SPECIAL: Final = re.compile(r"[\\%_]")
_BLANKS: Final = " %_"
"""Characters of which a pattern consists that blanks match."""


@lru_cache(maxsize=1)
def _weights() -> dict[int, int]:
    text = files("vtiger_orm.metadata").joinpath("general_ci.json").read_text("utf-8")
    table = json.loads(text)
    return str.maketrans(table["from"], table["to"])


def weigh(text: str) -> str:
    """The text with every character replaced by its weight; the length stays the same."""
    if not text.isascii():
        text = _BEYOND.sub("\ufffd", text)
    return text.translate(_weights())


def equality_key(text: str) -> str:
    """Equal for two texts exactly when the server's ``=`` finds them equal."""
    return weigh(text).rstrip(" ")


def sort_key(text: str) -> str:
    """Sorts as the server's ORDER BY does."""
    return weigh(text).rstrip(" ") + _PADDING


def compare(left: str, right: str) -> int:
    """Below, at, or above 0 as the server finds left smaller, equal or larger."""
    one, other = weigh(left), weigh(right)
    length = max(len(one), len(other))
    one, other = one.ljust(length), other.ljust(length)
    return (one > other) - (one < other)


def like_literal(text: str) -> str:
    """The pattern that matches exactly this text."""
    return text if text.isalnum() else _SPECIAL.sub(_escaped, text)


def _escaped(special: re.Match[str]) -> str:
    return f"\\{special[0]}"


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


def canonical_pattern(pattern: str) -> str:
    """The same pattern with nothing escaped that needs no escape, and no escape at its end."""
    return "".join(
        character if wildcard else like_literal(character)
        for wildcard, character in tokens(pattern)
    )


def matches_blank(pattern: str) -> bool:
    """Whether some text of blanks only, or the empty one, matches."""
    if pattern.strip(_BLANKS) and "\\" not in pattern:
        return False
    return all(wildcard or character == " " for wildcard, character in tokens(pattern))


def matcher(pattern: str) -> Callable[[str], bool]:
    """A function that tells whether a text matches a LIKE pattern.

    What stands between two ``%`` is looked for piece by piece, each as far left as it can be:
    one walk along the text, whatever the pattern.
    """
    pieces: list[list[str]] = [[]]
    for wildcard, character in tokens(pattern):
        if wildcard and character == ANY:
            pieces.append([])
        else:
            pieces[-1].append("." if wildcard else re.escape(weigh(character)))
    found = [re.compile("".join(piece), re.DOTALL) for piece in pieces]
    first, last, length = found[0], found[-1], len(pieces[-1])
    if len(pieces) == 1:
        return lambda text: first.fullmatch(weigh(text)) is not None
    middle = [each for each in found[1:-1] if each.pattern]

    def matches(text: str) -> bool:
        text = weigh(text)
        match = first.match(text)
        for piece in middle:
            match = match and piece.search(text, match.end())
        end = len(text) - length
        return match is not None and match.end() <= end and last.match(text, end) is not None

    return matches
