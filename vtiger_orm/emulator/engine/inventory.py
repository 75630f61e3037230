"""Line items and totals of quotes, orders and invoices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from . import casts
from .accept import accept, fixed
from .context import Context
from .labels import encoded
from .php import php_text
from .schema import LINE_ITEM, Module
from .store import DELETED
from .tables import quoted

Row = dict[str, Any]

INDIVIDUAL: Final = "individual"

# Fields that hold name, number, price and stock of what can be sold.
_GOODS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "Products": ("productname", "product_no", "unit_price", "qtyinstock"),
    "Services": ("servicename", "service_no", "unit_price", ""),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """What the server computes for a record from its items, in the record's currency."""

    subtotal: Decimal
    before_tax: Decimal
    total: Decimal

    @classmethod
    def of(cls, header: Mapping[str, Any], items: Sequence[Row]) -> Totals:
        """Totals of stored items under a stored header.

        Taxes for the whole record are those sent with its first item. An amount discount of
        the record wins over a percentage.
        """
        subtotal = Decimal(0)
        item_taxes = Decimal(0)
        individual = str(header.get("hdnTaxType") or "").lower() == INDIVIDUAL
        for item in items:
            net = net_price(item)
            taxes = sum((_amount(item, name) for name in tax_names(item)), Decimal(0))
            subtotal += net
            if individual:
                item_taxes += net * taxes / 100
        gross = subtotal + item_taxes
        discount = _amount(header, "hdnDiscountAmount")
        if discount <= 0:
            discount = gross * _amount(header, "hdnDiscountPercent") / 100
        shipping = _amount(header, "hdnS_H_Amount")
        total = gross - discount + shipping
        before_tax = subtotal - discount + shipping if individual else total
        if not individual and items:
            rates = sum((_amount(items[0], name) for name in tax_names(items[0])), Decimal(0))
            total += (gross - discount) * rates / 100
        total += _amount(header, "txtAdjustment")
        return cls(gross, before_tax, total)

    def columns(self) -> dict[str, Decimal]:
        """The header fields that hold them."""
        return {
            "hdnSubTotal": self.subtotal,
            "pre_tax_total": self.before_tax,
            "hdnGrandTotal": self.total,
        }


def tax_names(item: Mapping[str, Any]) -> list[str]:
    """The tax columns of an item: ``tax1``, ``tax2``, ..."""
    return sorted(name for name in item if name.startswith("tax") and name[3:].isdecimal())


def net_price(item: Mapping[str, Any]) -> Decimal:
    """Quantity times price less the item's own discount (an amount wins over a percentage)."""
    gross = _amount(item, "listprice") * _amount(item, "quantity")
    discount = _amount(item, "discount_amount")
    if not discount:
        discount = gross * _amount(item, "discount_percent") / 100
    return gross - discount


def json_number(amount: Decimal) -> int | float:
    """As PHP writes a number: without a fraction where there is none."""
    rounded = casts.rounded(amount, 8)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def read_items(ctx: Context, number: int) -> list[Row]:
    """The stored items of a record, in their order, columns as stored."""
    columns = ["id", *ctx.store.columns("m_LineItem")]
    listed = ", ".join(map(quoted, columns))
    rows = ctx.store.rows(
        f'SELECT {listed} FROM "m_LineItem" WHERE parent_id = ? ORDER BY id', (number,)
    )
    return [dict(zip(columns, row)) for row in rows]


def read_header(ctx: Context, module: Module, number: int) -> Row:
    """The header columns that totals depend on, as stored."""
    names = [
        name
        for name in (
            *("hdnTaxType", "hdnDiscountAmount", "hdnDiscountPercent", "hdnS_H_Amount"),
            "txtAdjustment",
        )
        if name in ctx.store.columns(module.table)
    ]
    listed = ", ".join(map(quoted, names))
    row = ctx.store.row(f"SELECT {listed} FROM {quoted(module.table)} WHERE id = ?", (number,))
    return dict(zip(names, row or ()))


