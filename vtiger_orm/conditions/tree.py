"""The condition tree: what a queryset's keywords mean, field by field, values in wire form.

A tree is built of `And`, `Or`, `Not` and the atoms below. An atom is either true or false of a
record: a blank field (empty text, NULL, reference 0) makes every atom but a negated `Present`
false, so its negation is true. `And(())` is true, `Or(())` is false.

Keywords that only abbreviate something else (`range`, `year`, `isnull`, `has_any`, ...) do not
occur here; `arguments.py` spells them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, TypeGuard, Union

from .._dataclass import dataclass
from ..errors import InvalidLookup
from ..metadata.module import FieldMeta, ModuleMeta

if TYPE_CHECKING:
    from ..calls.environment import Environment
    from ..calls.plans import Plan
    from ..calls.server import ServerFacts

Operator: TypeAlias = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Present:
    """The field is not blank."""

    field: FieldMeta

    def __str__(self) -> str:
        return f"{self.field.name} is not blank"


@dataclass(frozen=True, slots=True)
class Equal:
    field: FieldMeta
    value: str

    def __str__(self) -> str:
        return f"{self.field.name} = {self.value!r}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equal to one of several values: never empty, no value twice."""

    field: FieldMeta
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field.name} in {_listed(self.values)}"


@dataclass(frozen=True, slots=True)
class Compare:
    field: FieldMeta
    operator: Operator
    value: str

    def __str__(self) -> str:
        return f"{self.field.name} {self.operator} {self.value!r}"


@dataclass(frozen=True, slots=True)
class Like:
    r"""Matches a pattern: ``%`` any text, ``_`` one character, ``\`` before either (or itself)
    takes it literally. Patterns are canonical: no other character is escaped."""

    field: FieldMeta
    pattern: str

    def __str__(self) -> str:
        return f"{self.field.name} like {self.pattern!r}"


@dataclass(frozen=True, slots=True)
class Has:
    """The multi-select field holds this choice, among others or alone."""

    field: FieldMeta
    choice: str

    def __str__(self) -> str:
        return f"{self.field.name} has {self.choice!r}"


@dataclass(frozen=True, slots=True)
class InMonth:
    """The date lies in this month of any year, in the session's time zone; `certainly`: whichever
    of two hours it is of that the CRM's wall shows alike."""

    field: FieldMeta
    month: int
    certainly: bool | None = None

    def __str__(self) -> str:
        return f"month of {self.field.name} = {self.month}"


@dataclass(frozen=True, slots=True)
class DayBound:
    """A datetime before (``<``), or at or after (``>=``), the start of a day in the session's
    time zone, which is not known while a queryset is built."""

    field: FieldMeta
    operator: Literal["<", ">="]
    day: date

    def __str__(self) -> str:
        return f"{self.field.name} {self.operator} start of {self.day}"


@dataclass(frozen=True, slots=True, eq=False)
class InSelection:
    """The reference points to one of the records that another queryset selects."""

    field: FieldMeta
    selection: Selection

    def __str__(self) -> str:
        return f"{self.field.name} in ({self.selection})"


class Relating(Protocol):
    """One relation of one record; only the CRM can tell the ids of the related ones."""

    def read(self, env: Environment, facts: ServerFacts) -> Plan[list[str]]:
        """The ids of all related records."""
        ...


@dataclass(frozen=True, slots=True)
class RelatedTo:
    """The record is one of those that a relation leads to. Replaced by their ids before a
    condition is planned."""

    field: FieldMeta
    """The id of the record."""
    relation: Relating

    def __str__(self) -> str:
        return f"{self.field.name} related to {self.relation}"


Atom: TypeAlias = (
    Present | Equal | OneOf | Compare | Like | Has | InMonth | DayBound | InSelection | RelatedTo
)


@dataclass(frozen=True, slots=True)
class And:
    children: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(map(_bracketed, self.children)) or "everything"


