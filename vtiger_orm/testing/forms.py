"""The forms in which a text may stand in an answer: as it is, and as others write it down.

Each character is looked for in each of its forms, so it does not matter who wrote which of them:
one escape may be in lower case and the next in upper case, one a number and the next a name.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html.entities import codepoint2name
from itertools import groupby
from typing import Final

_ENTITIES: Final = {**codepoint2name, ord("'"): "apos"}
_IN_JSON: Final = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_BASE64: Final = {"+": r"(?:[+-]|%2[bB])", "/": r"(?:\\*+[/_]|%2[fF])"}
"""Of both alphabets, and as they stand in JSON and in addresses."""
_BACKSLASHED: Final = "\"'/"
"""What JSON (and PHP) may write behind a backslash, or behind several in JSON within JSON."""


def pattern_of(texts: Iterable[str], *, any_case: bool = False) -> str:
    """A regular expression for the texts, the longest first: as they are, escaped for HTML and
    JSON (also within JSON), percent-encoded, and in base64.

    With `any_case`, also in capitals or small letters; the whole is then to be compiled to ignore
    case, which alone finds no escaped `É` for an `é`.
    """
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return "|".join(_one(text, any_case) for text in longest_first)


@lru_cache(maxsize=1024)
def _one(text: str, any_case: bool) -> str:
    forms = [_characters(text, any_case)]
    for written in dict.fromkeys((text, text.upper()) if any_case else (text,)):
        coded = base64.b64encode(written.encode("utf-8", "surrogatepass")).decode().rstrip("=")
        forms.append("".join(_BASE64.get(each, each) for each in coded) + "(?:=|%3[dD])*")
    return "|".join(dict.fromkeys(forms))


def _characters(text: str, any_case: bool = False) -> str:
    return "".join(
        # One pattern for a row of backslashes: many of `\\+` would be tried in every combination.
        _backslashes(len(list(row))) if each == "\\" else "".join(_cased(c, any_case) for c in row)
        for each, row in groupby(text)
    )


def _cased(character: str, any_case: bool) -> str:
    if not any_case or character.isascii():
        return _character(character)
    cases = dict.fromkeys((character, character.upper(), character.lower()))
    return f"(?:{'|'.join(''.join(map(_character, case)) for case in cases)})"


def _character(character: str) -> str:
    """One in any form; nobody escapes letters and digits of ASCII."""
    if character.isascii() and character.isalnum():
        return character
    return f"(?:{'|'.join(_forms(character))})"


def _forms(character: str) -> Iterator[str]:
    plain = re.escape(character)
    if character == "&":
        yield "&(?:amp;)*"
    elif character == "%":
        yield "%(?:25)*"
    elif character == " ":
        yield r" |\+"
    elif character in _BACKSLASHED:
        yield rf"\\*+{plain}"
    else:
        yield plain
    if character in _IN_JSON:
        yield rf"\\+{_IN_JSON[character]}"
    yield from _escapes(character)


def _backslashes(number: int) -> str:
    escaped = "|".join(_escapes("\\"))
    return rf"(?:(?<!\\)\\{{{number},}}|(?:{escaped}){{{number}}})"


def _escapes(character: str) -> Iterator[str]:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    yield "".join(rf"\\+u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4))
    octets = character.encode("utf-8", "surrogatepass")
    yield "".join(f"%(?:25)*(?i:{octet:02x})" for octet in octets)
    code = ord(character)
    names = [f"#0*{code}", f"#[xX]0*(?i:{code:x})"]
    names += [_ENTITIES[code]] if code in _ENTITIES else []
    # Behind a backslash where HTML stands for what JSON escapes.
    mark = r"\\*+" if character in _BACKSLASHED else ""
    yield f"{mark}&(?:amp;)*(?:{'|'.join(names)});"
