"""`pdoInformation`: the items of offers, orders and invoices, and totals with every tax there is.

Items are kept twice: in the form's own table, which `pdoInformation` shows, and as records of
InventoryDetails. Only saving an offer brings the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from .. import casts, inventory
from ..accept import fixed
from ..context import Context
from ..inventory import goods_of
from ..php import php_text
from ..schema import Module
from ..writing import Writer, blank_row

Row = dict[str, Any]

_DETAILS: Final = "InventoryDetails"
_PERCENTAGE, _AMOUNT = "percentage", "amount"
_RATES: Final = {"tax1": "4.5", "tax2": "10", "tax3": "12.5"}
"""The taxes of the installation, which a record of type group gets all of."""
_HUNDRED: Final = Decimal(100)


def create(ctx: Context, writer: Writer, module: Module, element: Row) -> int:
    """A record with the items of its `pdoInformation`; without any it is worth nothing."""
    number = writer.insert({"conversion_rate": "1", "currency_id": "21x1", **element})
    if not element.get("hdnTaxType"):
        ctx.store.update(module, number, {"hdnTaxType": "group"})
    _save(ctx, module, number, element)
    return number


def change(ctx: Context, writer: Writer, module: Module, number: int, element: Row) -> None:
    """A change of the header keeps items and totals; items that are sent replace all."""
    writer.change(number, element)
    _save(ctx, module, number, element)


def shown(ctx: Context, number: int) -> list[Row]:
    """`pdoInformation` of retrieve."""
    found = []
    for item in inventory.read_items(ctx, number):
        goods = goods_of(ctx, item["productid"] or 0)
        percent = casts.decimal(item["discount_percent"] or "")
        amount = casts.decimal(item["discount_amount"] or "")
        kind = _PERCENTAGE if percent else _AMOUNT if amount else 0
        found.append(
            {
                "productid": str(item["productid"] or ""),
                "wsproductid": goods.wire_id,
                "linetype": goods.module or "",
                "comment": item["comment"] or "",
                "qty": item["quantity"],
                "listprice": f"{casts.decimal(item['listprice'] or ''):.6f}",
                "discount": int(bool(kind)),
                "discount_type": kind,
                "discount_percentage": f"{percent}" if kind == _PERCENTAGE else 0,
                "discount_amount": f"{amount}" if kind == _AMOUNT else 0,
            }
        )
    return found


def _save(ctx: Context, module: Module, number: int, element: Row) -> None:
    sent = element.get("pdoInformation")
    lines = [each for each in sent if isinstance(each, dict)] if isinstance(sent, list) else []
    if not lines:
        return
    stored = [_line(ctx, each) for each in lines]
    inventory.replace_items(ctx, number, stored)
    totals = _totals(element, stored)
    if not any(php_text(each.get("productid")) for each in lines):
        # Taxes are counted by product: the total has them, their sums have not.
        totals |= {name: Decimal(0) for name in totals if name.startswith("sum_tax")}
    columns = {
        name: fixed(module.fields[name], amount)
        for name, amount in totals.items()
        if name in module.fields
    }
    kind = element.get("hdnTaxType") or element.get("taxtype") or "group"
    ctx.store.update(module, number, {**columns, "hdnTaxType": kind})
    _details(ctx, module, number, stored)


def _line(ctx: Context, sent: Row) -> Row:
    """One item as the form's table keeps it. Nothing is taken from the product."""
    text = php_text(sent.get("productid"))
    product = text if "x" in text else f"x{text}"
    if not _exists(ctx, inventory.goods_number(product)):
        product = ""
    discount: Row = {}
    if php_text(sent.get("discount")) not in ("", "0"):
        kind = sent.get("discount_type")
        if kind == _PERCENTAGE:
            discount["discount_percent"] = php_text(sent.get("discount_percentage"))
        elif kind == _AMOUNT:
            discount["discount_amount"] = php_text(sent.get("discount_amount"))
    return {
        "productid": product,
        "quantity": php_text(sent.get("qty")) or "0",
        "listprice": php_text(sent.get("listprice")) or "0",
        "comment": php_text(sent.get("comment")),
        **discount,
    }


def _exists(ctx: Context, number: int) -> bool:
    return ctx.store.row("SELECT 1 FROM entity WHERE id = ?", (number,)) is not None


def _gross(item: Mapping[str, Any]) -> Decimal:
    return casts.decimal(item["quantity"]) * casts.decimal(item["listprice"])


