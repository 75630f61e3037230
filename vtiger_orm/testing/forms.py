"""The forms in which a text may stand in an answer: as it is, and as others write it down."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus


@lru_cache(maxsize=1024)
def forms_of(text: str) -> frozenset[str]:
    """The text itself, escaped for HTML and JSON, percent-encoded, and in base64."""
    return frozenset(_forms(text))


def _forms(text: str) -> Iterator[str]:
    yield text
    for quoted, apostrophe in ((False, ""), (True, "&#x27;"), (True, "&#039;"), (True, "&#39;")):
        escaped = html.escape(text, quote=quoted).replace("&#x27;", apostrophe or "'")
        yield escaped
        yield escaped.encode("ascii", "xmlcharrefreplace").decode()
    for plain in (False, True):
        yield (written := json.dumps(text, ensure_ascii=not plain)[1:-1])
        yield written.replace("/", "\\/")  # as PHP does
        yield json.dumps(written)[1:-1]  # in a text that is JSON, in a text that is JSON
    data = text.encode("utf-8", "surrogatepass")
    for percent in (quote(data, safe=""), quote(data), quote_plus(data), quote(data, safe="@")):
        yield percent
        yield _in_lower_case(percent)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield (coded := encode(data).decode())
        yield coded.rstrip("=")


def _in_lower_case(percent: str) -> str:
    """The same with the digits of its escapes in lower case."""
    first, *others = percent.split("%")
    return "%".join([first, *(each[:2].lower() + each[2:] for each in others)])
