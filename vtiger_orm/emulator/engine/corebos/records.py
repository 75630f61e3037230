"""create, retrieve, revise, update and delete."""

from __future__ import annotations

from typing import Any

from .. import deleting
from ..context import Context
from ..errors import CrmError
from ..schema import GROUPS, USERS, Module
from . import answers, documents, identify, items
from .writer import CorebosWriter

Row = dict[str, Any]


def create(ctx: Context) -> Row:
    """A new record."""
    module = ctx.module(ctx.text("elementType"), unnamed=True)
    return make(ctx, module, ctx.document("element"))


def make(ctx: Context, module: Module, element: Row) -> Row:
    """A new record of an element. Files of documents and items of offers are in it."""
    _check_writable(ctx, module)
    writer = CorebosWriter(ctx, module)
    writer.check(element, creating=True)
    if module.name == "Documents":
        number = documents.create(ctx, writer, element)
    elif module.is_inventory:
        number = items.create(ctx, writer, module, element)
    else:
        number = writer.insert(element)
    _account_changed(ctx, module)
    writer.conclude(number)
    return answers.created(ctx, module, number)


def retrieve(ctx: Context) -> Row:
    """One record, with what its references mean."""
    module, number = identify.record(ctx, ctx.text("id"), reading=True)
    return answers.whole(ctx, module, number, with_items=True)


def revise(ctx: Context) -> Row:
    """Change the fields that are sent. A document is replaced."""
    return change(ctx, ctx.document("element"), complete=False)


def update(ctx: Context) -> Row:
    """The same; all mandatory fields must be there."""
    return change(ctx, ctx.document("element"), complete=True)


def change(ctx: Context, element: Row, *, complete: bool) -> Row:
    module, number = identify.record(ctx, element.get("id"))
    _check_writable(ctx, module)
    writer = CorebosWriter(ctx, module)
    writer.check(element, creating=complete)
    if module.name == "Documents":
        documents.change(ctx, writer, number, element)
    elif module.is_inventory:
        items.change(ctx, writer, module, number, element)
    else:
        writer.change(number, element)
    _account_changed(ctx, module)
    writer.conclude(number)
    return answers.whole(ctx, module, number)


def delete(ctx: Context) -> Row:
    """Put a record into the recycle bin."""
    remove(ctx, ctx.text("id"))
    return {"status": "successful"}


def remove(ctx: Context, text: object) -> None:
    module, number = identify.record(ctx, text)
    if not ctx.view(module).deletable:
        raise CrmError("ACCESS_DENIED", "Permission to read given object is denied")
    deleting.mark(ctx, module, number)
    deleting.follow(ctx, module, number, identify.CASCADED)
    _account_changed(ctx, module)


def _check_writable(ctx: Context, module: Module) -> None:
    if not ctx.view(module).writable:
        raise CrmError("ACCESS_DENIED", "Permission to write is denied")


def _account_changed(ctx: Context, module: Module) -> None:
    if module.name in (USERS, GROUPS):
        ctx.store.touch_accounts()
