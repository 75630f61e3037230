"""The words of an explanation: alternatives, numbers of calls, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import ceil

from ..conditions.quirks import Quirk, quirk_of
from ..conditions.tree import And, Atom, Compare, InMonth, Like, Not, OneOf, Or, Order, Selection
from ..values.blank import NO_COORDINATE
from .branches import Branch, Branches, Comparison, InList, IsNull, Part, Residual
from .compiled import Compiled
from .coordinates import are_told_apart
from .normal_form import negative_atoms
from .orders import Paging
from .statement import condition, is_plain
from .strategy import Strategy


def branch_texts(branches: Branches) -> tuple[str, ...]:
    """Each of the alternatives, what they have in common written out once."""
    texts: dict[int, str] = {}
    return tuple(branch_text(branch, texts) for branch in branches)


def branch_text(branch: Branch, known: dict[int, str] | None = None) -> str:
    """One alternative: conditions as they are sent, and in words what cannot be."""
    texts = []
    known = {} if known is None else known
    for part in branch:
        match part:
            case IsNull(wire):
                texts.append(f"{wire} is NULL")
            case Residual(node):
                if id(node) not in known:
                    known[id(node)] = f"({node})"
                texts.append(known[id(node)])
            case Comparison() | InList():
                texts.append(condition(part))
    return " and ".join(texts) or "always"


def calls_of(
    what: Compiled, strategy: Strategy, paging: Paging, selection: Selection
) -> tuple[int | None, str]:
    """The number of calls if it is certain, and in words."""
    if strategy is Strategy.NOTHING:
        return 0, "none"
    page = what.env.page_size
    statements = len(what.packing.packed(what.superset))
    wanted = None if selection.stop is None else selection.stop - selection.start
    if strategy is Strategy.EXACT and statements == 1 and wanted is not None and not what.later:
        if wanted <= page and paging in (Paging.BY_ID, Paging.FORWARD):
            return 1, "1"
        if wanted <= page - 5 and paging is Paging.BACKWARD:
            return 2, "2: a count, and a page from the end"
    return None, ", ".join(_formula(what, strategy, paging, statements, wanted))


def _formula(
    what: Compiled, strategy: Strategy, paging: Paging, statements: int, wanted: int | None
) -> Iterator[str]:
    page = what.env.page_size
    rows = "rows found" if what.is_exact else "rows of the superset"
    if wanted is not None and what.is_exact:
        yield f"at most {ceil(wanted / max(page - 5, 1)) + 1} for each statement"
    elif paging is Paging.BACKWARD:
        yield f"1 count, then 1 for every {max(page - 5, 1)} {rows}"
    elif paging is Paging.FORWARD:
        yield f"1 for every {max(page - 1, 1)} {rows}"
    elif paging is Paging.GROUPS:
        yield f"1 for every {page} {rows}, 1 for the equal values at the end of each page"
    elif strategy is Strategy.PROBE:
        yield f"1 if the superset has fewer than {page} rows"
        yield f"otherwise 1 for every {page} rows found (NULL by itself) or of the superset"
    elif strategy is Strategy.SCAN:
        yield f"1 count, then 1 for every {page} {rows}"
    else:
        yield f"1 for every {page} {rows}"
    if statements > 1:
        yield f"{statements} statements in place of one"
    if strategy is Strategy.NULL_ROWS:
        yield f"2 or more for each of {len(what.null_fields)} sets of fields that are NULL"
    if what.verdict_atoms and not what.is_exact:
        number = len(what.verdict_atoms)
        yield f"{number} or {number + 1} more for each page, for the server's verdict"
    if paging is Paging.SORTED:
        yield "and the rows of the slice once more where they are many"
    if what.later:
        yield f"{len(what.later)} more for each page, for columns read by id"


def reasons_of(
    what: Compiled, strategy: Strategy, paging: Paging, order: tuple[Order, ...]
) -> tuple[str, ...]:
    """Why it takes more than one statement or work in memory; empty for the plain case."""
    if strategy is Strategy.NOTHING:
        return ("the condition can never hold, and an empty condition would mean everything",)
    return tuple(
        dict.fromkeys(
            (
                *_about_condition(what),
                *_about_statements(what),
                *_about_order(what, paging, order),
            )
        )
    )


def _about_condition(what: Compiled) -> Iterator[str]:
    env = what.env
    if what.is_exact:
        return
    parts = {part for branch in what.branches for part in branch}
    for atom in negative_atoms(what.tree):
        yield from _about_negation(atom, parts)
    for wires in what.null_fields:
        for wire in sorted(wires):
            yield f"{wire} may be NULL, which satisfies the condition but cannot be asked for"
    for branch in what.branches:
        for part in branch:
            if isinstance(part, Residual):
                yield from _about_local(part)
    for atom in what.verdict_atoms:
        yield f"only the server can tell whether {atom}: it is asked about each page"
    if env.thinned_pages:
        yield "pages may lack rows that the user may not see, so a short page is not the end"


def _about_negation(atom: Atom, parts: Collection[Part]) -> Iterator[str]:
    if isinstance(atom, Like):
        yield f"there is no NOT LIKE: not ({atom}) is decided on the rows"
    elif isinstance(atom, OneOf) and Residual(Not(atom)) in parts:
        yield f"{len(atom.values)} values are too many for a chain of != on {atom.field.name}"


def _about_local(part: Residual) -> Iterator[str]:
    node = part.node
    if isinstance(node, And | Or):
        yield "written as an OR of ANDs the condition is too large, so part of it is left out"
    elif isinstance(node, InMonth):
        yield f"months of {node.field.name} are counted in the session's time zone"
    elif isinstance(node, Compare):
        yield f"the CRM keeps {node.field.name} as text and would compare '10' < '9'"


def _about_statements(what: Compiled) -> Iterator[str]:
    if are_told_apart(what.branches):
        yield (
            f"{NO_COORDINATE} is a coordinate that is not set, and only its digits tell it from "
            "the number -360"
        )
    groups = what.packing.packed(what.superset)
    if len(groups) > 1 and not what.env.precedence_known and not is_plain(what.superset):
        yield (
            "it is not known whether this CRM reads AND before OR, so alternatives that could "
            "be misread are sent one by one and merged"
        )
    elif len(groups) > 1:
        yield "one request can hold only part of it: lists are cut and statements merged"
    if what.later:
        yield "columns that do not fit into one statement are read by id"
    named = {*what.columns, *(wire for group in what.later for wire in group)}
    several = [w for w in named if quirk_of(what.module.name, w) is Quirk.SEVERAL]
    if several or what.joins_in_condition:
        yield "a reference may hold several records, each of which counts as a row for LIMIT"


def _about_order(what: Compiled, paging: Paging, order: tuple[Order, ...]) -> Iterator[str]:
    names = ", ".join(map(str, order))
    if paging is Paging.SORTED:
        yield f"the CRM cannot be asked for the order {names}: it has one direction for all"
    elif paging in (Paging.BACKWARD, Paging.GROUPS):
        yield (
            "descending pages by offset would lose rows: the CRM cannot sort by a field "
            "descending and then by id"
        )
    if not order and what.env.parallel > 1:
        yield "many rows are read in ranges of ids side by side, so they come interleaved"
    if paging is not Paging.BY_ID and any(o.field.targets for o in order):
        yield "references sort by the number of the record, not by its label"
