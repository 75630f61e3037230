"""From a statement of the query language to the parameters of the RestfulApi module.

Only what the module answers exactly is let through: comparisons joined by AND, on columns that
are known, with values that survive its filter. Everything else is refused with the reason,
before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from ..errors import NotSupported
from ..ids import is_id, parse_id
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from .restfulapi_columns import column_of

_TOKEN: Final = re.compile(r"\s*('(?:[^'\\]|''|\\.)*'|[\w&]+|<=|>=|!=|[=<>(),;*+-])", re.DOTALL)
_OPERATORS: Final = {"=": "eq", "!=": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class FilterCondition:
    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """A statement that was read."""

    columns: tuple[str, ...]
    """Wire names; empty for all."""
    conditions: tuple[FilterCondition, ...] = ()
    order: tuple[str, ...] = ()
    descending: bool = False
    offset: int = 0
    limit: int = _PAGE


def read(text: str) -> ReadStatement:
    """Raises `NotSupported` for a statement that holds more than ANDs of comparisons."""
    return _Reader(text).statement()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def statement(self) -> ReadStatement:
        self._expect("select")
        columns = self._columns()
        self._expect("from")
        self._next()
        conditions: list[FilterCondition] = []
        if self._accept("where"):
            conditions.extend(self._condition())
            while self._accept("and"):
                conditions.extend(self._condition())
            if self._peek() == "or":
                _refuse("its filter joins conditions by AND only; ask for each part by itself")
        order: list[str] = []
        descending = False
        if self._accept("order"):
            self._expect("by")
            order.append(self._next())
            while self._accept(","):
                order.append(self._next())
            descending = self._accept("desc") or (self._accept("asc") and False)
        offset, limit = 0, _PAGE
        if self._accept("limit"):
            limit = int(self._next())
            if self._accept(","):
                offset, limit = limit, int(self._next())
        self._expect(";")
        return ReadStatement(
            columns, tuple(conditions), tuple(order), bool(descending), offset, min(limit, _PAGE)
        )

    def _columns(self) -> tuple[str, ...]:
        if self._accept("*"):
            return ()
        names = [self._next()]
        if names == ["count"]:
            _refuse("it cannot count; read the ids and count those: len(list(qs.only('id')))")
        while self._accept(","):
            names.append(self._next())
        return tuple(names)

    def _condition(self) -> Iterator[FilterCondition]:
        name, operator = self._next(), self._next().lower()
        if operator == "like":
            _refuse(f"its like means equal, so text cannot be searched for within {name!r}")
        if operator == "in":
            values = self._list()
            if len(values) > 1:
                _refuse(f"it cannot ask for one of several values of {name!r}; ask for each")
            yield FilterCondition(name, "=", values[0])
        elif operator in _OPERATORS:
            yield FilterCondition(name, operator, self._value())
        else:
            _refuse(f"it cannot read the statement {self._text!r}")

    def _list(self) -> list[str]:
        bracketed = self._accept("(")
        values = [self._value()]
        while self._accept(","):
            values.append(self._value())
        if bracketed:
            self._expect(")")
        return values

    def _value(self) -> str:
        token = self._next()
        if token in ("-", "+"):
            return token.strip("+") + self._next()
        if not token.startswith("'"):
            return token
        return re.sub(r"''|\\(.)", lambda found: found[1] or "'", token[1:-1], flags=re.DOTALL)

    def _peek(self) -> str:
        return self._tokens[self._at].lower() if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            _refuse(f"it cannot read the statement {self._text!r}")
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, token: str) -> bool:
        found = self._peek() == token
        self._at += found
        return found

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            _refuse(f"it cannot read the statement {self._text!r}")


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            _refuse(f"it cannot read the statement {text!r}")
        yield match[1]
        at = match.end()


def parameters(meta: ModuleMeta, statement: ReadStatement) -> dict[str, str]:
    """The parameters of the module's own list operation. Raises `NotSupported`."""
    criteria = [
        text for each in statement.conditions if (text := _criterion(meta, each)) is not None
    ]
    order = statement.order or ("id",)
    terms = [_column(meta, name) for name in order]
    if statement.descending:
        terms[-1] += " DESC"
    found = {
        "module": meta.name,
        "start": str(statement.offset),
        "length": str(statement.limit),
        "order": ",".join(terms),
    }
    if criteria:
        found["criteria"] = ";".join(criteria)
    return found


def _criterion(meta: ModuleMeta, condition: FilterCondition) -> str | None:
    """``table.column:op:value``; None for a condition that always holds."""
    name, operator, value = condition.field, condition.operator, condition.value
    facts = meta.by_wire.get(name)
    column = _column(meta, name)
    if facts is None:
        _refuse(f"{meta.name}.{name} is not part of the generated package")
    if facts.family in (Family.ID, Family.REFERENCE):
        if not is_id(value):
            _refuse(f"{name!r} is compared with {value!r}, which is no record id")
        number = parse_id(value).number
        if number == 0:
            if operator in (">", ">=", "!=") and facts.family is Family.ID:
                return None
            _refuse(f"it finds nothing when {name!r} is compared with a blank reference")
        return f"{column}:{_OPERATORS[operator]}:{number}"
    operator, value = _spelt(facts, operator, value)
    _check_value(name, value)
    escaped = value.replace("/", "\\/")
    return f"{column}:{_OPERATORS[operator]}:{escaped}"


def _spelt(facts: FieldMeta, operator: str, value: str) -> tuple[str, str]:
    """The same comparison without what the filter takes for "no value" or for its own signs."""
    match facts.family:
        case Family.BOOLEAN if value == "0" and operator in ("=", "!="):
            return ("!=" if operator == "=" else "="), "1"
        case Family.INTEGER | Family.DECIMAL if value == "0":
            return operator, "0.0"
        case Family.DATETIME if value.endswith(" 00:00:00"):
            return operator, value.removesuffix(" 00:00:00")
        case _:
            return operator, value


def _check_value(name: str, value: str) -> None:
    if not value.strip() or value == "0":
        _refuse(f"it finds nothing when {name!r} is compared with a blank or with 0")
    if value != value.strip():
        _refuse(f"it trims values, so {value!r} cannot be compared with {name!r}")
    bad = next((sign for sign in ":;<>\\" if sign in value), None)
    if bad is not None:
        _refuse(
            f"its filter gives {bad!r} a meaning of its own, so {name!r} cannot be compared with "
            f"{value!r}"
        )


def _column(meta: ModuleMeta, name: str) -> str:
    column = column_of(meta.name, name)
    if column is None:
        _refuse(
            f"the database column of {meta.name}.{name} is not known (only those of standard "
            "fields are); filter in Python, or use webservice.php"
        )
    return column


def _refuse(reason: str) -> NoReturn:
    raise NotSupported(f"The RestfulApi module cannot answer this query: {reason}.")
