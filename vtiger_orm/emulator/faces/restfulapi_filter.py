"""The filter and order of the RestfulApi module: table and column names pasted into SQL.

What its SQL would not run is a fatal on PHP 8, and what its code does by mistake is done here as
well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ..engine import NotMeasured, casts
from ..engine.casts import digits
from ..engine.columns import ACTIVITIES, LINES, Storage
from ..engine.schema import LINE_ITEM, Field, Module, Schema
from ..engine.stock import stock_columns
from ..engine.store import CONVERTED
from ..engine.tables import quoted

_OPERATORS: Final = {"neq": "<>", "lt": "<", "gt": ">", "lte": "<=", "gte": ">="}
"""Everything else, ``like`` too, falls through to ``=``."""
_ENTITY_ALIAS, _ENTITY_TABLE = "CE", "vtiger_crmentity"
_OF_ENTITIES: Final = {
    "assigned_user_id": "smownerid",
    "createdtime": "createdtime",
    "modifiedtime": "modifiedtime",
    "modifiedby": "modifiedby",
    "description": "description",
}
"""Fields of every module that are columns of the table of all records."""
_BASE_ALIAS: Final = "T"
_ITEMS: Final = "vtiger_inventoryproductrel"
_COLUMN: Final = re.compile(r"(?:(\w+)\.)?(\w+)")
_COALESCED: Final = re.compile(r"coalesce\(\s*(?:(\w+)\.)?(\w+)\s*,\s*(\d+)\s*\)", re.IGNORECASE)
_ORDER: Final = re.compile(r"(.+?)(?:\s+(asc|desc))?", re.IGNORECASE | re.DOTALL)
_CUSTOM_TABLES: Final = {
    "HelpDesk": "vtiger_ticketcf",
    "Products": "vtiger_productcf",
    "Services": "vtiger_servicecf",
    "Vendors": "vtiger_vendorcf",
    "PriceBooks": "vtiger_pricebookcf",
    "Documents": "vtiger_notescf",
}


class SqlError(Exception):
    """The pasted SQL does not run."""


@dataclass(frozen=True, slots=True)
class Source:
    """A column in the emulator's own tables."""

    expression: str
    storage: Storage


class Columns:
    """The columns in reach of one module's list: its own tables, and the items of inventory
    modules. The tables of activities are not joined: only the aliases lead to them."""

    def __init__(self, schema: Schema, module: Module, profile: str) -> None:
        self._columns = _columns(schema, module)
        self._profile = profile

    def find(self, text: str) -> Source:
        """A pasted expression. Raises `SqlError`, and `NotMeasured` for SQL nobody tried."""
        match = _COLUMN.fullmatch(text)
        if match is not None:
            return self._find(match[1], match[2])
        match = _COALESCED.fullmatch(text)
        if match is None:
            raise NotMeasured(self._profile, f"the SQL {text!r} in a filter or order")
        found = self._find(match[1], match[2])
        return Source(f"coalesce({found.expression}, {match[3]})", found.storage)

    def _find(self, table: str | None, column: str) -> Source:
        if table is not None:
            found = self._columns.get((table, column.lower()))
        else:
            named = [each for key, each in self._columns.items() if key[1] == column.lower()]
            found = named[0] if named else None
        if found is None:
            raise SqlError(f"{table}.{column}")
        return found


