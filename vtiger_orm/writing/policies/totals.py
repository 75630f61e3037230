"""Totals of quotes, orders and invoices: the CRM counts them when items are sent, and only then.

Of a header alone it stores what it is sent, or drops it: the total would not be what the fields
beside it say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..._writes import Problem, Rule
from ...calls.server import ServerFacts
from ...metadata.module import ModuleMeta
from ...metadata.server import Hazard
from ..changeset import Changeset
from ..line_items import LINE_ITEMS, LineItems, are_apart, is_inventory
from .policy import Policy, Wire
from .restfulapi import is_restfulapi

DISCOUNTS_OF_ALL: Final = ("hdnDiscountPercent", "hdnDiscountAmount")
HEADER: Final = ("hdnTaxType", *DISCOUNTS_OF_ALL, "hdnS_H_Amount", "txtAdjustment")
"""What totals follow, beside the items."""
_TOTAL: Final = "hdnGrandTotal"


def changes_totals(change: Changeset) -> bool:
    """Whether the change is of something that the totals of a stored record follow."""
    return not change.creates and any(_gives(change, name) for name in HEADER)


def items_again(change: Changeset) -> LineItems | None:
    """The items that are sent, changed or not, so that totals follow the header."""
    items = change.items
    if items is None or not items.loaded or len(items) == 0 or not changes_totals(change):
        return None
    return items


def _gives(change: Changeset, name: str) -> bool:
    each = change.meta.by_wire.get(name)
    return each is not None and each.name in change.values


def _items(change: Changeset, facts: ServerFacts) -> Wire:
    if is_restfulapi(facts) or facts.server.refusal(Hazard.REPLACE_ITEMS):
        return {}
    items = None if _gives(change, _TOTAL) else items_again(change)
    return {} if items is None else {LINE_ITEMS: items.to_wire()}


def check_stale_totals(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """What nobody would compute totals of. Whoever gives the total has computed it."""
    if is_restfulapi(facts) or LINE_ITEMS in wire or _gives(change, _TOTAL):
        return
    if changes_totals(change) and not change.accepts_damage:
        damaging = facts.server.refusal(Hazard.REPLACE_ITEMS) is not None
        read = "" if damaging else "Read those first, record.crm.load_items(), then save; or "
        instead = f"{read}give {_TOTAL} as well"
        yield Problem(
            "items",
            Rule.SERVER,
            f"the totals of {change.meta.name} would stay as they are: they follow discounts, "
            "taxes, shipping and adjustment only where the items are sent with them. "
            f"{instead[0].upper()}{instead[1:]}. Nothing was sent.",
        )


def _covers(meta: ModuleMeta) -> bool:
    return is_inventory(meta) and not are_apart(meta)


POLICIES: Final = (
    Policy(family="totals", covers=_covers, given=_items, checks=(check_stale_totals,)),
)
