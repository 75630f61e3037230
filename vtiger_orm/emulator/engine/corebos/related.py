"""Relations: getRelatedRecords, SetRelation, UnsetRelation and what tells of related modules."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final, TypeAlias

from .. import relations
from ..context import Context
from ..errors import Crash, CrmError, NotMeasured, denied
from ..php import php_text
from ..schema import Field, Module
from ..stock import stock_columns
from ..store import DELETED, LIVE
from ..tables import quoted
from . import identify
from .query import named

Row = dict[str, Any]

_ORDER: Final = re.compile(r"(?:\w+\.)?(\w+)(?:\s+(asc|desc))?", re.IGNORECASE)
_GOODS: Final = frozenset({"Products", "Services"})


def records(ctx: Context) -> Row:
    """Related records by the columns of the database, each also under a number."""
    module = named(ctx, ctx.text("module"))
    other = named(ctx, ctx.text("relatedModule"))
    if not _is_related(module, other):
        raise CrmError(
            "MODULES_NOT_RELATED",
            f"Cannot find relation between {module.name} and {other.name}",
        )
    number = _source(ctx, module)
    asked = _parameters(ctx)
    if module.is_inventory and other.name in _GOODS:
        return {"records": _item_rows(ctx, other, number)}
    numbers = _related(ctx, module, other, number)
    return {
        "records": [_shown(ctx, other, each, asked) for each in _page(ctx, other, numbers, asked)]
    }


def _is_related(module: Module, other: Module) -> bool:
    """A related list of another module; a reference field alone is none."""
    listed = any(each["name"] == other.name for each in module.relations)
    items = other.name == "InventoryDetails" and module.name in ("Accounts", "Vendors")
    goods = module.is_inventory and other.name in _GOODS
    return module is not other and (listed or items or goods)


def _source(ctx: Context, module: Module) -> int:
    wire = identify.wire_id(ctx, ctx.text("id"))
    row = ctx.store.row("SELECT module, state FROM entity WHERE id = ?", (wire.number,))
    if row is None or row[1] in (DELETED, identify.CASCADED):
        raise CrmError(
            "ACCESS_DENIED",
            f"Permission to perform the operation on module ({wire.module.name}) is denied",
        )
    if row[0] != module.name or wire.module is not module:
        raise CrmError("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
    return wire.number or 0


def _parameters(ctx: Context) -> Row:
    try:
        asked = json.loads(ctx.text("queryParameters") or "{}")
    except (ValueError, RecursionError):
        return {}
    return asked if isinstance(asked, dict) else {}


def _related(ctx: Context, module: Module, other: Module, number: int) -> list[int]:
    fields = [
        each
        for each in relations.referring_fields(module, other)
        if not each.name.startswith("cf_")
    ]
    found: set[int] = set()
    for field in fields:
        rows = ctx.store.rows(
            f"SELECT id FROM {quoted(other.table)} WHERE {quoted(field.name)} = ? "
            f"AND _state = {LIVE}",
            (number,),
        )
        found.update(each for (each,) in rows)
    if not fields:
        rows = ctx.store.rows(
            "SELECT e.id FROM related r JOIN entity e ON e.id = r.b WHERE r.a = ? "
            f"AND e.module = ? AND e.state = {LIVE} UNION "
            "SELECT e.id FROM related r JOIN entity e ON e.id = r.a WHERE r.b = ? "
            f"AND e.module = ? AND e.state = {LIVE}",
            (number, other.name, number, other.name),
        )
        found.update(each for (each,) in rows)
    return sorted(found)


def _page(ctx: Context, other: Module, numbers: list[int], asked: Row) -> list[int]:
    limit, offset = php_text(asked.get("limit")), php_text(asked.get("offset"))
    if any(each and not each.isdecimal() for each in (limit, offset)):
        raise Crash("SQL error in LIMIT")
    if asked.get("orderby"):
        marks = ", ".join("?" * len(numbers)) or "NULL"
        order = _order(other, php_text(asked["orderby"]))
        rows = ctx.store.rows(
            f"SELECT id FROM {quoted(other.table)} WHERE id IN ({marks}) ORDER BY {order}, id",
            numbers,
        )
        numbers = [each for (each,) in rows]
    start = int(offset or 0)
    return numbers[start : start + int(limit)] if int(limit or 0) else numbers[start:]


def _order(other: Module, text: str) -> str:
    """Columns of the database, pasted into SQL."""
    columns = {_column(other, each): each for each in other.fields.values()}
    terms = []
    for part in text.split(","):
        match = _ORDER.fullmatch(part.strip())
        field = columns.get(match[1]) if match is not None else None
        if match is None or field is None:
            raise Crash(f"SQL error in ORDER BY {text}")
        terms.append(f"{quoted(field.name)} {match[2] or 'asc'}")
    return ", ".join(terms)


def _column(module: Module, field: Field) -> str:
    known = stock_columns().get(module.name, {}).get(field.name)
    return known.column if known is not None else field.name


def _shown(ctx: Context, other: Module, number: int, asked: Row) -> Row:
    """One row: each value under its column's name and, as stored, under its place; the id without
    one."""
    wanted = asked.get("columns")
    names = {each.strip() for each in php_text(wanted).split(",")} if wanted else None
    values: list[_Value] = []
    row = _stored(ctx, other, number)
    for field in other.fields.values():
        if (names is None or field.name in names) and not field.name.startswith("cf_"):
            values += _values(ctx, other, field, row.get(field.name))
    with_id = names is None or bool({"id", "*"} & names)
    if with_id:
        key = str((other.id_field or {}).get("label", "id"))
        values.append((key, str(number), str(number)))
    unique = identify.uuid(other, number)
    values.append(("cbuuid", unique, unique))
    answer: Row = {}
    for position, (name, stored, shown) in enumerate(values):
        answer[str(position)], answer[name] = stored, shown
    if with_id:
        answer["id"] = f"{other.prefix}x{number}"
    if asked.get("returnattachments") and other.name == "Documents":
        answer["attachments"] = _attachment(ctx, number)
    return answer


def _stored(ctx: Context, module: Module, number: int) -> Row:
    names = list(ctx.store.columns(module.table))
    listed = ", ".join(map(quoted, names))
    row = ctx.store.row(f"SELECT {listed} FROM {quoted(module.table)} WHERE id = ?", (number,))
    return dict(zip(names, row or ()))


_Value: TypeAlias = tuple[str, str, str]
"""Name of the column, the value as stored, and as shown under the name."""


def _values(ctx: Context, other: Module, field: Field, value: Any) -> list[_Value]:
    """References are spelled out where the column is named as its field, and bare elsewhere."""
    stored = "" if value is None else str(value)
    column = _column(other, field)
    if field.kind == "owner":
        return [(field.name, stored, _owner(ctx, value)), *_names(ctx, column, "owner", value)]
    if field.name == "created_user_id":
        return [("creator", stored, stored), *_names(ctx, "smcreatorid", "creator", value)]
    if field.kind == "reference" and column == field.name:
        known = _owner(ctx, value) if "Users" in field.targets else _live(ctx, value)
        return [(column, stored, known)]
    return [(column, stored, stored)]


def _names(ctx: Context, column: str, stem: str, number: Any) -> list[_Value]:
    """Bare number and names of a user."""
    row = ctx.store.row('SELECT first_name, last_name FROM "m_Users" WHERE id = ?', (number,))
    first, last = (str(each or "") for each in row or ("", ""))
    return [
        (column, str(number), str(number)),
        (f"{stem}_firstname", first, first),
        (f"{stem}_lastname", last, last),
    ]


def _owner(ctx: Context, number: Any) -> str:
    row = ctx.store.row("SELECT wire FROM owner WHERE id = ?", (number,))
    return row[0] if row is not None else ""


def _live(ctx: Context, number: Any) -> str:
    row = ctx.store.row(f"SELECT wire FROM entity WHERE id = ? AND state = {LIVE}", (number,))
    return row[0] if row is not None else ""


def _attachment(ctx: Context, number: int) -> Row:
    row = ctx.store.row(
        "SELECT name, type, content FROM attachment WHERE record = ? ORDER BY id DESC", (number,)
    )
    if row is None:
        return {}
    name, kind, content = row
    encoded = base64.b64encode(content).decode("ascii")
    return {"name": name, "type": kind, "content": encoded, "size": len(content)}


def _item_rows(ctx: Context, goods: Module, number: int) -> list[Row]:
    """Goods of an offer: its items, with the number of the offer for an id."""
    rows = ctx.store.rows(
        "SELECT l.productid, l.sequence_no, l.quantity, l.listprice, l.comment "
        'FROM "m_LineItem" l JOIN entity e ON e.id = l.productid '
        "WHERE l.parent_id = ? AND e.module = ? ORDER BY l.sequence_no",
        (number, goods.name),
    )
    answer = []
    for product, *values in rows:
        row: Row = {"0": str(number), "id": f"{goods.prefix}x{number}", "1": str(product)}
        for position, (name, value) in enumerate(
            zip(("sequence_no", "quantity", "listprice", "comment"), values), start=2
        ):
            row[str(position)] = row[name] = str(value)
        answer.append(row)
    return answer


# -- making and taking away ----------------------------------------------------------------


def relate(ctx: Context) -> bool:
    """Link records. True whatever was done."""
    module, number = identify.record(ctx, ctx.text("relate_this_id"))
    for other, target in _others(ctx):
        if not _refers(module, other) and not _refers(other, module):
            relations.link(ctx, number, target)
    return True


def unrelate(ctx: Context) -> bool:
    """Take links away, and empty the first record's own references. True whatever was done."""
    module, number = identify.record(ctx, ctx.text("unrelate_this_id"))
    for other, target in _others(ctx):
        relations.unlink(ctx, number, target)
        for field in relations.referring_fields(other, module):
            ctx.store.execute(
                f"UPDATE {quoted(module.table)} SET {quoted(field.name)} = 0 "
                f"WHERE id = ? AND {quoted(field.name)} = ?",
                (number, target),
            )
    return True


