"""Counting without reading rows.

A condition whose negation the server cannot be sent can still be counted by difference:
``count(R and not q) = count(R) - count(R and q)``, as often as necessary. Every counted statement
is positive, so blanks and NULL need no care. The counts are taken one after the other: on data
that moves meanwhile the result is as sharp as that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from ..calls.plans import Plan
from ..conditions.quirks import Quirk, quirk_of
from ..conditions.tree import (
    FALSE,
    TRUE,
    And,
    Atom,
    Node,
    Not,
    Or,
    all_of,
    any_of,
    negated,
)
from ..errors import ScanTooLarge, UnsupportedQuery
from ..ids import id_number, is_id
from .asking import counts
from .atom_forms import Forms
from .branches import SENDABLE, Branch, Branches, Comparison, InList
from .compiled import Compiled
from .normal_form import absorb, is_exact, normal_form
from .strategy import in_id_order
from .streams import pull

MOST_STATEMENTS: Final = 40
"""Beyond so many statements the ids are read instead."""
_MOST_STEPS: Final = 400
"""Beyond so many summands the search for statements that cancel out is given up."""


def count_of(what: Compiled) -> Plan[int]:
    """The number of rows of the whole condition."""
    terms = difference(what)
    if terms is not None:
        total = yield from _sum(what, terms)
        if total >= 0:
            return total
        total = yield from _sum(what, terms)  # the data moved between the counts
        if total >= 0:
            return total
    return (yield from _read(what))


def difference(what: Compiled) -> Counter[Branches] | None:
    """Statements and how often each counts (also negatively); None when they would be too many
    or when counts do not tell, as with rows the user may not see."""
    if what.env.thinned_pages or not _counts_records(what):
        return None
    forms = Forms.of(what.module, what.env)
    total: Counter[Branches] = Counter()
    for steps, (sign, branches) in enumerate(_positive(what.tree, forms)):
        part = None if branches is None else _one_by_one(what, branches)
        if part is None or steps > _MOST_STEPS:
            return None
        for group, times in part.items():
            total[group] += sign * times
    for group in [group for group, times in total.items() if not times]:
        del total[group]
    return total if len(total) <= MOST_STATEMENTS else None


def _counts_records(what: Compiled) -> bool:
    """Whether ``count(*)`` counts every record once: not where a field of the condition joins
    several rows, except for one value of it that all rows must have."""
    if not what.joins_in_condition:
        return True
    if len(what.branches) != 1 or not what.is_exact:
        return False
    (branch,) = what.branches
    said = [part for part in branch if isinstance(part, SENDABLE)]
    joining = [part for part in said if quirk_of(what.module.name, part.wire) is Quirk.SEVERAL]
    return all(isinstance(part, Comparison) and part.operator == "=" for part in joining)


def _positive(tree: Node, forms: Forms) -> Iterator[tuple[int, Branches | None]]:
    """The tree as a sum of conditions that can be sent; None stands for one that cannot."""
    branches = normal_form(tree, forms)
    if is_exact(branches):
        yield 1, branches
        return
    atom = _unsayable(tree, forms)
    if atom is None:
        yield 1, None
        return
    without = assume(tree, atom, FALSE)
    yield from _positive(without, forms)
    for sign, found in _positive(all_of(atom, without), forms):
        yield -sign, found
    yield from _positive(all_of(atom, assume(tree, atom, TRUE)), forms)


def _unsayable(tree: Node, forms: Forms, positive: bool = True) -> Atom | None:
    """The first atom that can be sent as it is, but not negated as it stands."""
    match tree:
        case Not(child):
            return _unsayable(child, forms, not positive)
        case And(children) | Or(children):
            for child in children:
                if found := _unsayable(child, forms, positive):
                    return found
            return None
        case _:
            if positive or is_exact(forms.negative(tree)):
                return None
            return tree if is_exact(forms.positive(tree)) else None


def assume(tree: Node, atom: Atom, value: Node) -> Node:
    """The tree where the atom is known to be true or false."""
    match tree:
        case And(children):
            parts = [assume(child, atom, value) for child in children]
            return FALSE if FALSE in parts else all_of(*parts)
        case Or(children):
            parts = [assume(child, atom, value) for child in children]
            return TRUE if TRUE in parts else any_of(*parts)
        case Not(child):
            inner = assume(child, atom, value)
            return TRUE if inner == FALSE else FALSE if inner == TRUE else negated(inner)
        case _:
            return value if tree == atom else tree


def _one_by_one(what: Compiled, branches: Branches) -> Counter[Branches] | None:
    """Statements whose counts, added and subtracted, give the number of rows of the branches.

    ``A or B`` in two statements counts ``A + B - (A and B)``.
    """
    terms: Counter[Branches] = Counter()
    left = [(1, branches)]
    while left:
        sign, several = left.pop()
        try:
            groups = what.packing.packed(several)
        except UnsupportedQuery:
            return None  # all of an overlap's conditions do not fit into one statement
        for index, first in enumerate(groups):
            terms[first] += sign
            both = _overlap(first, groups[index + 1 :])
            if both:
                left.append((-sign, both))
        if len(terms) + len(left) > 2 * MOST_STATEMENTS:
            return None
    return terms


def _overlap(first: Branches, others: list[Branches]) -> Branches:
    """What holds where the first statement and one of the others hold."""
    return absorb(
        tuple(dict.fromkeys((*one, *other)))
        for one in first
        for group in others
        for other in group
        if not _exclusive(one, other)
    )


def _exclusive(one: Branch, other: Branch) -> bool:
    """Whether the branches ask for different records of the same reference, or different ids."""
    wanted = {part.wire: _numbers(part) for part in one if isinstance(part, SENDABLE)}
    return any(
        numbers and wanted.get(part.wire) and not numbers & wanted[part.wire]
        for part in other
        if isinstance(part, SENDABLE) and (numbers := _numbers(part))
    )


def _numbers(part: Comparison | InList) -> set[int]:
    """The record numbers a comparison allows, if it is one of references or ids."""
    if isinstance(part, Comparison):
        values: tuple[str, ...] = (part.value,) if part.operator == "=" else ()
    else:
        values = part.values
    return {id_number(value) for value in values} if all(map(is_id, values)) else set()


def _sum(what: Compiled, terms: Counter[Branches]) -> Plan[int]:
    groups = list(terms)
    numbers = yield from counts([what.statement(group) for group in groups], what.env)
    return sum(terms[group] * number for group, number in zip(groups, numbers))


def _read(what: Compiled) -> Plan[int]:
    """By reading the ids."""
    ids = what.reading(())
    stream, total = in_id_order(ids), 0
    while (page := (yield from pull(stream))) is not None:
        total += len(page)
        if total > what.env.max_scan_rows:
            raise ScanTooLarge(
                f"Counting {what.module.name} for this condition ({what.tree}) needs reading more "
                f"than {total} ids, but max_scan_rows is {what.env.max_scan_rows}. Add a condition "
                f"that leaves fewer rows, or open the session with a larger max_scan_rows."
            )
    return total
