"""What of a polars expression can be asked of the CRM.

The CRM compares text more widely than polars does (case, accents and trailing blanks do not
count), so a translation may find more rows than the expression, never fewer: polars decides on
them once more. Only what is the same on both sides may stand below a negation.

polars has no public way to look into an expression but its serialised form, which is not
promised to stay. So exact shapes are known here, everything else is left to polars; and values
are never read from that form: polars itself evaluates them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence, Set
from datetime import datetime, time
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

import polars as pl

from ..conditions.q import resolve
from ..conditions.tree import FALSE, Node, Present, all_of, any_of, negated
from ..errors import VtigerError
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta

Shape: TypeAlias = dict[str, Any]
"""A node of a serialised expression: one key, its kind."""

_TEXTS: Final = frozenset({Family.TEXT, Family.CHOICE})
_EXACT: Final = frozenset(
    {
        Family.INTEGER,
        Family.DECIMAL,
        Family.BOOLEAN,
        Family.DATE,
        Family.DATETIME,
        Family.TIME,
        Family.REFERENCE,
        Family.ID,
    }
)
_ORDERED: Final = _EXACT - {Family.BOOLEAN, Family.REFERENCE, Family.ID}
_ORDERS: Final = {"Lt": "lt", "LtEq": "lte", "Gt": "gt", "GtEq": "gte"}
_PATTERNS: Final[list[tuple[object, str]]] = [
    ("StartsWith", "startswith"),
    ("EndsWith", "endswith"),
    ({"Contains": {"literal": True, "strict": False}}, "contains"),
    ({"Contains": {"literal": True, "strict": True}}, "contains"),
]
_BOUNDS: Final = {"Both": ("gte", "lte"), "Left": ("gte", "lt"), "Right": ("gt", "lte")}


class _Unknown(Exception):
    """A shape that is left to polars."""


class Said(NamedTuple):
    """A condition that holds for every row for which the expression does."""

    node: Node
    exact: bool
    """Whether it holds for no other row whose fields are not blank."""


def condition(expression: pl.Expr, module: ModuleMeta) -> Node | None:
    """What the CRM can be asked so that no row of the expression is missed; None for nothing."""
    try:
        tree = json.loads(expression.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError):
        return None  # a function of Python, for example
    parts = [said.node for part in _conjuncts(tree) if (said := _said(part, module))]
    return all_of(*parts) if parts else None


def _conjuncts(tree: Shape) -> list[Shape]:
    match tree:
        case {"BinaryExpr": {"op": "And", "left": left, "right": right}}:
            return [*_conjuncts(left), *_conjuncts(right)]
    return [tree]


def _said(tree: Shape, module: ModuleMeta) -> Said | None:
    try:
        return _translated(tree, module)
    except (_Unknown, VtigerError, TypeError, ValueError, ArithmeticError):
        return None


def _translated(tree: Shape, module: ModuleMeta) -> Said:
    match tree:
        case {"BinaryExpr": {"op": "And", "left": left, "right": right}}:
            return _joined(all_of, _translated(left, module), _translated(right, module))
        case {"BinaryExpr": {"op": "Or", "left": left, "right": right}}:
            return _joined(any_of, _translated(left, module), _translated(right, module))
        case {"BinaryExpr": {"op": op, "left": {"Column": name}, "right": {"Literal": _} as value}}:
            return _compared(_field(name, module), op, _value(value), module)
        case {"Column": name}:
            return _keyword(_field(name, module, {Family.BOOLEAN}), "exact", True, module)
        case {"Function": {"input": [{"Column": name}], "function": {"Boolean": "IsNull"}}}:
            return Said(negated(Present(_field(name, module))), exact=True)
        case {"Function": {"input": [{"Column": name}], "function": {"Boolean": "IsNotNull"}}}:
            return Said(Present(_field(name, module)), exact=True)
        case {"Function": {"input": [inner], "function": {"Boolean": "Not"}}}:
            return _negation(_translated(inner, module))
        case {
            "Function": {
                "input": [{"Column": name}, {"Literal": _} as values],
                "function": {"Boolean": {"IsIn": {"nulls_equal": False}}},
            }
        }:
            return _one_of(_field(name, module), _values(values), module)
        case {
            "Function": {
                "input": [{"Column": name}, {"Literal": _} as low, {"Literal": _} as high],
                "function": {"Boolean": {"IsBetween": {"closed": closed}}},
            }
        } if (
            closed in _BOUNDS
        ):
            field = _field(name, module, _ORDERED)
            above, below = _BOUNDS[closed]
            first = _keyword(field, above, _value(low), module)
            return _joined(all_of, first, _keyword(field, below, _value(high), module))
        case {
            "Function": {
                "input": [{"Column": name}, {"Literal": _} as value],
                "function": {"StringExpr": kind},
            }
        }:
            return _pattern(_field(name, module, _TEXTS), kind, _value(value), module)
        case {
            "Ternary": {
                "predicate": {
                    "Function": {"input": [{"Column": _}], "function": {"Boolean": "IsNull"}}
                },
                "truthy": {"Literal": {"Scalar": {"Null": _}}},
                "falsy": inner,
            }
        }:  # DuckDB's IN
            return _translated(inner, module)
    raise _Unknown


def _joined(join: Callable[..., Node], one: Said, other: Said) -> Said:
    return Said(join(one.node, other.node), one.exact and other.exact)


def _negation(said: Said) -> Said:
    if not said.exact:
        raise _Unknown
    return Said(negated(said.node), exact=True)


def _field(name: str, module: ModuleMeta, families: Set[Family] = frozenset(Family)) -> FieldMeta:
    field = module.fields[name]
    if not field.filterable or field.family not in families:
        raise _Unknown
    return field


def _compared(field: FieldMeta, op: str, value: object, module: ModuleMeta) -> Said:
    if value is None:
        raise _Unknown
    if op == "Eq":
        return _keyword(field, "exact", value, module)
    if op == "NotEq":
        if field.family in _EXACT:
            same = _keyword(field, "exact", value, module)
            return Said(all_of(Present(field), negated(same.node)), same.exact)
        return Said(Present(field), exact=False)
    if op in _ORDERS:
        if field.family in _ORDERED:
            return _keyword(field, _ORDERS[op], value, module)
        return Said(Present(field), exact=False)
    raise _Unknown


def _one_of(field: FieldMeta, values: Sequence[object], module: ModuleMeta) -> Said:
    known = [value for value in values if value is not None and _may_be(field, value)]
    if not known:
        return Said(FALSE, exact=True)
    return _keyword(field, "in", known, module)


def _pattern(field: FieldMeta, kind: object, text: object, module: ModuleMeta) -> Said:
    for shape, lookup in _PATTERNS:
        if kind == shape and isinstance(text, str):
            return _keyword(field, lookup, text, module) if text else Said(Present(field), False)
    raise _Unknown


def _keyword(field: FieldMeta, lookup: str, value: object, module: ModuleMeta) -> Said:
    """The condition that a keyword makes. Values that the CRM cannot store, such as parts of a
    second, would be rounded: they stay with polars."""
    for each in value if isinstance(value, list) else (value,):
        if not _may_be(field, each):
            raise _Unknown
    node = resolve(module, (), {f"{field.name}__{lookup}": value})
    return Said(node, exact=field.family in _EXACT)


def _may_be(field: FieldMeta, value: object) -> bool:
    match field.family:
        case Family.TEXT | Family.CHOICE:
            return isinstance(value, str) and bool(value.strip(" "))
        case Family.REFERENCE | Family.ID:
            return isinstance(value, str)
        case Family.BOOLEAN:
            return isinstance(value, bool)
        case Family.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Family.DECIMAL:
            return isinstance(value, Decimal) and value.is_finite()
        case Family.DATETIME:
            return isinstance(value, datetime) and not value.microsecond and bool(value.tzinfo)
        case Family.TIME:
            return isinstance(value, time) and not value.microsecond
        case Family.DATE:
            return not isinstance(value, datetime)
    return False


def _value(node: Shape) -> object:
    (value,) = _evaluated(node)
    return value


def _values(node: Shape) -> list[object]:
    values = _evaluated(node)
    if len(values) == 1 and isinstance(values[0], list):
        return values[0]
    return values


def _evaluated(node: Shape) -> list[Any]:
    text = json.dumps(node)
    literal = pl.Expr.deserialize(io.StringIO(text), format="json")
    return pl.select(literal).to_series().to_list()
