"""Orders: which of them the server can be asked for and how, and rows compared in memory alike.

The language has one direction, for the last field of the list; everything else is ascending.
Every ORDER BY ends in `id`, or pages overlap and lose rows. An order of which only the reverse
can be said is read backwards.

In memory as on the server blanks are one key, before everything else; text has the CRM's
weights, references sort by their number, dates and times as text, and a coordinate that is not
set as the number it is stored as.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final

from .._dataclass import dataclass
from ..calls.operations import Row
from ..conditions.collation import compare, sort_key
from ..conditions.evaluate import is_blank_in, number, record_number, wire_text
from ..conditions.quirks import Quirk, quirk_of, why_not_sortable
from ..conditions.tree import Order
from ..errors import UnsupportedQuery
from ..ids import id_number
from ..metadata.kinds import Family, Kind
from ..metadata.module import Flaw, ModuleMeta
from ..values import is_blank, is_blank_value
from .compiled import TEXTS, Compiled
from .streams import Sortable, SortKey

_MIXED: Final = frozenset(Family) - {
    Family.ID,
    Family.SECRET,
    Family.INTEGER,
    Family.DECIMAL,
}
"""Families with other blanks than NULL that stand beside it in every order."""
DATES: Final = frozenset({Family.DATE, Family.DATETIME})
_BLANK: Final = (0,)
_ZERO: Final = Decimal(0)


class Paging(StrEnum):
    """How rows are read in an order."""

    BY_ID = "by id, each page after the last id of the one before"
    FORWARD = "in the server's order, each page overlapping the one before"
    BACKWARD = "from the end of the server's ascending order, pages overlapping"
    GROUPS = "descending, group by group of equal values; blanks last"
    SORTED = "all rows of the condition, sorted in memory: the server has no such order"


@dataclass(frozen=True, slots=True)
class ServerOrder:
    """An ORDER BY the server can be sent, and whether its reverse is what was asked for."""

    wires: tuple[str, ...]
    """Ends in ``id``."""
    descending: bool
    """Whether the last of them, the id, descends."""
    reverse: bool


def normalised(order: tuple[Order, ...]) -> tuple[Order, ...]:
    """The order up to `id`, which leaves no ties; a field named twice counts once."""
    kept: list[Order] = []
    for each in order:
        if all(each.field.wire != other.field.wire for other in kept):
            kept.append(each)
        if each.field.wire == "id":
            break
    return tuple(kept)


def is_by_id(order: tuple[Order, ...]) -> bool:
    return not order or order[0].field.wire == "id"


def server_order(order: tuple[Order, ...]) -> ServerOrder | None:
    """The ORDER BY that gives this order or its reverse; None for mixed directions.

    Ties are broken by id in the direction of the last field, as in `total_key`.
    """
    fields = tuple(each for each in order if each.field.wire != "id")
    down = fields[0].descending
    if any(each.descending != down for each in fields):
        return None
    id_down = order[-1].descending
    wires = (*(each.field.wire for each in fields), "id")
    return ServerOrder(wires, descending=id_down != down, reverse=down)


def paging_of(what: Compiled, order: tuple[Order, ...], start: int) -> Paging:
    """How the rows are read; depends on nothing but the query and the server."""
    if is_by_id(order):
        return Paging.BY_ID
    said = server_order(order)
    if said is None or what.thinned or what.joins_in_condition:
        return Paging.SORTED
    if any(sorts_otherwise(what, each) for each in order):
        return Paging.SORTED
    if not said.reverse:
        return Paging.FORWARD
    if len(said.wires) == 2 and not said.descending and not start and _by_value(what, order[0]):
        return Paging.GROUPS
    return Paging.BACKWARD


def _by_value(what: Compiled, order: Order) -> bool:
    """Whether pages can begin below a value: a reference to a deleted record does not show its
    value, a coordinate that is not set has one, and long texts are compared here."""
    family = order.field.family
    if not what.is_exact or family is Family.REFERENCE or order.field.kind is Kind.DOUBLE:
        return False
    return family not in TEXTS or (
        what.env.collation != "unknown" and what.packing.has_room(what.branches)
    )


def mixes_blanks(what: Compiled, order: Order) -> bool:
    """Whether the server may sort blank rows apart: it sorts NULL before other blanks, and text
    that begins with a control character between them."""
    field = order.field
    if field.family not in _MIXED or quirk_of(what.module.name, field.wire) is not None:
        return False
    return field.family in TEXTS or not without_null(what, order)


def without_null(what: Compiled, order: Order) -> bool:
    """Whether the field is believed to hold no NULL, so that its blanks are alike. Days of the
    year 0 are not: the server sorts them, and all of them read as blank."""
    if what.env.consistency == "strict" or order.field.family in DATES:
        return False
    return what.env.knowledge.null_free(what.module.name, order.field.wire) is True


def values_first(what: Compiled, order: Order) -> bool:
    """Whether a descending order is read as values, and blank rows by themselves after them."""
    return mixes_blanks(what, order) and not without_null(what, order)


def near_blanks(row: Row, order: Order) -> bool:
    """Whether the row is blank in the field, or sorts between blanks."""
    if is_blank_in(row, order.field):
        return True
    text = wire_text(row.get(order.field.wire))
    return order.field.family in TEXTS and compare(text, "") < 0


def has_runs(what: Compiled, order: Sequence[Order]) -> bool:
    """Whether there may be runs of both kinds of blanks in fields behind the first."""
    return any(mixes_blanks(what, each) for each in order[1:])


def sorts_otherwise(what: Compiled, order: Order) -> bool:
    """Whether the server cannot sort by the field, or would sort numbers as text."""
    if order.field.flaw is Flaw.UNSORTABLE:
        return True
    return quirk_of(what.module.name, order.field.wire) is Quirk.STORED_AS_TEXT


def check_order(module: ModuleMeta, order: tuple[Order, ...]) -> None:
    """Raises `UnsupportedQuery` for a field by which rows cannot be sorted, not even here."""
    for each in order:
        reason = why_not_sortable(module.name, each.field)
        if reason and each.field.flaw is not Flaw.UNSORTABLE:
            raise UnsupportedQuery(
                f"{module.name} cannot be ordered by {each.field.name}: {reason}."
            )


class _Descending:
    """A key that sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Sortable) -> None:
        self.key = key

    def __lt__(self, other: _Descending) -> bool:
        return bool(other.key < self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.key == other.key)

    __hash__ = None  # type: ignore[assignment]  # compares only


