"""`pdoInformation`, in which coreBOS tells the items of a quote, order or invoice, in the form in
which every other server tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PDO_INFORMATION: Final = "pdoInformation"
_KEYS: Final = {"qty": "quantity", "listprice": "listprice", "comment": "comment"}


def with_line_items(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with its items as `LineItems`; one that tells them so, or has none, as it is."""
    items = row.get(PDO_INFORMATION)
    if not isinstance(items, list) or "LineItems" in row:
        return row
    left = {name: value for name, value in row.items() if name != PDO_INFORMATION}
    return {**left, "LineItems": [_item(each) for each in items if isinstance(each, Mapping)]}


def _item(told: Mapping[str, Any]) -> dict[str, Any]:
    kind = told.get("discount_type")
    return {
        # `productid` is a bare number; the other one is the id, blank where the product is gone.
        "productid": str(told.get("wsproductid") or ""),
        **{ours: told[theirs] for theirs, ours in _KEYS.items() if theirs in told},
        "discount_percent": told.get("discount_percentage") if kind == "percentage" else "",
        "discount_amount": told.get("discount_amount") if kind == "amount" else "",
    }
