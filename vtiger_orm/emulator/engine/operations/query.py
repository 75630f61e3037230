"""query."""

from __future__ import annotations

import re
from typing import Final

from .. import berlicrm
from ..cloud import extend_page, extend_record
from ..context import Context
from ..errors import denied
from ..found import FoundRows, Row
from ..rows import select
from ..vtql import parse

_FROM: Final = re.compile(r"from\s+([^\s;]+)", re.IGNORECASE)


def query(ctx: Context) -> FoundRows | list[Row]:
    """Rows of one module."""
    return run_query(ctx, ctx.text("query"))


def run_query(ctx: Context, text: str) -> FoundRows | list[Row]:
    """The answer of a query text.

    The module is looked up by the first word after FROM, before the text is parsed: a query
    that names an unknown one gets no syntax error.
    """
    if ctx.profile.grammar == "berlicrm":
        return berlicrm.query(ctx, text)
    word = _FROM.search(text)
    if word is None:
        raise denied(" for query")
    named = ctx.module(word[1].strip())
    if not named.is_entity and not ctx.profile.actors_queryable:
        raise denied()
    statement = parse(text)
    module = ctx.module(statement.module)
    found = select(ctx, ctx.view(module), statement)
    if not ctx.profile.cloud or statement.counted:
        return found
    if isinstance(found, FoundRows):
        return extend_page(module, found)
    return [extend_record(module, row, listed=True) for row in found]
