"""A change of a quote, order or invoice on a server that deletes the items by it: they are made
again, each as it was, and everything is compared.

Totals are stored as they are sent, and an item that is created leaves them alone. So the totals
go along with the change, and the items follow one by one. In between the record has none: what
was read before is the only copy, hence it is in every error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ..calls.operations import Create, Retrieve, Revise, Row
from ..calls.plans import Plan, perform
from ..errors import InvalidValue, ItemsLost, VtigerError
from .line_items import LINE_ITEMS
from .prepare import Prepared

_ALWAYS: Final = ("hdnTaxType", "hdnSubTotal", "hdnGrandTotal")
_WHERE_SET: Final = ("hdnDiscountAmount", "txtAdjustment", "hdnS_H_Amount", "shipping_&_handling")
_FOLLOWED: Final = frozenset(
    {*_ALWAYS, *_WHERE_SET, "hdnDiscountPercent", "hdnS_H_Percent", "currency_id"}
    | {"conversion_rate"}
)
_OF_AN_ITEM: Final = re.compile(
    "productid|sequence_no|quantity|listprice|discount_percent|discount_amount|comment|description"
    "|tax[0-9]+"
)
LINE_ITEM: Final = "LineItem"


STEPS: Final = (
    "retrieve: its items and totals",
    "revise: the changes, and the totals along with them; from here on it has no items",
    "create of a LineItem for each item, as it was read",
    "retrieve: items and totals are compared",
)
RISK: Final = (
    "if the third step stops half-way, items are missing in the CRM: ItemsLost has them all "
    "(error.items), and pre_tax_total is 0 afterwards in any case"
)


def check_rebuildable(prepared: Prepared) -> None:
    """Raise `InvalidValue` for a change that totals follow, as nobody would compute them."""
    change = prepared.change
    wrong = sorted(_FOLLOWED & prepared.sent.keys())
    if wrong or change.writes_items:
        what = ", ".join(wrong) or "the items"
        raise InvalidValue(
            f"{prepared.meta.name} {change.id}: rebuild_items keeps items and totals as they are, "
            f"so {what} cannot be changed with it. Nothing was sent."
        )


def rebuild(prepared: Prepared) -> Plan[Row]:
    """Send the change, make the items again, and the whole record as it is afterwards.

    Raises `ItemsLost` with the items where that did not succeed.
    """
    check_rebuildable(prepared)
    id_ = str(prepared.change.id)
    before = yield from perform(Retrieve(id_))
    items = [dict(each) for each in before.get(LINE_ITEMS) or []]
    kept: Row = {name: before[name] for name in _ALWAYS if name in before}
    kept |= {name: before[name] for name in _WHERE_SET if before.get(name) not in (None, "")}
    yield from perform(Revise(id_, {**kept, **prepared.call.values}))
    made = 0
    try:
        for each in items:
            yield from perform(Create(LINE_ITEM, {"parent_id": id_, **_again(each)}))
            made += 1
        after = yield from perform(Retrieve(id_))
    except VtigerError as error:
        raise _lost(
            prepared, items, made, f"the CRM stopped after {made} of {len(items)} items ({error})"
        ) from error
    wrong = [*_unlike_items(items, after.get(LINE_ITEMS)), *_unlike_totals(kept, after)]
    if wrong:
        raise _lost(prepared, items, made, "; ".join(wrong))
    return after


def quiet(prepared: Prepared) -> Prepared:
    """The change as its answer is compared: what the detour sets to 0 was announced."""
    known = {
        name: value for name, value in prepared.change.known.items() if name != "pre_tax_total"
    }
    return replace(prepared, change=replace(prepared.change, known=known))


def _again(item: Row) -> dict[str, Any]:
    return {
        name: value
        for name, value in item.items()
        if _OF_AN_ITEM.fullmatch(name) and value not in (None, "")
    }


def _unlike_items(items: Sequence[Row], stored: object) -> Iterator[str]:
    found = list(stored) if isinstance(stored, list) else []
    if len(found) != len(items):
        yield f"it had {len(items)} items and has {len(found)}"
        return
    for number, (old, new) in enumerate(zip(items, found), 1):
        for name, value in _again(old).items():
            if not _same(value, new.get(name)):
                yield f"{name} of item {number} was {value!r} and is {new.get(name)!r}"


def _unlike_totals(kept: Row, after: Row) -> Iterator[str]:
    for name, value in kept.items():
        if not _same(value, after.get(name)):
            yield f"{name} was {value!r} and is {after.get(name)!r}"


def _same(one: object, other: object) -> bool:
    if one == other or (one in (None, "", "0", 0) and other in (None, "", "0", 0)):
        return True
    try:
        return Decimal(str(one or 0)) == Decimal(str(other or 0))
    except InvalidOperation:
        return False


def _lost(prepared: Prepared, items: Sequence[Row], made: int, why: str) -> ItemsLost:
    error = ItemsLost(
        f"{prepared.meta.name} {prepared.change.id} was written, but its items are not all there "
        f"again: {why}. What it had is in the error's `items`; put it back in the CRM."
    )
    error.items, error.made = items, made
    return error
