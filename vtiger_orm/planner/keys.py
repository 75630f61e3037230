"""Rows compared in memory as the server's ORDER BY compares them.

Blanks are one key, before everything else; text has the CRM's weights, references sort by their
number, dates and times as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from ..calls.operations import Row
from ..conditions.collation import sort_key
from ..conditions.evaluate import is_blank, number, record_number, wire_text
from ..conditions.tree import Order
from ..ids import id_number
from ..metadata.kinds import Family
from .streams import Key

_BLANK: Final = (0,)
_ZERO: Final = Decimal(0)


class _Descending:
    """A key that sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __lt__(self, other: _Descending) -> bool:
        return bool(other.key < self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.key == other.key)

    __hash__ = None  # type: ignore[assignment]


def order_key(order: Sequence[Order]) -> Key:
    """A key of rows by these fields, each in its own direction."""
    parts = [(_value_of(each), each.descending) for each in order]

    def key(row: Row) -> tuple[Any, ...]:
        return tuple(_Descending(of(row)) if down else of(row) for of, down in parts)

    return key


def total_key(order: Sequence[Order]) -> Key:
    """The same with ties broken by id, in the direction of the last field.

    So every order has exactly one reverse, and slices of one queryset fit together.
    """
    key = order_key(order)
    sign = -1 if order and order[-1].descending else 1
    return lambda row: (key(row), sign * id_number(row["id"]))


def _value_of(order: Order) -> Callable[[Row], tuple[Any, ...]]:
    field = order.field
    wire, family, comparable = field.wire, field.family, _comparable(field.family)

    def value(row: Row) -> tuple[Any, ...]:
        text = wire_text(row.get(wire))
        return _BLANK if is_blank(family, text) else (1, comparable(text))

    return value


def _comparable(family: Family) -> Callable[[str], Any]:
    if family in (Family.INTEGER, Family.DECIMAL, Family.BOOLEAN):
        return lambda text: number(text) or _ZERO
    if family in (Family.REFERENCE, Family.ID):
        return lambda text: record_number(text) or 0
    if family in (Family.DATE, Family.DATETIME, Family.TIME):
        return str
    return sort_key
