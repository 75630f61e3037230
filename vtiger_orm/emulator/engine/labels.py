"""HTML as the server makes it: for `label`, and for descriptions it damages."""

from __future__ import annotations

import re
from html.entities import codepoint2name
from typing import Final

_NAMES: Final = {code: f"&{name};" for code, name in codepoint2name.items()} | {ord("'"): "&#039;"}
_BARE_AMPERSAND: Final = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#x[0-9A-Fa-f]+);)")
_WITHOUT_AMPERSAND: Final = {code: name for code, name in _NAMES.items() if code != ord("&")}
_ENTITY: Final = re.compile(r"&(amp|lt|gt|quot|#0?39);")
_DECODED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "#39": "'", "#039": "'"}


def encoded(text: str) -> str:
    """HTML-encoded, entities that are already there left alone."""
    return _BARE_AMPERSAND.sub("&amp;", text).translate(_WITHOUT_AMPERSAND)


def encoded_again(text: str) -> str:
    """HTML-encoded whatever it holds: ``&amp;`` becomes ``&amp;amp;``."""
    return text.translate(_NAMES)


def decoded_once(text: str) -> str:
    """One level of the five basic entities undone."""
    return _ENTITY.sub(lambda match: _DECODED[match[1]], text)
