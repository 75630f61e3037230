"""Relations in conditions: the ids are read first, then the planner does what it always does.

Only `query_related` knows which records are related where no reference field tells, and it
cannot be trusted with conditions. So a relation stands in the tree as `RelatedTo`, which is
replaced by the ids it stands for before anything else is planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from ..calls.environment import Environment
from ..calls.plans import Plan, RowStream
from ..calls.protocols import Runner
from ..calls.server import ServerFacts, server_facts
from ..conditions.tree import (
    FALSE,
    And,
    InSelection,
    Node,
    Not,
    OneOf,
    Or,
    Selection,
    atoms,
    contains,
)
from ..metadata.module import FieldMeta
from ..planner import plan_rows


class Relating(Protocol):
    """One relation of one record."""

    def read(self, env: Environment, facts: ServerFacts) -> Plan[list[str]]:
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


def selected_rows(
    selection: Selection, runner: Runner, env: Environment | None = None
) -> RowStream:
    """The rows of a selection that may hold relations; `env` where it is not the runner's own."""
    selection = yield from narrowed(selection, runner)
    yield from plan_rows(selection, env or runner.environment)


def narrowed(selection: Selection, runner: Runner) -> Plan[Selection]:
    """The selection with every relation replaced by the ids of its records."""
    if not contains(selection.where, RelatedTo, InSelection):
        return selection
    found: dict[RelatedTo, tuple[str, ...]] = {}
    for relation in _relations(selection.where):
        if relation not in found:
            ids = yield from relation.relation.read(runner.environment, server_facts(runner))
            found[relation] = tuple(ids)
    return _with_ids(selection, found)


def outlined(selection: Selection) -> Selection:
    """The selection as it would be once the related ids are known; two stand for all of them."""
    some = (f"{selection.module.prefix}x1", f"{selection.module.prefix}x2")
    return _with_ids(selection, dict.fromkeys(_relations(selection.where), some))


def _relations(where: Node) -> list[RelatedTo]:
    found: list[RelatedTo] = []
    for atom in atoms(where):
        if isinstance(atom, InSelection):
            found.extend(_relations(atom.selection.where))
        elif isinstance(cast(Any, atom), RelatedTo):
            found.append(cast(RelatedTo, atom))
    return found


def _with_ids(selection: Selection, ids: Mapping[RelatedTo, tuple[str, ...]]) -> Selection:
    return replace(selection, where=_replaced(selection.where, ids)) if ids else selection


def _replaced(node: Node, ids: Mapping[RelatedTo, tuple[str, ...]]) -> Node:
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
