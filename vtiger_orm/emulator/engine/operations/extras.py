"""Cloud only: me, decrypt, reopen, tags, lookup, get_account_hierarchy, editionLimits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .. import cloud, picklists, rows
from ..context import Context
from ..errors import CrmError, denied
from ..php import php_json
from ..schema import USERS, Module
from ..store import LIVE
from ..tables import quoted

Row = dict[str, Any]

# A few of the keywords the manual lists, with made-up figures; the others have no limit here.
_LIMITS: Final = {
    "ATTACHMENTS_UPLOAD_LIMIT": "10MB",
    "CUSTOM_FIELD_LIMIT": "500",
    "DOCUMENT_UPLOAD_FILE_LIMIT": "50MB",
    "EXPORT_LIMIT": "5000",
    "IMAGE_MAX_UPLOAD_SIZE": "5MB",
    "IMPORT_FILE_LIMIT": "10MB",
    "PICKLIST_VALUES_MAX_ALLOWED": "500",
    "SENSITIVE_FIELD_LIMIT": "10",
    "STORAGE": "20GB",
    "STORAGE_USER_QUOTA": "5GB",
    "WEBSERVICE_LIMIT": "3600",
    "WORKFLOW_LIMIT": "100",
}
_PROFILE_FIELDS: Final = (
    "user_name",
    "first_name",
    "last_name",
    "email1",
    "time_zone",
    "hour_format",
    "date_format",
    "is_admin",
    "language",
    "currency_id",
)
_KINDS_OF_LOOKUP: Final = {"phone": ("phone",), "email": ("email",)}


def me(ctx: Context) -> Row:
    """The user who asks."""
    module = ctx.schema.modules[USERS]
    row = rows.record(ctx, module, ctx.user.number, label=False)
    profile: Row = {name: row[name] for name in _PROFILE_FIELDS if name in row}
    return {"id": ctx.user.wire_id, **profile}


def decrypt(ctx: Context) -> str:
    """The bare value of one field of a record."""
    module, number = ctx.record(ctx.text("id"))
    name = ctx.text("fieldname")
    field = ctx.view(module).fields.get(name)
    if field is None or field.kind == "password" or name == "accesskey":
        raise CrmError("ACCESS_DENIED", f"Permission to access {name} attribute denied.")
    return str(rows.record(ctx, module, number, label=False).get(name, ""))


def reopen(ctx: Context) -> Row:
    """Set a closed record's status back to the first value that does not close it."""
    module, number = ctx.record(ctx.text("id"))
    name, closing = cloud.CLOSING.get(module.name, ("", frozenset()))
    field = module.fields.get(name)
    row = rows.record(ctx, module, number, label=False)
    if field is None or row.get(name) not in closing or not ctx.view(module).writable:
        raise denied()
    values = picklists.values_of(ctx.store, module, field)
    opened = next((each for each in values if each not in closing), "")
    ctx.store.update(module, number, {name: opened, "modifiedtime": ctx.now()})
    return {"message": "Record reopened successfully."}


def tags_add(ctx: Context) -> Row:
    """Put tags on a record; one it has already stays single."""
    _module, number = ctx.record(ctx.text("id"))
    for name in _tags(ctx):
        ctx.store.execute("INSERT OR IGNORE INTO tag VALUES (?, ?)", (number, name))
    return {"message": "tags added"}


def tags_retrieve(ctx: Context) -> Row:
    """The tags of a record."""
    _module, number = ctx.record(ctx.text("id"))
    found = ctx.store.rows("SELECT name FROM tag WHERE record = ? ORDER BY name", (number,))
    return {"tags": [name for (name,) in found]}


def tags_delete(ctx: Context) -> Row:
    """Take tags off a record, or with `delete_all` off every record."""
    _module, number = ctx.record(ctx.text("id"))
    everywhere = ctx.text("delete_all").lower() in ("1", "true")
    for name in _tags(ctx):
        if everywhere:
            ctx.store.execute("DELETE FROM tag WHERE name = ?", (name,))
        else:
            ctx.store.execute("DELETE FROM tag WHERE record = ? AND name = ?", (number, name))
    return {"message": "tags deleted"}


