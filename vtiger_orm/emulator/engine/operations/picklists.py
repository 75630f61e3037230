"""Cloud only: add_picklist, edit_picklist, delete_picklist and picklist_dependency."""

from __future__ import annotations

import json
from typing import Any

from .. import picklists
from ..context import Context
from ..errors import CrmError, denied, mandatory_missing
from ..schema import Field, Module
from ..tables import quoted

Row = dict[str, Any]


def add_picklist(ctx: Context) -> Row:
    """Add values; the answer numbers them by their place: ``{"id0": 4}``. Nested twice."""
    module, field, element = _field(ctx)
    added = element.get("values")
    if not isinstance(added, list) or not added:
        raise mandatory_missing("values does not have a value")
    values = picklists.values_of(ctx.store, module, field)
    places = {}
    for position, value in enumerate(map(str, added)):
        if value in values:
            raise CrmError("DUPLICATE_VALUE", f"{value} is already a value of {field.name}")
        values.append(value)
        places[f"id{position}"] = len(values)
    picklists.set_values(ctx.store, module, field, values)
    return {"success": True, "result": places}


def edit_picklist(ctx: Context) -> Row:
    """Rename a value, in all records too."""
    module, field, element = _field(ctx)
    current, new = str(element.get("current_value", "")), str(element.get("new_value", ""))
    if not new:
        raise mandatory_missing("new_value does not have a value")
    values = picklists.values_of(ctx.store, module, field)
    _check_known(field, values, [current])
    picklists.set_values(
        ctx.store, module, field, [new if each == current else each for each in values]
    )
    _rename(ctx, module, field, current, new)
    return {"success": True, "result": ["success", True]}


def delete_picklist(ctx: Context) -> Row:
    """Remove values; records that have one get the replacement, which is compulsory."""
    module, field, element = _field(ctx)
    removed = element.get("delete_values")
    replacement = str(element.get("replace_with") or "")
    if not isinstance(removed, list) or not removed:
        raise mandatory_missing("delete_values does not have a value")
    if not replacement:
        raise mandatory_missing("replace_with does not have a value")
    values = picklists.values_of(ctx.store, module, field)
    _check_known(field, values, [*map(str, removed), replacement])
    rest = [each for each in values if each not in set(map(str, removed))]
    picklists.set_values(ctx.store, module, field, rest)
    for value in map(str, removed):
        _rename(ctx, module, field, value, replacement)
    return {"success": True, "result": ["success", True]}


def picklist_dependency(ctx: Context) -> Row:
    """Which values of one picklist are allowed with each value of another.

    ``[""]`` means that none is; a pair without any rule has an empty mapping.
    """
    module = ctx.module(ctx.text("module"))
    source, target = ctx.text("sourcefield"), ctx.text("targetfield")
    for name in (source, target):
        field = module.fields.get(name)
        if field is None or field.kind not in picklists.KINDS:
            raise denied(f" for name : {name}")
    found = ctx.store.rows(
        "SELECT value, targets FROM dependency WHERE module = ? AND source = ? AND target = ? "
        "ORDER BY position",
        (module.name, source, target),
    )
    mapping = [
        {"sourcevalue": value, "targetvalues": json.loads(targets) or [""]}
        for value, targets in found
    ]
    return {"sourcefield": source, "targetfield": target, "valuemapping": mapping}


def _field(ctx: Context) -> tuple[Module, Field, Row]:
    if not ctx.user.is_admin:
        raise denied()
    module = ctx.module(ctx.text("elementType"))
    element = ctx.document("element")
    field = module.fields.get(str(element.get("fieldname", "")))
    if field is None or field.kind not in picklists.KINDS:
        raise denied(f" for name : {element.get('fieldname', '')}")
    return module, field, element


def _check_known(field: Field, values: list[str], asked: list[str]) -> None:
    for value in asked:
        if value not in values:
            raise CrmError("VALUE_NOT_FOUND", f"{value} is not a value of {field.name}")


def _rename(ctx: Context, module: Module, field: Field, old: str, new: str) -> None:
    """Exactly that value, in single and multiple choices."""
    table, column = quoted(module.table), quoted(field.name)
    ctx.store.execute(
        f"UPDATE {table} SET {column} = ? WHERE {column} = ? COLLATE BINARY", (new, old)
    )
    if field.kind != "multipicklist":
        return
    rows = ctx.store.rows(
        f"SELECT id, {column} FROM {table} WHERE instr({column}, ?) > 0", (" |##| ",)
    )
    for number, text in rows:
        chosen = [new if each == old else each for each in text.split(" |##| ")]
        ctx.store.update(module, number, {field.name: " |##| ".join(dict.fromkeys(chosen))})
