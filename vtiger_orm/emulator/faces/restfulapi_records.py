"""What the RestfulApi module shows of records: rows of the database, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..clock import Clock
from ..engine import Crash, Engine, labels, picklists
from ..engine.columns import CONTACTS_OF_ACTIVITY, LINES, Storage
from ..engine.schema import GROUPS, USERS, Field
from ..engine.store import DELETED
from ..engine.tables import quoted
from ..sessions import Tokens
from .restfulapi_filter import (
    Columns,
    SqlError,
    own_fields,
    parse_criteria,
    parse_number,
    parse_order,
    php_empty,
)
from .restfulapi_french import FRENCH

TOKENS_MODULE: Final = "RestfulApi"
_EMAILS: Final = "Emails"
_DEFAULT_LENGTH: Final = 20
_LINE_EXTRAS: Final = ("productid", "quantity", "listprice", "comment")


class UnknownModule(Exception):
    """There is no such module, or it is none that the module of tokens can list."""


class Records:
    """The records of one module, as the module shows them to everybody."""

    def __init__(self, engine: Engine, module: str, clock: Clock) -> None:
        """Raises `UnknownModule`."""
        found = engine.schema.modules.get(module)
        if found is None or not found.listed or not (found.is_entity or found.name == USERS):
            raise UnknownModule(module)
        if found.name == GROUPS:
            raise UnknownModule(module)
        self._engine = engine
        self._module = found
        self._clock = clock
        table = engine.schema.modules["Calendar"].table if module == _EMAILS else found.table
        self._table = quoted(table)

    def one(self, number: str) -> dict[str, Any] | None:
        """A record by its bare number, or None."""
        if not number.isdecimal() or len(number) > 18:
            return None
        rows = self._select("t.id = ?", [int(number)], "t.id ASC", 0, 1)
        return rows[0] if rows else None

    def exists(self, number: str) -> bool:
        return self.one(number) is not None

    def page(self, *, start: str, length: str, criteria: str, order: str) -> list[Any]:
        """A page of rows; 20 when no length is given, in the order of creation.

        Raises `Crash` for what is no SQL.
        """
        if self._module.name == "Events":
            raise Crash("a list of Events")
        columns = Columns(self._engine.schema, self._module, self._engine.profile.name)
        try:
            where = parse_criteria(columns, criteria)
            terms = parse_order(columns, order)
            first = parse_number(start or "0")
            count = _DEFAULT_LENGTH if php_empty(length) else parse_number(length)
        except SqlError as error:
            if self._engine.profile.restfulapi_sql_errors == "empty":
                return []
            raise Crash(f"SQL error: {error}") from None
        if where is None:
            return []
        condition, values = where
        return self._select(condition, values, terms, first, count)

    def _select(
        self, condition: str, values: Sequence[Any], order: str, first: int, count: int
    ) -> list[dict[str, Any]]:
        """Rows of the database. Inventory modules give one for each line item, and users are
        looked for among the numbers of records."""
        fields = [each for each in own_fields(self._module) if self._is_column(each)]
        lines = self._line_fields()
        columns = [
            "t.id",
            *(_column(each) for each in fields),
            *(f"li.{quoted(each.twin or each.name)}" for each in lines),
        ]
        joined = 'LEFT JOIN "m_LineItem" li ON li.parent_id = t.id' if lines else ""
        if self._module.name == USERS:
            state = "t.id IN (SELECT id FROM entity)"
        else:
            state = f"t._state <> {DELETED}"
        found = self._engine.store.rows(
            f"SELECT {', '.join(columns)} FROM {self._table} t {joined} "
            f"WHERE {state} AND ({condition}) ORDER BY {order}, t.id LIMIT ? OFFSET ?",
            [*values, count, first],
        )
        return [self._shown((*fields, *lines), row) for row in found]

    def _is_column(self, field: Field) -> bool:
        """Emails are listed from the table of activities, which has few of their fields."""
        if self._module.name != _EMAILS:
            return True
        return field.name in self._engine.store.columns(self._table.strip('"'))

    def _line_fields(self) -> list[Field]:
        if not self._module.is_inventory:
            return []
        return [
            each
            for each in self._module.fields.values()
            if each.column.table == LINES and each.twin is None
        ]

    def _shown(self, fields: Sequence[Field], row: Sequence[Any]) -> dict[str, Any]:
        number, *values = row
        texts = {field.name: _text(field, value) for field, value in zip(fields, values)}
        names = [texts.get(each.name, "") for each in self._module.labels()]
        shown = {
            field.name: "" if field.name == "tags" else _purified(texts[field.name])
            for field in fields
        }
        shown["label"] = _purified(labels.label(names) if names else "")
        shown["record_id"] = str(number)
        shown["record_module"] = self._module.name
        shown["api_date_now"] = self._clock().strftime("%Y-%m-%d %H:%M:%S")
        return shown

    def picklist(self, name: str, *, dependencies: bool) -> dict[str, Any]:
        """The values of a picklist with their labels and, on demand, what depends on it."""
        store = self._engine.store
        field = self._module.fields.get(name)
        if field is None or field.kind not in picklists.KINDS:
            return {"values": []} | ({"dependencies": []} if dependencies else {})
        result: dict[str, Any] = {"values": self._labels(field)}
        if dependencies:
            found = picklists.dependencies(store, self._module, name)
            targets = {target for each in found.values() for target in each}
            if targets:
                found["__DEFAULT__"] = {
                    target: picklists.values_of(store, self._module, self._module.fields[target])
                    for target in sorted(targets)
                }
            result["dependencies"] = found or []
        return result

    def _labels(self, field: Field) -> dict[str, str]:
        values = picklists.values_of(self._engine.store, self._module, field)
        return {value: FRENCH.get(value, value) for value in values}


def _column(field: Field) -> str:
    if field.column.table == CONTACTS_OF_ACTIVITY:
        return "(SELECT min(contact) FROM activity_contact WHERE activity = t.id)"
    return f"t.{quoted(field.name)}"


def _text(field: Field, value: Any) -> str:
    """As the database holds it: bare numbers for references and owners, live or not."""
    if field.storage in (Storage.REFERENCE, Storage.OWNER):
        return str(value or 0)
    return "" if value is None else str(value)


def _purified(value: str) -> str:
    """Entities for what needs them, those that are stored left alone; line breaks of one kind."""
    return labels.encoded(value.replace("\r\n", "\n"))


def token_rows(tokens: Tokens, clock: Clock, criteria: str) -> list[dict[str, Any]]:
    """The module's own records: everybody's tokens, for everybody. Filtered by the token or not
    at all."""
    wanted = [
        parts[-1].strip()
        for part in criteria.split(";")
        if (parts := part.split(":"))[0].strip() == "vtiger_restfulapi.token" and len(parts) > 1
    ]
    now = clock().strftime("%Y-%m-%d %H:%M:%S")
    rows: list[Mapping[str, Any]] = [
        {
            "token": each.token,
            "user_id": str(each.user),
            "ip": each.client,
            "expiration_date": each.expiration,
            "calls": str(each.calls),
            "record_id": str(number),
            "record_module": TOKENS_MODULE,
            "api_date_now": now,
        }
        for number, each in enumerate(tokens.rows(), start=1)
    ]
    return [dict(row) for row in rows if not wanted or row["token"] in wanted]
