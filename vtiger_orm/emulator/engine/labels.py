"""HTML as the server makes it: for `label`, for descriptions it damages, and for texts that it
believes to have encoded before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import unescape
from html.entities import codepoint2name
from itertools import chain
from typing import Any, Final

_NAMES: Final = {code: f"&{name};" for code, name in codepoint2name.items()} | {ord("'"): "&#039;"}
_BARE_AMPERSAND: Final = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#x[0-9A-Fa-f]+);)")
_WITHOUT_AMPERSAND: Final = {code: name for code, name in _NAMES.items() if code != ord("&")}
_SPECIAL: Final = re.compile("[&<>\"'\xa0-\uffff]")


def encoded(text: str) -> str:
    """HTML-encoded, entities that are already there left alone."""
    return _BARE_AMPERSAND.sub("&amp;", text).translate(_WITHOUT_AMPERSAND)


def encoded_again(text: str) -> str:
    """HTML-encoded whatever it holds: ``&amp;`` becomes ``&amp;amp;``."""
    return text.translate(_NAMES)


def decoded(text: str) -> str:
    """All entities undone, once."""
    return unescape(text) if "&" in text else text


def label(names: Sequence[str]) -> str:
    """A record's label of the values of its label fields, before it is encoded.

    PHP takes ``0`` for nothing: then two fields leave the blank between them, and one a dash.
    """
    if any(name.strip() not in ("", "0") for name in names):
        return " ".join(filter(None, names)).strip()
    return " ".join(name.strip() for name in names) if len(names) > 1 else "-"


class ReadAgain:
    """What one request remembers of the texts it has read: each text's encoding.

    A later text of the same request that equals such an encoding comes out decoded. Wrong, but so
    it is: of ``R&D`` and ``R&amp;D`` in one answer, the second shows as the first.
    """

    def __init__(self) -> None:
        self._encodings: dict[str, str] = {}

    def read(self, text: str) -> str:
        """A stored text as it shows at this point of the request."""
        if "&" in text and text in self._encodings:
            return self._encodings[text]
        if _SPECIAL.search(text):
            code = encoded(text)
            if code != text:
                self._encodings[code] = text
        return text

    def read_label(self, text: str) -> None:
        """A label counts as read before the fields, as it is and in its decoded form."""
        self.read(text)
        plain = decoded(text)
        if plain != text and encoded(plain) == text:
            self._encodings[text] = plain

    def rows(self, rows: Iterable[dict[str, Any]]) -> None:
        """The texts of an answer, in the order in which they stand there."""
        for row in rows:
            for name, value in row.items():
                if isinstance(value, str) and value:
                    shown = self.read(value)
                    if shown is not value:
                        row[name] = shown


def may_be_read_again(rows: Iterable[Iterable[str | None]]) -> bool:
    """Whether any text could be the encoding of another."""
    texts = "".join(filter(None, chain.from_iterable(rows)))
    return "&" in texts and ";" in texts
