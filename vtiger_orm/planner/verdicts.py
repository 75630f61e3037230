"""Rows judged in memory, where necessary with the server's verdict on single conditions.

Some atoms cannot be evaluated on a row: text where the collation is unknown, a field that never
comes back, a reference that joins several records, records of another queryset. Of others some
rows show too little (see `doubts`). Then the server is asked, page by page, for which of these
rows the atom is true; where it cannot be asked, doubtful texts are read again, each alone. The
rows are read first, so a row that changes in between may be left out but never wrongly taken; a
row that was deleted in between is no row for which the atom is false.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.evaluate import Verdict, predicate, record_number, wire_text
from ..conditions.tree import TRUE, Atom, InSelection, Node, OneOf, Selection, all_of
from ..errors import UnsupportedQuery
from .compiled import Compiled, compiled
from .doubts import Doubts
from .sending import sent
from .streams import everything, keep, pull


def judged(stream: RowStream, what: Compiled) -> RowStream:
    """Only those rows of the superset that satisfy the whole condition."""
    doubts = Doubts(what)
    if not what.verdict_atoms and not doubts:
        yield from keep(stream, predicate(what.residual, what.env))
        return
    known: dict[InSelection, _Records] = {}
    certain = None if what.verdict_atoms else predicate(what.residual, what.env)
    while (page := (yield from pull(stream))) is not None:
        verdicts: dict[Atom, Verdict] = {}
        for atom in what.verdict_atoms:
            if isinstance(atom, InSelection):
                records = known.setdefault(atom, _Records(atom))
                verdicts[atom] = Verdict((yield from records.verdict(page, what)))
            else:
                verdicts[atom] = Verdict((yield from _verdict(atom, page, what)))
        unasked: dict[str, Row] = {}
        for atom, rows in (yield from doubts.of(page)).items():
            if _asked(atom, rows, what).is_exact:
                true = yield from _verdict(atom, rows, what)
                verdicts[atom] = Verdict(true, {row["id"] for row in rows})
            else:
                unasked.update((row["id"], row) for row in rows)
        if unasked:
            alone = {row["id"]: row for row in (yield from doubts.read_alone([*unasked.values()]))}
            kept = (row for row in page if row["id"] in alone or row["id"] not in unasked)
            page = [alone.get(row["id"], row) for row in kept]
        accept = certain
        if accept is None or verdicts:
            accept = predicate(what.residual, what.env, verdicts)
        accepted = [row for row in page if accept(row)]
        accepted = yield from _still_there(accepted, verdicts, what)
        accepted = yield from doubts.read_alone(accepted)
        if accepted:
            yield Rows(accepted)


def _still_there(
    rows: list[Row], verdicts: Mapping[Atom, Verdict], what: Compiled
) -> Plan[list[Row]]:
    """The rows without those that were deleted before the server was asked about them."""
    asked = [each for atom, each in verdicts.items() if not isinstance(atom, InSelection)]
    absent = [
        row
        for row in rows
        if any(
            row["id"] not in each.true and (each.asked is None or row["id"] in each.asked)
            for each in asked
        )
    ]
    if not absent:
        return rows
    gone = {row["id"] for row in absent} - (yield from _verdict(TRUE, absent, what))
    return [row for row in rows if row["id"] not in gone]


def _verdict(atom: Node, page: Sequence[Row], what: Compiled) -> Plan[set[str]]:
    """The ids of the rows that are still there and for which the server finds the atom true."""
    asked = _asked(atom, page, what)
    if not asked.is_exact and isinstance(atom, OneOf) and len(atom.values) > 1:
        # Beside the ids of the rows a list may take more statements than lists may be cut into.
        middle = len(atom.values) // 2
        first = yield from _verdict(replace(atom, values=atom.values[:middle]), page, what)
        rest = yield from _verdict(replace(atom, values=atom.values[middle:]), page, what)
        return first | rest
    if not asked.is_exact:
        raise UnsupportedQuery(
            f"{atom} cannot be asked of the CRM: its value is too long for a request, or has "
            "characters that this CRM misreads (or may misread, where it is not known which server "
            "it is). Shorten it; or, where it is not known how the CRM compares text, pull the "
            "schema again: then rows are compared here."
        )
    rows = yield from everything(sent(asked, asked.branches))
    return {row["id"] for row in rows}


def _asked(atom: Node, page: Sequence[Row], what: Compiled) -> Compiled:
    ids = tuple(dict.fromkeys(row["id"] for row in page))
    where = all_of(OneOf(what.module.id, ids), atom)
    return compiled(Selection(what.module, where, columns=()), what.env)


class _Records:
    """Which of the referenced records another queryset selects, asked once for each record."""

    def __init__(self, atom: InSelection) -> None:
        self._atom = atom
        self._asked: set[int] = set()
        self._selected: set[int] = set()

    def verdict(self, page: Sequence[Row], what: Compiled) -> Plan[set[str]]:
        """The ids of the rows whose reference points to a selected record."""
        wire = self._atom.field.wire
        numbers = {row["id"]: record_number(wire_text(row.get(wire))) for row in page}
        new = {number for number in numbers.values() if number} - self._asked
        if new:
            yield from self._ask(new, what)
        return {id for id, number in numbers.items() if number in self._selected}

    def _ask(self, numbers: set[int], what: Compiled) -> Plan[None]:
        inner = self._atom.selection
        ids = tuple(f"{inner.module.prefix}x{number}" for number in sorted(numbers))
        where = all_of(OneOf(inner.module.id, ids), inner.where)
        asked = replace(inner, where=where, order=(), columns=())
        if what.read is None:
            raise TypeError(f"{self._atom} needs a reader of {inner.module.name}")
        rows = yield from everything(what.read(asked, what.env))
        self._asked |= numbers
        self._selected.update(n for row in rows if (n := record_number(row["id"])))
