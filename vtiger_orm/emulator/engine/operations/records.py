"""create, retrieve, update, revise and delete."""

from __future__ import annotations

from typing import Any, Final

from .. import cloud, deleting, rows, uploads
from ..context import Context
from ..errors import CrmError
from ..inventory import tax_names
from ..schema import GROUPS, LINE_ITEM, USERS, Module
from ..writing import Writer
from . import inventory

Row = dict[str, Any]

_ACCOUNTS: Final = frozenset({USERS, GROUPS})


def create(ctx: Context) -> Row:
    """A new record. Its answer is the whole record with `id` and `label`."""
    module = ctx.module(ctx.text("elementType"), unnamed=True)
    _check_writable(ctx, module)
    element = ctx.document("element")
    if module.is_inventory:
        return _extended(ctx, module, inventory.create(ctx, module, element))
    if module.name == LINE_ITEM:
        return inventory.create_item(ctx, module, element)
    writer = Writer(ctx, module)
    writer.check(element, creating=True)
    if ctx.profile.checks_picklists:
        _check_picklists(module, element)
    uploads.check(ctx, module)
    number = writer.insert(element)
    uploads.attach(ctx, module, number, element)
    _account_changed(ctx, module)
    writer.conclude(number)
    answer = rows.record(ctx, module, number, written=element)
    if not ctx.profile.labels_created:
        del answer["label"]
    return _extended(ctx, module, answer)


def _check_picklists(module: Module, element: Row) -> None:
    """Raises ACCESS_DENIED for a value that the field's list does not have."""
    for name, value in element.items():
        field = module.fields.get(name)
        if field is None or field.kind != "picklist" or not value:
            continue
        known = {each["value"] for each in field.raw["type"].get("picklistValues", ())}
        if value not in known:
            label = field.raw.get("label", name)
            raise CrmError("ACCESS_DENIED", f"Illegal value ({value}) for {name} ({label})")


def retrieve(ctx: Context) -> Row:
    """One record with `label`; the id is echoed as sent."""
    module, number = ctx.record(ctx.text("id"))
    if module.is_inventory:
        answer = inventory.retrieve(ctx, module, number)
    else:
        if module.name == LINE_ITEM:
            inventory.check_parent(ctx, number)
        answer = rows.record(ctx, module, number)
    answer["id"] = ctx.text("id")
    return _extended(ctx, module, answer)


def revise(ctx: Context) -> Row:
    """Change the fields that are sent, and nothing else."""
    module, number, element = _target(ctx)
    writer = Writer(ctx, module)
    writer.check(element, creating=False)
    if module.is_inventory:
        answer = inventory.change(ctx, module, number, element, update=False)
    elif module.name == LINE_ITEM:
        answer = inventory.revise_item(ctx, module, number, element)
    else:
        uploads.check(ctx, module)
        writer.change(number, element)
        uploads.attach(ctx, module, number, element)
        writer.conclude(number)
        answer = rows.record(ctx, module, number, written=element)
    _account_changed(ctx, module)
    answer["id"] = str(element["id"])
    return _extended(ctx, module, answer)


def update(ctx: Context) -> Row:
    """Merge the fields that are sent, which must hold all mandatory ones.

    It encodes a description that is not sent once more on every call, and does not clear a
    reference that is sent blank.
    """
    module, number, element = _target(ctx)
    writer = Writer(ctx, module)
    writer.check(element, creating=True)
    changes = {
        name: value
        for name, value in element.items()
        if not (value == "" and name in module.fields and module.fields[name].kind == "reference")
    }
    if ctx.profile.update_empties:
        changes = {**_emptied(module, element), **changes}
    else:
        writer.damage_description(number, element)
    if module.is_inventory:
        answer = inventory.change(ctx, module, number, changes, update=True)
    elif module.name == LINE_ITEM:
        answer = inventory.update_item(ctx, module, number, changes)
    else:
        writer.change(number, changes)
        writer.conclude(number)
        answer = rows.record(ctx, module, number, written=changes)
        _echo_prices(module, element, answer)
    _account_changed(ctx, module)
    answer["id"] = str(element["id"])
    return _extended(ctx, module, answer)


def _emptied(module: Module, element: Row) -> Row:
    """Blanks for what update is not sent, on a server where it replaces the record."""
    return {
        field.name: ""
        for field in module.fields.values()
        if field.editable and field.name not in element and field.kind != "owner"
    }


def delete(ctx: Context) -> dict[str, str]:
    """Put the record into the recycle bin."""
    module, number = ctx.record(ctx.text("id"))
    if not ctx.view(module).deletable:
        raise CrmError("ACCESS_DENIED", "Permission to read given object is denied")
    if module.name == LINE_ITEM:
        return inventory.delete_item(ctx, module, number)
    deleting.delete(ctx, module, number)
    _account_changed(ctx, module)
    return {"status": "successful"}


def _echo_prices(module: Module, element: Row, answer: Row) -> None:
    """The answer of an update of goods shows the taxes that were sent, and no price."""
    if module.name in ("Products", "Services"):
        answer.update((name, str(element[name])) for name in tax_names(element))
        if "currency1" in answer:
            answer["currency1"] = 0


def _target(ctx: Context) -> tuple[Module, int, Row]:
    element = ctx.document("element")
    module, number = ctx.record(element.get("id"))
    _check_writable(ctx, module)
    return module, number, element


def _extended(ctx: Context, module: Module, answer: Row) -> Row:
    return cloud.extend_record(module, answer, listed=False) if ctx.profile.cloud else answer


def _check_writable(ctx: Context, module: Module) -> None:
    if not ctx.view(module).writable:
        raise CrmError("ACCESS_DENIED", "Permission to write is denied")


def _account_changed(ctx: Context, module: Module) -> None:
    if module.name in _ACCOUNTS:
        ctx.store.touch_accounts()
