"""What the RestfulApi module makes of records: saved as the CRM's own form saves them, with what
that form is not given left out, and without a look at who may do it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from ..engine import Engine, NotMeasured, User, casts, inventory
from ..engine.accept import fixed
from ..engine.labels import encoded_again
from ..engine.php import php_text
from ..engine.schema import Field, Module
from ..engine.store import DELETED
from ..engine.tables import quoted
from ..engine.writing import Writer
from ..http import PhpValue

Values = Mapping[str, PhpValue]

_ITEM_FIELDS: Final = {
    "qty": "quantity",
    "listPrice": "listprice",
    "comment": "comment",
    "discount_percentage": "discount_percent",
    "discount_amount": "discount_amount",
    "tax1_percentage": "tax1",
}
_TOTALS: Final = {"subtotal": "hdnSubTotal", "total": "hdnGrandTotal"}
_WHOLE_ELEMENT: Final = re.compile(r"<(\w+)\b[^>]*>.*</\1>", re.DOTALL)


class _BareWriter(Writer):
    """Takes bare numbers for references and owners, and asks nothing about them."""

    def _owner_number(self, value: Any) -> int:
        return _number(value)

    def _reference(self, field: Field, value: Any) -> int:
        return _number(value)


class Writing:
    """Writes to one module for one user, who needs no right to."""

    def __init__(self, engine: Engine, user: User, module: Module) -> None:
        self._engine = engine
        self._module = module
        self._user = user
        # Numbers are turned into the base currency here.
        self._ctx = engine.context(replace(user, currency_rate=1.0), {})

    def create(self, values: Values) -> int:
        """The bare number of the new record. Nothing is checked but duplicates."""
        element = self._element(values)
        with self._engine.store.transaction():
            number = _BareWriter(self._ctx, self._module).insert(element)
            if self._module.is_inventory:
                self._store_items(number, values)
        return number

    def update(self, number: int, values: Values, *, keep_items: bool) -> None:
        """Save the form again: what a form has that was not sent is lost."""
        module, store = self._module, self._engine.store
        if module.is_inventory and values.get("items"):
            raise NotMeasured(self._engine.profile.name, "items in a PUT of the RestfulApi module")
        element = self._element(values)
        with store.transaction():
            self._damage_description(number, element)
            _BareWriter(self._ctx, module).change(number, element)
            if module.is_inventory and not keep_items:
                self._store_items(number, {})

    def delete(self, number: int) -> None:
        """Only the flag is set: no time moves, nothing goes along."""
        with self._engine.store.transaction():
            self._engine.store.set_state(self._module, number, DELETED)

    def _element(self, values: Values) -> dict[str, Any]:
        """The fields among the values that the user's profile neither hides nor locks."""
        view = self._ctx.view(self._module)
        element: dict[str, Any] = {}
        for name, value in values.items():
            field = self._module.fields.get(name)
            if field is None or (field.editable and not view.editable(field)):
                continue
            if name not in view.fields:
                continue
            if isinstance(value, dict):
                element[name] = list(value.values())
            else:
                element[name] = self._sent(field, value)
        return element

    def _sent(self, field: Field, value: str) -> str:
        if field.kind in ("reference", "owner"):
            return value
        text = html.unescape(value)
        if _WHOLE_ELEMENT.fullmatch(text):
            return ""  # the CRM purifies it away
        if field.kind in ("currency", "double"):
            return self._number(field, text)
        return text

    def _number(self, field: Field, text: str) -> str:
        """A number in the user's own format, and in the user's currency."""
        user = self._user
        plain = text.replace(user.grouping_separator, "") if user.grouping_separator else text
        plain = plain.replace(user.decimal_separator, ".")
        if field.kind == "currency" and user.currency_rate != 1.0:
            plain = str(casts.decimal(plain) / Decimal(str(user.currency_rate)))
        return plain

    def _damage_description(self, number: int, element: Mapping[str, Any]) -> None:
        """A description that is not sent is stored with entities, one layer a time."""
        field = self._module.fields.get("description")
        if field is None or "description" in element:
            return
        row = self._engine.store.row(
            f"SELECT description FROM {quoted(self._module.table)} WHERE id = ?", (number,)
        )
        if row is not None and row[0]:
            changed = {"description": encoded_again(row[0])}
            self._engine.store.update(self._module, number, changed)

    def _store_items(self, number: int, values: Values) -> None:
        """Items and totals as the form says: totals are never computed."""
        inventory.replace_items(self._ctx, number, self._items(values))
        columns: dict[str, Any] = {}
        for name, target in _TOTALS.items():
            if target in self._module.fields:
                amount = casts.decimal(php_text(values.get(name, "")))
                columns[target] = fixed(self._module.fields[target], amount)
        columns["pre_tax_total"] = fixed(self._module.fields["pre_tax_total"], Decimal(0))
        kind = values.get("taxtype")
        columns["hdnTaxType"] = kind if isinstance(kind, str) else None
        self._engine.store.update(self._module, number, columns)

    def _items(self, values: Values) -> list[dict[str, Any]]:
        text = values.get("items")
        try:
            given = json.loads(text) if isinstance(text, str) and text else []
        except (ValueError, RecursionError):
            return []
        items = []
        for each in given if isinstance(given, list) else ():
            if not isinstance(each, dict):
                continue
            item = {
                target: php_text(each[name])
                for name, target in _ITEM_FIELDS.items()
                if each.get(name) is not None
            }
            item.setdefault("quantity", "1")
            items.append({**item, "productid": f"x{each.get('hdnProductId', '')}"})
        return items


def _number(value: Any) -> int:
    text = php_text(value).strip() if not isinstance(value, list | dict) else ""
    match = re.match(r"[0-9]{1,18}", text)
    return int(match[0]) if match is not None else 0
