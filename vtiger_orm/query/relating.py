"""Relations in conditions: the ids are read first, then the planner does what it always does.

Only `query_related` knows which records are related where no reference field tells, and it
cannot be trusted with conditions. So a relation stands in the tree as `RelatedTo`, which is
replaced by the ids it stands for before anything else is planned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from ..metadata.module import FieldMeta
from ..operations.calls import Plan, RowStream
from . import planner
from .environment import Environment
from .planner import Explanation
from .selection import Selection
from .tree import FALSE, And, InSelection, Node, Not, OneOf, Or, atoms, contains


class Relating(Protocol):
    """One relation of one record."""

    def read(self, env: Environment) -> Plan[list[str]]:
        """The ids of all related records."""
        ...


@dataclass(frozen=True, slots=True)
class RelatedTo:
    """The record is related; `field` is the id of its module."""

    field: FieldMeta
    relation: Relating

    def __str__(self) -> str:
        return f"{self.field.name} related to {self.relation}"


def related_to(field: FieldMeta, relation: Relating) -> Node:
    """`RelatedTo` as a node. Not one of the atoms the planner knows: it never sees one."""
    return cast(Node, RelatedTo(field, relation))


def plan_rows(selection: Selection, env: Environment) -> RowStream:
    """`planner.plan_rows` of a selection that may hold relations."""
    if not contains(selection.where, RelatedTo, InSelection):
        return planner.plan_rows(selection, env)
    return _rows(selection, env)


def plan_count(selection: Selection, env: Environment) -> Plan[int]:
    selection = yield from narrowed(selection, env)
    return (yield from planner.plan_count(selection, env))


def plan_exists(selection: Selection, env: Environment) -> Plan[bool]:
    selection = yield from narrowed(selection, env)
    return (yield from planner.plan_exists(selection, env))


def plan_partitions(selection: Selection, n: int, env: Environment) -> Plan[list[Selection]]:
    selection = yield from narrowed(selection, env)
    return (yield from planner.plan_partitions(selection, n, env))


def explain(selection: Selection, env: Environment) -> Explanation:
    """How the rows would be read once the related ids are known; two stand for all of them."""
    some: dict[Any, tuple[str, ...]] = dict.fromkeys(
        _relations(selection.where),
        (f"{selection.module.prefix}x1", f"{selection.module.prefix}x2"),
    )
    return planner.explain(_with_ids(selection, some), env)


def narrowed(selection: Selection, env: Environment) -> Plan[Selection]:
    """The selection with every relation replaced by the ids of its records."""
    found: dict[Any, tuple[str, ...]] = {}
    for relation in _relations(selection.where):
        if relation not in found:
            found[relation] = tuple((yield from relation.relation.read(env)))
    return _with_ids(selection, found) if found else selection


def _rows(selection: Selection, env: Environment) -> RowStream:
    selection = yield from narrowed(selection, env)
    yield from planner.plan_rows(selection, env)


def _relations(where: Node) -> list[RelatedTo]:
    found: list[RelatedTo] = []
    for atom in atoms(where):
        if isinstance(atom, InSelection):
            found.extend(_relations(atom.selection.where))
        elif isinstance(cast(Any, atom), RelatedTo):
            found.append(cast(RelatedTo, atom))
    return found


def _with_ids(selection: Selection, ids: dict[Any, tuple[str, ...]]) -> Selection:
    return replace(selection, where=_replaced(selection.where, ids)) if ids else selection


def _replaced(node: Node, ids: dict[Any, tuple[str, ...]]) -> Node:
    related: Any = node
    if isinstance(related, RelatedTo):
        return OneOf(related.field, ids[related]) if ids[related] else FALSE
    match node:
        case And(children):
            return And(tuple(_replaced(child, ids) for child in children))
        case Or(children):
            return Or(tuple(_replaced(child, ids) for child in children))
        case Not(child):
            return Not(_replaced(child, ids))
        case InSelection(field, selection):
            return InSelection(field, _with_ids(selection, ids))
        case _:
            return node
