"""What a name in the body of a class means: the class's own once that is bound, else the file's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

import libcst as cst

Parents = Mapping[cst.CSTNode, cst.CSTNode]


class Bound(Enum):
    """Whether the class has the name where it is read."""

    NOT_YET = "not yet"
    PERHAPS = "perhaps"
    SURELY = "surely"


def bound(bindings: Iterable[cst.CSTNode], node: cst.CSTNode, parents: Parents) -> Bound:
    """Whether one of the class's bindings has happened where `node` stands."""
    found = {_before(each, node, parents) for each in bindings if not _is_copy(each, parents)}
    if Bound.SURELY in found:
        return Bound.SURELY
    return Bound.PERHAPS if Bound.PERHAPS in found else Bound.NOT_YET


def is_deleted(node: cst.CSTNode, parents: Parents) -> bool:
    """Whether a name stands after ``del``."""
    above = parents.get(node)
    while isinstance(above, (cst.Element, cst.Tuple, cst.List)):
        above = parents.get(above)
    return isinstance(above, cst.Del)


def _is_copy(node: cst.CSTNode, parents: Parents) -> bool:
    """``Contacts = Contacts``: whoever reads either has the same."""
    match node, parents.get(node):
        case cst.Name(value=name), cst.AnnAssign(value=cst.Name(value=given)):
            return name == given
        case cst.Name(value=name), cst.AssignTarget() as target:
            match parents.get(target):
                case cst.Assign(value=cst.Name(value=given)):
                    return name == given
        case _, cst.AnnAssign(value=None):
            return True  # an annotation alone binds nothing
    return False


def _before(binding: cst.CSTNode, node: cst.CSTNode, parents: Parents) -> Bound:
    """Whether a binding has happened when a node is reached."""
    above = _upwards(node, parents)
    places = {id(each): number for number, each in enumerate(above)}
    path = _upwards(binding, parents)
    number = next(number for number, each in enumerate(path) if id(each) in places)
    common = path[number]
    place = places[id(common)]
    if number == 0 or place == 0:
        return Bound.NOT_YET  # in its own decorators, defaults, annotations
    parts = {id(each): index for index, each in enumerate(common.children)}
    if parts[id(path[number - 1])] >= parts[id(above[place - 1])]:
        return Bound.NOT_YET
    match common:
        case cst.If(test=test) if path[number - 1] is not test:
            return Bound.NOT_YET  # the other branch
        case cst.For(iter=iterated) if above[place - 1] is iterated:
            return Bound.NOT_YET
        case cst.Match() if isinstance(path[number - 1], cst.MatchCase):
            return Bound.NOT_YET
        case cst.Try() | cst.TryStar():
            return Bound.PERHAPS
        case cst.If() | cst.Match() | cst.For() | cst.While() | cst.With():
            pass
        case cst.Module() | cst.IndentedBlock():
            pass
        case cst.SimpleStatementLine() | cst.SimpleStatementSuite():
            pass
        case _:
            return Bound.NOT_YET  # one statement, which binds when all of it is known
    between = path[1:number]
    unsure = any(
        isinstance(each, (cst.IndentedBlock, cst.SimpleStatementSuite, cst.For, cst.ExceptHandler))
        and not isinstance(parents.get(each), cst.With)
        for each in between
    )
    return Bound.PERHAPS if unsure else Bound.SURELY


def _upwards(node: cst.CSTNode, parents: Parents) -> list[cst.CSTNode]:
    found = [node]
    while (above := parents.get(found[-1])) is not None:
        found.append(above)
    return found
