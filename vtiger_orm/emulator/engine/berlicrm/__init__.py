"""The query language of berliCRM, as far as anybody looked at it.

SQL-like: brackets, negations, empty literals, any number of directions, no cap. A quote within a
literal is escaped by a backslash; literals side by side are no literal, and nothing matches a
backslash. Fields nobody knows are left out of what is selected. References compare with plain
numbers; how they compare with ids of records was not tried, nor any text beyond ASCII.
"""

from __future__ import annotations

import re
from typing import Any, Final

from .. import casts, owners
from ..columns import Storage
from ..context import Context
from ..errors import NotMeasured, database_error
from ..schema import Field, Module
from ..store import LIVE
from ..tables import quoted
from ..wire import identity, one_contact, shown

Row = dict[str, Any]

_STATEMENT: Final = re.compile(
    r"\s*select\s+(?P<columns>.+?)\s+from\s+(?P<module>\w+)\s*"
    r"(?:where\s+(?P<where>.+?))?\s*(?:order\s+by\s+(?P<order>[\w\s,]+?))?\s*"
    r"(?:limit\s+(?P<limit>\d+(?:\s*,\s*\d+)?))?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_COUNT: Final = re.compile(r"count\s*\(\s*(\*|id)\s*\)", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>\w+)|(?P<sign><>|<=|>=|!=|[=<>(),])|(?P<blank>\s+)",
    re.DOTALL,
)
_OPERATORS: Final = {each: each for each in ("=", "<", "<=", ">", ">=", "<>")} | {"!=": "<>"}
_ID: Final = re.compile(r"[0-9]+x[0-9]+")
_FOREVER: Final = -1


class _Nothing(Exception):
    """The statement finds nothing, whatever it asks."""


def query(ctx: Context, text: str) -> list[Row]:
    """Rows of one module, or their number."""
    match = _STATEMENT.fullmatch(text)
    if match is None:
        raise database_error()
    module = ctx.module(match["module"])
    if not module.is_entity:
        raise NotMeasured(ctx.profile.name, f"queries of {module.name}")
    view = ctx.view(module)
    if view.owners is not None or view.fields is not module.fields:
        raise NotMeasured(ctx.profile.name, "queries of users with fewer rights")
    reader = _Conditions(ctx, module, match["where"] or "")
    try:
        where = reader.whole() if match["where"] else "1"
    except _Nothing:
        return []
    scope = f"{quoted(module.table)} t WHERE t._state = {LIVE} AND ({one_contact(where)})"
    _check_owners(ctx, module, scope, reader.values)
    if _COUNT.fullmatch(match["columns"].strip()):
        row = ctx.store.row(f"SELECT count(*) FROM {scope}", reader.values)
        return [{"count": int(row[0]) if row is not None else 0}]
    every = {name.lower(): each for name, each in view.fields.items()}
    asked = [each.strip().lower() for each in match["columns"].split(",")]
    names = list(every) if "*" in asked else [name for name in asked if name in every]
    fields = [every[name] for name in names if every[name].returned]
    expressions = [
        *(one_contact(shown(ctx.schema, view, each)) for each in fields),
        identity(module),
    ]
    found = ctx.store.rows(
        f"SELECT {', '.join(expressions)} FROM {scope} ORDER BY {_order(module, match['order'])} "
        "LIMIT ? OFFSET ?",
        [*reader.values, *_limit(match["limit"])],
    )
    return [dict(zip([*(each.name for each in fields), "id"], row)) for row in found]


def _limit(text: str | None) -> tuple[int, int]:
    if text is None:
        return _FOREVER, 0
    first, _, second = text.partition(",")
    return (int(second), int(first)) if second else (int(first), 0)


def _order(module: Module, text: str | None) -> str:
    """Raises DATABASE_QUERY_ERROR for a field nobody knows."""
    terms = []
    for part in (text or "").split(","):
        words = part.split()
        if not words:
            continue
        field = _field(module, words[0])
        direction = words[1].upper() if len(words) > 1 else "ASC"
        if direction not in ("ASC", "DESC"):
            raise database_error()
        terms.append(f"{_source(field)} {direction}")
    return ", ".join([*terms, "t.id"])


