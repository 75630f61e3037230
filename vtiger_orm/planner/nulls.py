"""What a session learns about NULL: that a field of a module holds none.

Believed for five minutes and never of dates and times, which become NULL whenever a user empties
them. With `consistency="strict"` nothing is believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.evaluate import is_blank, wire_text
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from .asking import counts
from .compiled import Compiled
from .heads import not_null
from .streams import pull

_UNSTABLE: Final = frozenset({Family.DATE, Family.DATETIME, Family.TIME})


def ask_null_free(what: Compiled) -> Plan[None]:
    """Which fields of the condition hold no NULL in the whole module: two calls if none does."""
    knowledge, name = what.env.knowledge, what.module.name
    if what.env.consistency == "strict":
        return
    fields = [what.module.by_wire[wire] for wires in what.null_sets for wire in wires]
    unknown = [
        field.wire
        for field in dict.fromkeys(fields)
        if field.family not in _UNSTABLE and knowledge.null_free(name, field.wire) is None
    ]
    if not unknown:
        return
    module = replace(what, bounds=())
    filled = tuple(not_null(what, wire) for wire in unknown)
    total, complete = yield from counts([module.statement(((),)), module.statement((filled,))])
    if total == complete:
        for wire in unknown:
            knowledge.learn_null_free(name, wire, True)


def noted(head: RowStream, what: Compiled, wire: str, first: Sequence[Row]) -> RowStream:
    """A head over the whole module, whose emptiness is remembered.

    `first` are the rows before it, which must not be blank either.
    """
    found = False
    while (page := (yield from pull(head))) is not None:
        found = found or bool(page)
        yield Rows(page)
    field = what.module.by_wire[wire]
    if not found and field.family not in _UNSTABLE and not _any_blank(first, field):
        what.env.knowledge.learn_null_free(what.module.name, wire, True)


def _any_blank(rows: Sequence[Row], field: FieldMeta) -> bool:
    return any(is_blank(field.family, wire_text(row.get(field.wire))) for row in rows)
