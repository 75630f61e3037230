"""Counting without reading rows.

A condition whose negation the server cannot be sent can still be counted by difference:
``count(R and not q) = count(R) - count(R and q)``, as often as necessary. Every counted statement
is positive, so blanks and NULL need no care. The counts are taken one after the other: on data
that moves meanwhile the result is as sharp as that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from ..calls.plans import Plan
from ..conditions.evaluate import comparable_of
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
    atoms,
    negated,
)
from ..errors import ScanTooLarge, UnsupportedQuery
from .asking import counts
from .atom_forms import Forms
from .branches import SENDABLE, Branch, Branches, Comparison
from .compiled import TEXTS, Compiled
from .normal_form import absorb, is_exact, normal_form
from .strategy import in_id_order
from .streams import pull

MOST_STATEMENTS: Final = 40
"""Beyond so many statements the ids are read instead."""
_MOST_WORK: Final = 20_000
"""Conditions that are looked at in the search for statements that cancel out."""
_MOST_OVERLAPS: Final = 20_000
"""Pairs of alternatives that are looked at for records that both of them count."""


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
    """Statements and how often each counts (also negatively); None when they would be too many,
    when finding them would take too long, or when counts do not tell, as with rows the user may
    not see."""
    if what.thinned or not _counts_records(what):
        return None
    total: Counter[Branches] = Counter()
    for sign, branches in _positive(what):
        part = None if branches is None else _one_by_one(what, branches)
        if part is None:
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


def _positive(what: Compiled) -> Iterator[tuple[int, Branches | None]]:
    """The condition as a sum of others that can be sent; None where that cannot be found."""
    if what.is_exact:
        yield 1, what.branches
        return
    forms = Forms.of(what.module, what.env)
    waiting: list[tuple[int, Node]] = [(1, what.tree)]
    left = _MOST_WORK
    while waiting:
        sign, tree = waiting.pop()
        left -= len(atoms(tree)) + 1
        if left < 0:
            yield sign, None
            return
        atom = _unsayable(tree, forms)
        if atom is None:
            branches = what.packing.shortened(normal_form(tree, forms), tree)
            yield sign, branches if is_exact(branches) else None
            continue
        without = assume(tree, atom, FALSE)
        waiting.append((sign, all_of(atom, assume(tree, atom, TRUE))))
        waiting.append((-sign, all_of(atom, without)))
        waiting.append((sign, without))


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
    work = 0
    while left:
        sign, several = left.pop()
        try:
            groups = what.packing.packed(several)
        except UnsupportedQuery:
            return None  # all of an overlap's conditions do not fit into one statement
        if len(terms) + len(groups) > 2 * MOST_STATEMENTS:
            return None
        for group in groups:
            terms[group] += sign
        if len(groups) < 2 or _are_disjoint(groups, what):
            continue
        for index, first in enumerate(groups):
            others = [branch for group in groups[index + 1 :] for branch in group]
            work += len(first) * len(others)
            if work > _MOST_OVERLAPS:
                return None
            both = _overlap(first, others, what)
            if both:
                left.append((-sign, both))
    return terms


def _overlap(first: Branches, others: Sequence[Branch], what: Compiled) -> Branches:
    """What holds where the first statement and one of the others hold."""
    allowed = [_allowed(branch, what) for branch in others]
    return absorb(
        tuple(dict.fromkeys((*one, *other)))
        for one, mine in ((branch, _allowed(branch, what)) for branch in first)
        for other, theirs in zip(others, allowed)
        if not any(mine[wire].isdisjoint(theirs[wire]) for wire in mine.keys() & theirs.keys())
    )


def _are_disjoint(groups: Sequence[Branches], what: Compiled) -> bool:
    """Whether there is a field of which every statement asks for other values."""
    allowed = [[_allowed(branch, what) for branch in group] for group in groups]
    wires = set(allowed[0][0]).intersection(*(branch for group in allowed for branch in group))
    for wire in wires:
        values = [frozenset().union(*(branch[wire] for branch in group)) for group in allowed]
        if len(frozenset().union(*values)) == sum(map(len, values)):
            return True
    return False


def _allowed(branch: Branch, what: Compiled) -> dict[str, frozenset[Hashable]]:
    """The values that a branch allows for a field, as the server compares them; only of fields
    whose values are listed and can be compared."""
    found: dict[str, frozenset[Hashable]] = {}
    for part in branch:
        if not isinstance(part, SENDABLE):
            continue
        if isinstance(part, Comparison) and part.operator != "=":
            continue
        family = what.module.by_wire[part.wire].family
        if family in TEXTS and what.env.collation == "unknown":
            continue
        if quirk_of(what.module.name, part.wire) is Quirk.SEVERAL:
            continue
        texts = (part.value,) if isinstance(part, Comparison) else part.values
        values = frozenset(map(comparable_of(family), texts))
        if None not in values:
            found[part.wire] = values & found.get(part.wire, values)
    return found


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
