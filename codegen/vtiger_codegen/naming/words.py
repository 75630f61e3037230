"""Text in any script, as the CRM's users typed it, to plain ASCII words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from anyascii import anyascii

_LONGEST_TEXT: Final = 400
"""Characters of a text that are looked at; what follows could not be in a name anyway."""

_APOSTROPHES = re.compile("['\u2019\u02bc]")
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def plain(text: str) -> str:
    """The text in ASCII: ``Größe`` -> ``Grosse``, ``客户`` -> ``KeHu``."""
    return anyascii(text[:_LONGEST_TEXT])


def words(text: str) -> list[str]:
    """The words of a text, in ASCII: ``Owner's note`` -> ``Owners``, ``note``.

    Capitals inside a word start a new one (``AutoCreated``), an apostrophe does not.
    """
    flat = _APOSTROPHES.sub("", plain(text))
    parts = (part for part in _SEPARATORS.split(flat) if part)
    return [word for part in parts for word in _HUMPS.split(part) if word]


def snake(text: str) -> str:
    """``Loyalty Tier`` -> ``loyalty_tier``; empty when the text has no letter and no digit."""
    return "_".join(words(text)).lower()


def letters(text: str) -> str:
    """Only the letters and digits, in lower case: what two spellings of a name share."""
    return _SEPARATORS.sub("", plain(text)).lower()


def capitalised(text: str) -> str:
    """The parts of a text joined, each with a capital: ``sales_stage`` -> ``SalesStage``."""
    parts = (part for part in _SEPARATORS.split(plain(text)) if part)
    return "".join(part[0].upper() + part[1:] for part in parts)


def signs(text: str, at_most: int = 3) -> str:
    """Names of the characters of a text that has no words: ``-`` -> ``HYPHEN_MINUS``."""
    names = (unicodedata.name(character, "") for character in text if not character.isspace())
    return "_".join([_SEPARATORS.sub("_", name) for name in names if name][:at_most])