@lru_cache(maxsize=512)
def _columns(schema: Schema, module: Module) -> Mapping[tuple[str, str], Source]:
    found: dict[tuple[str, str], Source] = {}
    stock = stock_columns().get(module.name, {})
    base = _base_table(module)
    joined = module.name not in ACTIVITIES and module.name != "Emails"
    custom = _CUSTOM_TABLES.get(module.name, f"vtiger_{module.name.lower()}cf")

    def add(table: str, column: str, source: Source) -> None:
        aliases = [table] if joined else []
        if table == base:
            aliases.append(_BASE_ALIAS)
        if table == _ENTITY_TABLE:
            aliases = [_ENTITY_ALIAS]
        for alias in aliases:
            found.setdefault((alias, column.lower()), source)

    for field in module.fields.values():
        if field.column.table == LINES or not field.described:
            continue
        known = stock.get(field.name)
        if known is not None:
            table, column = known.table, known.column
        elif field.name in _OF_ENTITIES:
            table, column = _ENTITY_TABLE, _OF_ENTITIES[field.name]
        else:
            table = custom if field.name.startswith("cf_") else base
            column = field.name
        add(table, column, Source(f"t.{quoted(field.name)}", field.storage))
    number = Source("t.id", Storage.INTEGER)
    add(base, module.id_field["label"] if module.id_field is not None else "id", number)
    add(_ENTITY_TABLE, "crmid", number)
    add(_ENTITY_TABLE, "createdtime", number)  # of modules that do not tell when
    if module.name == "Leads":
        add(base, "converted", Source(f"(t._state = {CONVERTED})", Storage.INTEGER))
    if module.is_inventory:
        for field in schema.modules[LINE_ITEM].fields.values():
            found[_ITEMS, field.name] = Source(f"li.{quoted(field.name)}", field.storage)
    return found


def _base_table(module: Module) -> str:
    """The table of the module itself: that of its name."""
    stock = stock_columns().get(module.name, {})
    for field in (*module.labels(), *module.fields.values()):
        if field.name in stock and stock[field.name].table != _ENTITY_TABLE:
            return stock[field.name].table
    return f"vtiger_{module.name.lower()}"


def php_empty(text: str) -> bool:
    """PHP's `empty()`: true for ``0`` as well."""
    return text in {"", "0"}


def parse_number(text: str) -> int:
    """A number of the LIMIT clause. Raises `SqlError`."""
    number = digits(text.strip())
    if number is None:
        raise SqlError(text)
    return number


def parse_order(columns: Columns, order: str) -> str:
    """``table.column DESC, ...``; by creation when there is none. Raises `SqlError`."""
    terms = []
    for part in _parts(order) if order.strip() else (f"{_ENTITY_ALIAS}.createdtime",):
        match = _ORDER.fullmatch(part.strip())
        if match is None:
            raise SqlError(part)
        found = columns.find(match[1].strip())
        expression = found.expression
        if found.storage is Storage.DECIMAL:
            expression = f"CAST({expression} AS REAL)"
        terms.append(f"{expression} {(match[2] or 'asc').upper()}")
    return ", ".join(terms)


def _parts(order: str) -> list[str]:
    """Split at commas outside of brackets."""
    return re.split(r",(?![^(]*\))", order)


def parse_criteria(columns: Columns, criteria: str) -> tuple[str, list[Any]] | None:
    """``table.column[:operator]:value;...`` as SQL and its values; None when it can never be true.

    A part without a colon is ignored, an empty value or ``0`` makes the whole filter false, and
    what follows the value's own colon is lost. Raises `SqlError`.
    """
    conditions, values = ["1"], []
    for criterion in criteria.split(";"):
        parts = [part.strip() for part in criterion.split(":")]
        if len(parts) < 2:
            continue
        operator = "=" if len(parts) == 2 else _OPERATORS.get(parts[1], "=")
        name, value = parts[0], parts[1] if len(parts) == 2 else parts[2]
        if php_empty(name) or php_empty(value):
            return None
        found = columns.find(name)
        left = found.expression
        if found.storage is Storage.DECIMAL:
            left = f"CAST({left} AS REAL)"
        conditions.append(f"{left} {operator} ?")
        values.append(_compared(found.storage, value))
    return " AND ".join(conditions), values


def _compared(storage: Storage, value: str) -> Any:
    if storage is Storage.TEXT:
        return value
    if storage is Storage.DATE:
        return casts.compared_date(value)
    if storage is Storage.DATETIME:
        return casts.compared_datetime(value)
    if storage is Storage.TIME:
        return casts.written_time(value)
    return casts.number(value)


def own_fields(module: Module) -> list[Field]:
    """The fields of the module that are columns of its own table."""
    return [each for each in module.fields.values() if each.column.table != LINES]
