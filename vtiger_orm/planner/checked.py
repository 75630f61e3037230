"""Rows that something is going to be written to: each is held against the condition it is for.

A server that misunderstands a statement answers rows that were not asked for. Reading them is a
nuisance, writing to them is a loss. Where the server has lists an old PHP hides an SQL error as an
empty one, and whoever believes it makes a record once more: so an empty list is asked for again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ..calls.environment import Environment
from ..calls.operations import Query, Row
from ..calls.plans import Batch, Plan, Rows, RowStream, Step
from ..conditions.certainty import may_hold
from ..conditions.evaluate import as_compared
from ..conditions.quirks import why_not_selectable
from ..conditions.tree import InSelection, Selection, atoms
from ..errors import MisansweredQuery, UnsupportedQuery
from .compiled import wires
from .rows import selected
from .statement import shortened
from .streams import advance, ahead, everything

_MOST_SHOWN: Final = 500
"""Characters of each part of a message."""


def plan_checked_rows(selection: Selection, env: Environment) -> RowStream:
    """`plan_rows` for rows that a write follows.

    Raises `MisansweredQuery` for a row that shows that it does not satisfy the condition, and
    `UnsupportedQuery` for one of an hour that the CRM's wall shows twice, where it depends on which
    of the two it is of. Rows that show too little to tell, as text of which only the server knows
    how it is stored, are believed.
    """
    return ahead(asked_again_if_empty(lambda: _checked(selection, env), env))


def asked_again_if_empty(read: Callable[[], RowStream], env: Environment) -> RowStream:
    """The rows of a stream; of one of lists that has none what it has when it is read again."""
    stream, empty = read(), True
    for last in (env.lists is None, True):
        step = advance(stream, None)
        while step is not None:
            empty = empty and not (isinstance(step, Rows) and step.rows)
            step = advance(stream, (yield step))
        if last or not empty:
            return
        stream = read()


def _checked(selection: Selection, env: Environment) -> RowStream:
    module = selection.module
    fields = dict.fromkeys(each.field for each in atoms(selection.where))
    more = [each for each in fields if not why_not_selectable(module.name, each)]
    asked = selection
    if selection.columns is not None:
        asked = replace(selection, columns=tuple(dict.fromkeys((*selection.columns, *more))))
    holds = may_hold(selection.where, module, env)
    surely = may_hold(selection.where, module, env, whichever_hour=True)
    hidden = set(wires(module, asked.columns)).difference(wires(module, selection.columns))
    yield from _records_of_one_hour(selection, env)
    stream = selected(asked, env)
    said = ""
    step = advance(stream, None)
    while step is not None:
        if not isinstance(step, Rows):
            said = _text(step) or said
            step = advance(stream, (yield step))
            continue
        for row in step.rows:
            if not holds(row):
                raise _misanswered(selection, row, said)
            if not surely(row):
                raise _of_either_hour(selection, row, env)
        yield Rows([{k: v for k, v in row.items() if k not in hidden} for row in step.rows])
        step = advance(stream, None)


def _records_of_one_hour(selection: Selection, env: Environment) -> Plan[None]:
    """Read the records of other querysets that the condition is about, where one of them may be of
    either of two hours: what refers to it would be written to, or not, by chance."""
    if env.zone.utcoffset(None) is not None:  # the same in summer and winter
        return
    for atom in atoms(selection.where):
        if not isinstance(atom, InSelection):
            continue
        inner = atom.selection
        if as_compared(inner.where, env) != as_compared(inner.where, env, certainly=True):
            yield from everything(_checked(replace(inner, columns=()), env))


def _text(step: Step) -> str:
    """The statement that is asked; of several the last one."""
    calls = step.calls if isinstance(step, Batch) else (step,)
    return next((call.text for call in reversed(calls) if isinstance(call, Query)), "")


def _misanswered(selection: Selection, row: Row, statement: str) -> MisansweredQuery:
    shown = ", ".join(
        f"{wire}={row.get(wire)!r}"
        for wire in dict.fromkeys(each.field.wire for each in atoms(selection.where))
    )
    return MisansweredQuery(
        f"The CRM answered {selection.module.name} {row['id']} ({_cut(shown)}) to a condition that "
        f"it does not satisfy: {_cut(str(selection.where))}. So nothing was written. Either the "
        "server misunderstands the statement, or somebody changes the records meanwhile. Try it "
        "again; if it stays, report the statement, and write to ids that you have looked at "
        f"(id__in=[...]). Statement: {_cut(shortened(statement))}",
        statement=statement,
        operation="query",
        module=selection.module.name,
    )


def _of_either_hour(selection: Selection, row: Row, env: Environment) -> UnsupportedQuery:
    return UnsupportedQuery(
        f"{selection.module.name} {row['id']} is of the hour that the CRM's clock shows twice "
        f"because summer time ends ({env.zone}): whether it satisfies "
        f"{_cut(str(selection.where))} cannot be told. So nothing was written. Take a moment "
        "outside of that hour, or write to ids that you have looked at (id__in=[...])."
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
