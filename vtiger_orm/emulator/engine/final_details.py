"""`LineItems_FinalDetails`: what the server's edit form works with, sent along by accident.

Each item's keys carry its position (``qty1``, ``qty2``); the first item also carries the
totals of the whole record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from . import casts
from .context import Context
from .inventory import Goods, Totals, goods_of, net_price
from .labels import encoded

Row = dict[str, Any]


def of_record(
    ctx: Context, header: Mapping[str, Any], items: Sequence[Row], totals: Totals
) -> dict[str, Row]:
    """The details of a stored record, as `retrieve` shows them."""
    details: dict[str, Row] = {}
    for position, item in enumerate(items, start=1):
        details[str(position)] = _item(ctx, position, item, goods_of(ctx, item["productid"]))
    first = details.setdefault("1", {})
    first["final_details"] = _final(ctx, header, items, totals)
    return details


def of_write(ctx: Context, header: Mapping[str, Any]) -> dict[str, Row]:
    """The details in the answer of a write: taken before the items were stored, so all zero."""
    zero = Totals(Decimal(0), Decimal(0), Decimal(0))
    return {"1": {"final_details": _final(ctx, header, (), zero)}}


def _item(ctx: Context, position: int, item: Row, goods: Goods) -> Row:
    money = partial(_money, ctx.profile.details_decimals)
    quantity = casts.decimal(item["quantity"] or "")
    price = casts.decimal(item["listprice"] or "")
    percent = casts.decimal(item["discount_percent"] or "")
    amount = casts.decimal(item["discount_amount"] or "")
    gross, net = quantity * price, net_price(item)
    kind = "amount" if amount else "percentage" if percent else "zero"
    facts: Row = {
        "purchaseCost": money(casts.decimal(item.get("purchase_cost") or "")),
        "margin": money(casts.decimal(item.get("margin") or "")),
        "productDeleted": goods.deleted,
        "entityType": goods.module,
        "hdnProductId": str(goods.number),
        "productName": goods.name,
        "hdnProductcode": goods.code,
        "productDescription": "",
        "comment": encoded(item.get("comment") or ""),
        "qtyInStock": _short(casts.decimal(goods.stock)) if goods.stock != "NA" else "NA",
        "qty": _short(quantity),
        "listPrice": money(price),
        "unitPrice": money(casts.decimal(goods.price)),
        "productTotal": money(gross),
        "subproduct_ids": "",
        "discount_percent": _short(percent) if kind == "percentage" else 0,
        "discount_amount": _short(amount) if kind == "amount" else 0,
        "discountTotal": money(gross - net),
        "totalAfterDiscount": money(net),
        "taxTotal": money(Decimal(0)),
        "netPrice": money(net),
    }
    if goods.module == "Products":
        facts.update(subprod_qty_list=[], subprod_names="")
    if ctx.profile.reduced_taxes:
        facts.update(
            sequence_no=str(item["sequence_no"]),
            usageunit=item["usageunit"],
            reducedtaxrate=str(item["reducedtaxrate"] or 0),
        )
    if kind == "zero":
        facts["checked_discount_zero"] = " checked"
    else:
        facts["discount_type"] = kind
        column = "percent" if kind == "percentage" else "amount"
        facts[f"checked_discount_{column}"] = " checked"
        for name in ("percent", "amount"):
            shown = "visible" if name == column else "hidden"
            facts[f"style_discount_{name}"] = f' style="visibility:{shown}"'
    if position > 1:
        facts["delRow"] = "Del"
    return {f"{name}{position}": value for name, value in facts.items()}


def _final(ctx: Context, header: Mapping[str, Any], items: Sequence[Row], totals: Totals) -> Row:
    money = partial(_money, ctx.profile.details_decimals)
    discount_amount = casts.decimal(str(header.get("hdnDiscountAmount") or ""))
    discount_percent = casts.decimal(str(header.get("hdnDiscountPercent") or ""))
    kind = "amount" if discount_amount else "percentage" if discount_percent else "zero"
    discount = discount_amount or totals.subtotal * discount_percent / 100
    shipping = casts.decimal(str(header.get("hdnS_H_Amount") or "")) if items else Decimal(0)
    usual = not header.get("hdnTaxType")
    taxes = _taxes(ctx, items, totals.subtotal - discount, usual=usual)
    details: Row = {
        "taxtype": header.get("hdnTaxType") or None,
        "discount_type_final": kind if items else "zero",
        "hdnSubTotal": money(totals.subtotal),
        "discount_percentage_final": _short(discount_percent) if kind == "percentage" else 0,
        "discount_amount_final": money(discount_amount if items else Decimal(0)),
        "discountTotal_final": money(discount if items else Decimal(0)),
        "taxes": taxes,
        "tax_totalamount": money(
            sum((casts.decimal(each["amount"]) for each in taxes.values()), Decimal(0))
        ),
        "shipping_handling_charge": money(shipping),
        "sh_taxes": [
            {**each, "taxname": f"sh{each['taxname']}", "percentage": 0, "amount": 0}
            for each in _taxes(ctx, (), Decimal(0)).values()
        ],
        "shtax_totalamount": money(Decimal(0)),
        "adjustment": money(
            casts.decimal(str(header.get("txtAdjustment") or "")) if items else Decimal(0)
        ),
        "grandTotal": money(totals.total),
        "preTaxTotal": money(totals.before_tax),
        "totalAfterDiscount": money(totals.subtotal - discount if items else Decimal(0)),
        "chargesAndItsTaxes": {"1": {"value": None, "taxes": {"1": 0, "2": 0, "3": 0}}},
        "deductTaxes": [],
        "deductTaxesTotalAmount": money(Decimal(0)),
    }
    if ctx.profile.reduced_taxes and not casts.decimal(str(details["tax_totalamount"])):
        untaxed = {"percentage": "0", "taxtotal": "0", "subtotalpertax": details["hdnSubTotal"]}
        details.update(tax_totalamount=0, taxinfo_invoice={"": untaxed})
    if items and kind != "zero":
        column = "percentage" if kind == "percentage" else "amount"
        details[f"checked_discount_{column}_final"] = " checked"
        for name in ("percentage", "amount"):
            shown = "visible" if name == column else "hidden"
            details[f"style_discount_{name}_final"] = f' style="visibility:{shown}"'
    return details


def _taxes(
    ctx: Context, items: Sequence[Row], base: Decimal, *, usual: bool = False
) -> dict[str, Row]:
    """The record's taxes by their id. Without items the percentages are the plain number 0;
    `usual` are those that the CRM is set up with, for a record that has no type of taxes."""
    if "Tax" not in ctx.schema.modules:
        return {}
    taxes = {}
    for number, name, label, rate in ctx.store.rows(
        "SELECT id, taxname, taxlabel, percentage "
        'FROM "m_Tax" WHERE ifnull(deleted, 0) = 0 ORDER BY id'
    ):
        percentage = casts.decimal(items[0].get(name) or "") if items else Decimal(0)
        shown = rate if usual and not percentage else f"{percentage:.3f}" if items else 0
        taxes[str(number)] = {
            "taxname": name,
            "taxlabel": label,
            "percentage": shown,
            "amount": _money(ctx.profile.details_decimals, base * percentage / 100),
            "taxid": str(number),
            "type": "Fixed",
            "method": "Simple",
            "regions": [],
            "compoundon": [],
        }
    return taxes


def _money(decimals: int, amount: Decimal) -> str:
    return f"{casts.rounded(amount, decimals):.{decimals}f}"


def _short(amount: Decimal) -> str:
    """Without zeros at the end: ``3``, ``1.5``."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
