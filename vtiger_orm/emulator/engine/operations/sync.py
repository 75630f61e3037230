"""sync: what changed since a moment."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from .. import rows
from ..casts import digits
from ..columns import LINES
from ..context import Context
from ..errors import Crash, CrmError, denied
from ..schema import USERS, Module
from ..store import DELETED, LIVE
from ..tables import quoted
from ..wire import identity, one_contact, shown

Row = dict[str, Any]

_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
_APPLICATION: Final = "application"
_WITH_GROUPS: Final = "userandgroup"


def sync(ctx: Context) -> Row:
    """Records changed after `modifiedTime` (UNIX seconds), oldest change first.

    A page ends with the last change of a second and holds all of that second, so it may be
    longer than the limit. `deleted` lists ids, also of records made and deleted since.
    """
    name = ctx.text("elementType")
    since = _seconds(ctx.text("modifiedTime"))
    if not name or name == "Emails":
        raise Crash("sync without a module, or of Emails")
    owners = _owners(ctx)
    module = ctx.schema.modules.get(name)
    if module is None or not module.is_entity or not module.listed:
        raise denied()
    ctx.module(name)
    if name == USERS or module.modified_field is None:
        empty = {"updated": [], "deleted": [], "more": False}
        return {**empty, "lastModifiedTime": str(since)}
    return _changes(ctx, module, since, owners)


def _changes(ctx: Context, module: Module, since: int, owners: frozenset[int] | None) -> Row:
    zone = ctx.profile.zone
    start = moment_of(since, zone)
    assert module.modified_field is not None
    changed = f"t.{quoted(module.modified_field.name)}"
    where = _scope(module, owners)
    table = quoted(module.table)
    page = ctx.store.rows(
        f"SELECT {changed} FROM {table} t WHERE {changed} > ?{where} "
        f"ORDER BY {changed} LIMIT ?",
        (start, ctx.profile.sync_page),
    )
    end = page[-1][0] if page else start
    view = ctx.view(module)
    fields = [
        each
        for each in view.fields.values()
        if each.returned and each.queryable and each.column.table != LINES
    ]
    expressions = ["t._state", *(_shown_once(ctx, each) for each in fields), identity(module)]
    found = ctx.store.rows(
        f"SELECT {', '.join(expressions)} FROM {table} t "
        f"WHERE {changed} > ? AND {changed} <= ?{where} ORDER BY {changed}, t.id",
        (start, end),
    )
    keys = [*(each.name for each in fields), "id"]
    updated: list[Row] = []
    deleted: list[str] = []
    for state, *values in found:
        if state == DELETED:
            deleted.append(values[-1])
        elif state == LIVE:
            updated.append(dict(zip(keys, values)))
    rows.add_attachments(ctx, module, updated)
    more = ctx.store.row(f"SELECT 1 FROM {table} t WHERE {changed} > ?{where} LIMIT 1", (end,))
    if ctx.profile.cloud:
        for row in updated:
            row["_module"] = module.name
    return {
        "updated": updated,
        "deleted": deleted,
        "more": more is not None,
        "lastModifiedTime": timestamp(end, zone),
    }


def _shown_once(ctx: Context, field: Any) -> str:
    """A field of a joined table as one value, so that no record comes twice."""
    view = ctx.view(ctx.schema.modules[ctx.text("elementType")])
    return one_contact(shown(ctx.schema, view, field))


def _scope(module: Module, owners: frozenset[int] | None) -> str:
    scope = ""
    if module.name == "Calendar":
        scope += " AND t.activitytype = 'Task'"
    elif module.name == "Events":
        scope += " AND t.activitytype <> 'Task' AND t.activitytype <> 'Emails'"
    if owners is not None and module.owner_field is not None:
        scope += f" AND t.assigned_user_id IN ({', '.join(map(str, sorted(owners)))})"
    return scope


def _owners(ctx: Context) -> frozenset[int] | None:
    """Whose records count; None for everybody's. Stock servers never see `syncType`."""
    kind = ctx.text("syncType") if ctx.profile.sync_type_passed else ""
    if kind == _APPLICATION:
        if not ctx.user.is_admin:
            raise CrmError("ACCESS_DENIED", "Only admin users can perform application sync")
        return None
    return ctx.user.owners if kind == _WITH_GROUPS else frozenset({ctx.user.number})


def _seconds(text: str) -> int:
    seconds = digits(text.strip())
    if not seconds:
        raise Crash("modifiedTime is no UNIX time")
    return seconds


def moment_of(seconds: int, zone: tzinfo = UTC) -> str:
    """As stored. Milliseconds are out of every range, which the server takes for the start."""
    if seconds > 253_402_300_799:
        return ""
    return datetime.fromtimestamp(seconds, zone).strftime(_FORMAT)


def timestamp(moment: str, zone: tzinfo = UTC) -> int:
    """UNIX seconds of what is stored."""
    if not moment:
        return 0
    return int(datetime.strptime(moment, _FORMAT).replace(tzinfo=zone).timestamp())
