"""The meaning of a condition tree, evaluated on rows in memory.

This is the definition that planned queries are held to: for every tree and every set of rows the
planner returns exactly the rows for which `evaluate` is true.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Hashable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from ..calls.environment import Environment
from ..calls.operations import Row
from ..errors import UnsupportedQuery
from ..ids import is_id
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from ..values import SEPARATOR, is_blank
from .collation import compare, equality_key, like_literal, matcher
from .tree import (
    And,
    Atom,
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
    contains,
    mapped,
)
from .wall import on_the_wall

Predicate: TypeAlias = Callable[[Row], bool]


class Verdict(NamedTuple):
    """What the server says of an atom that rows alone do not decide."""

    true: Container[str]
    """The ids of the rows for which it is true."""
    asked: Container[str] | None = None
    """The ids of the rows that the server was asked about; None for all."""


Test: TypeAlias = Callable[[str], bool]

_TEXTS: Final = frozenset({Family.TEXT, Family.CHOICE, Family.CHOICES, Family.SECRET})
_NUMBERS: Final = frozenset({Family.INTEGER, Family.DECIMAL, Family.BOOLEAN})
_REFERENCES: Final = frozenset({Family.REFERENCE, Family.ID})
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(node: Node, row: Row, env: Environment) -> bool:
    """Whether the row (wire name -> wire text) satisfies the condition."""
    return predicate(as_compared(node, env), env)(row)


def as_compared(node: Node, env: Environment, *, certainly: bool = False) -> Node:
    """The same tree, with its days and moments as the CRM compares them. Applying it to such a
    tree changes nothing."""
    return on_the_wall(with_instants(node, env.timezone), env.zone, certainly=certainly)


def predicate(
    node: Node, env: Environment, verdicts: Mapping[Atom, Verdict] | None = None
) -> Predicate:
    """The condition as a function of a row.

    Its moments are those of the CRM's wall, as compiled conditions have them.
    `verdicts` holds what the server has decided. Raises `UnsupportedQuery` for another queryset
    in the tree without a verdict.
    """
    match node:
        case And(children):
            tests = [predicate(child, env, verdicts) for child in children]
            return lambda row: all(test(row) for test in tests)
        case Or(children):
            tests = [predicate(child, env, verdicts) for child in children]
            return lambda row: any(test(row) for test in tests)
        case Not(child):
            inner = predicate(child, env, verdicts)
            return lambda row: not inner(row)
    if verdicts is not None and node in verdicts:
        true, asked = verdicts[node]
        if asked is None:
            return lambda row: row["id"] in true
        shown = _of_field(node.field, _test(node, env))
        return lambda row: row["id"] in true if row["id"] in asked else shown(row)
    return _of_field(node.field, _test(node, env))


def _of_field(field: FieldMeta, test: Test) -> Predicate:
    wire, kind = field.wire, field.kind

    def check(row: Row) -> bool:
        text = wire_text(row.get(wire))
        return not is_blank(text, kind) and test(text)

    return check


def wire_text(value: object) -> str:
    """A value of a row as text: some answers hold numbers, and null for a deleted reference."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


def is_blank_in(row: Row, field: FieldMeta) -> bool:
    """Whether the row shows no value of the field."""
    return is_blank(wire_text(row.get(field.wire)), field.kind)


def number(text: str) -> Decimal | None:
    """A wire number, or None for text that is none."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


@lru_cache(maxsize=65536)
def record_number(text: str) -> int | None:
    """The number of a reference; its prefix does not count in comparisons."""
    return int(text.partition("x")[2]) if is_id(text) else None


def comparable_of(family: Family) -> Callable[[str], Hashable]:
    """Wire text -> something that compares as the server compares it."""
    if family in _TEXTS:
        return equality_key
    if family in _NUMBERS:
        return number
    if family in _REFERENCES:
        return record_number
    return str


def _test(atom: Atom, env: Environment) -> Test:
    match atom:
        case Present():
            return lambda text: True
        case Equal(field, value):
            return _one_of(field, (value,))
        case OneOf(field, values):
            return _one_of(field, values)
        case Compare(field, symbol, value):
            return _ordered(field, symbol, value)
        case Like(_, pattern):
            return matcher(pattern)
        case Has(_, choice):
            return _has(choice)
        case InMonth():
            return _in_month(atom, env)
        case DayBound(field, symbol, day):
            return _ordered(field, symbol, instant(day, env.timezone))
        case InSelection(field) | RelatedTo(field):
            raise UnsupportedQuery(
                f"{atom} cannot be decided without asking the CRM for the records of "
                f"{field.name}."
            )


def _one_of(field: FieldMeta, values: tuple[str, ...]) -> Test:
    comparable = comparable_of(field.family)
    wanted = {comparable(value) for value in values} - {None}
    return lambda text: comparable(text) in wanted


def _ordered(field: FieldMeta, symbol: str, value: str) -> Test:
    holds = _COMPARISONS[symbol]
    if field.family in _TEXTS:
        return lambda text: holds(compare(text, value), 0)
    comparable: Callable[[str], Any] = comparable_of(field.family)
    bound = comparable(value)

    def test(text: str) -> bool:
        found = comparable(text)
        return found is not None and bound is not None and holds(found, bound)

    return test


def _has(choice: str) -> Test:
    alone, piece = equality_key(choice), like_literal(choice)
    among = [
        matcher(f"{piece}{SEPARATOR}%"),
        matcher(f"%{SEPARATOR}{piece}"),
        matcher(f"%{SEPARATOR}{piece}{SEPARATOR}%"),
    ]
    return lambda text: equality_key(text) == alone or any(match(text) for match in among)


def _in_month(atom: InMonth, env: Environment) -> Test:
    if atom.field.family is Family.DATE or env.one_zone:
        return matcher(f"%-{atom.month:02}-%")
    enough = all if atom.certainly else any

    def test(text: str) -> bool:
        try:
            wall = datetime.fromisoformat(text).replace(tzinfo=env.zone)
            moments = [wall.replace(fold=fold).astimezone(env.timezone) for fold in (0, 1)]
        except (ValueError, OverflowError):
            return False
        return enough(each.month == atom.month for each in moments)

    return test


# -- days of the session's time zone


def instant(day: date, zone: tzinfo) -> str:
    """The wire form of the moment at which a day begins."""
    try:
        moment = datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:
        moment = datetime.combine(day, time.min, UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def with_instants(node: Node, zone: tzinfo) -> Node:
    """The same tree, with days of the zone turned into comparisons of moments."""
    if not contains(node, DayBound, InSelection):
        return node

    def moment(atom: Atom) -> Node:
        if isinstance(atom, InSelection):
            inner = atom.selection
            where = with_instants(inner.where, zone)
            same = where is inner.where
            return atom if same else replace(atom, selection=replace(inner, where=where))
        if isinstance(atom, DayBound):
            return Compare(atom.field, atom.operator, instant(atom.day, zone))
        return atom

    return mapped(node, moment)
