"""Text of a CRM in Markdown: as code, in which nothing means anything."""

from __future__ import annotations

import re

from .terminal import escaped

_TICKS = re.compile("`+")


def code(text: str) -> str:
    """The text as a code span: no link, no mention, no HTML, no end of the line.

    Not for tables, which look for their bars in code as well.
    """
    text = escaped(text)
    fence = "`"
    while fence in _TICKS.findall(text):
        fence += "`"
    blank = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) or not text else ""
    return f"{fence}{blank}{text or ' '}{blank}{fence}"
