"""query: which of two engines takes a statement, and the first of them.

The first is Vtiger's, less strict. What has brackets, dots, `is null` or `not in` in it goes to
the second (`second`); so does, by accident, what seems to have them once literals were cut out in
a way that quotes within quotes confuse.
"""

from __future__ import annotations

import re
from typing import Any, Final

from .. import rows
from ..compile import CompiledStatement, Compiler
from ..context import Context
from ..errors import database_error, denied
from ..literals import SilentError
from ..schema import USERS, Module
from ..vtql import Statement, parse
from . import second
from .documents import add_address
from .ownership import check_owners

Row = dict[str, Any]

_FROM: Final = re.compile(r"from\s+([^\s;]+)", re.IGNORECASE)
_NOT_IN: Final = re.compile(r"\w+\s+not\s+in\s+\(", re.IGNORECASE)
_IN: Final = re.compile(r"\sin\s*\(.*?\)", re.IGNORECASE | re.DOTALL)
_COUNT: Final = re.compile(r"\scount\(.*?\)", re.IGNORECASE | re.DOTALL)
_LITERAL: Final = re.compile(r"'.+?'")
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_DOCUMENTS: Final = "Documents"
_FOLDERS: Final = "DocumentFolders"
"""Documents want one, but a query finds none, and no answer tells of which folder one is."""
_IMAGES: Final = frozenset({"Contacts"})


def query(ctx: Context) -> list[Row]:
    """Rows of one module; how many there were without a limit is told beside them."""
    text = ctx.text("query")
    found = _FROM.search(text)
    if found is None:
        raise denied(" for query")
    module = named(ctx, found[1])
    if goes_to_second(text):
        answer, total = second.run(ctx, module, text)
    else:
        answer, total = _first(ctx, module, text)
    ctx.answer.moreinfo = {"totalrows": str(total)}
    for row in answer:
        if module.name in _IMAGES:
            row["imagenamefullpath"] = ""
        if module.name == _DOCUMENTS and "folderid" in row:
            row["folderid"] = ""
        if "id" in row:
            add_address(ctx, module, row)
    return answer


def named(ctx: Context, name: str) -> Module:
    """A module by its name in any case. Raises ACCESS_DENIED with the name as it was sent."""
    wanted = name.lower()
    for each in (*ctx.schema.told, *ctx.schema.modules):
        known = ctx.schema.modules.get(each)
        if each.lower() == wanted and (known is None or known.listed):
            return ctx.module(each)
    raise denied(f" for {name}")


def goes_to_second(text: str) -> bool:
    """Whether the second engine takes the statement."""
    if _NOT_IN.search(text):
        return True
    rest = _LITERAL.sub("", _COUNT.sub(" ", _IN.sub(" ", text))).lower()
    return any(sign in rest for sign in (".", "(", " is null", " is not null"))


def _first(ctx: Context, module: Module, text: str) -> tuple[list[Row], int]:
    statement = _statement(module, text)
    view = ctx.view(module)
    if module.name == _FOLDERS:
        return ([{"count": "0"}], 0) if statement.counted else ([], 0)
    try:
        compiled = Compiler(ctx.schema, view, statement, ctx.profile).compile()
    except SilentError:
        raise database_error() from None
    answer = run(ctx, module, compiled)
    return answer, int(answer[0]["count"]) if statement.counted else total(ctx, compiled)


def _statement(module: Module, text: str) -> Statement:
    """The text as Vtiger's grammar wants it: one line, its semicolon, the module's own case."""
    line = _LINE_BREAK.sub(" ", text).rstrip().rstrip(";").rstrip()
    line = _FROM.sub(lambda match: match[0][: -len(match[1])] + module.name, line, count=1)
    return parse(f"{line};")


def run(ctx: Context, module: Module, compiled: CompiledStatement) -> list[Row]:
    """The rows. Raises for a record that belongs to nobody: nothing of its module can be read
    while it is among the rows."""
    answer = rows.run(ctx, compiled).rows()
    if module.name == USERS and not ctx.user.is_admin:
        answer = [row for row in answer if row.get("id") == ctx.user.wire_id]
    check_owners(ctx, module, answer)
    return answer


def total(ctx: Context, compiled: CompiledStatement) -> int:
    """How many rows there are without the limit, the last two values of the statement."""
    sql = compiled.sql.removesuffix(" LIMIT ? OFFSET ?")
    row = ctx.store.row(f"SELECT count(*) FROM ({sql})", compiled.values[:-2])
    return int(row[0]) if row is not None else 0
