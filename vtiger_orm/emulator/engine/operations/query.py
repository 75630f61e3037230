"""query."""

from __future__ import annotations

import re
from typing import Any, Final

from ..context import Context
from ..errors import denied
from ..rows import select
from ..vtql import parse

_FROM: Final = re.compile(r"from\s+([^\s;]+)", re.IGNORECASE)


def query(ctx: Context) -> list[dict[str, Any]]:
    """Rows of one module.

    The module is looked up by the first word after FROM, before the text is parsed: a query
    that names an unknown one gets no syntax error.
    """
    text = ctx.text("query")
    found = _FROM.search(text)
    if found is None:
        raise denied(" for query")
    ctx.module(found[1].strip())
    statement = parse(text)
    return select(ctx, ctx.view(ctx.module(statement.module)), statement)
