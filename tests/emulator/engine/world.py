"""Records of a recorded answer, put into the store as they must have been there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vtiger_orm.emulator.engine.columns import CONTACTS_OF_ACTIVITY, LINES, Storage
from vtiger_orm.emulator.engine.schema import Field, Module

from .conftest import Server

RECORDINGS = Path(__file__).parent.parent / "recordings"


def recording(name: str) -> dict[str, Any]:
    """One recorded exchange."""
    content: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return content


def result(name: str) -> Any:
    return recording(name)["response"]["result"]


class World:
    """An empty CRM that is filled with recorded rows under their recorded ids."""

    def __init__(self, crm: Server) -> None:
        self.crm = crm
        self.store = crm.engine.store
        self.modules = crm.engine.schema.modules

    def add(self, module: str, row: Mapping[str, Any]) -> None:
        """One row as query showed it, and whatever its references point to."""
        facts = self.modules[module]
        number = int(row["id"].split("x")[1])
        own: dict[str, Any] = {}
        line: dict[str, Any] = {}
        for name, value in row.items():
            field = facts.fields.get(name)
            if field is None or not isinstance(value, str):
                continue
            stored = self._stored(field, value)
            if field.column.table == LINES:
                line[name] = stored
            elif field.column.table == CONTACTS_OF_ACTIVITY:
                if stored:
                    self.store.execute(
                        "INSERT OR IGNORE INTO activity_contact VALUES (?, ?)", (number, stored)
                    )
            else:
                own[name] = stored
        table = facts.table
        self.store.execute(f'DELETE FROM "{table}" WHERE id = ?', (number,))
        self.store.execute("DELETE FROM entity WHERE id = ?", (number,))
        self.store.insert(facts, number, own)
        if facts.shares_ids:
            self.store.register(facts, number)
        elif facts.name in ("Users", "Groups"):
            self.owner(row["id"])
        if line:
            self.item(number, line)

    def item(self, parent: int, values: Mapping[str, Any]) -> None:
        row = self.store.row('SELECT ifnull(max(id), 0) + 1 FROM "m_LineItem"')
        assert row is not None
        self.store.insert(self.modules["LineItem"], row[0], {**values, "parent_id": parent})

    def owner(self, wire: str) -> None:
        number = int(wire.split("x")[1])
        module = self._module(wire)
        self.store.execute(
            "INSERT OR REPLACE INTO owner(id, wire, module) VALUES (?, ?, ?)",
            (number, wire, module.name),
        )

    def exists(self, wire: str) -> None:
        """Make sure that a reference to this id finds something."""
        module = self._module(wire)
        number = int(wire.split("x")[1])
        if module.name in ("Users", "Groups"):
            self.owner(wire)
        elif module.shares_ids:
            self.store.execute(
                "INSERT OR IGNORE INTO entity(id, module, wire) VALUES (?, ?, ?)",
                (number, module.name, wire),
            )
        else:
            self.store.execute(f'INSERT OR IGNORE INTO "{module.table}"(id) VALUES (?)', (number,))

    def _module(self, wire: str) -> Module:
        return self.crm.engine.schema.by_prefix[wire.split("x")[0]]

    def _stored(self, field: Field, value: str) -> Any:
        if field.storage in (Storage.REFERENCE, Storage.OWNER):
            if "x" not in value:
                return int(value or 0)
            self.exists(value)
            return int(value.split("x")[1])
        if field.storage is Storage.INTEGER:
            return int(value) if value else None
        if field.storage in (Storage.DATE, Storage.DATETIME, Storage.TIME):
            return value or None
        return value
