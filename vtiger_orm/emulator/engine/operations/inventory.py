"""Quotes, orders and invoices: records that come with their line items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .. import casts, final_details, inventory, owners, rows
from ..columns import LINES
from ..context import Context
from ..errors import Crash, CrmError, denied, invalid_id, mandatory_missing
from ..inventory import tax_names
from ..php import php_text
from ..schema import Module
from ..store import BROKEN, DELETED
from ..writing import Writer

Row = dict[str, Any]


def create(ctx: Context, module: Module, element: Row) -> Row:
    """A record with its items; totals are computed here whatever was sent."""
    writer = Writer(ctx, module)
    writer.check_references(element)
    writer.check_mandatory(element)
    if not _says_items(element):
        raise mandatory_missing("Mandatory Fields Missing..")
    _check_arithmetic(ctx, element)
    if not ctx.profile.inventory_creatable:
        # The step before saving asks for the id of a record that has none yet.
        raise invalid_id()
    items = _items_sent(ctx, element)
    owners.check_assignable(ctx, module, element)
    number = writer.insert({"conversion_rate": "1", **element})
    if _is_fatal(ctx, element):
        ctx.store.set_state(module, number, BROKEN)
        ctx.store.keep()
        raise Crash("individual taxes: arithmetic on text")
    inventory.replace_items(ctx, number, items)
    inventory.take_out(ctx, module, number)
    answer = _written(ctx, module, number, element, items=True)
    if "balance" in module.fields:
        inventory.store_balance(ctx, module, number)
    if element.get("hdnS_H_Amount") not in (None, "") and _CHARGE in answer:
        answer[_CHARGE] = php_text(element["hdnS_H_Amount"])
    answer["new"] = True
    writer.conclude(number)
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
    """revise and update. Items that are sent replace all present ones; none sent keep them, but
    where a change of the header deletes them."""
    profile = ctx.profile
    sent = _says_items(element)
    header = {name: value for name, value in element.items() if name != _ITEMS}
    if sent or profile.header_change_deletes_items:
        _check_arithmetic(ctx, element)
        # The tax type of a record whose items are replaced is lost unless it is sent again.
        header.setdefault("hdnTaxType", "")
        if sent and _is_fatal(ctx, header):
            raise Crash("individual taxes: arithmetic on text")
    else:
        for name in _DISCOUNTS:
            header.pop(name, None)
    if profile.header_change_deletes_items or (sent and profile.item_change_fatal):
        _zero_totals(module, header)
    if update and header.get("region_id") == "":
        header["region_id"] = "0"  # no NULL, which only a new record has
    if profile.header_change_deletes_items and _CHARGE in header:
        header["hdnS_H_Percent"] = header[_CHARGE]
    items = _items_sent(ctx, element) if sent else []
    writer = Writer(ctx, module)
    writer.change(number, header)
    if profile.header_change_deletes_items:
        unset = [name for name in _DISCOUNTS if _is_nothing(header.get(name))]
        ctx.store.update(module, number, dict.fromkeys(unset))
    if sent or profile.header_change_deletes_items:
        before = inventory.quantities(ctx, number)
        inventory.replace_items(ctx, number, items)
        inventory.replace_stock(ctx, module, number, before, update=update)
    if sent and profile.item_change_fatal:
        ctx.store.keep()
        raise Crash(_NO_DELTA)
    answer = _written(ctx, module, number, element, items=sent)
    if sent and update:
        answer[_ITEMS] = []
        if "balance" in module.fields:
            inventory.store_balance(ctx, module, number)
    writer.conclude(number)
    return answer


_ITEMS: Final = "LineItems"
_CHARGE: Final = "shipping_&_handling"
_TOTALS: Final = ("hdnSubTotal", "hdnGrandTotal")
_DISCOUNTS: Final = ("hdnDiscountPercent", "hdnDiscountAmount")
_NO_DELTA: Final = "Call to a member function getFieldDataType() on bool"
_AMOUNTS: Final = ("hdnDiscountAmount", "hdnS_H_Amount")


def _zero_totals(module: Module, header: Row) -> None:
    """Totals are stored as they are sent, and become 0 where they are not."""
    for name in _TOTALS:
        header.setdefault(name, "0")
    header["pre_tax_total"] = "0"
    for name in [name for name in header if name not in module.fields and name in _TOTALS]:
        del header[name]


def _written(ctx: Context, module: Module, number: int, element: Row, *, items: bool) -> Row:
    totals = inventory.store_totals(ctx, module, number) if items else None
    answer = rows.record(ctx, module, number, written=element)
    if ctx.profile.header_change_deletes_items and not items:
        answer.update(dict.fromkeys(_item_fields(ctx, module), ""))
        if _CHARGE in element:
            answer[_CHARGE] = php_text(element[_CHARGE])
    if "invoicestatus" in element and module.name == "SalesOrder":
        answer["invoicestatus"] = element["invoicestatus"]  # echoed, whatever was stored
    shown = inventory.shown_items(ctx, module, number)
    answer[_ITEMS] = shown
    if totals is None:
        return {**answer, **_flattened(module, shown)}
    answer.update(_charges(module))
    answer.update(
        (name, inventory.json_number(amount)) for name, amount in totals.columns().items()
    )
    answer["productid"] = None
    header = inventory.read_header(ctx, module, number)
    answer["LineItems_FinalDetails"] = final_details.of_write(ctx, header)
    return answer


def _flattened(module: Module, items: Sequence[Row]) -> Row:
    """The fields of the first item, as the answer of a change without items has them."""
    first = items[0] if items else {}
    names = [name for name in ("productid", *_FLAT, *tax_names(first)) if name in first]
    if module.name != "PurchaseOrder":
        names += [name for name in ("margin", "purchase_cost") if name in first]
    return {name: first[name] for name in names}


def _item_fields(ctx: Context, module: Module) -> list[str]:
    fields = ctx.view(module).fields.values()
    return [each.name for each in fields if each.column.table == LINES and each.queryable]


_FLAT: Final = ("quantity", "listprice", "comment", "discount_amount", "discount_percent", "image")


def _charges(module: Module) -> Row:
    """Shipping charges, which only ever show up with these values."""
    names = [name for name in module.fields if name.startswith(_CHARGE)]
    return {name: None if name == _CHARGE else 0 for name in names}


def _says_items(element: Row) -> bool:
    """Whether PHP finds the list of items not empty."""
    items = element.get(_ITEMS)
    return bool(items) and items != "0"


def _items_sent(ctx: Context, element: Row) -> Sequence[Row]:
    items = element[_ITEMS]
    if not isinstance(items, list):
        if ctx.profile.item_change_fatal and isinstance(items, str):
            return ()
        raise Crash("LineItems is no list")
    for item in items:
        quantity = item.get("quantity") if isinstance(item, dict) else None
        if ctx.profile.strict_types and not _is_number(quantity):
            raise Crash("quantity: arithmetic on text")
    return [each for each in items if isinstance(each, dict)]


def _check_arithmetic(ctx: Context, element: Row) -> None:
    """PHP 8 ends where it has to compute with a text that is no number."""
    if not ctx.profile.strict_types:
        return
    blanks = ctx.profile.blank_amounts_fatal
    for name in _AMOUNTS:
        if not _is_number(element.get(name)) and (blanks or element[name] != ""):
            raise Crash("Unsupported operand types: float - string")
    if blanks and _CHARGE in element and element[_CHARGE] is None:
        raise Crash("Unsupported operand types: int + string")
    if element.get("quantity") is not None and not _is_number(element["quantity"]):
        raise Crash("quantity of the header: arithmetic on text")


def _is_nothing(value: Any) -> bool:
    return value is not None and casts.decimal(php_text(value)) == 0


def _is_number(value: Any) -> bool:
    return value is None or casts.is_numeric(php_text(value))


def _is_fatal(ctx: Context, element: Row) -> bool:
    tax_type = str(element.get("hdnTaxType") or "").lower()
    strict = ctx.profile.strict_types and not ctx.profile.individual_taxes
    return strict and tax_type == inventory.INDIVIDUAL


# -- the module LineItem itself ------------------------------------------------------------


def create_item(ctx: Context, module: Module, element: Row) -> Row:
    """One more item, where it says or at position 0; the totals of its record stay as they
    were."""
    writer = Writer(ctx, module)
    writer.check_references(element)
    writer.check_mandatory(element)
    parent = element.get("parent_id")
    if parent in (None, "") and not ctx.profile.ids_have_a_form:
        raise mandatory_missing("parent_id does not have a value")
    _module, number = ctx.record(parent)
    sequence = int(casts.number(php_text(element.get("sequence_no"))) or 0)
    item = inventory.add_item(ctx, number, {"incrementondel": 1, **element}, sequence=sequence)
    return rows.record(ctx, module, item)


def revise_item(ctx: Context, module: Module, number: int, element: Row) -> Row:
    """Change one item; the totals of its record stay as they were."""
    Writer(ctx, module).change(number, element)
    return rows.record(ctx, module, number)


def update_item(ctx: Context, module: Module, number: int, element: Row) -> Row:
    """Change one item and compute its record anew, which PHP 8 does not survive."""
    parent = _parent(ctx, number)
    lost = ctx.profile.item_update == "not found"
    if lost:
        ctx.record(element.get("parent_id"))
    Writer(ctx, module).change(number, element)
    if ctx.profile.strict_types:
        if lost and parent is not None:
            ctx.store.execute(
                'DELETE FROM "m_LineItem" WHERE parent_id = ? AND id <> ?', (parent[1], number)
            )
            ctx.store.keep()
            raise CrmError("RECORD_NOT_FOUND", "Record not found")
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
        raise Crash("Cannot access offset of type string on string")
    inventory.store_totals(ctx, *parent)
    return {"status": "successful"}


def check_parent(ctx: Context, number: int) -> None:
    """Raises for an item whose record was deleted along with another, and left its items behind."""
    row = ctx.store.row(
        'SELECT e.state FROM "m_LineItem" l JOIN entity e ON e.id = l.parent_id WHERE l.id = ?',
        (number,),
    )
    if row is not None and row[0] == DELETED:
        raise denied(" for id")


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
    if module.is_inventory:
        return {**retrieve(ctx, module, number), "id": ctx.text("id")}
    if not ctx.profile.inventory_of_anything:
        raise invalid_id()
    return {**rows.record(ctx, module, number), "LineItems": [], "id": ctx.text("id")}
