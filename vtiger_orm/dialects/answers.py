"""From the bytes of an answer to its envelope ``{"success": ..., "result" | "error": ...}``.

Content type and status are not trusted: stock servers answer errors with HTTP 200, print PHP
warnings in front of the JSON, or send nothing at all. An answer with more than one envelope in it
is none: one of them is a foreign service's, and which cannot be told.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from dataclasses import field
from typing import Any, Final

from pydantic_core import from_json

from .._dataclass import dataclass
from .base import HttpResponse

logger: logging.Logger = logging.getLogger("vtiger_orm")

_ENVELOPE: Final = re.compile(rb'\{\s*"success"\s*:')

_STRAY: Final = re.compile("[\udc80-\udcff]")
"""How Python writes bytes that are not UTF-8."""

_VERDICTS: Final = {"true": True, "1": True, "false": False, "0": False}
"""What ``success`` may say: forks and extensions write numbers and texts."""

_DEEPEST: Final = 200
"""Lists and objects within each other; answers of the API have a dozen, and pydantic's reader of
JSON stops here too."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A readable answer: a result, or an error with the CRM's own code and text."""

    success: bool
    result: Any = field(default=None, repr=False)
    code: str = ""
    message: str = field(default="", repr=False)
    detail: Any = field(default=None, repr=False)
    moreinfo: bool = False
    """Whether it has the third key that the answers of one family have."""


def read_envelope(response: HttpResponse) -> Envelope | None:
    """The envelope in the body, or None when there is none."""
    content = _json(response.body)
    if not isinstance(content, dict):
        return None
    success = _VERDICTS.get(str(content.get("success")).lower())
    if success is None:
        return None
    moreinfo = "moreinfo" in content
    if success:
        return Envelope(True, content.get("result"), moreinfo=moreinfo)
    error = content.get("error")
    if not isinstance(error, dict):
        return Envelope(
            False,
            message=str(error or content.get("message") or ""),
            detail=error,
            moreinfo=moreinfo,
        )
    code = error.get("code")
    return Envelope(
        False,
        code="" if code is None else str(code),
        message=str(error.get("message") or "").strip(),
        detail=error,
        moreinfo=moreinfo,
    )


def _json(body: bytes) -> Any:
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return from_json(body)
    except ValueError:
        pass
    # Warnings before the answer, or output of a badly written extension after it.
    start = _ENVELOPE.search(body)
    if start is None:
        return None
    try:
        text = _text(body[start.start() :])
        # Control characters stand in texts as they are where Vtiger 8.3 answers.
        content, end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if _is_odd(content):
        return None
    if _ENVELOPE.search(text[end:].encode("utf-8")):
        return None
    if start.start() or text[end:].strip():
        logger.warning(
            "the CRM printed %d bytes before and %d after its answer; they were ignored",
            start.start(),
            len(text) - end,
        )
    return content


def _text(body: bytes) -> str:
    """The bytes as text; those that are not UTF-8, as extensions print them, are Latin-1."""
    text = body.decode("utf-8", "surrogateescape")
    return _STRAY.sub(lambda found: chr(ord(found[0]) - 0xDC00), text)


def _is_odd(content: Any) -> bool:
    """Whether it has what pydantic's reader refuses and json's does not: lists and objects nested
    deeper than anything of the API, and texts with half of a character."""
    level = [content]
    for _ in range(_DEEPEST):
        if any(isinstance(each, str) and _is_half(each) for each in level):
            return True
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def _inside(content: Any) -> Iterable[Any]:
    if isinstance(content, dict):
        return [*content, *content.values()]
    return content if isinstance(content, list) else ()


def _is_half(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text)


def holds_several(body: bytes) -> bool:
    """Whether an answer without a readable envelope has more than one in it."""
    return len(_ENVELOPE.findall(body)) > 1
