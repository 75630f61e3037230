"""A parsed query -> SQL over the store, with every refusal and every silent error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as default
from functools import lru_cache
from typing import Any, Final

from ...metadata.module import Flaw
from ..profiles import Profile
from . import casts
from .columns import CONTACTS_OF_ACTIVITY, LINES, MAIN, Storage
from .errors import CrmError, NotMeasured, invalid_id, syntax_error
from .found import selected
from .ids import check_form
from .literals import SilentError, Word, id_part, literal, pasted_number
from .schema import Field, Schema
from .store import BROKEN, LIVE
from .tables import quoted
from .views import View
from .vtql import Condition, Statement
from .wire import Null, column, identity, joins, shown

_MULTIPLYING: Final = frozenset({LINES, CONTACTS_OF_ACTIVITY})
_FLAT_TERMS: Final = 200
_ALL_ROWS: Final = -1
_SQL_OPERATORS: Final = {"!=": "<>"}
_DIGITS: Final = 18
"""Of a number that SQLite keeps as an integer, whatever they are."""
_BOUND: Final = 500
"""Numbers in one statement; lists may have more of them than SQLite has parameters."""


@dataclass(slots=True)
class CompiledStatement:
    """A statement to run, whose rows `found.read` reads. `keys` name their values; `collapse`
    says that rows of one record must be folded into one (the last one wins)."""

    sql: str
    values: list[Any] = default(default_factory=list)
    keys: list[str] = default(default_factory=list)
    collapse: bool = False
    files: bool = False
    """Whether rows may carry ids of attachments."""


class Compiler:
    """Compiles one statement for one user. Raises `CrmError` and `SilentError`."""

    def __init__(
        self,
        schema: Schema,
        view: View,
        statement: Statement,
        profile: Profile,
        *,
        thinned: bool = False,
    ) -> None:
        """`thinned`: sharing is not applied here but to the rows that come out."""
        self._schema = schema
        self._view = view
        self._statement = statement
        self._profile = profile
        self._thinned = thinned
        self._values: list[Any] = []
        self._tables = {MAIN}

    def compile(self) -> CompiledStatement:
        """The SQL. Column errors come before errors in conditions, those before silent ones."""
        columns = self._columns()
        self._tables.update(each.column.table for each in columns)
        where = self._where()
        order, descending = self._order()
        module = self._view.module
        start, stop = self._limit()
        if self._statement.counted:
            keys, expressions = ["count"], ["CAST(count(*) AS TEXT)"]
        else:
            keys, expressions = self._selected(columns)
        sql = (
            f"SELECT {selected(expressions)} FROM {quoted(module.table)} t "
            f"{joins(self._tables)} WHERE {where}{self._visible()}"
        )
        if not self._statement.counted:
            sql += f" ORDER BY {self._sorted(order, descending)}"
        sql += " LIMIT ? OFFSET ?"
        self._values += (stop, start)
        return CompiledStatement(
            sql,
            self._values,
            keys,
            collapse=self._collapses(),
            files=module.keeps_files and not self._statement.counted,
        )

    def _collapses(self) -> bool:
        tables = self._tables & _MULTIPLYING
        if not self._profile.items_collapsed:
            tables -= {LINES}
        return bool(tables) and not self._statement.counted

    def _columns(self) -> list[Field]:
        statement, view = self._statement, self._view
        if statement.counted:
            return []
        if statement.everything:
            return _everything(view)
        columns = []
        for name in dict.fromkeys((*statement.columns, "id")):
            if name == "id" and view.module.id_field is not None:
                continue
            found = self._field(name)
            if found is None:
                raise CrmError(
                    "ACCESS_DENIED", f"Permission to access '.{name}.' attribute denied."
                )
            if name in view.untold:
                raise NotMeasured(self._profile.name, f"selecting {name} of Users by its name")
            columns.append(found)
        return columns

    def _selected(self, columns: Sequence[Field]) -> tuple[list[str], list[str]]:
        """Names and SQL of what comes back."""
        null = Null.TOLD if self._profile.null_told else Null.BLANK
        if self._statement.everything:
            return _selected_everything(self._schema, self._view, null)
        return _selected(self._schema, self._view, columns, null)

    def _field(self, name: str) -> Field | None:
        found = self._view.fields.get(name)
        return found if found is not None and found.queryable else None

    def _where(self) -> str:
        statement = self._statement
        if any(_is_misread(each) for each in statement.conditions):
            raise syntax_error("columns data inappropriate")
        fields = []
        for condition in statement.conditions:
            found = self._field(condition.field)
            if found is None and not self._is_id(condition.field):
                raise CrmError(
                    "ACCESS_DENIED", f"Permission to access {condition.field} attribute denied."
                )
            if found is not None:
                self._tables.add(found.column.table)
            self._check_ids(found, condition)
            fields.append(found)
        terms = [self._term(*each) for each in zip(fields, statement.conditions)]
        return f"({_joined(terms, list(statement.glue))}) AND " if terms else ""

    def _check_ids(self, found: Field | None, condition: Condition) -> None:
        """A reference wants an ``x``; some servers want the whole form, of ids and owners too."""
        kind = "id" if found is None else found.kind
        if kind not in ("id", "reference", "owner"):
            return
        if kind == "reference" and any("x" not in token for token in condition.values):
            raise invalid_id()
        if self._profile.ids_have_a_form:
            for token in condition.values:
                check_form(token.strip("'"))

    def _is_id(self, name: str) -> bool:
        return name == "id" and self._view.module.id_field is not None

    def _term(self, found: Field | None, condition: Condition) -> str:
        if found is None or found.kind in ("reference", "owner"):
            return self._pasted("t.id" if found is None else column(found), condition)
        operator = _SQL_OPERATORS.get(condition.operator, condition.operator)
        literals = [literal(token) for token in condition.values]
        if operator == "IN":
            alike = all(isinstance(each, str) for each in literals)
            if alike or found.storage is not Storage.TEXT:
                operands = [self._operand(found, each) for each in literals]
                left = operands[0][0] if operands else column(found)
                return f"{left} IN ({', '.join(right for _, right in operands)})"
            return f"({' OR '.join(self._compared(found, '=', each) for each in literals)})"
        if operator == "LIKE":
            return self._like(column(found), literals[0])
        return self._compared(found, operator, literals[0])

    def _compared(self, found: Field, operator: str, value: str | float | Word | None) -> str:
        left, right = self._operand(found, value)
        return f"{left} {operator} {right}"

    def _operand(self, found: Field, value: str | float | Word | None) -> tuple[str, str]:
        """Both sides of a comparison, converted as the database does it."""
        source, storage = column(found), found.storage
        if isinstance(value, Word):
            return self._two_columns(found, value)
        if storage is Storage.TEXT and isinstance(value, float):
            source = f"vt_number({source})"
        elif storage is Storage.DECIMAL:
            source = f"CAST({source} AS REAL)"
        return source, self._bound(_converted(storage, value))

    def _two_columns(self, found: Field, word: Word) -> tuple[str, str]:
        other = self._column_named(word)
        textual = (Storage.TEXT, Storage.DATE, Storage.DATETIME, Storage.TIME)
        if found.storage in textual and other.storage in textual:
            return column(found), column(other)
        return f"vt_number({column(found)})", f"vt_number({column(other)})"

    def _column_named(self, word: Word) -> Field:
        other = self._view.module.fields.get(word.name)
        if other is None or other.column.table not in self._tables:
            raise SilentError(f"there is no column {word.name}")
        return other

    def _like(self, source: str, value: str | float | Word | None) -> str:
        if isinstance(value, Word):
            return f"vt_like({column(self._column_named(value))}, {source})"
        if isinstance(value, float):
            value = f"{value:g}"
        return f"vt_like({self._bound(value)}, {source})"

    def _pasted(self, source: str, condition: Condition) -> str:
        """Ids, references and owners: the number goes into the SQL without quotes."""
        if condition.operator == "LIKE":
            part = id_part(condition.values[0])
            if part is None and source != "t.id":
                raise SilentError("LIKE on an owner without a number")
            return f"vt_like({self._bound(part or '')}, {source})"
        numbers = [self._number(pasted_number(token)) for token in condition.values]
        if condition.operator == "IN":
            return f"{source} IN ({', '.join(numbers)})"
        operator = _SQL_OPERATORS.get(condition.operator, condition.operator)
        return f"{source} {operator} {numbers[0]}"

    def _number(self, pasted: str) -> str:
        """One that is a number and nothing else is bound: pages that differ in it are one
        statement to SQLite, which takes as long to prepare as a page to read."""
        if not pasted.isdecimal() or len(pasted) > _DIGITS or len(self._values) >= _BOUND:
            return pasted
        return self._bound(int(pasted))

    def _bound(self, value: Any) -> str:
        self._values.append(value)
        return "?"

    def _visible(self) -> str:
        """Deleted records are in no answer, and only the module's own rows of a shared table."""
        view = self._view
        conditions = [f"t._state IN ({LIVE}, {BROKEN})"]
        if view.module.name == "Calendar":
            conditions.append("t.activitytype = 'Task'")
        elif view.module.name == "Events":
            conditions.append("t.activitytype <> 'Emails' AND t.activitytype <> 'Task'")
        elif view.module.name == "Emails" and "activitytype" in view.module.fields:
            conditions.append("t.activitytype = 'Emails'")
        if view.owners is not None and not self._thinned:
            owners = ", ".join(str(each) for each in sorted(view.owners))
            conditions.append(f't."assigned_user_id" IN ({owners})')
        return " AND ".join(conditions)

    def _order(self) -> tuple[list[str], bool]:
        """Sort expressions. A field whose table nothing has joined is an SQL error."""
        expressions = []
        for name in self._statement.order:
            found = self._field(name)
            free = self._profile.orders_by_anything
            if found is None:
                if not free and not self._is_id(name):
                    raise SilentError(f"cannot sort by {name}")
                expressions.append("t.id")
            elif free:
                expressions.append(_sortable(found))
            elif found.column.table not in self._tables or found.flaw is Flaw.UNSORTABLE:
                raise SilentError(f"the table of {name} is not joined")
            else:
                expressions.append(_sortable(found))
        return expressions, self._statement.descending

    def _sorted(self, expressions: list[str], descending: bool) -> str:
        """Where the query leaves the order open, so does the answer: another one for every
        window, so that a client which pages without a unique order loses rows here too."""
        ordered = list(expressions)
        if ordered and descending:
            ordered[-1] += " DESC"
        if "t.id" in expressions:
            return ", ".join(ordered)
        if not ordered and not (self._statement.conditions and self._view.module.is_entity):
            return "t.id"
        start = self._limit()[0]
        return ", ".join([*ordered, f"(t.id * 7919 + {start % 10007}) % 10007, t.id"])

    def _limit(self) -> tuple[int, int]:
        """Offset and number of rows. Raises `SilentError` for what SQL does not take."""
        limit, cap = self._statement.limit, self._profile.page_cap
        if not limit:
            default = self._profile.page_default
            return 0, _ALL_ROWS if default is None else default
        *first, token = limit
        start = _row_number(first[0]) if first else 0
        if cap is None:
            return start, _row_number(token)
        if not casts.is_numeric(token):
            # Compared as texts by PHP 8, a word is "larger" than the cap; a quote is not.
            return start, cap if token > str(cap) else _row_number(token)
        if float(token) > cap:
            return start, cap
        return start, _row_number(token)


