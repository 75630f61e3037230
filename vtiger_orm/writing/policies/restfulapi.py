"""What writing through the RestfulApi module takes, where the CRM itself does nothing of it.

The module saves records as a form of the CRM's own pages does: a description that the form lacks is
stored with entities, and totals are what the form says they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from ..._writes import Problem, Rule
from ...calls.server import ServerFacts
from ...dialects.restfulapi_columns import UNTOLD, why_untold
from ...dialects.restfulapi_forms import as_listed
from ..changeset import Changeset
from ..line_items import LINE_ITEMS, decimal_of, is_inventory
from .policy import Policy, Wire

_SURVIVES: Final = re.compile(r"[\x20-\x7e\t\r\n]*")
_ELEMENT: Final = re.compile(r"\s*<(\w+)\b[^>]*>.*</\1>\s*", re.DOTALL)
_ENTITIES: Final = frozenset("&<>\"'")
_CENT: Final = Decimal("0.00000001")
_TOTAL: Final = "hdnGrandTotal"
_COUNTED: Final = frozenset(
    [
        *("hdnDiscountAmount", "hdnDiscountPercent", "hdnTaxType"),
        *("hdnS_H_Amount", "hdnS_H_Percent", "txtAdjustment"),
    ]
)
"""What totals follow, beside the items."""
_SHIPPING: Final = "shipping_&_handling"
_GIVEN: Final = f" (give {_TOTAL} as well where you have computed it)"


def is_restfulapi(facts: ServerFacts) -> bool:
    return facts.dialect == "restfulapi"


def survives(text: str) -> bool:
    """Whether the text is the same when it is stored with entities."""
    return _SURVIVES.fullmatch(text) is not None and _ENTITIES.isdisjoint(text)


def description_needed(change: Changeset, facts: ServerFacts) -> tuple[str, ...]:
    """The stored description, which a change that does not send it would rewrite."""
    if change.creates or not is_restfulapi(facts) or _gives_description(change):
        return ()
    return ("description",) if "description" in change.meta.by_wire else ()


def description_along(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    if not is_restfulapi(facts) or _gives_description(change):
        return {}
    text = str(change.stored.get("description") or "")
    return {"description": text} if text and not survives(text) else {}


def check_description(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """A stored description that neither survives when it is sent nor when it is not."""
    if not description_needed(change, facts) or not change.stored:
        return
    text = change.stored.get("description")
    if text is None:
        why = "may be stored with HTML entities, and the module does not show for which signs"
    elif _ELEMENT.fullmatch(str(text)):
        why = "is one element of HTML, which the CRM empties"
    else:
        return
    yield Problem(
        "description",
        Rule.SERVER,
        f"the description of {change.id} {why}: the RestfulApi module writes it with every change, "
        "and it would be another afterwards. Give it anew with the change, or change the record "
        "over webservice.php. Nothing was sent.",
    )


def _gives_description(change: Changeset) -> bool:
    each = change.meta.by_wire.get("description")
    return each is not None and each.name in change.values


def check_untold(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """What is never shown could not be compared afterwards."""
    if not is_restfulapi(facts):
        return
    for name in sorted(UNTOLD & wire.keys()):
        yield Problem(
            change.meta.by_wire[name].name,
            Rule.SERVER,
            f"{name} are shown empty by the RestfulApi module, so what becomes of them could not "
            "be told. Write them over webservice.php. Nothing was sent.",
        )


def texts_as_listed(change: Changeset, wire: Wire, facts: ServerFacts) -> Wire:
    """Lists tell of ``&`` and ``&amp;`` the same, as of line breaks of both kinds."""
    return _as_listed({**change.known_texts(), **wire}) if is_restfulapi(facts) else {}


def _as_listed(wire: Wire) -> Wire:
    found = {
        name: shown
        for name, text in wire.items()
        if isinstance(text, str) and (shown := as_listed(text)) != text
    }
    items = [_as_listed(item) for item in wire.get(LINE_ITEMS) or ()]
    return {**found, LINE_ITEMS: items} if any(items) else found


# Line items


def totals_needed(change: Changeset, facts: ServerFacts) -> tuple[str, ...]:
    """What shows, when it is read again, whether a change of the header cost the line items."""
    if change.creates or not is_restfulapi(facts):
        return ()
    return ("hdnSubTotal", _TOTAL)


def check_prices(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """What totals are computed of has to be told, and items can only be created."""
    items = wire.get(LINE_ITEMS)
    if not is_restfulapi(facts) or items is None:
        return
    if not change.creates:
        yield Problem(
            "items",
            Rule.SERVER,
            "line items cannot be changed through the RestfulApi module, only created with the "
            "record. Use webservice.php.",
        )
        return
    if any(item.get("listprice") is None for item in items):
        yield Problem(
            "items",
            Rule.MANDATORY,
            "every line item needs its price: the RestfulApi module stores the totals that it is "
            "sent, so they are computed here.",
        )
    elif _is_group(wire) and len({_number(item, "tax1") for item in items}) > 1:
        yield Problem(
            "items",
            Rule.SERVER,
            "line items of different taxes need hdnTaxType='individual': a group has one tax.",
        )


def check_totals(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """What nobody would compute totals of. Whoever gives the total has computed it."""
    if not is_restfulapi(facts):
        return
    for name in sorted(wire.keys() & change.meta.by_wire.keys()):
        each = change.meta.by_wire[name]
        hidden = why_untold(change.meta.name, each) is not None
        if name.startswith(_SHIPPING):
            yield Problem(
                each.name,
                Rule.SERVER,
                f"{each.name} is neither told by the RestfulApi module nor part of the totals that "
                "are sent to it. Use webservice.php. Nothing was sent.",
            )
        elif not change.creates and name in _COUNTED and (hidden or _TOTAL not in wire):
            yield Problem(
                each.name,
                Rule.SERVER,
                f"the totals would stay as they are: the RestfulApi module computes none, so they "
                f"do not follow {each.name}{_GIVEN if not hidden else ', which it never shows'}. "
                "Change it over webservice.php, together with the line items. Nothing was sent.",
            )


def totals(values: Wire, facts: ServerFacts) -> Wire:
    """What the form of a new record says beside its items: nothing computes it later."""
    items = values.get(LINE_ITEMS)
    if not is_restfulapi(facts) or items is None or any("listprice" not in each for each in items):
        return {}
    nets = [_net(item) for item in items]
    subtotal = sum(nets, Decimal(0))
    discount = _number(values, "hdnDiscountAmount")
    if not discount:
        discount = subtotal * _number(values, "hdnDiscountPercent") / 100
    net = subtotal - discount
    if _is_group(values):
        taxes = net * _number(items[0], "tax1") / 100
    else:
        # The CRM's form has the taxes of single items within the subtotal.
        taxes = Decimal(0)
        subtotal = sum(
            (each + each * _number(item, "tax1") / 100 for each, item in zip(nets, items)),
            Decimal(0),
        )
        if not _number(values, "hdnDiscountAmount"):
            discount = subtotal * _number(values, "hdnDiscountPercent") / 100
        net = subtotal - discount
    charges = _number(values, "hdnS_H_Amount") + _number(values, "txtAdjustment")
    return {
        "subtotal": _text(subtotal),
        "total": _text(net + taxes + charges),
        "taxtype": "group" if _is_group(values) else "individual",
    }


def _is_group(values: Wire) -> bool:
    return str(values.get("hdnTaxType") or "group") == "group"


def _net(item: Wire) -> Decimal:
    gross = _number(item, "quantity") * _number(item, "listprice")
    less = _number(item, "discount_amount") or gross * _number(item, "discount_percent") / 100
    return gross - less


def _number(values: Wire, name: str) -> Decimal:
    return decimal_of(values.get(name)) or Decimal(0)


def _text(number: Decimal) -> str:
    text = format(number.quantize(_CENT, ROUND_HALF_UP), "f").rstrip("0").rstrip(".")
    return text or "0"


POLICIES: Final = (
    Policy(
        family="descriptions over RestfulApi",
        covers=lambda meta: "description" in meta.by_wire,
        checks=(check_description,),
        fresh=description_needed,
        along=description_along,
    ),
    Policy(
        family="texts over RestfulApi",
        covers=lambda meta: True,
        shown=texts_as_listed,
    ),
    Policy(
        family="tags over RestfulApi",
        covers=lambda meta: not UNTOLD.isdisjoint(meta.by_wire),
        checks=(check_untold,),
    ),
    Policy(
        family="items over RestfulApi",
        covers=is_inventory,
        checks=(check_prices, check_totals),
        needs=totals_needed,
        spelt=totals,
    ),
)
