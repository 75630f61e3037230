"""Text of a CRM in files: as literals that any reader takes for data, and nothing else.

The law of inertness rests on this file: no label, value or name reaches generated code in any
other way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from unicodedata import ucd_3_2_0

_SHORT: Final = {
    '"': '\\"',
    "'": "\\'",
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_NOT_ASCII = re.compile(r"[^ -~]")
_SPECIAL = {
    '"': re.compile(r'["\\]|[^ -~]'),
    "'": re.compile(r"['\\]|[^ -~]"),
}
_SURROGATES = re.compile("[\ud800-\udfff]")
_VISIBLE: Final = frozenset("LMNPS")


def _is_visible(character: str) -> bool:
    """Letters, marks, digits, signs. Controls, blanks, surrogates and marks that turn the
    direction of writing are not.

    Decided by a frozen table (Unicode 3.2), so that every Python writes the same bytes.
    """
    return ucd_3_2_0.category(character)[0] in _VISIBLE


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SHORT:
        return _SHORT[character]
    if _is_visible(character):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def string(text: str) -> str:
    """A Python string literal of the text, in the spelling black leaves alone: the quotes that
    need fewer backslashes, else double ones."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'  # nearly all of them
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{_SPECIAL[quote].sub(_escape, text)}{quote}"


def literal(value: object) -> str:
    """A Python literal of a string, number, flag, None, or of lists and mappings of them."""
    if isinstance(value, str):
        return string(str(value))
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(value[key])}' for key in sorted(value))}}}"
    raise TypeError(f"{type(value).__name__} cannot be written as a literal")


def one_line(text: str, longest: int = 72) -> str:
    """Text for a sentence: blanks of any kind as one, too long a text cut, and halves of
    characters replaced (a class with one in its docstring cannot be made)."""
    flat = " ".join(text.split())
    if not flat.isascii():
        flat = _SURROGATES.sub("\ufffd", flat)
    return flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"


def phrase(text: str, longest: int = 72) -> str:
    """`one_line` without full stops at its end: what prints it sets the one that a docstring has to
    end in."""
    return one_line(text, longest).rstrip(". ")


def docstring(text: str) -> str:
    """A docstring of one or more lines; the text may hold anything, but must end in a full stop
    (else a quote at its end would need another spelling)."""
    lines = text.lstrip(" ").split("\n")
    escaped = "\n".join(_SPECIAL['"'].sub(_escape, line) for line in lines)
    body = escaped.replace('\\"', '"').replace('"""', '\\"\\"\\"')
    if body.startswith('"'):
        body = "\\" + body
    return f'"""{body}"""'


def json_text(content: Any) -> str:
    """JSON, sorted, readable in every script; what cannot be seen is escaped."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    return _NOT_ASCII.sub(_escape_json, text) + "\n"


def _escape_json(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n" or _is_visible(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
