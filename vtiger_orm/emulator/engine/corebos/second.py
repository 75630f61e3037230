"""The second query engine of coreBOS: brackets, `is null`, `not in`, names of other modules, and
faults of its own.

References and owners are compared by what they are called. A literal ends at its first quote, and
then the next one is taken for an empty text; in lists commas split values; backslashes never
match; LIKE drops blanks at its ends, takes ``_`` for itself and adds a ``%``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .. import casts
from ..columns import Storage
from ..context import Context
from ..errors import CrmError, NotMeasured, database_error
from ..schema import Field, Module
from ..store import BROKEN, LIVE
from ..tables import quoted
from ..wire import identity, shown
from .ownership import check_owners

Row = dict[str, Any]

_TOKEN: Final = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>[\w.]+)|(?P<sign><=|>=|!=|=|<|>|\(|\)|,|\*|;)"
    r"|(?P<blank>\s+)|(?P<other>.)",
    re.DOTALL,
)
_CLAUSES: Final = re.compile(
    r"\s*select\s+(?P<columns>.+?)\s+from\s+(?P<module>[^\s;]+)\s*(?P<rest>.*?)[\s;]*",
    re.IGNORECASE | re.DOTALL,
)
_FUNCTION: Final = re.compile(r"\w+\s*\([^)]*\)")
_OPERATORS: Final = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_YEARLESS: Final = frozenset({"birthday"})
"""Dates that `>` compares by month and day alone; `>=` compares them whole."""


class _UnknownField(Exception):
    """A field nobody knows: the statement then finds nothing."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else self.text


def run(ctx: Context, module: Module, text: str) -> tuple[list[Row], int]:
    """The rows, and how many there are without the limit."""
    match = _CLAUSES.fullmatch(text)
    if match is None:
        raise database_error()
    reader = _Reader(ctx, module, _tokens(match["rest"]))
    try:
        where, values = reader.where()
        order, limit = reader.order(), reader.limit()
    except _UnknownField:
        where, values, order, limit = "0", [], "", (100, 0)
    scope = f"{quoted(module.table)} t WHERE t._state IN ({LIVE}, {BROKEN}) AND ({where})"
    row = ctx.store.row(f"SELECT count(*) FROM {scope}", values)
    total = int(row[0]) if row is not None else 0
    columns = match["columns"]
    if re.fullmatch(r"count\s*\(\s*\*\s*\)", columns, re.IGNORECASE):
        return [{"count": str(total)}], total
    keys, expressions = _selected(ctx, module, columns)
    found = ctx.store.rows(
        f"SELECT {', '.join(expressions)} FROM {scope} ORDER BY {order or 't.id'} "
        "LIMIT ? OFFSET ?",
        [*values, *limit],
    )
    answer = [dict(zip(keys, each)) for each in found]
    check_owners(ctx, module, answer)
    return answer, total


def _selected(ctx: Context, module: Module, text: str) -> tuple[list[str], list[str]]:
    """Names and SQL of the columns. Functions are dropped; a field of another module has the two
    names in one."""
    view = ctx.view(module)
    keys, expressions = [], []
    if text.strip() == "*":
        fields = [each for each in view.fields.values() if each.queryable and each.returned]
        keys += [each.name for each in fields]
        expressions += [shown(ctx.schema, view, each) for each in fields]
        text = ""
    for name in (each.strip() for each in _FUNCTION.sub("", text).split(",")):
        if not name or name == "id":
            continue
        if "." in name:
            other, field = name.split(".", 1)
            keys.append(f"{other}{field}".lower())
            expressions.append(f"ifnull({_elsewhere(ctx, module, other, field)}, '')")
            continue
        found = view.fields.get(name)
        if found is None:
            raise CrmError("ACCESS_DENIED", f"Permission to access '.{name}.' attribute denied.")
        keys.append(name)
        expressions.append(shown(ctx.schema, view, found))
    return [*keys, "id"], [*expressions, identity(module)]


