"""What a CRM may have made of a value before it stored it, and how such a record is found again.

A look-up by the value as it was given misses a record whose text was cut or whose characters were
replaced; whoever creates after such a miss makes one more record each time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, collect_rows
from ..conditions.collation import ANY, ONE, equality_key, like_literal, weigh
from ..conditions.tree import (
    Compare,
    Equal,
    Like,
    Node,
    Not,
    OneOf,
    Present,
    Selection,
    all_of,
    any_of,
)
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner import plan_rows
from .adjustments import differs, text_of
from .labelled_texts import holds_script

NARROW: Final = 20
"""Text up to this length counts as stored whole: a shorter column that holds names or numbers
is not known, and a short text is the beginning of too many others."""

_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class StoredForms:
    """The values of a field that may be what the CRM made of one that was sent."""

    field: FieldMeta
    sent: str
    """In wire form; blank for None."""
    whole: tuple[str, ...] = ()
    """Other values that it may have become."""
    cut: tuple[str, ...] = ()
    """Texts of which only the beginning may have been kept."""

    @property
    def condition(self) -> Node:
        """Holds of every record that may have the value, and of others."""
        each = self.field
        if each.family in (Family.DECIMAL, Family.INTEGER, Family.BOOLEAN):
            if not self.sent:
                return any_of(Not(Present(each)), Equal(each, "0"))
            number = Decimal(self.sent)
            low, high = format(number - _CENT, "f"), format(number + _CENT, "f")
            return all_of(Compare(each, ">=", low), Compare(each, "<=", high))
        texts = tuple(dict.fromkeys((self.sent, *self.whole)))
        beginnings = dict.fromkeys(f"{like_literal(text[:NARROW])}{ANY}" for text in self.cut)
        return any_of(OneOf(each, texts), *(Like(each, pattern) for pattern in beginnings))

    def accepts(self, stored: str) -> bool:
        """Whether a stored value counts as the one that was sent."""
        if self.field.family in (Family.TEXT, Family.CHOICE):
            same = {equality_key(text) for text in (self.sent, *self.whole)}
            return equality_key(stored) in same or self.is_beginning(stored)
        if not differs(self.field, self.sent, stored):
            return True
        if not self.sent:
            return not differs(self.field, "0", stored)
        try:
            return self.field.family is Family.DECIMAL and self._rounded(Decimal(stored))
        except InvalidOperation:
            return False

    def surely(self, stored: str) -> bool:
        """Whether sending the value again would change nothing, the stored one being what the CRM
        makes of it. A beginning may be another text, and a column that shows more digits than the
        stored number needs would hold them."""
        if not self.accepts(stored) or self.is_beginning(stored):
            return False
        if self.field.kind is not Kind.DOUBLE or not self.sent:
            return True
        shown = len(stored.partition(".")[2])
        return not differs(self.field, self.sent, stored) or not _has_digits(self.sent, shown)

    def is_beginning(self, stored: str) -> bool:
        """Whether the stored text is the beginning of what was sent, and not all of it."""
        return len(stored) >= NARROW and any(
            len(stored) < len(text) and weigh(text[: len(stored)]) == weigh(stored)
            for text in self.cut
        )

    def _rounded(self, stored: Decimal) -> bool:
        """Rounded to two digits or more; or changed into another currency, rounded, and back,
        which leaves more digits than the value had."""
        sent = Decimal(self.sent)
        digits = -int(sent.as_tuple().exponent)
        if any(stored == _round(sent, kept) for kept in range(2, digits)):
            return True
        cents = stored.quantize(_CENT, ROUND_HALF_UP)
        return self.field.kind is Kind.CURRENCY and stored != cents and abs(stored - sent) < _CENT


def _round(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def stored_forms(each: FieldMeta, sent: str) -> StoredForms | None:
    """What the value may have become; None where the CRM stores it as it is."""
    match each.family:
        case Family.TEXT | Family.CHOICE:
            whole = _replaced(sent)
            known = each.length or 0
            texts = (sent, *whole) if each.family is Family.TEXT else ()
            if known:
                whole = (*whole, *(text[:known] for text in texts if len(text) > known))
            cut = () if known else tuple(text for text in texts if len(text) > NARROW)
            return StoredForms(each, sent, whole, cut) if whole or cut else None
        case Family.INTEGER | Family.BOOLEAN:
            return None if sent else StoredForms(each, sent)
        case Family.DECIMAL:
            exact = sent and each.kind is not Kind.CURRENCY and _has_digits(sent, 2)
            return None if exact else StoredForms(each, sent)
        case _:
            return None


def _has_digits(number: str, most: int) -> bool:
    return len(number.partition(".")[2].rstrip("0")) <= most


def _replaced(text: str) -> tuple[str, ...]:
    """A utf8mb3 column has four question marks for a character beyond U+FFFF; scripts are
    stored with their markup encoded; lists of the RestfulApi module show CR LF as LF."""
    beyond = _BEYOND.sub("????", text)
    found = {beyond, beyond.replace("\r\n", "\n")}
    if holds_script(text):
        found |= {html.escape(each, quote=quoted) for each in (*found,) for quoted in (True, False)}
    return tuple(sorted(found - {text}))


def chosen(
    meta: ModuleMeta, forms: Sequence[StoredForms], rows: Iterable[Row], env: Environment
) -> Plan[list[Row]]:
    """Those of the rows that hold the values, each in one of its forms.

    A text that begins as the one that was sent counts as cut only where the column holds no
    longer one: else it is another text.
    """
    accepted = [
        row
        for row in rows
        if all(each.accepts(text_of(row.get(each.field.wire))) for each in forms)
    ]
    longest: dict[tuple[str, int], bool] = {}
    found = []
    for row in accepted:
        if (yield from _all_cut(meta, forms, row, longest, env)):
            found.append(row)
    return found


def _all_cut(
    meta: ModuleMeta,
    forms: Sequence[StoredForms],
    row: Row,
    longest: dict[tuple[str, int], bool],
    env: Environment,
) -> Plan[bool]:
    for each in forms:
        text = text_of(row.get(each.field.wire))
        if not each.is_beginning(text):
            continue
        key = each.field.wire, len(text)
        if key not in longest:
            longer = Like(each.field, ONE * (len(text) + 1) + ANY)
            rows = yield from collect_rows(
                plan_rows(Selection(meta, longer, stop=1, columns=(meta.id,)), env)
            )
            longest[key] = not rows
        if not longest[key]:
            return False
    return True