def _tags(ctx: Context) -> list[str]:
    value = ctx.params.get("tags")
    if isinstance(value, str):
        try:
            value = php_json(value)
        except ValueError:
            value = [value] if value else []
    if not isinstance(value, list):
        value = [value] if value else []
    return [str(each) for each in value]


def lookup(ctx: Context) -> list[Row]:
    """Whole records of several modules in which a phone or e-mail field has exactly a value."""
    kinds = _KINDS_OF_LOOKUP.get(ctx.text("type").lower())
    value = ctx.text("value")
    if kinds is None or not value:
        raise denied(" for type" if kinds is None else " for value")
    found: list[Row] = []
    for module, names in _searched(ctx, kinds):
        conditions = " OR ".join(f"{quoted(name)} = ?" for name in names)
        numbers = ctx.store.rows(
            f"SELECT id FROM {quoted(module.table)} WHERE _state = {LIVE} AND ({conditions}) "
            "ORDER BY id LIMIT ?",
            [*([value] * len(names)), ctx.profile.page_cap],
        )
        for (number,) in numbers:
            row = rows.record(ctx, module, number)
            found.append(cloud.extend_record(module, row, listed=False))
    return found


def _searched(ctx: Context, kinds: tuple[str, ...]) -> Iterator[tuple[Module, list[str]]]:
    """`searchIn`: a map of modules to fields, a list of modules, or nothing for all."""
    text = ctx.text("searchIn")
    try:
        asked = php_json(text) if text else None
    except ValueError:
        # The manual also prints {"Contacts"}, which is no JSON.
        asked = [part.strip().strip("\"'") for part in text.strip("{}[] ").split(",")]
    if isinstance(asked, str):
        asked = [asked]
    wanted = asked if isinstance(asked, dict) else dict.fromkeys(asked or ctx.schema.modules)
    for name, fields in wanted.items():
        module = ctx.module(str(name)) if asked else ctx.schema.modules[name]
        if not module.shares_ids or module.name in ctx.user.hidden_modules:
            continue
        columns = ctx.store.columns(module.table)
        view = ctx.view(module)
        names = [
            each.name
            for each in view.fields.values()
            if each.name in columns and each.kind in kinds and (not fields or each.name in fields)
        ]
        if names:
            yield module, names


def get_account_hierarchy(ctx: Context) -> list[Row]:
    """The organisation's parents from the top, itself, and everything below it."""
    module, number = ctx.record(ctx.text("id"))
    if module.name != "Accounts":
        raise denied(" for id")
    chain = [number]
    while (parent := _parent(ctx, module, chain[0])) and parent not in chain:
        chain.insert(0, parent)
    hierarchy = [
        _rank(ctx, module, each, level, current=each == number)
        for level, each in enumerate(chain, start=1)
    ]
    hierarchy += _below(ctx, module, number, len(chain) + 1, set(chain))
    return hierarchy


def _parent(ctx: Context, module: Module, number: int) -> int | None:
    row = ctx.store.row(
        f"SELECT p.id FROM {quoted(module.table)} c JOIN {quoted(module.table)} p "
        f"ON p.id = c.account_id AND p._state = {LIVE} WHERE c.id = ?",
        (number,),
    )
    return row[0] if row is not None else None


def _below(ctx: Context, module: Module, number: int, level: int, seen: set[int]) -> list[Row]:
    found = []
    for (child,) in ctx.store.rows(
        f"SELECT id FROM {quoted(module.table)} WHERE account_id = ? AND _state = {LIVE} "
        "ORDER BY id",
        (number,),
    ):
        if child not in seen:
            seen.add(child)
            found.append(_rank(ctx, module, child, level, current=False))
            found += _below(ctx, module, child, level + 1, seen)
    return found


def _rank(ctx: Context, module: Module, number: int, level: int, *, current: bool) -> Row:
    row = ctx.store.row(f"SELECT accountname FROM {quoted(module.table)} WHERE id = ?", (number,))
    return {
        "id": f"{module.prefix}x{number}",
        "name": row[0] if row else "",
        "level": level,
        "label": "Parent Org" if level == 1 and not current else "Org",
        "current": "true" if current else "false",
    }


def edition_limits(ctx: Context) -> Row:
    """The limit of one feature of the edition, as text with its unit."""
    name = ctx.text("serviceName")
    if name not in _LIMITS:
        raise denied(" for serviceName")
    return {"serviceName": name, "limit": _LIMITS[name]}
