"""The words of an explanation: alternatives, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..conditions.quirks import Quirk, quirk_of
from ..conditions.tree import And, Atom, Compare, InMonth, Like, Not, OneOf, Or, Order
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
    if what.thinned:
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
    if paging is not Paging.BY_ID and any(o.field.targets for o in order):
        yield "references sort by the number of the record, not by its label"