def _totals(element: Mapping[str, Any], lines: Sequence[Row]) -> dict[str, Decimal]:
    """What the form works out, of what the form sends: values of the record do not count."""

    def sent(name: str) -> Decimal:
        return casts.decimal(php_text(element.get(name)))

    gross = sum((_gross(each) for each in lines), Decimal(0))
    net = sum((inventory.net_price(each) for each in lines), Decimal(0))
    kind = element.get("discount_type_final")
    discount = Decimal(0)
    if kind == _PERCENTAGE:
        discount = net * sent("hdnDiscountPercent") / _HUNDRED
    elif kind == _AMOUNT:
        discount = sent("hdnDiscountAmount")
    individual = "individual" in (element.get("hdnTaxType"), element.get("taxtype"))
    subtotal = casts.rounded(net, 2)
    taxed = subtotal - discount
    taxes = {
        name: Decimal(0) if individual else taxed * _rate(element, name) / _HUNDRED
        for name in _RATES
    }
    shipping = sent("shipping_handling_charge")
    adjustment = sent("adjustment")
    if element.get("adjustmentType") not in ("add", "+"):
        adjustment = -adjustment
    tax = sum(taxes.values(), Decimal(0))
    total = casts.rounded(taxed + tax + shipping + adjustment, 2)
    return {
        "hdnSubTotal": subtotal,
        "hdnGrandTotal": total,
        "hdnS_H_Amount": shipping,
        "txtAdjustment": adjustment,
        "pl_gross_total": gross,
        "pl_dto_line": gross - net,
        "pl_dto_global": discount,
        "pl_dto_total": gross - net + discount,
        "pl_net_total": net - discount,
        "sum_nettotal": subtotal,
        "pl_sh_total": shipping,
        "pl_adjustment": adjustment,
        "pl_grand_total": total,
        **{f"sum_{name}": amount for name, amount in taxes.items()},
        "sum_taxtotal": tax,
    }


def _rate(element: Mapping[str, Any], name: str) -> Decimal:
    sent = element.get(f"{name}_group_percentage")
    return casts.decimal(_RATES[name] if sent is None else php_text(sent))


def _details(ctx: Context, module: Module, number: int, lines: Sequence[Row]) -> None:
    """The records of InventoryDetails: the same product keeps its record."""
    details = ctx.schema.modules[_DETAILS]
    former: dict[int, list[int]] = {}
    for product, record in ctx.store.rows(
        f'SELECT productid, id FROM "{details.table}" WHERE related_to = ? AND _state = 0 '
        "ORDER BY sequence_no",
        (number,),
    ):
        former.setdefault(product, []).append(record)
    items = inventory.read_items(ctx, number)
    for position, (line, item) in enumerate(zip(lines, items), start=1):
        values = _detail(ctx, details, module, number, position, line, item)
        same = former.get(values["productid"])
        if same:
            ctx.store.update(details, same.pop(0), values)
        else:
            record = ctx.store.new_number(details)
            ctx.store.register(details, record)
            ctx.store.insert(details, record, {**blank_row(details), **values})
    for left in former.values():
        for record in left:
            ctx.store.execute("DELETE FROM entity WHERE id = ?", (record,))
            ctx.store.execute(f'DELETE FROM "{details.table}" WHERE id = ?', (record,))


def _detail(
    ctx: Context,
    details: Module,
    module: Module,
    number: int,
    position: int,
    line: Row,
    item: Row,
) -> Row:
    header = ctx.store.row(
        f'SELECT {_column(module, "account_id")}, {_column(module, "contact_id")}, '
        f'{_column(module, "vendor_id")}, assigned_user_id FROM "{module.table}" WHERE id = ?',
        (number,),
    )
    account, contact, vendor, owner = header or (0, 0, 0, ctx.user.number)
    gross, net = _gross(line), inventory.net_price(line)
    amounts = {
        "quantity": casts.decimal(line["quantity"]),
        "listprice": casts.decimal(line["listprice"]),
        "extgross": gross,
        "extnet": net,
        "linetotal": net,
        "discount_percent": casts.decimal(line.get("discount_percent", "")),
        "discount_amount": casts.decimal(line.get("discount_amount", "")),
        "remaining_units": casts.decimal(line["quantity"]),
    }
    if item["productid"]:
        amounts |= {f"id_{name}_perc": casts.decimal(rate) for name, rate in _RATES.items()}
    now = ctx.now()
    return {
        **{name: fixed(details.fields[name], amount) for name, amount in amounts.items()},
        "productid": item["productid"] or 0,
        "related_to": number,
        "account_id": account,
        "contact_id": contact,
        "vendor_id": vendor,
        "sequence_no": position,
        "lineitem_id": item["id"],
        "assigned_user_id": owner,
        "createdtime": now,
        "modifiedtime": now,
        "created_user_id": ctx.user.number,
        "description": line["comment"],
    }


def _column(module: Module, name: str) -> str:
    return f'"{name}"' if name in module.fields else "0"
