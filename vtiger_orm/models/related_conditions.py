"""Relations in conditions: the ids are read first, then the planner does what it always does.

Only `query_related` knows which records are related where no reference field tells, and it
cannot be trusted with conditions. So a relation stands in the tree as `RelatedTo`, which is
replaced by the ids it stands for before anything else is planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..calls.plans import Plan, RowStream
from ..calls.protocols import Runner
from ..calls.server import recognised, server_facts
from ..conditions.tree import (
    FALSE,
    Atom,
    InSelection,
    Node,
    OneOf,
    RelatedTo,
    Selection,
    atoms,
    contains,
    mapped,
)
from ..planner import plan_checked_rows, plan_rows
from ..planner.compiled import RowReader
from .asking import sized
from .unknown_choices import check_choices


def selected_rows(
    selection: Selection,
    runner: Runner,
    page_size: int | None = None,
    *,
    checked: bool = False,
) -> RowStream:
    """The rows of a selection that may hold relations, in pages of `page_size` rows at most;
    `checked` where a write is to follow."""
    if not checked:  # else the rules of the write tell of them
        check_choices(selection, runner)
    plan = plan_checked_rows if checked else plan_rows
    if server_facts(runner).met and not contains(selection.where, RelatedTo, InSelection):
        return plan(selection, sized(runner, page_size))
    return _selected(selection, runner, page_size, plan)


def _selected(
    selection: Selection, runner: Runner, page_size: int | None, plan: RowReader
) -> RowStream:
    yield from recognised(runner)
    selection = yield from _narrowed(selection, runner)
    yield from plan(selection, sized(runner, page_size))


def narrowed(selection: Selection, runner: Runner) -> Plan[Selection]:
    """The selection with every relation replaced by the ids of its records; the session has met
    its server then."""
    check_choices(selection, runner)
    yield from recognised(runner)
    return (yield from _narrowed(selection, runner))


def _narrowed(selection: Selection, runner: Runner) -> Plan[Selection]:
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
        elif isinstance(atom, RelatedTo):
            found.append(atom)
    return found


def _with_ids(selection: Selection, ids: Mapping[RelatedTo, tuple[str, ...]]) -> Selection:
    def known(atom: Atom) -> Node:
        match atom:
            case RelatedTo(field):
                return OneOf(field, ids[atom]) if ids[atom] else FALSE
            case InSelection(field, inner):
                return InSelection(field, _with_ids(inner, ids))
            case _:
                return atom

    return replace(selection, where=mapped(selection.where, known)) if ids else selection
