"""Rows that show too little to decide a condition on them.

A reference to a deleted record reads as blank, but the server still compares the stored number.
And the server remembers within one request every text that it has encoded for HTML: a stored
``R&amp;D`` that follows a stored ``R&D`` reads ``R&D`` too. Of such rows the server is asked, and
one whose text is wrong is read again alone; what the server cannot be asked is decided on that.
Rows that are not decided on are believed, unless the reader is strict.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from html import unescape
from typing import Final

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.certainty import ENCODED
from ..conditions.evaluate import is_blank_in
from ..conditions.tree import Atom, Present, atoms
from ..metadata.kinds import Family
from .asking import count
from .branches import Comparison
from .compiled import TEXTS, Compiled
from .sending import rows_by_id
from .streams import pull

_ENTITY: Final = "%&%;%"
"""The pattern of every text that holds one."""


class Doubts:
    """What the rows of one stream leave open, of the conditions that are decided on them."""

    def __init__(self, what: Compiled) -> None:
        self._what = what
        every = dict.fromkeys(atoms(what.residual))
        left = [each for each in every if each not in what.verdict_atoms]
        self._references = [each for each in left if each.field.family is Family.REFERENCE]
        self._texts = [
            each for each in left if each.field.family in TEXTS and not isinstance(each, Present)
        ]
        self._seen: set[int] = set()
        """Hashes of the texts of earlier rows that encoding changes: a long reading has many, and
        a doubt too many costs little."""
        self._wrong: dict[str, set[str]] = {}

    def __bool__(self) -> bool:
        """Whether there may be any."""
        return bool(self._references or self._texts)

    def of(self, page: Sequence[Row]) -> Plan[dict[Atom, list[Row]]]:
        """The rows of a page about which the server has to be asked, by condition."""
        found: dict[Atom, list[Row]] = {}
        for atom in self._references:
            rows = [row for row in page if is_blank_in(row, atom.field)]
            if rows:
                found[atom] = rows
        if self._texts:
            confused = self._confused(page, {atom.field.wire for atom in self._texts})
            for atom in self._texts:
                rows = [row for row in page if atom.field.wire in confused.get(row["id"], ())]
                if rows and (yield from self._holds_entities(atom.field.wire)):
                    found[atom] = rows
                    for row in rows:
                        self._wrong.setdefault(row["id"], set()).add(atom.field.wire)
        return found

    def as_stored(self, page: Sequence[Row], wires: Set[str]) -> Plan[list[Row]]:
        """The rows with these texts of theirs as they are stored."""
        confused = self._confused(page, wires)
        holding = set()
        for wire in dict.fromkeys(wire for doubtful in confused.values() for wire in doubtful):
            if (yield from self._holds_entities(wire)):
                holding.add(wire)
        for id_, doubtful in confused.items():
            self._wrong[id_] = holding.intersection(doubtful)
        return (yield from self.read_alone([*page]))

    def _confused(self, page: Sequence[Row], wires: Set[str]) -> dict[str, list[str]]:
        """By row those of the fields whose text may be shown decoded, as it was shown before.

        Requests overlap, and what comes again may read otherwise: a text that was shown may have
        been the decoded one of it."""
        found: dict[str, list[str]] = {}
        for row in page:
            encoded = [
                (wire, text)
                for wire, text in row.items()
                if isinstance(text, str) and ENCODED.search(text)
            ]
            texts = [text for _, text in encoded]
            doubtful = [
                wire
                for wire, text in encoded
                if wire in wires
                and (texts.count(text) > 1 or not self._seen.isdisjoint(_ever_shown(text)))
            ]
            if doubtful:
                found[row["id"]] = doubtful
            self._seen.update(map(hash, texts))
        return found

    def _holds_entities(self, wire: str) -> Plan[bool]:
        """Whether any text of the field could be confused: asked once in a while."""
        env, name = self._what.env, self._what.module.name
        if env.consistency != "strict" and env.knowledge.entity_free(name, wire):
            return False
        module = replace(self._what.reading(()), bounds=())
        entities = ((Comparison(wire, "like", _ENTITY),),)
        if (yield from count(module.statement(entities), env)):
            return True
        env.knowledge.learn_entity_free(name, wire)
        return False

    def read_alone(self, rows: list[Row]) -> Plan[list[Row]]:
        """The rows, the texts that may be wrong read again (once), each in a request of its
        own; without those that were deleted meanwhile."""
        read: list[Row] = []
        for row in rows:
            for wire in sorted(self._wrong.pop(row["id"], ())):
                alone = yield from rows_by_id(self._what, [row["id"]], (wire,))
                if row["id"] not in alone:
                    break
                row = {**row, **alone[row["id"]]}
            else:
                read.append(row)
        return read


def _ever_shown(text: str) -> tuple[int, int]:
    """Hashes of what an earlier row may have shown, if it had the text."""
    return hash(text), hash(unescape(text))


def as_stored(stream: RowStream, what: Compiled) -> RowStream:
    """The same rows, none with the text of another."""
    doubts = Doubts(what)
    by_wire = what.module.by_wire
    read = {*what.columns, *(name for columns in what.later for name in columns)}
    wires = {name for name in read if name in by_wire and by_wire[name].family in TEXTS}
    while (page := (yield from pull(stream))) is not None:
        yield Rows((yield from doubts.as_stored(page, wires)))
