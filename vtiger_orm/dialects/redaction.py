"""Keeping secrets out of messages.

Servers echo what they are sent: an error page may quote the address with the session in it.
Known secrets are replaced wherever they occur; what merely looks like one is replaced too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "***"

_LOOKS_SECRET: Final = re.compile(
    r"(?i)(\b(?:session(?:name|id)|phpsessid|access_?key|password|token|authorization)\b"
    r"[\"']?\s*[=:]\s*[\"']?(?:basic\s+|bearer\s+)?)([^\s\"'&<>;,]+)"
)


class Secrets(list[str]):
    """Secrets in a variable: tracebacks that show the values of variables do not show these."""

    def __repr__(self) -> str:
        return HIDDEN


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with every secret replaced by ``***``."""
    for secret in secrets:
        for written in {secret, quote(secret, safe=""), quote_plus(secret)} if secret else ():
            text = text.replace(written, HIDDEN)
    return _LOOKS_SECRET.sub(rf"\g<1>{HIDDEN}", text)


def redact_all(value: Any, secrets: Iterable[str] = ()) -> Any:
    """`value`, any JSON, with every secret in its texts replaced."""
    secrets = tuple(secrets)
    match value:
        case str():
            return redact(value, secrets)
        case dict():
            return {name: redact_all(each, secrets) for name, each in value.items()}
        case list() | tuple():
            return type(value)(redact_all(each, secrets) for each in value)
        case _:
            return value


def excerpt(body: bytes, limit: int = 160) -> str:
    """The beginning of an answer for an error message: one line, printable, without secrets."""
    text = body[: limit * 4].decode("utf-8", "replace")
    text = re.sub(r"<(script|style)\b.*?(</\1>|$)", " ", text, flags=re.I | re.S)
    text = re.sub(r"<[^>]*>?", " ", text) if "<" in text else text
    text = "".join(char if char.isprintable() else " " for char in text)
    text = redact(" ".join(text.split()))
    return text if len(text) <= limit else text[: limit - 3] + "..."