@dataclass(frozen=True, slots=True)
class Or:
    children: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(map(_bracketed, self.children)) or "nothing"


@dataclass(frozen=True, slots=True)
class Not:
    child: Node

    def __str__(self) -> str:
        if isinstance(self.child, Present):
            return f"{self.child.field.name} is blank"
        return f"not {_bracketed(self.child)}"


Node: TypeAlias = Union[And, Or, Not, Atom]  # noqa: UP007  (refers to itself through strings)

_COMPOSITE: Final = (And, Or)
INNER: Final = (And, Or, Not)
"""For `isinstance`: the nodes that are no atoms."""

_NO_ATOMS: Final = frozenset(INNER)

MOST_LEVELS: Final = 100
"""Levels of And, Or and Not in one condition."""
MOST_CONDITIONS: Final = 100_000
"""Nodes of one condition; the values of a list are none."""
_LEVELS_OF_QUERYSET: Final = 5
_NESTING: Final = (*INNER, InSelection)

TRUE: Final = And(())
FALSE: Final = Or(())


def all_of(*nodes: Node) -> Node:
    """Every one of the nodes holds; nested conjunctions are flattened."""
    flat: list[Node] = []
    for node in nodes:
        if isinstance(node, And):
            flat.extend(node.children)
        else:
            flat.append(node)
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(*nodes: Node) -> Node:
    """At least one of the nodes holds; nested disjunctions are flattened."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.children if isinstance(node, Or) else (node,))
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def negated(node: Node) -> Node:
    """The node does not hold; two negations cancel out."""
    return node.child if isinstance(node, Not) else Not(node)


def mapped(node: Node, replace: Callable[[Atom], Node]) -> Node:
    """The same tree with another node in place of each atom."""
    match node:
        case And(children):
            return And(tuple(mapped(child, replace) for child in children))
        case Or(children):
            return Or(tuple(mapped(child, replace) for child in children))
        case Not(child):
            return Not(mapped(child, replace))
        case _:
            return replace(node)


def atoms(node: Node) -> tuple[Atom, ...]:
    """Every atom of the tree, from left to right."""
    if isinstance(node, _COMPOSITE) and _are_atoms(node.children):
        return node.children
    found: list[Atom] = []
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _COMPOSITE):
            waiting.extend(reversed(node.children))
        elif isinstance(node, Not):
            waiting.append(node.child)
        else:
            found.append(node)
    return tuple(found)


def _are_atoms(nodes: tuple[Node, ...]) -> TypeGuard[tuple[Atom, ...]]:
    return _NO_ATOMS.isdisjoint(map(type, nodes))


def contains(node: Node, *kinds: type) -> bool:
    """Whether an atom of one of these classes is in the tree."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _COMPOSITE):
            found = set(map(type, node.children))
            if not found.isdisjoint(kinds):
                return True
            if not found.isdisjoint(INNER):
                waiting.extend(node.children)
        elif isinstance(node, Not):
            waiting.append(node.child)
        elif isinstance(node, kinds):
            return True
    return False


def check_depth(node: Node) -> None:
    """Raise `InvalidLookup` for a tree that is nested deeper, or is larger, than trees are worked
    on. Parts that are shared count wherever they stand."""
    level: Sequence[Node] = (node,)
    depth, size = 1, 1
    while not set(map(type, level)).isdisjoint(_NESTING):
        depth += 1
        if depth > MOST_LEVELS:
            raise too_deep(depth)
        below: list[Node] = []
        for each in level:
            if isinstance(each, Not):
                below.append(each.child)
            elif isinstance(each, _COMPOSITE):
                below.extend(each.children)
            elif isinstance(each, InSelection):
                below.append(_as_levels(each.selection.where))
            if size + len(below) > MOST_CONDITIONS:
                raise too_many(size + len(below))
        size += len(below)
        level = below


def _as_levels(inner: Node) -> Node:
    """The condition of a queryset in another one, which takes several levels of the stack."""
    for _ in range(_LEVELS_OF_QUERYSET - 1):
        inner = Not(inner)
    return inner


