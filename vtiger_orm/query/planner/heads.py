"""Rows in which fields are NULL: fetched exactly, though no condition can ask for NULL.

ORDER BY ascending puts NULL first, before empty texts and values. So ordered by the field and
then by id, with pages that continue after the last id, the wanted rows are always at the head of
the answer. NULL and empty look alike in a row, but the ids show the border: within the NULL rows
they ascend, and they start again from below with the empty ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ...ids import id_number
from ...metadata.kinds import Family
from ...operations.calls import Plan, Row, Rows, RowStream
from ..evaluate import is_blank, wire_text
from ..parts import Branch, Branches, Said
from .asking import ask, counts
from .compiled import Compiled
from .paging import after

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

    A few rows in which a field is empty instead may be among them; they count as blank alike.
    """
    fields = [what.module.by_wire[wire] for wire in wires]
    bound = _Bound(what, branches, [f.wire for f in fields if f.family not in _NO_EMPTY])
    yield from bound.count()
    order = (*sorted((f.wire for f in fields), key=bound.size), "id")
    bounds: Branch = ()
    taken = 0
    while not bound.reached(taken):
        statement = what.statement(
            branches, more, bounds=bounds, order=order, descending=descending
        )
        rows = yield from ask(statement, what.env)
        blank = [row for row in rows if all(_blank(row, f.wire, f.family) for f in fields)]
        head = _one_zone(rows[: _leading(rows, blank)], descending)
        if head:
            yield Rows(head)
            taken += len(head)
        if len(head) < len(rows) or len(rows) < what.env.page_size:
            return
        bounds = (after(rows, descending),)
        if bound.reached(taken):
            yield from bound.count()


def has_null(what: Compiled, wires: Sequence[str], branches: Branches) -> Plan[bool]:
    """Whether any row of the branches is blank in each of these fields, by one row."""
    fields = [what.module.by_wire[wire] for wire in wires]
    statement = what.statement(branches, order=(*wires, "id"), limit=1)
    rows = yield from ask(statement, what.env)
    return any(all(_blank(row, f.wire, f.family) for f in fields) for row in rows)


def not_null(what: Compiled, wire: str) -> Said:
    """What holds of every value that is not NULL, of any type."""
    reference = what.module.by_wire[wire].family is Family.REFERENCE
    return Said(wire, "like", "1x%" if reference else "%")


class _Bound:
    """How many rows may be NULL in text-like fields, so that a head need not walk through all
    the empty ones. Rows may become NULL in the meantime: counted again when it is reached."""

    def __init__(self, what: Compiled, branches: Branches, wires: list[str]) -> None:
        self._what = what
        self._branches = branches
        self._wires = wires
        self._sizes: dict[str, int] = {}

    def count(self) -> Plan[None]:
        if not self._wires:
            return
        what = self._what
        statements = [what.statement(self._branches)]
        for wire in self._wires:
            present = not_null(what, wire)
            statements.append(what.statement(tuple((*each, present) for each in self._branches)))
        total, *filled = yield from counts(statements)
        for wire, number in zip(self._wires, filled):
            self._sizes[wire] = total - number
            if self._branches == ((),) and not what.bounds:
                what.env.knowledge.learn_null_free(what.module.name, wire, number == total)

    def reached(self, taken: int) -> bool:
        return bool(self._sizes) and taken >= min(self._sizes.values())

    def size(self, wire: str) -> int:
        return self._sizes.get(wire, -1)


def _blank(row: Row, wire: str, family: Family) -> bool:
    return is_blank(family, wire_text(row.get(wire)))


def _leading(rows: list[Row], blank: list[Row]) -> int:
    """How many rows come before the first that is not blank."""
    for index, (row, other) in enumerate(zip(rows, blank)):
        if row is not other:
            return index
    return len(blank)


def _one_zone(rows: list[Row], descending: bool) -> list[Row]:
    """The rows up to where the ids start again: the end of the NULL rows."""
    for index in range(1, len(rows)):
        before, now = id_number(rows[index - 1]["id"]), id_number(rows[index]["id"])
        if (now > before) if descending else (now < before):
            return rows[:index]
    return rows
