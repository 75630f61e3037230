"""Items of coreBOS, which reads them as its own pages send them: `pdoInformation`, with keys of
the header without which discount, shipping and adjustment drop out of the total.

Totals are counted when items are sent, and only then: of a header alone it stores what it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ..._writes import Problem, Rule
from ...calls.operations import Create, Revise, Update
from ...calls.server import ServerFacts
from ...dialects.pdo_information import PDO_INFORMATION
from ..changeset import Changeset
from ..line_items import LINE_ITEMS, are_apart, decimal_of
from .modules import COUNTED
from .policy import UNSENT, Policy, Wire
from .totals import DISCOUNTS_OF_ALL, HEADER, changes_totals, items_again

_SUMS: Final = re.compile("sum_(tax[0-9]+)")
_TAXED: Final = ("hdnSubTotal", "pl_dto_global")
_RATE: Final = Decimal("0.001")
"""Rates of taxes have three decimals."""
_COMPUTED: Final = (
    *("pl_gross_total", "pl_dto_line", "pl_dto_total", "pl_dto_global", "pl_net_total"),
    *("sum_nettotal", "pl_sh_total", "pl_sh_tax", "pl_grand_total", "pl_adjustment"),
    *("sum_taxtotal", "sum_taxtotalretention", *(f"sum_tax{number}" for number in range(1, 10))),
)


def _items_again(change: Changeset, facts: ServerFacts) -> Wire:
    items = items_again(change)
    return {} if items is None else {LINE_ITEMS: items.to_wire()}


def check_apart(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """What was not seen to work, or would leave totals that are wrong."""
    if changes_totals(change) and LINE_ITEMS not in wire:
        yield Problem(
            "items",
            Rule.SERVER,
            "totals of coreBOS follow discounts, taxes, shipping and adjustment only where the "
            "items are sent with them: read them first, record.crm.load_items(), then save. "
            "Nothing was sent.",
        )
    both = {**header_along(change, wire, facts), **wire}
    if LINE_ITEMS in wire and all(_number(both.get(name)) for name in DISCOUNTS_OF_ALL):
        yield Problem(
            "hdnDiscountAmount",
            Rule.VALUE,
            "there is either a discount in percent or an amount: set the other one to 0.",
        )
    for number, item in enumerate(wire.get(LINE_ITEMS, ())):
        if item.get("listprice") is None:
            yield Problem(
                "items",
                Rule.MANDATORY,
                f"items[{number}] needs its price: coreBOS takes none from the product.",
            )
        left = item.keys() - {"productid", "quantity", "listprice", "comment", *_DISCOUNTS}
        if left:
            yield Problem(
                "items",
                Rule.SERVER,
                f"items[{number}]: {', '.join(sorted(left))} cannot be given on coreBOS: it was "
                "not measured what it makes of it. Nothing was sent.",
            )


_DISCOUNTS: Final = {
    "discount_percent": ("percentage", "discount_percentage"),
    "discount_amount": ("amount", "discount_amount"),
}


def header_needed(change: Changeset, facts: ServerFacts) -> tuple[str, ...]:
    """The header's own part of the totals, where items are written anew."""
    if change.creates or not (change.writes_items or items_again(change) is not None):
        return ()
    known = change.meta.by_wire
    taxes = tuple(name for name in known if _SUMS.fullmatch(name))
    rated = ("currency_id", "conversion_rate")
    return tuple(name for name in (*HEADER, *_TAXED, *rated, *taxes) if name in known)


def header_along(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    """The same as it is stored, and the rates of the taxes, which it tells in amounts only."""
    if LINE_ITEMS not in wire:
        return {}
    found: dict[str, Any] = {}
    for name in HEADER:
        text = change.known_text(name)
        # A discount that was dropped from the total is still told by its field.
        dropped = name in DISCOUNTS_OF_ALL and not _known(change, "pl_dto_global")
        if text and not dropped:
            found[name] = text
    taxed = _known(change, "hdnSubTotal") - _known(change, "pl_dto_global")
    grouped = str(wire.get("hdnTaxType") or found.get("hdnTaxType") or "group") == "group"
    if grouped and taxed and change.known_text("hdnTaxType") == "group":
        for name in change.meta.by_wire:
            if match := _SUMS.fullmatch(name):
                rate = (_known(change, name) * 100 / taxed).quantize(_RATE)
                found[f"{match[1]}_group_percentage"] = format(rate, "f")
    return found


def _known(change: Changeset, name: str) -> Decimal:
    return _number(change.known_text(name))


def _number(value: object) -> Decimal:
    return decimal_of(value) or Decimal(0)


def spelt(values: Wire, facts: ServerFacts) -> Wire:
    """Items and header as the pages of coreBOS send them."""
    items = values.get(LINE_ITEMS)
    if items is None:
        return {}
    header: dict[str, Any] = {}
    percent, amount = (_number(values.get(name)) for name in DISCOUNTS_OF_ALL)
    if percent or amount:
        header["discount_type_final"] = "percentage" if percent else "amount"
    if shipping := _number(values.get("hdnS_H_Amount")):
        header["shipping_handling_charge"] = format(shipping, "f")
    if adjustment := _number(values.get("txtAdjustment")):
        header |= {"adjustmentType": "add", "adjustment": format(adjustment, "f")}
    return {LINE_ITEMS: UNSENT, PDO_INFORMATION: [_pdo(each) for each in items], **header}


def _pdo(item: Mapping[str, Any]) -> dict[str, Any]:
    sent = {"productid": item["productid"], "qty": item["quantity"], "listprice": item["listprice"]}
    if item.get("comment"):
        sent["comment"] = item["comment"]
    for name, (kind, key) in _DISCOUNTS.items():
        if item.get(name):
            sent |= {"discount": 1, "discount_type": kind, key: item[name]}
    return sent


def unproved(change: Changeset, call: Create | Revise | Update) -> frozenset[str]:
    """No answer of a write tells the items; the record is read."""
    return frozenset({LINE_ITEMS}) if PDO_INFORMATION in call.values else frozenset()


POLICIES: Final = (
    Policy(
        family="inventory of coreBOS",
        covers=are_apart,
        checks=(check_apart,),
        given=_items_again,
        needs=header_needed,
        along=header_along,
        spelt=spelt,
        unproved=unproved,
        computed=dict.fromkeys(_COMPUTED, COUNTED),
    ),
)