def _others(ctx: Context) -> list[tuple[Module, int]]:
    """The records of `with_these_ids`, JSON of one or many; what is none is passed over."""
    try:
        given = json.loads(ctx.text("with_these_ids") or "[]")
    except (ValueError, RecursionError):
        return []
    found = []
    for each in given if isinstance(given, list) else [given]:
        try:
            found.append(identify.record(ctx, php_text(each)))
        except CrmError:
            continue
    return found


def _refers(module: Module, other: Module) -> bool:
    return any(
        not each.name.startswith("cf_") for each in relations.referring_fields(other, module)
    )


# -- what there is -------------------------------------------------------------------------


def modules_information(ctx: Context) -> Row:
    """The related lists of a module by their labels, where somebody saw them."""
    module = named(ctx, ctx.text("module"))
    told = {each["label"]: dict(each["told"]) for each in module.relations if "told" in each}
    if not told:
        raise NotMeasured(ctx.profile.name, f"the related modules of {module.name}")
    return told


def many_to_one(ctx: Context) -> list[Row]:
    """The fields of other modules that point at this one."""
    module = named(ctx, ctx.text("module"))
    return [
        _pointer(other, other, field)
        for other in ctx.schema
        if other.listed and other.is_entity
        for field in relations.referring_fields(module, other)
    ]


def one_to_many(ctx: Context) -> list[Row]:
    """The modules that this one points at."""
    module = named(ctx, ctx.text("module"))
    return [
        _pointer(ctx.schema.modules[name], ctx.schema.modules[name], field)
        for field in module.fields.values()
        if field.kind == "reference"
        for name in field.targets
        if name in ctx.schema.modules and ctx.schema.modules[name].shares_ids
    ]


def _pointer(module: Module, named_module: Module, field: Field) -> Row:
    label = module.information.get("label", named_module.name)
    return {"label": label, "name": named_module.name, "field": field.name}


def check_module(ctx: Context, name: str) -> Module:
    """A module by its exact name, or ACCESS_DENIED with the name."""
    if name not in ctx.schema.modules:
        raise denied(f" for {name}")
    return ctx.module(name)
