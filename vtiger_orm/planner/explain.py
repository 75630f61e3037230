"""What a plan is going to do, in words; nothing is sent to find out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from ..calls.environment import Environment
from ..conditions.tree import InSelection, Node, OneOf, Selection, atoms
from .compiled import compiled
from .orders import check_order, normalised, reading_of
from .outline import first_statements
from .reasons import branch_text, calls_of, reasons_of
from .semijoin import replaced
from .sets import Way, way_of

_MOST_COLUMNS: Final = 5
_SELECT: Final = re.compile(r"select (\S+) from ")


@dataclass(frozen=True)
class Explanation:
    """How a selection is going to be read. `print` it, or look at the parts.

    Printed, long select lists are cut; `statements` and `QuerySet.query` have them in full.
    """

    selection: str
    """The condition, order and slice, as they were understood."""
    statements: tuple[str, ...]
    """The first statement of each kind that is sent; later pages add ``id > '…'``."""
    branches: tuple[str, ...]
    """The alternatives of which one must hold."""
    residual: str | None
    """What is decided on the rows in memory; None when the server decides everything."""
    reading: str
    """How rows are found and paged."""
    calls: int | None
    """The number of calls, where it does not depend on the data."""
    expected_calls: str
    """The number of calls in words, as a formula where it depends on the data."""
    reasons: tuple[str, ...] = ()
    """Why it is not one statement, or not the server alone that decides."""
    inner: tuple[Explanation, ...] = ()
    """The querysets in the condition; they are answered first."""

    def __str__(self) -> str:
        lines = [self.selection]
        for title, texts in (
            ("statements", tuple(map(_shortened, self.statements))),
            ("alternatives", self.branches if len(self.branches) > 1 else ()),
            ("decided on the rows", (self.residual,) if self.residual else ()),
            ("reading", (self.reading,)),
            ("calls", (self.expected_calls,)),
            ("because", self.reasons),
        ):
            if texts:
                lines.append(f"  {title}:")
                lines.extend(f"    {text}" for text in texts)
        for each in self.inner:
            lines.append("  first:")
            lines.extend(f"    {line}" for line in str(each).splitlines())
        return "\n".join(lines)


def explain(selection: Selection, env: Environment) -> Explanation:
    """How the rows of the selection would be read. Pure: it asks the server nothing.

    Raises `UnsupportedQuery` where reading them would, for columns that cannot be read.
    """
    inner = tuple(a for a in dict.fromkeys(atoms(selection.where)) if isinstance(a, InSelection))
    tree = selection.where
    for atom in inner:
        tree = replaced(tree, atom, _some_records(atom))
    what = compiled(selection, env, tree)
    order = normalised(selection.order)
    check_order(selection.module, order)
    empty = selection.stop is not None and selection.stop <= selection.start
    way = Way.NOTHING if empty else way_of(what)
    reading = reading_of(what, order, selection.start)
    calls, formula = calls_of(what, way, reading, selection)
    return Explanation(
        selection=str(selection),
        statements=tuple(first_statements(what, way, reading, selection)),
        branches=tuple(map(branch_text, what.branches)),
        residual=None if what.is_exact else str(what.residual),
        reading=str(way) if way is Way.NOTHING else f"{way}; {reading}",
        calls=None if inner else calls,
        expected_calls=f"those of the inner queryset, then {formula}" if inner else formula,
        reasons=reasons_of(what, way, reading, order),
        inner=tuple(explain(replace(atom.selection, columns=()), env) for atom in inner),
    )


def _shortened(statement: str) -> str:
    found = _SELECT.match(statement)
    columns = found[1].split(",") if found else ()
    if found is None or len(columns) <= _MOST_COLUMNS:
        return statement
    shown = ",".join(columns[:_MOST_COLUMNS])
    return f"select {shown},… ({len(columns)} fields){statement[found.end(1) :]}"


def _some_records(atom: InSelection) -> Node:
    """A stand-in for the ids that another queryset is going to give."""
    some = f"{atom.selection.module.prefix}x…"
    return OneOf(atom.field, (some, some))
