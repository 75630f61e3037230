"""Queries as people write them, read without running anything: ``Contacts.objects.filter(...)``.

The site shows the text and the plan of the same selection, so the two cannot part. What is read is
what querysets take: names of modules, conditions, Q, orders, slices, and values as literals.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from vtiger_orm import Q
from vtiger_orm.conditions.field_names import parse_order, readable_field, with_id
from vtiger_orm.conditions.q import resolve
from vtiger_orm.conditions.tree import Selection, all_of, negated
from vtiger_orm.errors import InvalidLookup
from vtiger_orm.planner import Explanation, explain

from .facts import CrmFacts

_MAKERS: Final[dict[str, Callable[..., object]]] = {
    "Q": Q,
    "date": date,
    "datetime": datetime,
    "time": time,
    "timedelta": timedelta,
    "Decimal": Decimal,
}
_NAMES: Final = {"UTC": UTC}


@dataclass(frozen=True)
class _Queryset:
    """What conditions take for a queryset within another."""

    selection: Selection
    value_names: tuple[str, ...] = ()


def selection_of(text: str, crm: CrmFacts) -> Selection:
    """The selection that this text is. Raises `InvalidLookup` for what is no such text."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise InvalidLookup(f"{text!r} is not a queryset: {error}") from error
    return _Reader(crm).queryset(tree)


def plan_of(text: str, crm: CrmFacts) -> Explanation:
    """How the planner reads these records: statements, calls, and why."""
    return explain(selection_of(text, crm), crm.env)


class _Reader:
    def __init__(self, crm: CrmFacts) -> None:
        self._crm = crm

    def queryset(self, node: ast.expr) -> Selection:
        match node:
            case ast.Subscript(value=value, slice=ast.Slice() as part):
                return self._slice(self.queryset(value), part)
            case ast.Attribute(value=ast.Name(id=name), attr="objects"):
                module = self._crm.by_class.get(name)
                if module is None:
                    raise InvalidLookup(f"This CRM has no module {name}.")
                return Selection(module.meta)
            case ast.Call(func=ast.Attribute(value=value, attr=method), args=args, keywords=given):
                keywords = {each.arg or "": self._value(each.value) for each in given}
                values = tuple(self._value(each) for each in args)
                return self._step(self.queryset(value), method, values, keywords)
        raise InvalidLookup(f"{ast.unparse(node)} is not a queryset.")

    def _step(
        self, base: Selection, method: str, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Selection:
        meta = base.module
        match method:
            case "all":
                return base
            case "filter":
                return replace(base, where=all_of(base.where, resolve(meta, args, keywords)))
            case "exclude":
                outside = negated(resolve(meta, args, keywords))
                return replace(base, where=all_of(base.where, outside))
            case "order_by":
                return replace(base, order=tuple(parse_order(meta, name) for name in args))
            case "only":
                fields = [readable_field(meta, name, "only") for name in args]
                return replace(base, columns=with_id(meta, fields))
        raise InvalidLookup(f"{method}() is not read here.")

    def _slice(self, base: Selection, part: ast.Slice) -> Selection:
        start, stop = (
            None if each is None else self._value(each) for each in (part.lower, part.upper)
        )
        return replace(base, start=start or 0, stop=stop)

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [self._value(each) for each in items]
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return ~self._value(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._value(operand)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._value(left) | self._value(right)
            case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
                return self._value(left) & self._value(right)
            case ast.Name(id=name) if name in _NAMES:
                return _NAMES[name]
            case ast.Call(func=ast.Name(id=name), args=args, keywords=given) if name in _MAKERS:
                keywords = {each.arg or "": self._value(each.value) for each in given}
                return _MAKERS[name](*(self._value(each) for each in args), **keywords)
            case ast.Attribute(
                value=ast.Attribute(value=ast.Name(id=module), attr=picklist), attr=member
            ):
                return self._member(module, picklist, member)
        return _Queryset(self.queryset(node))

    def _member(self, module: str, picklist: str, member: str) -> str:
        facts = self._crm.by_class.get(module)
        for each in facts.picklists if facts is not None else ():
            if each.picklist == picklist:
                for choice in each.choices:
                    if choice.member == member:
                        return choice.value
        raise InvalidLookup(f"There is no {module}.{picklist}.{member}.")
