"""query."""

from __future__ import annotations

import re
from typing import Any, Final

from .. import berlicrm
from ..cloud import extend_record
from ..context import Context
from ..errors import denied
from ..rows import select
from ..vtql import parse

_FROM: Final = re.compile(r"from\s+([^\s;]+)", re.IGNORECASE)


def query(ctx: Context) -> list[dict[str, Any]]:
    """Rows of one module."""
    return run_query(ctx, ctx.text("query"))


def run_query(ctx: Context, text: str) -> list[dict[str, Any]]:
    """The answer of a query text.

    The module is looked up by the first word after FROM, before the text is parsed: a query
    that names an unknown one gets no syntax error.
    """
    if ctx.profile.grammar == "berlicrm":
        return berlicrm.query(ctx, text)
    found = _FROM.search(text)
    if found is None:
        raise denied(" for query")
    named = ctx.module(found[1].strip())
    if not named.is_entity and not ctx.profile.actors_queryable:
        raise denied()
    statement = parse(text)
    module = ctx.module(statement.module)
    rows = select(ctx, ctx.view(module), statement)
    if ctx.profile.cloud and not statement.counted:
        return [extend_record(module, row, listed=True) for row in rows]
    return rows
