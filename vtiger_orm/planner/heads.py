"""Rows in which fields are NULL: fetched exactly, though no condition can ask for NULL.

ORDER BY ascending puts NULL first, before empty texts and values. So ordered by the field and
then by id, with pages that continue after the last id, the wanted rows are always at the head of
the answer. NULL and empty look alike in a row, but two things show the border: the ids ascend
within the NULL rows and start again from below with the empty ones; and the server can be asked
whether a row's value is LIKE '%', which NULL is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.evaluate import is_blank, wire_text
from ..ids import id_number
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from .asking import ask, is_last
from .compiled import Compiled
from .paging import advancing, after
from .parts import Branches, Said

_NO_EMPTY: Final = frozenset({Family.INTEGER, Family.DECIMAL, Family.DATE, Family.DATETIME})
"""Types of which an empty value is NULL in the database, so that a head ends by itself."""


def null_head(
    what: Compiled,
    wires: Iterable[str],
    branches: Branches,
    more: Iterable[str] = (),
    *,
    descending: bool = False,
) -> RowStream:
    """The rows of the branches in which each of these fields is NULL, in id order.

    Rows in which a field is empty instead may be among them; they count as blank alike.
    """
    fields = [what.module.by_wire[wire] for wire in wires]
    fields.sort(key=lambda field: field.family not in _NO_EMPTY)
    order = (*(field.wire for field in fields), "id")
    bounds: tuple[Said, ...] = ()
    pages = 0
    while True:
        statement = what.statement(
            branches, more, bounds=bounds, order=order, descending=descending
        )
        rows = yield from ask(statement, what.env)
        head = _head(rows, fields, descending)
        full = len(head) == len(rows) and not is_last(rows, what.env.page_size)
        pages += 1
        if full and pages.bit_count() == 1 and (yield from _is_past_null(what, fields, rows[-1])):
            full = False
            if pages == 1 and (yield from _is_past_null(what, fields, rows[0])):
                head = []
        if head:
            yield Rows(head)
        if not full:
            return
        advancing(what, rows, bounds, descending)
        bounds = (after(rows, descending),)


def _head(rows: Sequence[Row], fields: Sequence[FieldMeta], descending: bool) -> list[Row]:
    """The rows before the first one that is not blank, or whose id starts again."""
    head: list[Row] = []
    sign = -1 if descending else 1
    last = 0
    for row in rows:
        number = sign * id_number(row["id"])
        if (head and number < last) or not all(_blank(row, f) for f in fields):
            break
        head.append(row)
        last = number
    return head


def _is_past_null(what: Compiled, fields: Sequence[FieldMeta], row: Row) -> Plan[bool]:
    """Whether one of the fields is empty rather than NULL in this row.

    Asked of the last row of the first, second, fourth, eighth... full page: where the ids do not
    show the border, this keeps a head from walking through all the empty rows.
    """
    same = Said("id", "=", row["id"])
    filled = tuple((same, not_null(what, f.wire)) for f in fields if f.family not in _NO_EMPTY)
    if not filled:
        return False
    return bool((yield from ask(what.reading(()).statement(filled, limit=1), what.env)))


def has_null(what: Compiled, wires: Sequence[str], branches: Branches) -> Plan[bool]:
    """Whether any row of the branches is blank in each of these fields, by one row."""
    fields = [what.module.by_wire[wire] for wire in wires]
    statement = what.statement(branches, order=(*wires, "id"), limit=1)
    rows = yield from ask(statement, what.env)
    return any(all(_blank(row, field) for field in fields) for row in rows)


def not_null(what: Compiled, wire: str) -> Said:
    """What holds of every value that is not NULL, of any type."""
    reference = what.module.by_wire[wire].family is Family.REFERENCE
    return Said(wire, "like", "1x%" if reference else "%")


def _blank(row: Row, field: FieldMeta) -> bool:
    return is_blank(field.family, wire_text(row.get(field.wire)))
