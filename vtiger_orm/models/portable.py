"""Querysets as plain data, for their pickles: fields, modules and kinds of nodes by name.

A pickle outlives the classes of the condition tree, so it holds none of them. What is written
here is read by later releases: tags and their order of values never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .._pickled import class_named, public_name
from ..conditions.field_names import parse_order
from ..conditions.lookups import find_field
from ..conditions.tree import (
    And,
    Atom,
    Chosen,
    Compare,
    DayBound,
    Equal,
    Has,
    InMonth,
    InSelection,
    Like,
    Node,
    Not,
    OneOf,
    Or,
    Present,
    RelatedTo,
    Selection,
)
from ..errors import InvalidLookup
from ..metadata.module import ModuleMeta, Relation
from ..planner.related_ids import Side
from ..records.handle import package_of
from .fetches import Fetch, Fetches
from .query_state import Projection, QueryState
from .shaping import ShapedRows, shaped

if TYPE_CHECKING:
    from ..calls.protocols import Package
    from ..records import BaseRecord

Plain: TypeAlias = dict[str, Any]
"""A queryset or a part of it: text, numbers, dates, lists and tuples of them."""

_ATOMS: Final[dict[str, tuple[Callable[..., Atom], tuple[str, ...]]]] = {
    "present": (Present, ()),
    "equal": (Equal, ("value",)),
    "one of": (OneOf, ("values",)),
    "compare": (Compare, ("operator", "value")),
    "like": (Like, ("pattern",)),
    "has": (Has, ("choice",)),
    "in month": (InMonth, ("month",)),
    "day bound": (DayBound, ("operator", "day")),
}
"""Tag -> class of the node, and what it has beside its field."""

_TAGS: Final = {kind: tag for tag, (kind, _) in _ATOMS.items()}


def dumped(state: QueryState) -> Plain:
    """All of a queryset but its model and its session."""
    plain = _dumped_selection(state.selection)
    if state.fetches:
        plain["fetches"] = _dumped_fetches(state.fetches)
    if isinstance(state.projection, Projection):
        plain["projection"] = (state.projection.names, state.projection.style)
    elif state.projection is not None:
        plain["shape"] = public_name(state.projection.shape.kind)
    if state.max_writes is not None:
        plain["max_writes"] = state.max_writes
    return plain


def restored(model: type[BaseRecord], plain: Plain) -> QueryState:
    """From what `dumped` made. Raises `InvalidLookup` for a field that the module has no more."""
    reader = _Restorer(package_of(model))
    rows: Projection | ShapedRows[Any] | None = None
    if "projection" in plain:
        rows = Projection(*plain["projection"])
    elif "shape" in plain:
        rows = shaped(model, class_named(plain["shape"][0], plain["shape"][1], object))
    return QueryState(
        model,
        reader.selection(plain, model.meta),
        fetches=reader.fetches(plain.get("fetches", ())),
        projection=rows,
        max_writes=plain.get("max_writes"),
    )


def _dumped_selection(selection: Selection) -> Plain:
    plain: Plain = {"module": selection.module.name, "where": _dumped_node(selection.where)}
    if selection.order:
        plain["order"] = [str(each) for each in selection.order]
    if selection.start or selection.stop is not None:
        plain["slice"] = (selection.start, selection.stop)
    if selection.columns is not None:
        plain["columns"] = [each.name for each in selection.columns]
    if selection.chosen is not Chosen.NAMED:
        plain["chosen"] = str(selection.chosen)
    return plain


def _dumped_node(node: Node) -> tuple[object, ...]:
    match node:
        case RelatedTo(field, Side() as side):
            modules = (side.source.name, side.relation.name, side.target.name)
            return ("related", field.name, side.id, *modules)
        case And(children):
            return ("and", *map(_dumped_node, children))
        case Or(children):
            return ("or", *map(_dumped_node, children))
        case Not(child):
            return ("not", _dumped_node(child))
        case InSelection(field, selection):
            return ("in selection", field.name, _dumped_selection(selection))
        case _:
            tag = _TAGS[type(node)]
            values = (getattr(node, name) for name in _ATOMS[tag][1])
            return (tag, node.field.name, *values)


def _dumped_fetches(fetches: Fetches) -> list[tuple[object, ...]]:
    return [
        (
            each.name,
            each.relation,
            _dumped_selection(each.selection) if each.selection is not None else None,
            _dumped_fetches(each.nested),
        )
        for each in fetches
    ]


def relation_named(module: ModuleMeta, name: str) -> Relation:
    """The relation that a pickle names. Raises `InvalidLookup` when there is none any more."""
    for each in module.relations:
        if each.name == name:
            return each
    raise InvalidLookup(f"{module.name} has no relation {name!r} any more.")


class _Restorer:
    """Finds what the names mean in one generated package."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def _meta(self, module: str) -> ModuleMeta:
        meta: ModuleMeta = self._package.model(module).meta
        return meta

    def selection(self, plain: Plain, module: ModuleMeta | None = None) -> Selection:
        module = module or self._meta(plain["module"])
        start, stop = plain.get("slice", (0, None))
        columns = plain.get("columns")
        return Selection(
            module,
            self._node(plain["where"], module),
            tuple(parse_order(module, name) for name in plain.get("order", ())),
            start,
            stop,
            None if columns is None else tuple(find_field(module, name) for name in columns),
            Chosen(plain.get("chosen", Chosen.NAMED)),
        )

    def _node(self, plain: Sequence[Any], module: ModuleMeta) -> Node:
        tag, *values = plain
        match tag:
            case "and":
                return And(self._nodes(values, module))
            case "or":
                return Or(self._nodes(values, module))
            case "not":
                return Not(self._node(values[0], module))
        field, *rest = find_field(module, values[0]), *values[1:]
        match tag:
            case "in selection":
                return InSelection(field, self.selection(rest[0]))
            case "related":
                return RelatedTo(field, self._side(*rest))
        kind, _ = _ATOMS[tag]
        made: Node = kind(field, *rest)
        return made

    def _nodes(self, plain: Iterable[Any], module: ModuleMeta) -> tuple[Node, ...]:
        return tuple(self._node(each, module) for each in plain)

    def _side(self, id: str, source: str, relation: str, target: str) -> Side:
        meta = self._meta(source)
        return Side(id, meta, relation_named(meta, relation), self._meta(target))

    def fetches(self, plain: Iterable[Any]) -> Fetches:
        return tuple(
            Fetch(
                name,
                relation,
                self.selection(selection) if selection is not None else None,
                self.fetches(nested),
            )
            for name, relation, selection, nested in plain
        )
