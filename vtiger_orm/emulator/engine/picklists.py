"""Values of picklists: as described, until somebody changes them in the CRM."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .schema import Field, Module
from .store import Store

KINDS: Final = ("picklist", "multipicklist")


def values_of(store: Store, module: Module, field: Field) -> list[str]:
    """The values a picklist has now, in their order."""
    changed = store.rows(
        "SELECT value FROM picklist WHERE module = ? AND field = ? ORDER BY position",
        (module.name, field.name),
    )
    if changed:
        return [value for (value,) in changed]
    return [str(each["value"]) for each in field.raw["type"].get("picklistValues", ())]


def dependencies(store: Store, module: Module, source: str) -> dict[str, dict[str, list[str]]]:
    """What depends on a picklist: its value -> other picklist -> values allowed with it."""
    found: dict[str, dict[str, list[str]]] = {}
    rows = store.rows(
        "SELECT value, target, targets FROM dependency WHERE module = ? AND source = ? "
        "ORDER BY target, position",
        (module.name, source),
    )
    for value, target, targets in rows:
        found.setdefault(value, {})[target] = json.loads(targets)
    return found


def set_values(store: Store, module: Module, field: Field, values: Sequence[str]) -> None:
    """Give a picklist other values."""
    store.execute("DELETE FROM picklist WHERE module = ? AND field = ?", (module.name, field.name))
    store.executemany(
        "INSERT INTO picklist VALUES (?, ?, ?, ?)",
        [(module.name, field.name, position, value) for position, value in enumerate(values)],
    )


def described(store: Store, module: Module, answer: dict[str, Any]) -> dict[str, Any]:
    """A describe answer with the values the module's picklists have now."""
    rows = store.rows("SELECT DISTINCT field FROM picklist WHERE module = ?", (module.name,))
    changed = {name for (name,) in rows}
    if not changed:
        return answer
    fields = []
    for raw in answer["fields"]:
        if raw["name"] in changed:
            values = values_of(store, module, module.fields[raw["name"]])
            raw = {**raw, "type": _typed(raw["type"], values)}
        fields.append(raw)
    return {**answer, "fields": fields}


def _typed(described_type: Mapping[str, Any], values: Sequence[str]) -> dict[str, Any]:
    labels = {
        each["value"]: each.get("label", each["value"])
        for each in described_type.get("picklistValues", ())
    }
    rows = [{"label": labels.get(value, value), "value": value} for value in values]
    return {**described_type, "picklistValues": rows, "defaultValue": values[0] if values else ""}
