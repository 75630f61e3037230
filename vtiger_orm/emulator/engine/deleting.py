"""Deleting a record, and what goes or is emptied along with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import inventory
from .context import Context
from .schema import Module
from .store import DELETED, LIVE
from .tables import quoted

# Module of the deleted record -> (module, field) whose references to it become 0. All other
# references keep the number of a record that is no more.
_EMPTIED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "Accounts": (("Contacts", "account_id"), ("HelpDesk", "parent_id")),
    "Contacts": (
        ("HelpDesk", "contact_id"),
        ("Quotes", "contact_id"),
        ("SalesOrder", "contact_id"),
        ("PurchaseOrder", "contact_id"),
    ),
    "Vendors": (("Products", "vendor_id"),),
    "Products": (("Campaigns", "product_id"),),
}
# The records that are deleted with it.
_ALONG: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "Accounts": (("Potentials", "related_to"), ("Quotes", "account_id")),
    "Contacts": (("Potentials", "related_to"),),
    "Vendors": (("PurchaseOrder", "vendor_id"),),
}


def delete(ctx: Context, module: Module, number: int) -> None:
    """Put a record into the recycle bin. Times of others do not move, whatever became of them."""
    if module.is_inventory:
        inventory.give_back(ctx, module, number)
        ctx.store.execute('DELETE FROM "m_LineItem" WHERE parent_id = ?', (number,))
    mark(ctx, module, number)
    follow(ctx, module, number, DELETED)


def mark(ctx: Context, module: Module, number: int) -> None:
    """The record itself: deleted, and its time tells when."""
    if module.modified_field is not None:
        stamps = {module.modified_field.name: ctx.now(), "modifiedby": ctx.user.number}
        ctx.store.update(module, number, stamps)
    ctx.store.set_state(module, number, DELETED)


def follow(ctx: Context, module: Module, number: int, state: int) -> None:
    """The records that refer to it: emptied, or deleted along into that state."""
    for other, field in _fields(ctx, _EMPTIED.get(module.name, ())):
        ctx.store.execute(
            f"UPDATE {quoted(other.table)} SET {quoted(field)} = 0 WHERE {quoted(field)} = ?",
            (number,),
        )
    for other, field in _fields(ctx, _ALONG.get(module.name, ())):
        _delete_along(ctx, other, field, number, state)


def _fields(ctx: Context, named: tuple[tuple[str, str], ...]) -> list[tuple[Module, str]]:
    modules = ctx.schema.modules
    return [
        (modules[name], field)
        for name, field in named
        if name in modules and field in modules[name].fields
    ]


def _delete_along(ctx: Context, other: Module, field: str, number: int, state: int) -> None:
    found = ctx.store.rows(
        f"SELECT id FROM {quoted(other.table)} WHERE {quoted(field)} = ? AND _state = {LIVE}",
        (number,),
    )
    for (each,) in found:
        if ctx.profile.cascade_in_queries and other.is_inventory:
            ctx.store.execute("UPDATE entity SET state = ? WHERE id = ?", (state, each))
        else:
            ctx.store.set_state(other, each, state)
