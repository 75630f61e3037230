"""How the database of a stock Vtiger stores what describe calls by other names.

describe tells a field's type, not its column. The two differ often enough to matter: most
checkboxes are text, some times and dates are text, a few "picklists" are numbers, and the
digits of a decimal and the length of a text are told nowhere. Columns of the stock modules are
read from a server's own list (`stock`); this file adds what such a list does not say, and has
rules for everything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from .casts import digits
from .stock import StockColumn, stock_columns


class Storage(StrEnum):
    """Type of a column, as the database compares and clips it."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    REFERENCE = "reference"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """Where a field is kept. `length` in characters, `whole` and `digits` of a decimal.

    `unset_is_null` says that a record created without the field has NULL there, where numbers
    otherwise have 0 and texts are blank.
    """

    storage: Storage
    length: int = 255
    whole: int = 17
    digits: int = 8
    table: str = "main"
    """The table of the real database that holds it; `main` is always joined."""
    unset_is_null: bool = False


MAIN: Final = "main"
LINES: Final = "lines"
"""Line items of the inventory modules: joining them multiplies the rows."""
CONTACTS_OF_ACTIVITY: Final = "activity contacts"
"""Contacts of an event or task: joining them multiplies the rows as well."""

INVENTORY: Final = frozenset({"Quotes", "SalesOrder", "Invoice", "PurchaseOrder"})
ACTIVITIES: Final = frozenset({"Calendar", "Events"})

_LINE_FIELDS: Final[Mapping[str, StoredColumn]] = {
    "productid": StoredColumn(Storage.REFERENCE, table=LINES),
    "quantity": StoredColumn(Storage.DECIMAL, whole=22, digits=3, table=LINES),
    "listprice": StoredColumn(Storage.DECIMAL, whole=19, digits=8, table=LINES),
    "comment": StoredColumn(Storage.TEXT, 65535, table=LINES),
    "discount_amount": StoredColumn(Storage.DECIMAL, whole=19, digits=8, table=LINES),
    "discount_percent": StoredColumn(Storage.DECIMAL, whole=4, digits=3, table=LINES),
    "image": StoredColumn(Storage.TEXT, 2, table=LINES),
    "purchase_cost": StoredColumn(Storage.DECIMAL, digits=8, table=LINES),
    "margin": StoredColumn(Storage.DECIMAL, digits=8, table=LINES),
    "usageunit": StoredColumn(Storage.TEXT, 200, table=LINES),
    "reducedtaxrate": StoredColumn(Storage.INTEGER, table=LINES),
}
_LINE_TAX: Final = StoredColumn(Storage.DECIMAL, whole=4, digits=3, table=LINES)

# Stock columns that stay NULL where a record is created without them.
_UNSET_IS_NULL: Final = frozenset(
    {
        ("Calendar", "reminder_time"),
        ("Documents", "filedownloadcount"),
        ("HelpDesk", "update_log"),
        ("Quotes", "potential_id"),
        ("ServiceContracts", "progress"),
        *((module, "region_id") for module in sorted(INVENTORY)),
    }
)
_REMINDER: Final = "reminder_time"

# (module, field) -> column of modules that are not in the server's list.
_KNOWN: Final[Mapping[tuple[str, str], StoredColumn]] = {
    ("Currency", "conversion_rate"): StoredColumn(Storage.DECIMAL, whole=10, digits=5),
    ("LineItem", "incrementondel"): StoredColumn(Storage.INTEGER),
    ("Users", "roleid"): StoredColumn(Storage.TEXT, 255, table="roles"),
}

# Side tables of the stock modules: an ORDER BY on a field of a table that no selected or
# filtered field has joined is an SQL error, which the server reports as "no rows".
_SIDE_TABLES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "Contacts": {
        "subdetails": frozenset(
            {"homephone", "otherphone", "assistant", "assistantphone", "birthday", "leadsource"}
        ),
        "customerdetails": frozenset({"portal", "support_start_date", "support_end_date"}),
    },
    "Leads": {
        "subdetails": frozenset({"website"}),
        "address": frozenset(
            {"lane", "code", "city", "country", "state", "pobox", "phone", "mobile", "fax"}
        ),
    },
}
_CONTACT_ADDRESS: Final = ("mailing", "other")
_DECIMAL_KINDS: Final = frozenset({"double", "currency"})


def column_of(module: str, field: Mapping[str, Any], *, lines: bool = True) -> StoredColumn:
    """The column of a described field. `lines`: whether inventory modules keep line items."""
    name, kind = field["name"], field["type"]["name"]
    column = _typed(module, name, kind, field, lines)
    table = _table(module, name, column)
    return column if table == column.table else _moved(column, table)


def _typed(
    module: str, name: str, kind: str, field: Mapping[str, Any], lines: bool
) -> StoredColumn:
    if lines and (module in INVENTORY or module == "LineItem"):
        line = _line_column(module, name)
        if line is not None:
            return line
    if module in ACTIVITIES and name == "contact_id":
        return StoredColumn(Storage.REFERENCE, table=CONTACTS_OF_ACTIVITY)
    known = _KNOWN.get((module, name))
    if known is not None:
        return known
    stock = stock_columns().get(module, {}).get(name)
    column = _by_kind(name, kind, field) if stock is None else _stored(stock, kind)
    if (module, name) in _UNSET_IS_NULL:
        column = replace(column, unset_is_null=True)
    return column


_SQL_TYPE: Final = re.compile(r"(\w+)(?:\((\d+)(?:,(\d+))?\))?")
_TEXT_LENGTHS: Final = {"text": 65535, "mediumtext": 16777215}


def _stored(column: StockColumn, kind: str) -> StoredColumn:
    """A column of the server's own list. A few references are text there, which compares with
    numbers as a number does."""
    if kind in ("reference", "owner"):
        return StoredColumn(Storage(kind))
    match = _SQL_TYPE.fullmatch(column.type)
    assert match is not None, column
    sql = match[1]
    if sql == "decimal":
        return StoredColumn(
            Storage.DECIMAL, whole=int(match[2]) - int(match[3]), digits=int(match[3])
        )
    if sql in ("date", "datetime", "time"):
        return StoredColumn(Storage(sql))
    if sql == "int":
        return StoredColumn(Storage.INTEGER)
    return StoredColumn(Storage.TEXT, _TEXT_LENGTHS.get(sql) or int(match[2]))


def _line_column(module: str, name: str) -> StoredColumn | None:
    column = _LINE_FIELDS.get(name)
    if column is None and name.startswith("tax") and name[3:].isdecimal():
        column = _LINE_TAX
    if column is None and module in INVENTORY and name.startswith("hdnDiscount"):
        # The header's discount columns are named as the items' are, and the items' win.
        twin = {"hdnDiscountPercent": "discount_percent", "hdnDiscountAmount": "discount_amount"}
        column = replace(_LINE_FIELDS[twin[name]], unset_is_null=True) if name in twin else None
    if column is not None and module == "LineItem":
        return _moved(column, MAIN)
    return column


def _by_kind(name: str, kind: str, field: Mapping[str, Any]) -> StoredColumn:
    if kind in ("reference", "owner", "date", "datetime", "time", "integer"):
        return StoredColumn(Storage(kind))
    if kind == "boolean":
        return StoredColumn(Storage.TEXT, 3)
    if kind == "currency":
        return StoredColumn(Storage.DECIMAL, digits=2 if _is_custom(name) else 8)
    if kind == "double":
        return _double(name, str(field.get("label", "")))
    length = digits(str(field["type"].get("length")))
    if length:
        return StoredColumn(Storage.TEXT, length)
    return StoredColumn(Storage.TEXT, _text_length(name, kind))


def _double(name: str, label: str) -> StoredColumn:
    if _is_custom(name) and ("%" in label or "percent" in label.lower()):
        return StoredColumn(Storage.DECIMAL, whole=3, digits=2)
    return StoredColumn(Storage.DECIMAL, whole=9 if _is_custom(name) else 22, digits=3)


def _text_length(name: str, kind: str) -> int:
    if kind == "text":
        return 65535
    if kind == "multipicklist":
        return 65535
    if kind == "picklist":
        return 200
    if kind == "phone":
        return 50
    if kind == "email":
        return 50 if _is_custom(name) else 100
    if kind == "string" and _is_custom(name):
        return 100
    return 255


def _table(module: str, name: str, column: StoredColumn) -> str:
    if column.table != MAIN:
        return column.table
    if _is_custom(name):
        return "custom"
    if name == _REMINDER and module in ACTIVITIES:
        return "reminder"
    for table, fields in _SIDE_TABLES.get(module, {}).items():
        if name in fields:
            return table
    if module == "Contacts" and name.startswith(_CONTACT_ADDRESS) and name != "otherphone":
        return "address"
    if name.startswith("bill_"):
        return "billing"
    if name.startswith("ship_"):
        return "shipping"
    return "starred" if name == "starred" else MAIN


def _is_custom(name: str) -> bool:
    return name.startswith("cf_")


def _moved(column: StoredColumn, table: str) -> StoredColumn:
    return replace(column, table=table)
