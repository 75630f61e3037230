"""What a plan is going to do, in words; nothing is sent to find out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..environment import Environment
from ..parts import Branches
from ..selection import Selection
from ..tree import InSelection, Node, OneOf, atoms
from ..vtql import Statement
from .compiled import Compiled, compiled
from .groups import first_page as descending_page
from .orders import Reading, is_by_id, normalised, reading_of, server_order
from .reasons import branch_text, calls_of, reasons_of
from .semijoin import replaced
from .sets import Way, way_of
from .sorting import first_page as sorted_page
from .sorting import first_page_may_do


@dataclass(frozen=True)
class Explanation:
    """How a selection is going to be read. `print` it, or look at the parts."""

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
            ("statements", self.statements),
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
    empty = selection.stop is not None and selection.stop <= selection.start
    way = Way.NOTHING if empty else way_of(what)
    reading = reading_of(what, order, selection.start)
    calls, formula = calls_of(what, way, reading, selection)
    return Explanation(
        selection=str(selection),
        statements=_statements(what, way, reading, selection),
        branches=tuple(map(branch_text, what.branches)),
        residual=None if what.is_exact else str(selection.where),
        reading=str(way) if way is Way.NOTHING else f"{way}; {reading}",
        calls=None if inner else calls,
        expected_calls=f"those of the inner queryset, then {formula}" if inner else formula,
        reasons=reasons_of(what, way, reading, order),
        inner=tuple(explain(replace(atom.selection, columns=()), env) for atom in inner),
    )


def _some_records(atom: InSelection) -> Node:
    """A stand-in for the ids that another queryset is going to give."""
    some = f"{atom.selection.module.prefix}x…"
    return OneOf(atom.field, (some, some))


def _statements(
    what: Compiled, way: Way, reading: Reading, selection: Selection
) -> tuple[str, ...]:
    if way is Way.NOTHING:
        return ()
    groups = what.packing.packed(what.direct if way is Way.HEADS else what.superset)
    said = [
        statement.text for group in groups for statement in _of(what, group, reading, selection)
    ]
    heads = what.null_sets.items() if way is Way.HEADS else ()
    for fields, branches in heads:
        for group in what.packing.packed(tuple(branches)):
            said.append(what.statement(group, order=(*sorted(fields), "id")).text)
    return tuple(said)


def _of(
    what: Compiled, group: Branches, reading: Reading, selection: Selection
) -> Iterator[Statement]:
    """The first statements about one group of branches."""
    start, stop = selection.start, selection.stop
    order = normalised(selection.order)
    single = what.is_exact and group == what.branches
    wanted = stop - start if single and stop is not None else None
    limit = min(what.env.page_size, what.env.page_size if wanted is None else wanted)
    more = () if what.is_exact else what.decided_by
    said = None if is_by_id(order) else server_order(order)
    if reading is Reading.GROUPS:
        yield descending_page(what, group, order[0], more, stop)
    elif reading is Reading.SORTED and stop is not None and first_page_may_do(what, order, stop):
        yield sorted_page(what, group, order, stop)
    elif said is None or reading is Reading.SORTED:
        by_id = reading is Reading.BY_ID
        down = by_id and bool(order) and order[0].descending
        wires = () if by_id else tuple(each.field.wire for each in order)
        skip = start if single and by_id else 0
        size = limit if by_id else what.env.page_size
        yield what.statement(group, (*more, *wires), descending=down, limit=size, offset=skip)
    else:
        page = what.statement(
            group,
            more,
            order=said.wires,
            descending=said.descending,
            limit=limit,
            offset=start if single and reading is Reading.FORWARD else 0,
        )
        if reading is Reading.BACKWARD:
            yield page.counting
        yield page
