"""A condition tree as an OR of ANDs (disjunctive normal form).

Negation is pushed down to the atoms on the way; what an atom or its negation looks like comes
from `forms`. No branch at all is false, an empty branch is true: printed carelessly both would
be an empty condition.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain
from operator import is_
from typing import Final

from ..conditions.tree import (
    FALSE,
    INNER,
    And,
    Atom,
    Equal,
    Node,
    Not,
    OneOf,
    Or,
    all_of,
    any_of,
    negated,
)
from . import coordinates
from .atom_forms import Forms
from .branches import SENDABLE, Branch, Branches, Part, Residual, nulls, sendable

_COMPOSITE: Final = (And, Or)
_EQUALITIES: Final = (Equal, OneOf)
_SENDABLE: Final = frozenset(SENDABLE)

MOST_BRANCHES: Final = 48
"""A product of ORs with more branches is not multiplied out."""
FOLDED_BRANCHES: Final = 24
"""What is kept of such a product; the rest of it is left to local evaluation."""
_MOST_REFUSED: Final = 6
"""After so many factors that did not fit the others, which are no smaller, are not tried."""
_MOST_MULTIPLIED: Final = 8000
"""So many branches are made on the way to one product."""
_MOST_COMPARED: Final = 200
"""Beyond so many branches redundant ones are not searched for."""


def normal_form(node: Node, forms: Forms, positive: bool = True) -> Branches:
    """The branches of which one must hold for the tree (or its negation) to hold.

    Branches may hold `IsNull` and `Residual` parts. A product that explodes is cut: the part of it
    that stays is a superset, and its branches say with a `Residual` part what is to be checked.
    """
    if isinstance(node, Not):
        return normal_form(node.child, forms, not positive)
    if not isinstance(node, _COMPOSITE):
        return forms.positive(node) if positive else forms.negative(node)
    form = forms.positive if positive else forms.negative
    results = [
        normal_form(child, forms, positive) if isinstance(child, INNER) else form(child)
        for child in node.children
    ]
    if isinstance(node, And) != positive:
        return absorb([branch for result in results for branch in result])
    signed = node.children if positive else tuple(map(negated, node.children))
    return _product(results, signed)


def simplified(node: Node, forms: Forms) -> Node:
    """The same condition with equalities of one field in one list: those that are joined by OR,
    the negated ones that are joined by AND, and of those that are joined by AND what they have in
    common."""
    if isinstance(node, Not):
        child = simplified(node.child, forms)
        return node if child is node.child else negated(child)
    if not isinstance(node, _COMPOSITE):
        return node
    children: Sequence[Node] = node.children
    negative = isinstance(node, And)
    if not set(map(type, children)).isdisjoint(INNER):
        children = [simplified(each, forms) for each in children]
    if negative:
        children = _in_common(children, forms)
    atoms = [_equality(each, negative) for each in children]
    wires = [atom.field.wire for atom in atoms if atom is not None]
    if len(wires) > len(set(wires)):
        children = _listed(children, atoms)
    elif all(map(is_, children, node.children)):
        return node
    return all_of(*children) if negative else any_of(*children)


def _in_common(children: Sequence[Node], forms: Forms) -> Sequence[Node]:
    """The children of an AND, the equalities of a field among them as what all of them allow."""
    equal = [each for each in children if isinstance(each, _EQUALITIES)]
    if len({each.field.wire for each in equal}) == len(equal):
        return children
    allowed: dict[str, dict[Hashable, str]] = {}
    marked = [_marked(each, forms) for each in children]
    for child, values in zip(children, marked):
        if values is not None and isinstance(child, _EQUALITIES):
            before = allowed.get(child.field.wire, values)
            common = {mark: text for mark, text in before.items() if mark in values}
            allowed[child.field.wire] = common
    kept: list[Node] = []
    for child, values in zip(children, marked):
        if values is None or not isinstance(child, _EQUALITIES):
            kept.append(child)
        elif (found := allowed.pop(child.field.wire, None)) is not None:
            if not found:
                return (FALSE,)
            unchanged = len(found) == len(_values(child))
            kept.append(child if unchanged else OneOf(child.field, tuple(found.values())))
    return kept


def _marked(node: Node, forms: Forms) -> dict[Hashable, str] | None:
    """The values of an equality by what the server compares of them; None where only the server
    can tell what it has in common with others."""
    if not isinstance(node, _EQUALITIES) or coordinates.allows_unset(node):
        return None
    compared = forms.compared(node.field)
    if compared is None:
        return None
    values: dict[Hashable, str] = {}
    for value in _values(node):
        mark = None if "&" in value else compared(value)
        if mark is None:
            return None
        values.setdefault(mark, value)
    return values


def _listed(children: Sequence[Node], atoms: Sequence[Equal | OneOf | None]) -> list[Node]:
    """The children, the equalities among them in one list for each field."""
    values: dict[str, list[str]] = {}
    for atom in atoms:
        if atom is not None:
            values.setdefault(atom.field.wire, []).extend(_values(atom))
    kept: list[Node] = []
    for child, atom in zip(children, atoms):
        if atom is None:
            kept.append(child)
        elif (found := values.pop(atom.field.wire, None)) is not None:
            listed = OneOf(atom.field, tuple(dict.fromkeys(found)))
            kept.append(Not(listed) if isinstance(child, Not) else listed)
    return kept


def _equality(node: Node, negative: bool) -> Equal | OneOf | None:
    if isinstance(node, Not):
        if not negative:
            return None
        node = node.child
    elif negative:
        return None
    return node if isinstance(node, _EQUALITIES) else None


def _values(atom: Equal | OneOf) -> tuple[str, ...]:
    return (atom.value,) if isinstance(atom, Equal) else atom.values


def superset(branches: Branches) -> Branches:
    """What the server can be sent of the branches: holds at least where they do."""
    return absorb([sendable(branch) for branch in branches])


def absorb(branches: Iterable[Branch]) -> Branches:
    """The branches without those that contain another one, each of which it implies."""
    unique = tuple(dict.fromkeys(branches))
    if len(unique) < 2 or len(unique) > _MOST_COMPARED:
        return unique
    sets = [frozenset(branch) for branch in unique]
    smallest = min(map(len, sets))
    if smallest == max(map(len, sets)):
        return unique if len(set(sets)) == len(sets) else tuple(dict(zip(sets, unique)).values())
    kept: list[Branch] = []
    for index, (branch, parts) in enumerate(zip(unique, sets)):
        if not any(
            other < parts or (other == parts and position < index)
            for position, other in enumerate(sets)
        ):
            kept.append(branch)
    return tuple(kept)


def negative_atoms(node: Node, positive: bool = True) -> Iterator[Atom]:
    """The atoms that occur negated once negation is pushed down."""
    match node:
        case Not(child):
            yield from negative_atoms(child, not positive)
        case And(children) | Or(children):
            for child in children:
                yield from negative_atoms(child, positive)
        case _:
            if not positive:
                yield node


def _product(results: Sequence[Branches], nodes: Sequence[Node]) -> Branches:
    if not all(results):
        return ()
    base = _joined(result[0] for result in results if len(result) == 1)
    several = [(result, node) for result, node in zip(results, nodes) if len(result) > 1]
    if not _possible(base):
        return ()
    if not several:
        return (base,)
    several.sort(key=lambda each: len(each[0]))
    branches, complete = _multiplied(base, several, MOST_BRANCHES)
    return branches if complete else _multiplied(base, several, FOLDED_BRANCHES)[0]


def _multiplied(
    base: Branch, several: list[tuple[Branches, Node]], most: int
) -> tuple[Branches, bool]:
    """The product as far as it stays small, and whether that is all of it.

    What does not fit becomes a `Residual` part of every branch.
    """
    branches: Branches = (base,)
    left: list[Part] = []
    work = 0
    for result, node in several:
        product = None
        size = len(branches) * len(result)
        if len(left) < _MOST_REFUSED and size <= 8 * most and work + size <= _MOST_MULTIPLIED:
            work += size
            product = _times(branches, result)
        if product is None or len(product) > most:
            left.append(Residual(node))
        else:
            branches = product
    if not left:
        return branches, True
    return tuple(_joined((branch, tuple(left))) for branch in branches), False


def _times(left: Branches, right: Branches) -> Branches:
    product = (_joined((one, other)) for one in left for other in right)
    return absorb([branch for branch in product if _possible(branch)])


def _joined(branches: Iterable[Branch]) -> Branch:
    return tuple(dict.fromkeys(chain.from_iterable(branches)))


def _possible(branch: Branch) -> bool:
    """False where a field would have to be NULL and something else at once, or -360 and another
    number."""
    if not coordinates.is_possible(branch):
        return False
    empty = nulls(branch)
    if not empty:
        return True
    return not any(part.wire in empty for part in branch if isinstance(part, SENDABLE))


def is_exact(branches: Branches) -> bool:
    """Whether the server can be sent all of it."""
    return all(set(map(type, branch)) <= _SENDABLE for branch in branches)
