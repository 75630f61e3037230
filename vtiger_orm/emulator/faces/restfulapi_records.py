"""What the RestfulApi module does with records, on top of the CRM's own operations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from ..clock import Clock
from ..engine import CrmError, Engine, User, picklists
from ..engine.casts import digits
from ..engine.documents import decoded
from ..engine.schema import Field, Module
from ..http import PhpValue
from .restfulapi_filter import (
    BY_ID,
    SqlError,
    Term,
    parse_criteria,
    parse_number,
    parse_order,
    php_empty,
    statement,
)

_PAGE: Final = 100


class UnknownModule(Exception):
    """The module does not exist: HTTP 404."""


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
            where = parse_criteria(self._module, criteria)
            terms = parse_order(self._module, order)
            first, count = parse_number(start or "0"), 20
            if not php_empty(length):
                count = parse_number(length)
            numbers = [] if where is None else self._numbers(where, terms, first, count)
        except (SqlError, CrmError):
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
        found = re.match("[0-9]+", number)  # what the CRM reads of it
        return digits(found[0]) or 0 if found else 0

    def delete(self, number: str) -> bool:
        if self.one(number) is None:
            return False
        self._call("delete", id=self._wire_id(number))
        return True

    def picklist(self, name: str, *, dependencies: bool) -> dict[str, Any]:
        """The values of a picklist and, on demand, what depends on it."""
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
        offered = field.raw["type"].get("picklistValues", ())
        labels = {each["value"]: each.get("label", each["value"]) for each in offered}
        values = picklists.values_of(self._engine.store, self._module, field)
        return {value: labels.get(value, value) for value in values}

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

    def _numbers(self, where: str, terms: tuple[Term, ...], first: int, count: int) -> list[str]:
        if count <= _PAGE and not any(term.descending for term in terms[:-1]):
            return [_bare(row) for row in self._rows(where, terms, terms, first, count)]
        # The query language gives 100 rows at most and has one direction, for the last field.
        rows: list[dict[str, str]] = []
        while page := self._rows(where, terms, BY_ID, len(rows), _PAGE):
            rows += page
        for term in reversed(terms):
            rows.sort(key=lambda row: _sortable(row[term.field]), reverse=term.descending)
        return [_bare(row) for row in rows[first : first + count]]

    def _rows(
        self,
        where: str,
        select: tuple[Term, ...],
        order: tuple[Term, ...],
        first: int,
        count: int,
    ) -> list[dict[str, str]]:
        text = statement(self._module, where, select=select, order=order, first=first, count=count)
        rows: list[dict[str, str]] = self._call("query", query=text)
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
        if not digits(number):
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
            return any(each.number == digits(number) for each in self._engine.users())
        try:
            self._call("retrieve", id=f"{module.prefix}x{number}")
        except CrmError:
            return False
        return True

    def _line_items(self, text: str) -> dict[str, Any]:
        """``items`` of the module as `LineItems` and the header field of the first product."""
        try:
            given = decoded(text)
        except ValueError:
            return {}
        modules = [
            self._engine.schema.modules[each]
            for each in ("Products", "Services")
            if self._knows(each)
        ]
        items = []
        for each in given if isinstance(given, list) else ():
            if not isinstance(each, dict):
                continue
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


def _purified(value: str) -> str:
    """Text as the HTML purifier leaves it: entities are not decoded."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sortable(text: str) -> tuple[float, str]:
    try:
        return float(text.rpartition("x")[2]), ""
    except ValueError:
        return 0.0, text.casefold()
