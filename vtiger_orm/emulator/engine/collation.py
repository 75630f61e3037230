"""Text comparison of MariaDB's utf8 general_ci, and its LIKE.

Case and accents do not count, trailing blanks do not count for comparisons (PAD SPACE) but do
for LIKE. The weights are data: no Unicode routine of Python gives the same.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib.resources import files


@cache
def _weights() -> dict[int, int]:
    text = files("vtiger_orm.metadata").joinpath("general_ci.json").read_text(encoding="utf-8")
    table = json.loads(text)
    return {ord(a): ord(b) for a, b in zip(table["from"], table["to"], strict=True)}


@lru_cache(maxsize=65536)
def key(text: str) -> str:
    """Texts with the same key are equal; keys sort as the server sorts."""
    return text.translate(_weights()).rstrip(" ")


@lru_cache(maxsize=65536)  # scans compare the same few values with the same texts again and again
def compare(left: str, right: str) -> int:
    """-1, 0 or 1, as the shorter text padded with blanks compares to the longer one."""
    a, b = key(left), key(right)
    if a == b:
        return 0
    if a.startswith(b):
        return -1 if a[len(b) :].lstrip(" ") < " " else 1
    if b.startswith(a):
        return 1 if b[len(a) :].lstrip(" ") < " " else -1
    return -1 if a < b else 1


@lru_cache(maxsize=1024)
def like_pattern(pattern: str) -> re.Pattern[str]:
    """A LIKE pattern (after the literal's own escapes were undone) as a regular expression.

    ``%`` and ``_`` match line breaks too; a backslash takes the meaning of the next character.
    """
    parts = []
    escaped = False
    for character in pattern:
        if escaped:
            parts.append(re.escape(_fold(character)))
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "%":
            parts.append(".*")
        elif character == "_":
            parts.append(".")
        else:
            parts.append(re.escape(_fold(character)))
    if escaped:
        parts.append(re.escape("\\"))
    return re.compile("".join(parts), re.DOTALL)


def like(pattern: str, text: str) -> bool:
    """Whether the text matches the pattern."""
    return like_pattern(pattern).fullmatch(_fold(text)) is not None


def _fold(text: str) -> str:
    return text.translate(_weights())
