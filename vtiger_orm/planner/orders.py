"""Which orders the server can be asked for, and how.

The language has one direction, for the last field of the list; everything else is ascending.
Every ORDER BY ends in `id`, or pages overlap and lose rows. An order of which only the reverse
can be said is read backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..conditions.quirks import Quirk, quirk_of, why_not_sortable
from ..conditions.tree import Order
from ..errors import UnsupportedQuery
from ..metadata.module import Flaw, ModuleMeta
from .compiled import Compiled


class Reading(StrEnum):
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

    Ties are broken by id in the direction of the last field, as in `keys.total_key`.
    """
    fields = tuple(each for each in order if each.field.wire != "id")
    down = fields[0].descending
    if any(each.descending != down for each in fields):
        return None
    id_down = order[-1].descending
    wires = (*(each.field.wire for each in fields), "id")
    return ServerOrder(wires, descending=id_down != down, reverse=down)


def reading_of(what: Compiled, order: tuple[Order, ...], start: int) -> Reading:
    """How the rows are read; depends on nothing but the query and the server."""
    if is_by_id(order):
        return Reading.BY_ID
    said = server_order(order)
    if said is None or what.env.thinned_pages or what.joins_in_condition:
        return Reading.SORTED
    if any(sorts_otherwise(what, each) for each in order):
        return Reading.SORTED
    if not said.reverse:
        return Reading.FORWARD
    if len(said.wires) == 2 and not said.descending and not start and what.is_exact:
        return Reading.GROUPS
    return Reading.BACKWARD


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