def _elsewhere(ctx: Context, module: Module, other: str, field: str) -> str:
    """A field of the record that the first reference to that module leads to."""
    target = ctx.schema.modules.get(other)
    if target is None or target is module or field not in target.fields:
        raise _UnknownField(f"{other}.{field}")
    for each in module.fields.values():
        if each.kind == "reference" and other in each.targets:
            return (
                f"(SELECT o.{quoted(field)} FROM {quoted(target.table)} o "
                f"WHERE o.id = t.{quoted(each.name)} AND o._state = {LIVE})"
            )
    raise _UnknownField(other)


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "other":
            raise database_error()
        if kind != "blank":
            found.append(_Token(kind, match[0]))
    return found


class _Reader:
    """Reads the clauses behind the module's name, and makes SQL of them."""

    def __init__(self, ctx: Context, module: Module, tokens: Sequence[_Token]) -> None:
        self._ctx = ctx
        self._module = module
        self._tokens = tokens
        self._at = 0
        self._spoilt = False
        """Whether a literal had a quote in it: the next one is then empty."""
        self._values: list[Any] = []

    # -- tokens ----------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._tokens[self._at].word if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> bool:
        if self._peek() not in wanted:
            return False
        self._at += 1
        return True

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            raise database_error()
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise database_error()

    # -- clauses ---------------------------------------------------------------------------

    def where(self) -> tuple[str, list[Any]]:
        if not self._take("where"):
            return "1", []
        return self._either(), self._values

    def order(self) -> str:
        """Raises DATABASE_QUERY_ERROR for two fields with a direction."""
        if not self._take("order"):
            return ""
        self._expect("by")
        terms, directed = [], False
        while True:
            field = self._module.fields.get(self._next().text)
            expression = f"t.{quoted(field.name)}" if field is not None else "t.id"
            if field is not None and field.storage is Storage.DECIMAL:
                expression = f"CAST({expression} AS REAL)"
            if self._peek() in ("asc", "desc"):
                directed = True
                expression += f" {self._next().text}"
            terms.append(expression)
            if not self._take(","):
                break
        if len(terms) > 1 and directed:
            raise database_error()
        return ", ".join([*terms, "t.id"])

    def limit(self) -> tuple[int, int]:
        """Number of rows, and of those before them."""
        if not self._take("limit"):
            return 100, 0
        first = self._number()
        return (self._number(), first) if self._take(",") else (first, 0)

    def _number(self) -> int:
        text = self._next().text
        if not text.isdecimal():
            raise database_error()
        return min(int(text), 2**62)

    # -- conditions ------------------------------------------------------------------------

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
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> str:
        name = self._next().text
        if self._take("is"):
            negated = self._take("not")
            self._expect("null")
            return self._is_null(name, negated=negated)
        if self._take("not"):
            self._expect("in")
            return self._in(name, negated=True)
        if self._take("in"):
            return self._in(name, negated=False)
        if self._take("like"):
            return self._like(name, self._literal())
        operator = self._next().text
        if operator not in _OPERATORS:
            raise database_error()
        return self._compared(name, operator, self._literal())

    def _literal(self) -> str:
        """One value. What follows its first quote is lost, and so is the next value."""
        token = self._next()
        if token.kind != "text":
            return token.text
        text, spoilt = _content(token.text), self._spoilt
        self._spoilt = self._skip_texts()
        return "" if spoilt else text

    def _skip_texts(self) -> bool:
        """Whether the literal went on behind a quote."""
        start = self._at
        while self._at < len(self._tokens) and self._tokens[self._at].kind == "text":
            self._at += 1
        return self._at > start

    def _list(self) -> list[str]:
        """Values between brackets, split at their commas as well."""
        self._expect("(")
        values = []
        while not self._take(")"):
            token = self._next()
            if token.text != ",":
                text = _content(token.text) if token.kind == "text" else token.text
                values += [each.strip() for each in text.split(",")]
                self._skip_texts()
        return values

    def _bound(self, value: Any) -> str:
        self._values.append(value)
        return "?"

    # -- single conditions -----------------------------------------------------------------

    def _field(self, name: str) -> Field | None:
        """The field; None is the record's own id. Raises for one nobody knows."""
        if name == "id":
            return None
        found = self._ctx.view(self._module).fields.get(name)
        if found is None or not found.queryable:
            raise _UnknownField(name)
        return found

    def _source(self, name: str) -> tuple[str, Storage]:
        """What is compared: a column, or the name of what it refers to."""
        if "." in name:
            other, _, theirs = name.partition(".")
            return _elsewhere(self._ctx, self._module, other, theirs), Storage.TEXT
        field = self._field(name)
        if field is None:
            return "t.id", Storage.INTEGER
        if field.kind == "owner":
            return (
                f'(SELECT u.user_name FROM "m_Users" u WHERE u.id = t.{quoted(name)})',
                Storage.TEXT,
            )
        if field.kind == "reference":
            return self._called(field), Storage.TEXT
        return f"t.{quoted(name)}", field.storage

    def _called(self, field: Field) -> str:
        """What the record is called that a reference leads to."""
        options = []
        for name in field.targets:
            module = self._ctx.schema.modules.get(name)
            labels = [each.name for each in module.labels()] if module is not None else []
            if module is not None and labels:
                names = " || ' ' || ".join(f"o.{quoted(each)}" for each in labels)
                options.append(
                    f"(SELECT {names} FROM {quoted(module.table)} o "
                    f"WHERE o.id = t.{quoted(field.name)} AND o._state = {LIVE})"
                )
        if not options:
            return "NULL"
        return options[0] if len(options) == 1 else f"coalesce({', '.join(options)})"

    def _is_null(self, name: str, *, negated: bool) -> str:
        if "." not in name:
            field = self._field(name)
            if field is not None and field.kind == "owner":
                return "1"
            if field is not None and field.kind == "reference" and len(field.targets) > 1:
                if negated:
                    raise NotMeasured(
                        self._ctx.profile.name, f"is not null of {name}, which has several modules"
                    )
                return "1"
        source, storage = self._source(name)
        if storage is Storage.TEXT:
            return f"ifnull({source}, '') {'<>' if negated else '='} ''"
        return f"{source} IS {'NOT ' if negated else ''}NULL"

    def _in(self, name: str, *, negated: bool) -> str:
        source, storage = self._source(name)
        values = self._list()
        if storage is Storage.TEXT:
            source = f"ifnull({source}, '')"
        listed = ", ".join(self._operand(name, storage, each) for each in values)
        return f"{source} {'NOT IN' if negated else 'IN'} ({listed})"

    def _like(self, name: str, value: str) -> str:
        source, _ = self._source(name)
        text = value.strip("%").strip().replace("\\", "\\\\").replace("_", "\\_")
        start = "%" if value.startswith("%") else ""
        end = "" if start and not value.endswith("%") else "%"
        return f"vt_like({self._bound(f'{start}{text}{end}')}, {source})"

    def _compared(self, name: str, operator: str, value: str) -> str:
        source, storage = self._source(name)
        if value == "" and operator in ("=", "!="):
            return self._is_null(name, negated=operator == "!=")
        if name in _YEARLESS and operator in ("<", "<="):
            raise NotMeasured(self._ctx.profile.name, f"{operator} of {name} in brackets")
        if name in _YEARLESS and operator == ">":
            return f"substr({source}, 6) > {self._bound(value[5:10])}"
        if storage is Storage.DECIMAL:
            source = f"CAST({source} AS REAL)"
        return f"{source} {_OPERATORS[operator]} {self._operand(name, storage, value)}"

    def _operand(self, name: str, storage: Storage, value: str) -> str:
        if name == "id":
            number = value.partition("x")[2] or value
            return self._bound(int(number) if number.isdecimal() else -1)
        if storage is Storage.TEXT:
            return self._bound(value)
        if storage is Storage.DATE:
            return self._bound(casts.compared_date(value))
        if storage is Storage.DATETIME:
            return self._bound(casts.compared_datetime(value))
        if storage is Storage.TIME:
            return self._bound(casts.written_time(value))
        return self._bound(casts.number(value))


def _content(literal: str) -> str:
    """Text between quotes; a backslash protects a quote, and stays where it protects none."""
    return literal[1:-1].replace("\\'", "'").replace("\\", "\\\\")
