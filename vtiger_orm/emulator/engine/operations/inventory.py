"""Quotes, orders and invoices: records that come with their line items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import final_details, inventory, rows
from ..context import Context
from ..errors import Crash, CrmError, mandatory_missing
from ..schema import Module
from ..store import BROKEN
from ..writing import Writer

Row = dict[str, Any]


def create(ctx: Context, module: Module, element: Row) -> Row:
    """A record with its items; totals are computed here whatever was sent."""
    writer = Writer(ctx, module)
    writer.check_references(element)
    writer.check_mandatory(element)
    items = _items_sent(element)
    if not items:
        raise mandatory_missing("Mandatory Fields Missing..")
    number = writer.insert({"conversion_rate": "1", **element})
    if _is_fatal(ctx, element):
        ctx.store.set_state(module, number, BROKEN)
        ctx.store.keep()
        raise Crash("individual taxes: arithmetic on text")
    inventory.replace_items(ctx, number, items)
    answer = _written(ctx, module, number, items=True)
    answer["new"] = True
    return answer


def retrieve(ctx: Context, module: Module, number: int) -> Row:
    """The record with `LineItems` and `LineItems_FinalDetails`."""
    answer = rows.record(ctx, module, number)
    answer.update(_charges(module))
    items = inventory.shown_items(ctx, module, number)
    header = inventory.read_header(ctx, module, number)
    stored = inventory.read_items(ctx, number)
    totals = inventory.Totals.of(header, stored)
    answer["LineItems"] = items
    answer["productid"] = items[0]["productid"] if items else ""
    answer["LineItems_FinalDetails"] = final_details.of_record(ctx, header, stored, totals)
    return answer


def change(ctx: Context, module: Module, number: int, element: Row, *, update: bool) -> Row:
    """revise and update. Items that are sent replace all present ones; none sent keep them."""
    items = _items_sent(element)
    header = {name: value for name, value in element.items() if name != "LineItems"}
    if items:
        # The tax type of a record whose items are replaced is lost unless it is sent again.
        header.setdefault("hdnTaxType", "")
        if _is_fatal(ctx, header):
            raise Crash("individual taxes: arithmetic on text")
    Writer(ctx, module).change(number, header)
    if items:
        inventory.replace_items(ctx, number, items)
    answer = _written(ctx, module, number, items=bool(items))
    if items and update:
        answer["LineItems"] = []
    return answer


def _written(ctx: Context, module: Module, number: int, *, items: bool) -> Row:
    totals = inventory.store_totals(ctx, module, number) if items else None
    answer = rows.record(ctx, module, number)
    answer.update(_charges(module))
    answer["LineItems"] = inventory.shown_items(ctx, module, number)
    if totals is not None:
        answer.update(
            (name, inventory.json_number(amount)) for name, amount in totals.columns().items()
        )
        answer["productid"] = None
        header = inventory.read_header(ctx, module, number)
        answer["LineItems_FinalDetails"] = final_details.of_write(ctx, header)
    return answer


def _charges(module: Module) -> Row:
    """Shipping charges, which only ever show up with these values."""
    names = [name for name in module.fields if name.startswith("shipping_&_handling")]
    return {name: None if name == "shipping_&_handling" else 0 for name in names}


def _items_sent(element: Row) -> Sequence[Row]:
    items = element.get("LineItems")
    if isinstance(items, dict):
        items = list(items.values())
    if not isinstance(items, list):
        return ()
    return [each for each in items if isinstance(each, dict)]


def _is_fatal(ctx: Context, element: Row) -> bool:
    tax_type = str(element.get("hdnTaxType") or "").lower()
    return ctx.profile.strict_types and tax_type == inventory.INDIVIDUAL


# -- the module LineItem itself ------------------------------------------------------------


def create_item(ctx: Context, module: Module, element: Row) -> Row:
    """One more item, at position 0; the totals of its record stay as they were."""
    writer = Writer(ctx, module)
    writer.check_references(element)
    writer.check_mandatory(element)
    parent = element.get("parent_id")
    if parent in (None, ""):
        raise mandatory_missing("parent_id does not have a value")
    _module, number = ctx.record(parent)
    item = inventory.add_item(ctx, number, element, sequence=0)
    return rows.record(ctx, module, item)


def revise_item(ctx: Context, module: Module, number: int, element: Row) -> Row:
    """Change one item; the totals of its record stay as they were."""
    Writer(ctx, module).change(number, element)
    return rows.record(ctx, module, number)


def update_item(ctx: Context, module: Module, number: int, element: Row) -> Row:
    """Change one item and compute its record anew, which PHP 8 does not survive."""
    parent = _parent(ctx, number)
    Writer(ctx, module).change(number, element)
    if ctx.profile.strict_types:
        ctx.store.keep()
        raise Crash("the item's texts are taken for items")
    if parent is not None:
        inventory.store_totals(ctx, *parent)
    return rows.record(ctx, module, number)


def delete_item(ctx: Context, module: Module, number: int) -> dict[str, str]:
    """Remove one item: the others are made anew under other ids. PHP 8 then stops."""
    parent = _parent(ctx, number)
    if parent is None:
        ctx.store.execute('DELETE FROM "m_LineItem" WHERE id = ?', (number,))
        return {"status": "successful"}
    others = [each for each in inventory.read_items(ctx, parent[1]) if each["id"] != number]
    for item in others:
        item["productid"] = f"x{item['productid']}"
    inventory.replace_items(ctx, parent[1], others)
    if ctx.profile.strict_types:
        ctx.store.keep()
        raise Crash("the item's texts are taken for items")
    inventory.store_totals(ctx, *parent)
    return {"status": "successful"}


def _parent(ctx: Context, number: int) -> tuple[Module, int] | None:
    row = ctx.store.row(
        'SELECT e.module, e.id FROM "m_LineItem" l JOIN entity e ON e.id = l.parent_id '
        "WHERE l.id = ?",
        (number,),
    )
    return (ctx.schema.modules[row[0]], row[1]) if row is not None else None


def retrieve_inventory(ctx: Context) -> Row:
    """The same as retrieve, for inventory records only."""
    module, number = ctx.record(ctx.text("id"))
    if not module.is_inventory:
        raise CrmError("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
    return {**retrieve(ctx, module, number), "id": ctx.text("id")}
