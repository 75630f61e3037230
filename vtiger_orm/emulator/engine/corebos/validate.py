"""ValidateInformation and the writes that validate before, and picklists as PHP prints them.

What is judged is what was sent, nothing else: a change of one field lacks all mandatory ones.
"""

from __future__ import annotations

from typing import Any

from .. import picklists
from ..columns import Storage
from ..context import Context
from ..errors import CrmError, invalid_id
from ..php import php_json, php_text
from ..schema import Field, Module
from . import identify, records

Row = dict[str, Any]


def validate(ctx: Context) -> Any:
    """True, or what is wrong by field, in an answer that is no success."""
    try:
        context = php_json(ctx.text("context"))
    except ValueError:
        context = None
    if not isinstance(context, dict) or "record" not in context:
        raise CrmError("INVALID_PARAMETER", "Invalid parameter")
    record = php_text(context.get("record"))
    name = php_text(context.get("module"))
    if not record and not name:
        raise CrmError("INVALID_PARAMETER", "Invalid parameter")
    module = ctx.module(name, unnamed=True) if name else None
    if record:
        module = _module_of(ctx, record, module)
    assert module is not None
    return _judged(ctx, problems(module, context)) or True


def _module_of(ctx: Context, record: str, module: Module | None) -> Module:
    wire = identify.wire_id(ctx, record)
    if module is not None and wire.module is not module:
        raise invalid_id()
    row = ctx.store.row("SELECT module FROM entity WHERE id = ?", (wire.number,))
    if row is None:
        raise CrmError("RECORD_NOT_FOUND", "Record you are trying to access is not found")
    if row[0] != wire.module.name:
        raise invalid_id()
    return wire.module


def create(ctx: Context) -> Any:
    module = ctx.module(ctx.text("elementType"), unnamed=True)
    element = ctx.document("element")
    return _judged(ctx, problems(module, element)) or records.make(ctx, module, element)


def revise(ctx: Context) -> Any:
    return _changed(ctx, complete=False)


def update(ctx: Context) -> Any:
    return _changed(ctx, complete=True)


def _changed(ctx: Context, *, complete: bool) -> Any:
    element = ctx.document("element")
    module, _ = identify.record(ctx, element.get("id"))
    found = _judged(ctx, problems(module, element))
    return found or records.change(ctx, element, complete=complete)


def _judged(ctx: Context, found: Row) -> Row:
    ctx.answer.success = not found
    return found


def problems(module: Module, values: Row) -> Row:
    """Presence and length of the fields, and whether references are numbers."""
    found: Row = {}
    for field in module.fields.values():
        wrong = _wrong(field, values)
        if wrong:
            found[field.name] = wrong
    return found


def _wrong(field: Field, values: Row) -> list[str]:
    label = field.raw.get("label", field.name)
    sent = values.get(field.name)
    wrong = []
    if field.mandatory and not php_text(sent):
        if field.kind == "reference":
            wrong.append(f"{label} must be an integer")
        wrong.append(f"{label} is required")
    length = field.column.length
    limited = field.storage is Storage.TEXT and length < 65535
    absent = field.mandatory and field.name not in values
    if limited and (absent or len(php_text(sent)) > length):
        wrong.append(f"{label} must not exceed {length} characters")
    return wrong


def picklist_values(ctx: Context) -> str:
    """The picklists of a module as a PHP array, serialised."""
    module = ctx.schema.modules.get(ctx.text("module"))
    found: dict[str, Any] = {}
    for field in module.fields.values() if module is not None else ():
        if field.kind in picklists.KINDS:
            values = picklists.values_of(ctx.store, module, field) if module else []
            found[field.name] = {value: value for value in values}
    return serialised(found)


def serialised(value: Any) -> str:
    """PHP's own text form of texts and arrays."""
    if isinstance(value, dict):
        inner = "".join(serialised(name) + serialised(each) for name, each in value.items())
        return f"a:{len(value)}:{{{inner}}}"
    return f's:{len(value.encode())}:"{value}";'
