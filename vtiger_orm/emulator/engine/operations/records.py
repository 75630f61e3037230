"""create, retrieve, update, revise and delete."""

from __future__ import annotations

from typing import Any

from .. import rows
from ..context import Context
from ..errors import CrmError, mandatory_missing
from ..labels import decoded_once
from ..schema import Module
from ..store import DELETED
from ..writing import Writer, is_blank

Row = dict[str, Any]


def create(ctx: Context) -> Row:
    """A new record. Its answer is the whole record with `id` and `label`."""
    module = ctx.module(ctx.text("elementType"), unnamed=True)
    view = ctx.view(module)
    if not view.writable:
        raise CrmError("ACCESS_DENIED", "Permission to write is denied")
    element = ctx.document("element")
    writer = Writer(ctx, module)
    writer.check_mandatory(element)
    number = writer.insert(element)
    answer = rows.record(ctx, module, number)
    if module.name == "Leads" and "lastname" in answer:
        # The server decodes this one field once too often, here and nowhere else.
        answer["lastname"] = decoded_once(answer["lastname"])
    return answer


def retrieve(ctx: Context) -> Row:
    """One record with `label`; the id is echoed as sent."""
    module, number = ctx.record(ctx.text("id"))
    answer = rows.record(ctx, module, number)
    answer["id"] = ctx.text("id")
    return answer


def revise(ctx: Context) -> Row:
    """Change the fields that are sent, and nothing else."""
    module, number, element = _target(ctx)
    writer = Writer(ctx, module)
    for field in module.fields.values():
        if field.mandatory and field.name in element and is_blank(element[field.name]):
            raise mandatory_missing(f"{field.name} does not have a value")
    writer.change(number, element)
    return _answer(ctx, module, number, element)


def update(ctx: Context) -> Row:
    """Merge the fields that are sent, which must hold all mandatory ones.

    It encodes a description that is not sent once more on every call, and does not clear a
    reference that is sent blank.
    """
    module, number, element = _target(ctx)
    writer = Writer(ctx, module)
    writer.check_mandatory(element)
    changes = {
        name: value
        for name, value in element.items()
        if not (value == "" and name in module.fields and module.fields[name].kind == "reference")
    }
    writer.damage_description(number, element)
    writer.change(number, changes)
    return _answer(ctx, module, number, element)


def delete(ctx: Context) -> dict[str, str]:
    """Put the record into the recycle bin."""
    module, number = ctx.record(ctx.text("id"))
    if not ctx.view(module).deletable:
        raise CrmError("ACCESS_DENIED", "Permission to read given object is denied")
    ctx.store.set_state(module, number, DELETED)
    return {"status": "successful"}


def _target(ctx: Context) -> tuple[Module, int, Row]:
    element = ctx.document("element")
    module, number = ctx.record(element.get("id"))
    if not ctx.view(module).writable:
        raise CrmError("ACCESS_DENIED", "Permission to write is denied")
    return module, number, element


def _answer(ctx: Context, module: Module, number: int, element: Row) -> Row:
    answer = rows.record(ctx, module, number)
    answer["id"] = str(element["id"])
    return answer