def _selected(
    schema: Schema, view: View, columns: Sequence[Field], null: Null
) -> tuple[list[str], list[str]]:
    keys, expressions = [], []
    for each in columns:
        if each.returned or each.twin:
            keys.append(each.twin or each.name)
            expressions.append(shown(schema, view, each, null))
    if view.module.id_field is not None:
        keys.append("id")
        expressions.append(identity(view.module))
    return keys, expressions


@lru_cache(maxsize=512)
def _everything(view: View) -> list[Field]:
    return [
        each
        for each in view.fields.values()
        if each.queryable and each.returned and each.name not in view.untold
    ]


@lru_cache(maxsize=512)
def _selected_everything(schema: Schema, view: View, null: Null) -> tuple[list[str], list[str]]:
    return _selected(schema, view, _everything(view), null)


def _sortable(found: Field) -> str:
    return f"CAST({column(found)} AS REAL)" if found.storage is Storage.DECIMAL else column(found)


def _row_number(token: str) -> int:
    number = casts.digits(token)
    if number is None:
        raise SilentError(f"LIMIT {token} is no SQL")
    return min(number, 2**62)


def _is_misread(condition: Condition) -> bool:
    """The parser collects an IN list by asking whether the value so far is empty, and PHP takes
    an unquoted zero for empty; for other operators it does not expect a list at all."""
    if len(condition.values) < 2:
        return False
    return condition.operator != "IN" or condition.values[0] == "0"


def _converted(storage: Storage, value: str | float | None) -> Any:
    if value is None or storage is Storage.TEXT:
        return value
    if storage in (Storage.INTEGER, Storage.DECIMAL):
        return casts.number(value)
    text = value if isinstance(value, str) else f"{value:.0f}"
    if storage is Storage.DATE:
        return casts.compared_date(text)
    if storage is Storage.DATETIME:
        return casts.compared_datetime(text)
    return casts.written_time(text)


def _joined(terms: list[str], glue: list[str]) -> str:
    """The terms in their order; AND binds tighter. Very long lists are nested evenly, since
    SQLite limits the depth of an expression."""
    if len(terms) <= _FLAT_TERMS:
        parts = [terms[0]]
        for word, term in zip(glue, terms[1:]):
            parts += (word, term)
        return " ".join(parts)
    branches = [[terms[0]]]
    for word, term in zip(glue, terms[1:]):
        if word == "AND":
            branches[-1].append(term)
        else:
            branches.append([term])
    return _balanced("OR", [_balanced("AND", branch) for branch in branches])


def _balanced(word: str, terms: list[str]) -> str:
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    return f"({_balanced(word, terms[:middle])} {word} {_balanced(word, terms[middle:])})"
