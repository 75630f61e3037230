"""What the CRM made of the values it was sent: it rounds, cuts and replaces without a word.

Pure: the sent wire values and the answer in, the differences out.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from ..calls.operations import Row
from ..errors import ValuesAdjusted
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..values import is_blank


class Why(StrEnum):
    """The likely reason of a difference."""

    ROUNDED = "rounded"
    """Decimals beyond the digits of the API user's preferences, or of the column."""
    CLIPPED = "clipped"
    """A number outside of what the column holds."""
    CUT = "cut"
    """Text longer than the column."""
    CHARACTERS = "characters"
    """Characters beyond U+FFFF, stored as ``????``."""
    EMPTIED = "emptied"
    """The CRM dropped the value: a reference to a missing record, an inactive currency."""
    CHANGED = "changed"
    """Anything else, a workflow of the CRM for example."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One field whose stored value is not the one that was sent; both in wire form."""

    field: str
    sent: str
    stored: str
    why: Why

    def __str__(self) -> str:
        return f"{self.field}: sent {self.sent!r}, stored {self.stored!r} ({self.why})"


def compare(meta: ModuleMeta, sent: Mapping[str, Any], answer: Row) -> tuple[Adjustment, ...]:
    """The fields of `answer` that differ from what was `sent`.

    A field the answer lacks (hidden from the user, or a dialect that answers with an id only)
    cannot be compared and is left out.
    """
    found = []
    for name, value in sent.items():
        each = meta.by_wire.get(name)
        if each is None or name not in answer or not isinstance(value, str):
            continue
        stored = answer[name]
        text = "" if stored is None else str(stored)
        why = _difference(each, value, text)
        if why is not None:
            found.append(Adjustment(each.name, value, text, why))
    found.extend(_items(sent.get("LineItems"), answer.get("LineItems")))
    return tuple(found)


_ITEM_FIELDS: Final = {
    "productid": "product",
    "quantity": "quantity",
    "listprice": "price",
    "discount_percent": "discount_percent",
    "discount_amount": "discount_amount",
    "comment": "comment",
}
"""Wire name of a line item's field -> its attribute. Taxes are not compared: which of them count
depends on the record."""


def _items(sent: object, stored: object) -> Iterator[Adjustment]:
    """The same of line items; an answer without the list (of `update`) cannot be compared."""
    if not isinstance(sent, list) or not isinstance(stored, list) or len(sent) != len(stored):
        return
    for position, (one, other) in enumerate(zip(sent, stored)):
        for wire, name in _ITEM_FIELDS.items():
            if wire not in one or wire not in other:
                continue
            wanted, got = str(one[wire]), str(other[wire] or "")
            if wire == "productid":
                why = Why.EMPTIED if is_blank(got) else None if wanted == got else Why.CHANGED
            elif wire == "comment":
                why = None if wanted == html.unescape(got) else _text(wanted, got)
            else:
                why = _number(wanted, got)
            if why is not None:
                yield Adjustment(f"items[{position}].{name}", wanted, got, why)


def repaired(meta: ModuleMeta, sent: Mapping[str, Any], answer: Row) -> Row:
    """The answer without the server's own mistakes.

    The answer of a create of Leads shows text with HTML entities decoded once too often; what is
    stored is the text that was sent. With line items, the header's product comes back as null.
    """
    wrong = {
        name: value
        for name, value in sent.items()
        if isinstance(value, str)
        and "&" in value
        and name in meta.by_wire
        and answer.get(name) != value
        and answer.get(name) == html.unescape(value)
    }
    if "LineItems" in sent and not answer.get("productid") and "productid" in answer:
        wrong["productid"] = str(sent.get("productid") or "")
    return {**answer, **wrong} if wrong else answer


def refusal(meta: ModuleMeta, id_: str, adjustments: tuple[Adjustment, ...]) -> ValuesAdjusted:
    """The error of strict mode; the record has the answer by then."""
    lines = "".join(f"\n  - {each}" for each in adjustments)
    return ValuesAdjusted(
        f"{meta.name} {id_} was written, but the CRM stored other values than were sent:{lines}",
        adjustments,
    )


def differs(each: FieldMeta, one: str, other: str) -> bool:
    """Whether two wire values of a field are different values, not just written differently."""
    return _difference(each, one, other) is not None


def _difference(each: FieldMeta, sent: str, stored: str) -> Why | None:
    if sent == stored or (is_blank(sent) and is_blank(stored)):
        return None
    match each.family:
        case Family.INTEGER | Family.DECIMAL:
            return _number(sent, stored)
        case Family.BOOLEAN:
            return None if _true(sent) == _true(stored) else Why.CHANGED
        case Family.DATETIME:
            same = _moment(sent) == _moment(stored)
        case Family.TIME:
            same = sent[:8].ljust(8, "0") == stored or f"{sent}:00" == stored
        case Family.CHOICES:
            same = set(sent.split(" |##| ")) == set(stored.split(" |##| "))
        case _:
            same = False
    return None if same else _text(sent, stored)


def _text(sent: str, stored: str) -> Why:
    if is_blank(stored):
        return Why.EMPTIED
    if any(ord(char) > 0xFFFF for char in sent) and "????" in stored:
        return Why.CHARACTERS
    if len(stored) < len(sent) and sent.startswith(stored):
        return Why.CUT
    return Why.CHANGED


_ROUNDING: Final = Decimal("0.5")


def _number(sent: str, stored: str) -> Why | None:
    try:
        wanted, got = Decimal(sent or "0"), Decimal(stored or "0")
    except InvalidOperation:
        return Why.CHANGED
    if wanted == got:
        return None
    return Why.ROUNDED if abs(wanted - got) <= _ROUNDING else Why.CLIPPED


def _true(text: str) -> bool:
    return text in ("1", "on", "true")


def _moment(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