def too_deep(levels: int) -> InvalidLookup:
    """The refusal of a condition that is nested too deeply."""
    return InvalidLookup(
        f"A condition is nested {levels} levels deep or more, and {MOST_LEVELS} are the most. "
        "Alternatives that are joined by | and conditions that are joined by & take one level "
        "however many they are, as long as the two do not alternate: collect them, and join them "
        f"once. A queryset in a condition takes {_LEVELS_OF_QUERYSET} levels: read its ids first."
    )


def too_many(conditions: int) -> InvalidLookup:
    """The refusal of a condition that is too large."""
    return InvalidLookup(
        f"A condition is made of {conditions:,} parts or more, and {MOST_CONDITIONS:,} are the "
        "most. Values of one field belong in one list: name__in=[...]."
    )


def _bracketed(node: Node) -> str:
    composite = isinstance(node, _COMPOSITE) and len(node.children) > 1
    return f"({node})" if composite else str(node)


def _listed(values: tuple[str, ...], most: int = 5) -> str:
    shown = ", ".join(map(repr, values[:most]))
    rest = len(values) - most
    return f"({shown}, and {rest} more)" if rest > 0 else f"({shown})"


@dataclass(frozen=True, slots=True)
class Order:
    """One field of an ORDER BY. References sort by record number, text as the CRM compares it,
    blanks come first ascending and last descending.

    Blanks are one group: NULL and the empty text, which the server sorts apart, do not interrupt
    the order of further fields.
    """

    field: FieldMeta
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.field.name}" if self.descending else self.field.name


class Chosen(StrEnum):
    """How columns were chosen: it says what becomes of a field that the server does not tell."""

    NAMED = "named"
    """One by one: reading it is refused."""
    KEPT = "kept"
    """Those that `defer` left of all: records do not have it loaded, as when they are whole."""
    TABLE = "table"
    """All, or what was kept of them, as the columns of a table: its column is blank."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Records of one module: which, in what order, what slice of them, which fields."""

    module: ModuleMeta
    where: Node = TRUE
    order: tuple[Order, ...] = ()
    """Empty means by id."""
    start: int = 0
    stop: int | None = None
    columns: tuple[FieldMeta, ...] | None = None
    """None means every field that can be selected; `id` is always read."""
    chosen: Chosen = Chosen.NAMED
    """How the columns were chosen, where they are not None."""

    @property
    def is_named(self) -> bool:
        """Whether somebody asked for each of the columns."""
        return self.columns is not None and self.chosen is Chosen.NAMED

    def under(self, where: Node) -> Selection:
        """The same under this condition instead."""
        return Selection(
            self.module, where, self.order, self.start, self.stop, self.columns, self.chosen
        )

    def naming(self, fields: Iterable[FieldMeta]) -> Selection:
        """The same with these columns, each asked for by its name."""
        return self._with(fields, Chosen.NAMED)

    def keeping(self, fields: Iterable[FieldMeta]) -> Selection:
        """The same with these columns; named ones stay so."""
        return self._with(fields, Chosen.NAMED if self.is_named else Chosen.KEPT)

    def as_table(self, fields: Iterable[FieldMeta]) -> Selection:
        """The same with these columns, of a table; named ones stay so."""
        return self._with(fields, Chosen.NAMED if self.is_named else Chosen.TABLE)

    def _with(self, fields: Iterable[FieldMeta], chosen: Chosen) -> Selection:
        columns = tuple(dict.fromkeys((self.module.id, *fields)))
        return replace(self, columns=columns, chosen=chosen)

    def __str__(self) -> str:
        order = f" order by {', '.join(map(str, self.order))}" if self.order else ""
        stop = "" if self.stop is None else self.stop
        window = f" [{self.start}:{stop}]" if self.start or self.stop is not None else ""
        return f"{self.module.name} where {self.where}{order}{window}"