def _field(module: Module, name: str) -> Field | None:
    """The field in any case; None is the record's own id."""
    if name.lower() == "id":
        return None
    for each in module.fields.values():
        if each.name.lower() == name.lower():
            return each
    raise database_error()


def _source(field: Field | None) -> str:
    if field is None:
        return "t.id"
    source = f"t.{quoted(field.name)}"
    # Decimals are kept as text, which keeps their digits.
    return f"CAST({source} AS REAL)" if field.storage is Storage.DECIMAL else source


def _check_owners(ctx: Context, module: Module, scope: str, values: list[Any]) -> None:
    if module.owner_field is None:
        return
    owner = quoted(module.owner_field.name)
    for (number,) in ctx.store.rows(f"SELECT DISTINCT t.{owner} FROM {scope}", values):
        if not owners.exists(ctx, number or 0):
            raise NotMeasured(
                ctx.profile.name, "the code of 'Error while trying to determine owner'"
            )


class _Conditions:
    """The conditions of a statement as SQL; `values` are its parameters."""

    def __init__(self, ctx: Context, module: Module, text: str) -> None:
        self._ctx, self._module = ctx, module
        self._tokens = list(self._read(text))
        self.values: list[Any] = []

    def _read(self, text: str) -> list[tuple[str, str]]:
        found, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise database_error()
            at = match.end()
            if match.lastgroup != "blank":
                found.append((str(match.lastgroup), match[0]))
        return found

    def _peek(self) -> str:
        return self._tokens[0][1].lower() if self._tokens else ""

    def _take(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._tokens.pop(0)
        return True

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise database_error()
        return self._tokens.pop(0)

    def whole(self) -> str:
        sql = self._either()
        if self._tokens:
            raise database_error()
        return sql

    def _either(self) -> str:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return f"({' OR '.join(parts)})"

    def _both(self) -> str:
        parts = [self._term()]
        while self._take("and"):
            parts.append(self._term())
        return " AND ".join(parts)

    def _term(self) -> str:
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise database_error()
            return inner
        return self._condition()

    def _condition(self) -> str:
        field = _field(self._module, self._next()[1])
        source = _source(field)
        if self._take("is"):
            negated = "NOT " if self._take("not") else ""
            if not self._take("null"):
                raise database_error()
            return f"{source} IS {negated}NULL"
        negated = "NOT " if self._take("not") else ""
        if self._take("in"):
            return f"{source} {negated}IN ({', '.join(self._list(field))})"
        if self._take("like"):
            pattern = self._literal()
            self.values.append(pattern)
            return f"{negated}vt_like(?, {source})"
        operator = _OPERATORS.get(self._next()[1])
        if operator is None or negated:
            raise database_error()
        return f"{source} {operator} {self._operand(field, self._literal())}"

    def _list(self, field: Field | None) -> list[str]:
        if not self._take("("):
            raise database_error()
        found = [self._operand(field, self._literal())]
        while self._take(","):
            found.append(self._operand(field, self._literal()))
        if not self._take(")"):
            raise database_error()
        return found

    def _literal(self) -> str:
        """Raises `_Nothing` for two literals side by side, and for a backslash in one."""
        kind, text = self._next()
        if kind == "word":
            return text
        if kind != "text" or (self._tokens and self._tokens[0][0] == "text"):
            raise _Nothing
        value = text[1:-1].replace("\\'", "'")
        if "\\" in value:
            raise _Nothing
        if not value.isascii():
            raise NotMeasured(self._ctx.profile.name, "texts beyond ASCII in conditions")
        return value

    def _operand(self, field: Field | None, value: str) -> str:
        number = field is None or field.kind in ("reference", "owner")
        if number and _ID.fullmatch(value):
            raise NotMeasured(self._ctx.profile.name, "conditions on ids of records")
        if number:
            self.values.append(casts.number(value))
        elif field is not None and field.storage is Storage.DATE:
            self.values.append(casts.compared_date(value))
        elif field is not None and field.storage is Storage.DATETIME:
            self.values.append(casts.compared_datetime(value))
        elif field is not None and field.storage in (Storage.INTEGER, Storage.DECIMAL):
            self.values.append(casts.number(value))
        else:
            self.values.append(value)
        return "?"
