r"""What is written through the RestfulApi module, spelt so that what is stored is what was given.

The module strips tags and outer blanks of every value, splits values at ``/`` unless a ``\`` stands
before it, decodes entities, and reads numbers in the format of the user, amounts in the user's
currency as well.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html.entities import name2codepoint
from typing import Any, Final

from ..errors import NotSupported
from ..ids import parse_id
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from .base import NumberFormat

_ITEM_FIELDS: Final = {
    "quantity": "qty",
    "listprice": "listPrice",
    "comment": "comment",
    "discount_percent": "discount_percentage",
    "discount_amount": "discount_amount",
    "tax1": "tax1_percentage",
}
_TRIMMED: Final = " \t\n\r\0\x0b"
_TO_JSON: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&/'"}


def as_listed(text: str) -> str:
    """What is read of a text that is stored so: entities are told as their signs, and line breaks
    of one kind."""
    return decoded(text.replace("\r\n", "\n"))


@cache  # long, and for this dialect alone
def _entities() -> re.Pattern[str]:
    """What the CRM writes for a sign. Other numbers of signs are stored as they are shown."""
    return re.compile(f"&(?:{'|'.join(name2codepoint)}|#0?39);")


def decoded(text: str) -> str:
    """A text of the module's rows without the entities that the CRM writes for signs."""
    return _entities().sub(lambda match: html.unescape(match[0]), text)


def form(
    meta: ModuleMeta, values: Mapping[str, Any], numbers: NumberFormat | None
) -> dict[str, str]:
    """The fields of a write. Raises `NotSupported` for a value that would be stored as another."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if name == "LineItems":
            _check_items(numbers)
            found["items"] = _items(value)
            continue
        text = "" if value is None else str(value)
        each = meta.by_wire.get(name)
        if each is not None:
            text = _field(each, text, numbers)
        found[name] = encoded(text)
    if "items" in found:
        found.pop("productid", None)
    return found


def _field(each: FieldMeta, text: str, numbers: NumberFormat | None) -> str:
    if each.family is Family.REFERENCE:
        return str(parse_id(text).number) if text else ""
    if each.kind in (Kind.CURRENCY, Kind.DOUBLE) and text:
        return _number(each, text, numbers)
    return text


def encoded(text: str) -> str:
    """A text that the module stores as it was given."""
    inner = text.strip(_TRIMMED)
    before = text[: len(text) - len(text.lstrip(_TRIMMED))] if inner else text
    after = text[len(text.rstrip(_TRIMMED)) :] if inner else ""
    inner = inner.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    inner = inner.replace("/", "\\/")
    return (
        "".join(f"&#{ord(sign)};" for sign in before)
        + inner
        + ("".join(f"&#{ord(sign)};" for sign in after))
    )


def _number(each: FieldMeta, text: str, numbers: NumberFormat | None) -> str:
    """The number as the user would write it: with the user's decimal sign, and never grouped."""
    if numbers is None:
        raise NotSupported(
            f"{each.name} is a number, and the RestfulApi module reads numbers in the format and "
            "currency of its user, which are not known: they are asked over the server's "
            "webservice.php, which did not answer this user's access key. Make it reachable, or "
            "write the record over it. Nothing was sent."
        )
    if text.strip("-0.") and each.kind is Kind.CURRENCY and not numbers.is_base:
        raise NotSupported(
            f"{each.name} is an amount, and this user works in a currency of rate {numbers.rate}: "
            "the RestfulApi module would convert what is sent, and round it. Use a user of the "
            "CRM's own currency, or webservice.php. Nothing was sent."
        )
    if "." in text and (not numbers.decimal or numbers.decimal == numbers.grouping):
        raise NotSupported(
            f"{each.name}={text} has decimals, and this user's preferences have no decimal sign "
            "of their own, so the CRM would read another number. Nothing was sent."
        )
    return text.replace(".", numbers.decimal)


def _check_items(numbers: NumberFormat | None) -> None:
    if numbers is not None and numbers.is_base and numbers.decimal == ".":
        return
    raise NotSupported(
        "The RestfulApi module reads quantities and prices of line items in the format and "
        "currency of its user, and this user's are not those of the CRM itself (a decimal point, "
        "the base currency) or not known. Use another user, or webservice.php. Nothing was sent."
    )


def _items(items: Sequence[Mapping[str, Any]]) -> str:
    """Line items as JSON that holds no sign the module would take for its own."""
    return json.dumps([_item(each) for each in items]).translate(_TO_JSON)


def _item(item: Mapping[str, Any]) -> dict[str, str]:
    lost = item.keys() - _ITEM_FIELDS.keys() - {"productid"}
    lost = {name for name in lost if str(item[name] or "").strip("0.")}
    if lost:
        raise NotSupported(
            f"The RestfulApi module has no place for {', '.join(sorted(lost))} of a line item. Use "
            "webservice.php. Nothing was sent."
        )
    named = {
        ours: str(item[wire]) for wire, ours in _ITEM_FIELDS.items() if item.get(wire) is not None
    }
    return {"hdnProductId": str(parse_id(str(item["productid"])).number), **named}