def replace_items(ctx: Context, number: int, items: Iterable[Mapping[str, Any]]) -> None:
    """Put new items in place of all present ones; ids may be used again."""
    ctx.store.execute('DELETE FROM "m_LineItem" WHERE parent_id = ?', (number,))
    for position, item in enumerate(items, start=1):
        add_item(ctx, number, item, sequence=position)


def add_item(ctx: Context, number: int, item: Mapping[str, Any], *, sequence: int) -> int:
    """Store one item as sent; its number. The server takes the highest number plus one."""
    module = ctx.schema.modules[LINE_ITEM]
    values = _item_columns(ctx, module, item)
    values["parent_id"] = number
    if "sequence_no" in module.fields:
        values["sequence_no"] = sequence
    row = ctx.store.row('SELECT ifnull(max(id), 0) + 1 FROM "m_LineItem"')
    assert row is not None
    ctx.store.insert(module, row[0], values)
    return int(row[0])


def _item_columns(ctx: Context, module: Module, item: Mapping[str, Any]) -> Row:
    product = goods_number(item.get("productid"))
    values: Row = {}
    for field in module.fields.values():
        if field.name in ("parent_id", "sequence_no"):
            continue
        if field.name == "productid":
            values["productid"] = product
        elif item.get(field.name) not in (None, ""):
            values[field.name] = accept(module, field, item[field.name], ctx.user, plain=True)
        elif field.storage == "decimal":
            values[field.name] = fixed(field, Decimal(0))
        elif field.storage == "integer":
            values[field.name] = 0
        else:
            values[field.name] = ""
    if item.get("listprice") in (None, ""):
        values["listprice"] = fixed(module.fields["listprice"], _price(ctx, product))
    return values


def goods_number(value: Any) -> int:
    """The number in a product's or service's id; 0 for what is none. Nothing is checked."""
    parts = php_text(value).split("x")
    return casts.digits(parts[1]) or 0 if len(parts) > 1 else 0


def _price(ctx: Context, product: int) -> Decimal:
    """Only products have one here: the server does not look for services."""
    module = ctx.schema.modules.get("Products")
    if module is None or "unit_price" not in module.fields:
        return Decimal(0)
    row = ctx.store.row('SELECT unit_price FROM "m_Products" WHERE id = ?', (product,))
    return casts.decimal(row[0] or "") if row else Decimal(0)


def store_totals(ctx: Context, module: Module, number: int) -> Totals:
    """Compute and store the totals of a record."""
    totals = Totals.of(read_header(ctx, module, number), read_items(ctx, number))
    columns = {
        name: fixed(module.fields[name], amount)
        for name, amount in totals.columns().items()
        if name in module.fields
    }
    ctx.store.update(module, number, columns)
    return totals


def store_balance(ctx: Context, module: Module, number: int) -> None:
    """What is still to be paid, as create and update work it out once their answer is made; no
    revise does."""
    paid = "received" if "received" in module.fields else "paid"
    row = ctx.store.row(
        f'SELECT {quoted(paid)}, "hdnGrandTotal" FROM {quoted(module.table)} WHERE id = ?',
        (number,),
    )
    assert row is not None
    already, total = (casts.decimal(str(each or "")) for each in row)
    field = module.fields["balance"]
    ctx.store.update(module, number, {"balance": fixed(field, total - already)})


# -- stock: an invoice takes goods out of it -------------------------------------------------


def quantities(ctx: Context, number: int) -> dict[int, Decimal]:
    """Product -> how many of it are on a record."""
    found: dict[int, Decimal] = {}
    for item in read_items(ctx, number):
        product = item["productid"] or 0
        found[product] = found.get(product, Decimal(0)) + _amount(item, "quantity")
    return found


def take_out(ctx: Context, module: Module, number: int) -> None:
    """What making a record does to the stock: an invoice takes goods out; an order that is made
    as received puts in twice what it says."""
    if module.name == "Invoice":
        _mark_taken(ctx, number)
        _move_stock(ctx, {each: -many for each, many in quantities(ctx, number).items()})
    elif module.name == "PurchaseOrder":
        row = ctx.store.row('SELECT postatus FROM "m_PurchaseOrder" WHERE id = ?', (number,))
        if row is not None and row[0] == "Received Shipment":
            _move_stock(ctx, {each: 2 * many for each, many in quantities(ctx, number).items()})


