"""What the CRM made of the values it was sent: it rounds, cuts and replaces without a word.

Pure: the sent wire values and the answer in, the differences out.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator, Mapping, Sized
from decimal import Decimal, DecimalException
from typing import Any, Final

from .._writes import Adjustment, Reason
from ..calls.operations import Row
from ..errors import InvalidValue, Unreadable
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from ..values import decode, is_blank
from ..values.writing import encode
from .line_items import LINE_ITEMS


def compare(meta: ModuleMeta, sent: Mapping[str, Any], answer: Row) -> tuple[Adjustment, ...]:
    """The fields of `answer` that are not what was `sent`, those that it lacks included.

    An answer of nothing but an id tells nothing: the record has to be read.
    """
    return () if answer.keys() == {"id"} else tuple(of_sent(meta, sent, answer))


def of_sent(meta: ModuleMeta, sent: Mapping[str, Any], answer: Row) -> Iterator[Adjustment]:
    """`compare` for any answer."""
    for name, value in sent.items():
        if name == LINE_ITEMS:
            yield from _of_items(value, answer.get(LINE_ITEMS))
            continue
        each = meta.by_wire.get(name)
        attribute = each.name if each is not None else name
        if name not in answer:
            yield Adjustment(attribute, str(value), None, Reason.ABSENT)
            continue
        text = text_of(answer[name])
        why = _difference(each, value, text) if each is not None else _plain(str(value), text)
        if why is not None:
            yield Adjustment(attribute, str(value), text, why)


def of_unsent(
    meta: ModuleMeta,
    known: Mapping[str, object],
    answer: Row,
    computed: Collection[str],
    beside: Collection[str] = (),
) -> Iterator[Adjustment]:
    """Fields of `answer` that are not what was `known`; `computed` follow from what was sent,
    those `beside` are not compared. Both are wire names.

    What the CRM keeps by itself is left out (numbers, times), unless it can be computed."""
    for name, value in known.items():
        each = meta.fields[name]
        wire = each.wire
        follows = wire in computed
        if wire not in answer or wire in beside or not (each.editable or follows):
            continue
        text = answer[wire]
        if text == value if isinstance(value, str) else value is None and text == "":
            continue  # most fields: nothing to be read
        try:
            now = decode(each, text)
            same = now == value or (each.family is Family.BOOLEAN and not now and not value)
        except Unreadable:
            same = False
        if not same:
            why = Reason.COMPUTED if follows else Reason.UNASKED
            yield Adjustment(name, _written(each, value), text_of(text), why)


def _written(each: FieldMeta, value: object) -> str:
    try:
        return encode(each, value)
    except InvalidValue:  # read from the CRM, and yet nothing that could be sent
        return str(value)


def text_of(value: object) -> str:
    """A cell of an answer as text: JSON null is a blank there, a boolean 1 or 0."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


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


def _of_items(sent: list[Row], stored: object) -> Iterator[Adjustment]:
    """The same of line items."""
    if not isinstance(stored, list):
        yield Adjustment("items", counted(sent), None, Reason.ABSENT)
        return
    if len(sent) != len(stored):
        yield Adjustment("items", counted(sent), counted(stored), Reason.CHANGED)
        return
    for position, (one, other) in enumerate(zip(sent, stored)):
        for wire, name in _ITEM_FIELDS.items():
            if wire not in one:
                continue
            field, wanted = f"items[{position}].{name}", str(one[wire])
            if wire not in other:
                yield Adjustment(field, wanted, None, Reason.ABSENT)
                continue
            got = text_of(other[wire])
            why = _plain(wanted, got)
            if why is not None and wire == "comment":
                why = _plain(wanted, html.unescape(got))
            if why is not None:
                yield Adjustment(field, wanted, got, why)


def counted(items: Sized) -> str:
    """``2 items``."""
    return f"{len(items)} item{'s' if len(items) != 1 else ''}"


def differs(each: FieldMeta, one: str, other: str) -> bool:
    """Whether two wire values of a field are different values, not just written differently."""
    return _difference(each, one, other) is not None


def _difference(each: FieldMeta, sent: str, stored: str) -> Reason | None:
    """Values are compared, not spellings. A checkbox that holds nothing reads as not ticked."""
    if sent == stored:
        return None
    try:
        wanted, got = decode(each, sent), decode(each, stored)
    except Unreadable:
        return Reason.NOBODY if each.kind is Kind.OWNER and stored.isdecimal() else Reason.CHANGED
    if wanted == got or (got is None and wanted is False):
        return None
    if wanted is None:
        return Reason.ZEROED if each.family in _COUNTING and not got else Reason.CHANGED
    if got is None:
        return Reason.EMPTIED
    if each.family in (Family.INTEGER, Family.DECIMAL):
        return _number(sent, stored)
    if each.family is Family.REFERENCE and _same_record(sent, stored):
        return None
    return _text(sent, stored)


_COUNTING: Final = (Family.INTEGER, Family.DECIMAL, Family.BOOLEAN)


def _same_record(one: str, other: str) -> bool:
    """Numbers are unique over all modules; prefixes may be written differently."""
    return one.rpartition("x")[2] == other.rpartition("x")[2]


def _plain(sent: str, stored: str) -> Reason | None:
    """The same of a field of which nothing is known."""
    if sent == stored or (is_blank(sent) and is_blank(stored)):
        return None
    try:
        return _number(sent, stored)
    except DecimalException:
        return _text(sent, stored)


def _text(sent: str, stored: str) -> Reason:
    if is_blank(stored):
        return Reason.EMPTIED
    if any(ord(char) > 0xFFFF for char in sent) and "????" in stored:
        return Reason.CHARACTERS
    if len(stored) < len(sent) and sent.startswith(stored):
        return Reason.CUT
    return Reason.CHANGED


_ROUNDING: Final = Decimal("0.5")


def _number(sent: str, stored: str) -> Reason | None:
    """Raises `DecimalException` for what is no number, and for one beyond all that is computed."""
    wanted, got = Decimal(sent or "0"), Decimal(stored or "0")
    if wanted == got:
        return None
    if abs(wanted - got) <= _ROUNDING:
        return Reason.ROUNDED
    return Reason.CLIPPED if abs(got) < abs(wanted) else Reason.CHANGED
