"""sync: user 1 gets changes of every owner, anybody else those of the own records."""

from __future__ import annotations

import re
from typing import Any, Final

from .. import rows
from ..context import Context
from ..errors import Crash, denied
from ..operations.sync import moment_of, timestamp
from ..schema import USERS, Module
from ..store import DELETED, LIVE
from ..tables import quoted
from .query import named

Row = dict[str, Any]

_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]*)?")
_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
_EVERYBODY: Final = 1
"""The number of the user who is told of everybody's records."""


def sync(ctx: Context) -> Row:
    """Changes after a moment, oldest first; a page ends with a second. Records that moved to
    another owner, or were deleted along with another, are told of nowhere."""
    since = _since(ctx.text("modifiedTime"))
    named_modules = [each for each in ctx.text("elementType").split(",") if each]
    if named_modules == [USERS]:
        text = ctx.text("modifiedTime")
        return {"updated": [], "deleted": [], "lastModifiedTime": text, "more": False}
    modules = _modules(ctx, named_modules)
    start = moment_of(since) if since > 0 else ""
    owner = None if ctx.user.number == _EVERYBODY else ctx.user.number
    changes = sorted(change for module in modules for change in _changes(ctx, module, start, owner))
    page = changes[: ctx.profile.sync_page]
    end = page[-1][0] if page else start
    within = [each for each in changes if each[0] <= end]
    answer: Row = {"updated": [], "deleted": []}
    for _, name, number, state in within:
        module = ctx.schema.modules[name]
        if state == DELETED:
            answer["deleted"].append(f"{module.prefix}x{number}")
        else:
            row = rows.record(ctx, module, number, label=False)
            row.pop("imageattachmentids", None)
            answer["updated"].append({**row, "deleted": "0"})
    last = timestamp(end) if page else since
    return {**answer, "more": len(within) < len(changes), "lastModifiedTime": last}


def _since(text: str) -> int:
    """Raises `Crash` for what is no number, and for zero."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not int(float(match[0])):
        raise Crash("modifiedTime is no UNIX time")
    return int(float(match[0]))


def _modules(ctx: Context, names: list[str]) -> list[Module]:
    if len(names) == 1 and names[0] not in ctx.schema.modules:
        raise denied()
    if names:
        return [named(ctx, each) for each in names]
    return [each for each in ctx.schema if each.listed and each.shares_ids]


def _changes(
    ctx: Context, module: Module, start: str, owner: int | None
) -> list[tuple[str, str, int, int]]:
    """Moment, module, number and state of every change after a moment."""
    field = module.modified_field
    if field is None:
        return []
    scope = f"{quoted(field.name)} > ? AND _state IN ({LIVE}, {DELETED})"
    values: list[Any] = [start]
    if owner is not None and module.owner_field is not None:
        scope += f" AND {quoted(module.owner_field.name)} = ?"
        values.append(owner)
    found = ctx.store.rows(
        f"SELECT {quoted(field.name)}, id, _state FROM {quoted(module.table)} WHERE {scope}",
        values,
    )
    return [(moment, module.name, number, state) for moment, number, state in found]
