"""What the RestfulApi module does with records, on top of the CRM's own operations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..clock import Clock
from ..engine import CrmError, Engine, User
from ..engine.schema import Field, Module
from ..http import PhpValue

_OPERATORS: Final = {"neq": "!=", "lt": "<", "gt": ">", "lte": "<=", "gte": ">="}
"""Everything else, ``like`` too, falls through to ``=``."""
_ALIAS: Final = "CE"
_TABLE_COLUMN: Final = re.compile(r"(?:(\w+)\.)?(\w+)")
_ORDER_TERM: Final = re.compile(r"(?:(\w+)\.)?(\w+)(?:\s+(asc|desc))?", re.IGNORECASE)
_PAGE: Final = 100

# Columns of the database that do not have the name of their field.
_COLUMNS: Final = {
    "smownerid": "assigned_user_id",
    "smcreatorid": "created_user_id",
    "parentid": "account_id",
    "accountid": "account_id",
    "contactid": "contact_id",
    "annualrevenue": "annual_revenue",
    "salutation": "salutationtype",
    "title": "ticket_title",
    "status": "ticketstatus",
    "priority": "ticketpriorities",
    "severity": "ticketseverities",
    "category": "ticketcategories",
}


class UnknownModule(Exception):
    """The module does not exist: HTTP 404."""


class _SqlError(Exception):
    """The pasted SQL would not run: the module then finds nothing."""


@dataclass(frozen=True, slots=True)
class _Term:
    field: str
    descending: bool


class Records:
    """The records of one module for one user, as the module shows them."""

    def __init__(self, engine: Engine, user: User, module: str, clock: Clock) -> None:
        """Raises `UnknownModule`."""
        found = engine.schema.modules.get(module)
        if found is None:
            raise UnknownModule(module)
        self._engine = engine
        self._user = user
        self._module = found
        self._clock = clock

    def one(self, number: str) -> dict[str, Any] | None:
        """A record by its bare number, or None."""
        try:
            record = self._call("retrieve", id=self._wire_id(number))
        except CrmError:
            return None
        return self._shown(record)

    def page(self, *, start: str, length: str, criteria: str, order: str) -> list[Any]:
        """A page of records; 20 when no length is given, in the order of creation."""
        try:
            first, count = _integer(start or "0"), _integer(_unless_empty(length) or "20")
            where = self._where(criteria)
            terms = self._terms(order) or [_Term("createdtime", False)]
            numbers = self._ids(where, terms, first, count)
        except (_SqlError, CrmError):
            return []
        rows = (self.one(number) for number in numbers)
        return [row for row in rows if row is not None]

    def create(self, values: Mapping[str, PhpValue]) -> int:
        """Returns the bare number of the new record."""
        element = self._element(values)
        for field in self._module.fields.values():
            # The module saves without asking for mandatory fields; a blank passes the check.
            if field.mandatory and field.editable and not element.get(field.name):
                element[field.name] = " "
        if not str(element.get("assigned_user_id", "")).strip():
            element["assigned_user_id"] = self._user.wire_id
        items = values.get("items")
        if self._module.is_inventory and isinstance(items, str) and items:
            element |= self._line_items(items)
        record = self._call("create", elementType=self._module.name, element=json.dumps(element))
        return int(str(record["id"]).partition("x")[2])

    def update(self, number: str, values: Mapping[str, PhpValue]) -> int | bool:
        """Returns the number, or False when there is no such record."""
        if self.one(number) is None:
            return False
        element = {**self._element(values), "id": self._wire_id(number)}
        self._call("revise", element=json.dumps(element))
        return int(number)

    def delete(self, number: str) -> bool:
        if self.one(number) is None:
            return False
        self._call("delete", id=self._wire_id(number))
        return True

    def picklist(self, name: str, *, dependencies: bool) -> dict[str, Any]:
        """The values of a picklist and, on demand, what depends on it."""
        field = self._module.fields.get(name)
        described = field.raw.get("type", {}) if field is not None else {}
        values = {
            each["value"]: each.get("label", each["value"])
            for each in described.get("picklistValues", ())
        }
        result: dict[str, Any] = {"values": values or []}
        if dependencies:
            result["dependencies"] = self._dependencies(name) or []
        return result

    def _dependencies(self, source: str) -> dict[str, dict[str, list[str]]]:
        found: dict[str, dict[str, list[str]]] = {}
        for target in self._module.fields.values():
            if target.name == source or target.kind != "picklist":
                continue
            try:
                mapping = self._call(
                    "picklist_dependency",
                    module=self._module.name,
                    sourcefield=source,
                    targetfield=target.name,
                )["valuemapping"]
            except Exception:
                return {}  # this server has none
            for each in mapping:
                found.setdefault(each["sourcevalue"], {})[target.name] = each["targetvalues"]
            if mapping:
                offered = target.raw.get("type", {}).get("picklistValues", ())
                default = found.setdefault("__DEFAULT__", {})
                default[target.name] = [each["value"] for each in offered]
        return found

    def _call(self, operation: str, **params: str) -> Any:
        return self._engine.call(self._user, operation, dict(params))

    def _wire_id(self, number: str) -> str:
        return f"{self._module.prefix}x{number}"

    # -- reading ---------------------------------------------------------------------------

    def _shown(self, record: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for field in self._module.fields.values():
            value = record.get(field.name)
            if not isinstance(value, str):
                continue
            if field.kind in {"reference", "owner"}:
                shown[field.name] = value.rpartition("x")[2] or "0"
            else:
                shown[field.name] = _purified(value)
        shown["record_id"] = str(record["id"]).partition("x")[2]
        shown["record_module"] = self._module.name
        shown["api_date_now"] = self._clock().strftime("%Y-%m-%d %H:%M:%S")
        return shown

    def _field(self, table: str | None, column: str) -> Field | None:
        """The field of ``table.column``; None is the record's own number.

        Raises `_SqlError` for a column that no table of the statement has.
        """
        if table is not None and table != _ALIAS and not table.startswith("vtiger_"):
            raise _SqlError(table)
        if table == "vtiger_crmentity":  # joined under another name
            raise _SqlError(table)
        key = self._module.id_field
        if column in {"crmid", key["label"] if key is not None else "crmid"}:
            return None
        name = column if column in self._module.fields else _COLUMNS.get(column, column)
        field = self._module.fields.get(name)
        if field is None or not field.queryable:
            raise _SqlError(column)
        return field

    def _where(self, criteria: str) -> str | None:
        """The filter as a condition; None when it can never be true."""
        terms: list[str] = []
        for criterion in criteria.split(";"):
            parts = [part.strip() for part in criterion.split(":")]
            if len(parts) < 2:
                continue
            operator = "=" if len(parts) == 2 else _OPERATORS.get(parts[1], "=")
            name, value = parts[0], parts[1] if len(parts) == 2 else parts[2]
            if not _unless_empty(name) or not _unless_empty(value):
                return None
            match = _TABLE_COLUMN.fullmatch(name)
            if match is None:
                raise _SqlError(name)
            terms.append(self._condition(self._field(match[1], match[2]), operator, value))
        return " and ".join(terms)

    def _condition(self, field: Field | None, operator: str, value: str) -> str:
        name = "id" if field is None else field.name
        if field is None or field.kind in {"reference", "owner"}:
            number = re.match(r"\s*(\d+)", value)
            value = f"{self._module.prefix}x{number[1] if number else 0}"
        quoted = value.replace("\\", "\\\\").replace("'", "''")
        return f"{name} {operator} '{quoted}'"

    def _terms(self, order: str) -> list[_Term]:
        terms = []
        for part in order.split(",") if order.strip() else ():
            match = _ORDER_TERM.fullmatch(part.strip())
            if match is None:
                raise _SqlError(part)
            field = self._field(match[1], match[2])
            descending = (match[3] or "").lower() == "desc"
            terms.append(_Term("id" if field is None else field.name, descending))
        return terms

    def _ids(self, where: str | None, terms: list[_Term], first: int, count: int) -> list[str]:
        if where is None:
            return []
        if count <= _PAGE and not any(term.descending for term in terms[:-1]):
            return [_bare(row) for row in self._rows(where, terms, terms, first, count)]
        # The query language gives 100 rows at most and has one direction, for the last field.
        by_id = [_Term("id", False)]
        rows: list[dict[str, str]] = []
        while page := self._rows(where, terms, by_id, len(rows), _PAGE):
            rows += page
        for term in reversed(terms):
            rows.sort(key=lambda row: _sortable(row[term.field]), reverse=term.descending)
        return [_bare(row) for row in rows[first : first + count]]

    def _rows(
        self, where: str, terms: list[_Term], order: list[_Term], first: int, count: int
    ) -> list[dict[str, str]]:
        names = dict.fromkeys(["id", *(term.field for term in terms)])
        last = order[-1]
        ordered = [term.field for term in order]
        if not last.descending and last.field != "id":
            ordered.append("id")
        statement = (
            f"select {','.join(names)} from {self._module.name}"
            f"{f' where {where}' if where else ''}"
            f" order by {','.join(ordered)}{' desc' if last.descending else ''}"
            f" limit {first},{count};"
        )
        rows: list[dict[str, str]] = self._call("query", query=statement)
        return rows

    # -- writing ---------------------------------------------------------------------------

    def _element(self, values: Mapping[str, PhpValue]) -> dict[str, Any]:
        element: dict[str, Any] = {}
        for name, value in values.items():
            field = self._module.fields.get(name)
            if field is None or name == "items":
                continue
            if isinstance(value, dict):
                element[name] = list(value.values())
            elif field.kind in {"reference", "owner"}:
                element[name] = self._reference(field, value)
            else:
                element[name] = value
        return element

    def _reference(self, field: Field, number: str) -> str:
        """A bare number as the id that the CRM's own operations want."""
        if not number.isdigit() or number == "0":
            return ""
        targets = ("Users", "Groups") if field.kind == "owner" else field.targets
        modules = [self._engine.schema.modules[each] for each in targets if self._knows(each)]
        for module in modules[:-1]:
            if self._exists(module, number):
                return f"{module.prefix}x{number}"
        return f"{modules[-1].prefix}x{number}" if modules else ""

    def _knows(self, module: str) -> bool:
        return module in self._engine.schema.modules

    def _exists(self, module: Module, number: str) -> bool:
        if module.name == "Users":
            return any(each.number == int(number) for each in self._engine.users())
        try:
            self._call("retrieve", id=f"{module.prefix}x{number}")
        except CrmError:
            return False
        return True

    def _line_items(self, text: str) -> dict[str, Any]:
        """``items`` of the module as `LineItems` and the header field of the first product."""
        try:
            given = json.loads(text)
        except ValueError:
            return {}
        modules = [
            self._engine.schema.modules[each]
            for each in ("Products", "Services")
            if self._knows(each)
        ]
        items = []
        for each in given if isinstance(given, list) else ():
            number = str(each.get("hdnProductId", ""))
            module = next((one for one in modules if self._exists(one, number)), modules[0])
            item = {
                "productid": f"{module.prefix}x{number}",
                "quantity": each.get("qty", 1),
                "listprice": each.get("listPrice"),
                "comment": each.get("comment", ""),
                "discount_percent": each.get("discount_percentage"),
                "discount_amount": each.get("discount_amount"),
                "tax1": each.get("tax1_percentage"),
            }
            items.append({name: value for name, value in item.items() if value is not None})
        if not items:
            return {}
        return {"LineItems": items, "productid": items[0]["productid"], "hdnTaxType": "group"}


def _bare(row: Mapping[str, str]) -> str:
    return row["id"].partition("x")[2]


def _integer(text: str) -> int:
    if not text.strip().isdigit():
        raise _SqlError(text)
    return int(text)


def _unless_empty(text: str) -> str:
    """The text, or an empty one where PHP's `empty()` is true: that includes ``0``."""
    return "" if text == "0" else text


def _purified(value: str) -> str:
    """Text as the HTML purifier leaves it: entities are not decoded."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sortable(text: str) -> tuple[float, str]:
    try:
        return float(text.rpartition("x")[2]), ""
    except ValueError:
        return 0.0, text.casefold()
