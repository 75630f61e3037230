"""How PHP reads JSON and turns its values into text."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

_LONE_HALF: Final = re.compile("[\ud800-\udfff]")
_DEEPEST: Final = 512


def php_json(text: str, *, strict: bool = True) -> Any:
    """The value of a JSON text. Raises `ValueError` for what PHP's json_decode refuses: besides
    bad JSON the words for numbers that are none, half characters, and more than 512 levels; where
    it is `strict` also control characters in a text."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_int=_integer, strict=strict)
    except RecursionError:
        raise ValueError("too many levels") from None
    if "\\u" in text and _LONE_HALF.search(json.dumps(value, ensure_ascii=False)):
        raise ValueError("half a character")
    if _depth(text) > _DEEPEST:
        raise ValueError("too many levels")
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _integer(digits: str) -> int | float:
    """PHP makes a float of an integer that does not fit into 64 bits."""
    value = int(digits) if len(digits) < 25 else float(digits)
    return value if isinstance(value, float) or -(2**63) <= value < 2**63 else float(value)


def _depth(text: str) -> int:
    deepest = depth = 0
    inside = escaped = False
    for character in text if len(text) > 2 * _DEEPEST else "":
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def php_text(value: Any) -> str:
    """A JSON value as the database receives it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    return str(value)


def label_text(value: Any) -> str:
    """The same where PHP itself makes the text, as for labels: ``1.0E+20``."""
    if isinstance(value, float) and not (value.is_integer() and abs(value) < 1e15):
        digits, _, exponent = repr(value).upper().partition("E")
        return f"{digits if '.' in digits else f'{digits}.0'}E{exponent}" if exponent else digits
    return php_text(value)


def _float(value: float) -> str:
    """``1e20``; without a fraction where there is none."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value).replace("e+", "e")
