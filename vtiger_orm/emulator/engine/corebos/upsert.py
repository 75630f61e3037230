"""upsert: change the first record that matches, else create one."""

from __future__ import annotations

from typing import Any

from .. import casts
from ..columns import Storage
from ..context import Context
from ..errors import CrmError
from ..php import php_text
from ..schema import Field, Module
from ..store import LIVE
from ..tables import quoted
from . import answers, identify, records
from .related import check_module

Row = dict[str, Any]


def upsert(ctx: Context) -> Row:
    """Without search fields the first record of the module matches: somebody else's."""
    module = check_module(ctx, ctx.text("elementType"))
    element = _element(ctx)
    found = find(ctx, module, element, ctx.text("searchOn"))
    if found is None:
        return records.make(ctx, module, element)
    if element.get("skipUPDATE"):
        return element
    names = [each.strip() for each in ctx.text("updatedfields").split(",")]
    changes = {name: element[name] for name in names if name in element}
    wire = f"{module.prefix}x{found}"
    if not changes:
        return answers.whole(ctx, module, found)
    return records.change(ctx, {**changes, "id": wire}, complete=False)


def _element(ctx: Context) -> Row:
    return ctx.document("element")


def find(ctx: Context, module: Module, element: Row, search: str) -> int | None:
    """The first record whose search fields have the element's values.

    Raises SEARCH_VALUE_NOT_PROVIDED for a field that the element does not have.
    """
    names = [each.strip() for each in search.split(",") if each.strip()]
    for name in names:
        if element.get(name) is None:
            raise CrmError(
                "SEARCH_VALUE_NOT_PROVIDED",
                f"No value is provided for the search field: {name}",
            )
    return _first(ctx, module, {name: element[name] for name in names})


def find_same(ctx: Context, module: Module, element: Row) -> int | None:
    """The first record that has every value of the element."""
    return _first(ctx, module, element) if element else None


def _first(ctx: Context, module: Module, wanted: Row) -> int | None:
    conditions, values = [f"_state = {LIVE}"], []
    for name, value in wanted.items():
        field = module.fields.get(name)
        if name == "id":
            conditions.append("id = ?")
            values.append(identify.wire_id(ctx, value).number)
        elif field is None or field.kind == "owner":
            # The owner is compared with a name, which an id never is.
            return None
        else:
            conditions.append(f"{_column(field)} = ?")
            values.append(_compared(ctx, field, value))
    row = ctx.store.row(
        f"SELECT id FROM {quoted(module.table)} WHERE {' AND '.join(conditions)} ORDER BY id",
        values,
    )
    return row[0] if row is not None else None


def _column(field: Field) -> str:
    if field.storage is Storage.DECIMAL:
        return f"CAST({quoted(field.name)} AS REAL)"
    return quoted(field.name)


def _compared(ctx: Context, field: Field, value: Any) -> Any:
    text = php_text(value)
    if field.kind == "reference":
        try:
            return identify.wire_id(ctx, text).number if text else 0
        except CrmError:
            return -1
    if field.storage is Storage.TEXT:
        return text
    if field.storage in (Storage.INTEGER, Storage.DECIMAL):
        return casts.number(text)
    return casts.compared_date(text) if field.storage is Storage.DATE else text
