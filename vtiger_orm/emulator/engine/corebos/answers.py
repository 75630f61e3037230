"""Records as coreBOS shows them: no label, but what each reference means, spelled out."""

from __future__ import annotations

from typing import Any, Final

from .. import rows
from ..context import Context
from ..schema import GROUPS, USERS, Field, Module
from . import documents, items
from .identify import uuid

Row = dict[str, Any]

_CURRENCY: Final = "Currency"


def created(ctx: Context, module: Module, number: int) -> Row:
    """The answer of create."""
    row = rows.record(ctx, module, number, label=False)
    if module.name == "Documents":
        row["folderid"] = ""
    row["cbuuid"] = uuid(module, number)
    documents.add_address(ctx, module, row)
    row.pop("imageattachmentids", None)
    return row


def whole(ctx: Context, module: Module, number: int, *, with_items: bool = False) -> Row:
    """A record as retrieve and the answers of changes have it; `with_items` for retrieve."""
    row = created(ctx, module, number)
    if module.name == "Documents":
        address = row.pop("_downloadurl", None)
        row["relations"] = []
        if address is not None:
            row["_downloadurl"] = address
    row.update(_meanings(ctx, module, row))
    if with_items and module.is_inventory:
        row["pdoInformation"] = items.shown(ctx, number)
    return row


def _meanings(ctx: Context, module: Module, row: Row) -> Row:
    """``<reference>ename`` of every reference that is set; the owner's is the last."""
    references = [each for each in module.fields.values() if each.kind == "reference"]
    owners = [each for each in module.fields.values() if each.kind == "owner"]
    found = {}
    for field in (*references, *owners):
        meaning = _meaning(ctx, field, str(row.get(field.name, "")))
        if meaning is not None:
            found[f"{field.name}ename"] = meaning
    return found


def _meaning(ctx: Context, field: Field, wire: str) -> Row | None:
    prefix, _, number = wire.partition("x")
    module = ctx.schema.by_prefix.get(prefix)
    if not number.isdecimal() or module is None:
        return None
    return {
        "module": module.name,
        "reference": name_of(ctx, module, int(number)),
        "cbuuid": uuid(module, int(number)),
    }


def name_of(ctx: Context, module: Module, number: int) -> str:
    """What a record is called; users by both their names, with the blank between them."""
    names = {
        USERS: ("first_name", "last_name"),
        GROUPS: ("groupname",),
        _CURRENCY: ("currency_name", "currency_symbol"),
    }.get(module.name) or tuple(each.name for each in module.labels())
    known = [name for name in names if name in module.fields]
    if not known:
        return ""
    listed = ", ".join(f'"{name}"' for name in known)
    row = ctx.store.row(f'SELECT {listed} FROM "{module.table}" WHERE id = ?', (number,))
    texts = [str(each or "") for each in row or ()]
    if module.name == _CURRENCY:
        return " : ".join(texts)
    return " ".join(texts) if module.name == USERS else " ".join(filter(None, texts))