def order_key(order: Sequence[Order]) -> Callable[[Row], tuple[Sortable, ...]]:
    """A key of rows by these fields, each in its own direction."""
    parts = [(_value_of(each), each.descending) for each in order]

    def key(row: Row) -> tuple[Sortable, ...]:
        return tuple(_Descending(of(row)) if down else of(row) for of, down in parts)

    return key


def total_key(order: Sequence[Order]) -> Callable[[Row], tuple[tuple[Sortable, ...], int]]:
    """The same with ties broken by id, in the direction of the last field.

    So every order has exactly one reverse, and slices of one queryset fit together.
    """
    key = order_key(order)
    sign = -1 if order and order[-1].descending else 1
    return lambda row: (key(row), sign * id_number(row["id"]))


def _value_of(order: Order) -> SortKey:
    field = order.field
    wire, kind, comparable = field.wire, field.kind, _comparable(field.family)

    def value(row: Row) -> tuple[Sortable, ...]:
        text = wire_text(row.get(wire))
        if is_blank_value(text) or (kind is not Kind.DOUBLE and is_blank(text, kind)):
            return _BLANK
        return (1, comparable(text))

    return value


def _comparable(family: Family) -> Callable[[str], Sortable]:
    if family in (Family.INTEGER, Family.DECIMAL, Family.BOOLEAN):
        return lambda text: number(text) or _ZERO
    if family in (Family.REFERENCE, Family.ID):
        return lambda text: record_number(text) or 0
    if family in (Family.DATE, Family.DATETIME, Family.TIME):
        return str
    return sort_key