def replace_stock(
    ctx: Context, module: Module, number: int, before: Mapping[int, Decimal], *, update: bool
) -> None:
    """What other items do to the stock. It does not balance: revise adds the new number and takes
    the former one out, update does the opposite."""
    if module.name != "Invoice":
        return
    _mark_taken(ctx, number)
    after = quantities(ctx, number)
    sign = -1 if update else 1
    _move_stock(
        ctx,
        {
            each: sign * (after.get(each, Decimal(0)) - before.get(each, Decimal(0)))
            for each in before.keys() | after.keys()
        },
    )


def give_back(ctx: Context, module: Module, number: int) -> None:
    """Deleting an invoice puts its goods back."""
    if module.name == "Invoice":
        _move_stock(ctx, quantities(ctx, number))


def _mark_taken(ctx: Context, number: int) -> None:
    ctx.store.execute('UPDATE "m_LineItem" SET incrementondel = 1 WHERE parent_id = ?', (number,))


def _move_stock(ctx: Context, moved: Mapping[int, Decimal]) -> None:
    module = ctx.schema.modules.get("Products")
    field = module.fields.get("qtyinstock") if module is not None else None
    if module is None or field is None:
        return
    for product, many in moved.items():
        row = ctx.store.row('SELECT qtyinstock FROM "m_Products" WHERE id = ?', (product,))
        if row is not None and many:
            left = fixed(field, casts.decimal(str(row[0] or "")) + many)
            ctx.store.update(module, product, {"qtyinstock": left})


def shown_items(ctx: Context, module: Module, number: int) -> list[Row]:
    """`LineItems` as answers show them: with names, and a broken parent id."""
    line = ctx.schema.modules[LINE_ITEM]
    shown = []
    for item in read_items(ctx, number):
        goods = goods_of(ctx, item["productid"])
        parent = number if ctx.profile.items_name_parent else "Array"
        row: Row = {"parent_id": f"{module.prefix}x{parent}", "productid": goods.wire_id}
        for field in line.fields.values():
            if field.name not in row:
                value = item.get(field.name)
                row[field.name] = "" if value is None else str(value)
        row["id"] = f"{line.prefix}x{item['id']}"
        row["product_name"] = goods.name
        row["entity_type"] = goods.module
        row["deleted"] = str(int(goods.deleted)) if goods.module is not None else None
        shown.append(row)
    return shown


@dataclass(frozen=True, slots=True)
class Goods:
    """The product or service of an item, as far as it is known."""

    number: int
    module: str | None = None
    """``Products`` or ``Services``; None where the number means neither."""
    wire_id: str = ""
    """Blank for what is deleted or unknown."""
    name: str | None = None
    """HTML-encoded."""
    code: str = ""
    price: str = "0"
    stock: str = "NA"
    deleted: bool = False


def goods_of(ctx: Context, number: int) -> Goods:
    """What a line item's product number stands for."""
    entity = ctx.store.row("SELECT module, wire, state FROM entity WHERE id = ?", (number,))
    if entity is None or entity[0] not in _GOODS:
        return Goods(number)
    module = ctx.schema.modules[entity[0]]
    columns = ctx.store.columns(module.table)
    names = [name if name in columns else None for name in _GOODS[module.name]]
    listed = ", ".join(quoted(name) if name else "NULL" for name in names)
    row = ctx.store.row(f"SELECT {listed} FROM {quoted(module.table)} WHERE id = ?", (number,))
    name, code, price, stock = (str(each or "") for each in row or (None,) * len(names))
    deleted = entity[2] == DELETED
    return Goods(
        number=number,
        module=module.name,
        wire_id="" if deleted else entity[1],
        name=encoded(name),
        code=code,
        price=price,
        stock=stock if module.name == "Products" else "NA",
        deleted=deleted,
    )


def _amount(row: Mapping[str, Any], name: str) -> Decimal:
    return casts.decimal(str(row.get(name) or ""))
