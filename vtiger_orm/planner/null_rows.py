"""Rows in which fields are NULL: fetched exactly, though no condition can ask for NULL, and what
a session learns about fields that hold none.

ORDER BY ascending puts NULL first, before empty texts and values. So ordered by the field and
then by id, with pages that continue after the last id, the wanted rows are always the first of
the answer. NULL and empty look alike in a row, but two things show the border: the ids ascend
within the NULL rows and start again from below with the empty ones; and the server can be asked
whether a row's value is LIKE '%', which NULL is not.

That a field of a module holds no NULL is believed for five minutes and never of dates and times,
which become NULL whenever a user empties them. With `consistency="strict"` nothing is believed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import Final

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.evaluate import is_blank_in
from ..ids import id_number
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from .asking import ask, count, counts
from .branches import ALWAYS, Branches, Comparison, not_null, one_of
from .compiled import Compiled
from .pages_by_id import PagesAfter, advancing
from .sending import sent
from .statement import Statement
from .streams import everything, pull

_NO_EMPTY: Final = frozenset({Family.INTEGER, Family.DECIMAL, Family.DATE, Family.DATETIME})
"""Types whose empty values are NULL in the database: a value ends the NULL rows."""


_UNSTABLE: Final = frozenset({Family.DATE, Family.DATETIME, Family.TIME})


def null_rows(
    what: Compiled,
    wires: Iterable[str],
    branches: Branches,
    more: Iterable[str] = (),
    *,
    descending: bool = False,
    valued: Container[str] = (),
) -> RowStream:
    """The rows of the branches in which each of these fields is NULL, in id order.

    Rows in which a field is empty instead may be among them; they count as blank alike. `valued`
    are ids of rows in which the server found a value for one of the fields, be it one that reads
    as blank. Where a page has no others at its head, there is no NULL: it would stand before
    them, unless as many as a page holds became NULL since.
    """
    fields = [what.module.by_wire[wire] for wire in wires]
    fields.sort(key=lambda field: field.family not in _NO_EMPTY)
    order = (*(field.wire for field in fields), "id")
    more = tuple(more)

    def page(bounds: tuple[Comparison, ...], limit: int) -> Statement:
        return what.statement(
            branches, more, bounds=bounds, order=order, descending=descending, limit=limit
        )

    pages = PagesAfter(page, what.env, descending, follows=what.continues)
    read = 0
    while not pages.ended:
        place = pages.last
        rows = yield from pages.next_page(what.env.page_size)
        found = _leading(rows, fields, descending)
        if not read and all(row["id"] in valued for row in found):
            return
        found = yield from _without_lost_references(what, fields, found)
        full = len(found) == len(rows) and not pages.ended
        read += 1
        if full and read.bit_count() == 1 and (yield from _is_past_null(what, fields, rows[-1])):
            full = False
            if read == 1 and (yield from _is_past_null(what, fields, rows[0])):
                found = []
        if found:
            yield Rows(found)
        if not full:
            return
        advancing(what, rows, place, descending)


def _leading(rows: Sequence[Row], fields: Sequence[FieldMeta], descending: bool) -> list[Row]:
    """The rows before the first one that is not blank, or whose id starts again."""
    found: list[Row] = []
    sign = -1 if descending else 1
    last = 0
    for row in rows:
        number = sign * id_number(row["id"])
        if (found and number < last) or not all(is_blank_in(row, f) for f in fields):
            break
        found.append(row)
        last = number
    return found


def _without_lost_references(
    what: Compiled, fields: Sequence[FieldMeta], rows: list[Row]
) -> Plan[list[Row]]:
    """The rows without those that refer to a record that was deleted, which read as blank.

    They sort behind NULL, so there are none unless the last row is one of them.
    """
    refers = tuple(
        Comparison(f.wire, ">", f"{what.module.prefix}x0")
        for f in fields
        if f.family is Family.REFERENCE
    )
    if not rows or not refers:
        return rows
    ids = what.reading(())

    def among(rows: Sequence[Row]) -> Branches:
        same = one_of("id", tuple(row["id"] for row in rows))
        return tuple((same, each) for each in refers)

    if not (yield from count(ids.statement(among(rows[-1:])), what.env)):
        return rows
    lost = {row["id"] for row in (yield from everything(sent(ids, among(rows))))}
    return [row for row in rows if row["id"] not in lost]


def _is_past_null(what: Compiled, fields: Sequence[FieldMeta], row: Row) -> Plan[bool]:
    """Whether one of the fields is empty rather than NULL in this row.

    Asked of the last row of the first, second, fourth, eighth... full page: where the ids do not
    show the border, this keeps it from walking through all the empty rows.
    """
    same = Comparison("id", "=", row["id"])
    asked = tuple((same, filled(what, f.wire)) for f in fields if f.family not in _NO_EMPTY)
    if not asked:
        return False
    return (yield from count(what.reading(()).statement(asked), what.env)) > 0


def has_null(what: Compiled, wires: Sequence[str], branches: Branches) -> Plan[bool]:
    """Whether any row of the branches is blank in each of these fields, by one row."""
    fields = [what.module.by_wire[wire] for wire in wires]
    statement = what.statement(branches, order=(*wires, "id"), limit=1)
    rows = yield from ask(statement, what.env)
    found = [row for row in rows if all(is_blank_in(row, field) for field in fields)]
    return bool((yield from _without_lost_references(what, fields, found)))


def filled(what: Compiled, wire: str) -> Comparison:
    """What holds of every row in which the field is not NULL."""
    return not_null(wire, reference=what.module.by_wire[wire].family is Family.REFERENCE)


def ask_null_free(what: Compiled) -> Plan[None]:
    """Which fields of the condition hold no NULL in the whole module: two calls if none does."""
    knowledge, name = what.env.knowledge, what.module.name
    if what.env.consistency == "strict":
        return
    fields = [what.module.by_wire[wire] for wires in what.null_fields for wire in wires]
    unknown = [
        field.wire
        for field in dict.fromkeys(fields)
        if field.family not in _UNSTABLE and knowledge.null_free(name, field.wire) is None
    ]
    if not unknown:
        return
    module = replace(what, bounds=())
    complete = tuple(filled(what, wire) for wire in unknown)
    every, full = yield from counts(
        [module.statement(ALWAYS), module.statement((complete,))], what.env
    )
    if every == full:
        for wire in unknown:
            knowledge.learn_null_free(name, wire, True)


def noted(stream: RowStream, what: Compiled, wire: str, first: Sequence[Row]) -> RowStream:
    """The NULL rows of the whole module; that there are none is remembered.

    `first` are the rows before it, which must not be blank either.
    """
    found = False
    while (page := (yield from pull(stream))) is not None:
        found = found or bool(page)
        yield Rows(page)
    field = what.module.by_wire[wire]
    if not found and field.family not in _UNSTABLE and not _any_blank(first, field):
        what.env.knowledge.learn_null_free(what.module.name, wire, True)


def _any_blank(rows: Sequence[Row], field: FieldMeta) -> bool:
    return any(is_blank_in(row, field) for row in rows)
