"""Straight into the tables: states that no operation can make, for tests and demo data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from . import ids
from .columns import ACTIVITIES
from .schema import Module, Schema
from .store import DELETED, LIVE, Store
from .tables import own_columns
from .writing import blank_row


class Backdoor:
    """Reads and writes columns as they are stored: NULL is None, references are numbers,
    decimals are text with their digits. Nothing is checked, corrected or announced."""

    def __init__(self, schema: Schema, store: Store, now: Callable[[], datetime]) -> None:
        self._schema = schema
        self._store = store
        self._now = now

    def insert(self, module: str, values: Mapping[str, Any] | None = None, **more: Any) -> str:
        """A record with these columns; the others are as an empty create leaves them, the times
        are the present. Returns its id. Raises `KeyError` for an unknown module or field."""
        facts = self._schema.modules[module]
        columns = {**(values or {}), **more}
        self._check(facts, columns)
        moment = self._now().strftime("%Y-%m-%d %H:%M:%S")
        stamps = {"createdtime": moment, "modifiedtime": moment, "assigned_user_id": 1}
        row = {name: value for name, value in stamps.items() if name in facts.fields}
        with self._store.transaction():
            number = self._store.new_number(facts)
            self._store.register(facts, number)
            self._store.insert(facts, number, {**blank_row(facts), **row, **columns})
            if facts.name in ACTIVITIES:
                self._store.classify_activity(number)
        return f"{facts.prefix}x{number}"

    def set(self, record: str, values: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Change columns of a record without touching its times."""
        module, number = self._record(record)
        columns = {**(values or {}), **more}
        self._check(module, columns)
        with self._store.transaction():
            self._store.update(module, number, columns)

    def get(self, record: str, field: str) -> Any:
        """The stored value of one column."""
        module, number = self._record(record)
        self._check(module, {field: None})
        row = self._store.row(f'SELECT "{field}" FROM "{module.table}" WHERE id = ?', (number,))
        return row[0] if row is not None else None

    def ids(self, module: str) -> list[str]:
        """Ids of all records of a module that are not deleted, whoever may see them."""
        facts = self._schema.modules[module]
        if facts.shares_ids:
            rows = self._store.rows(
                "SELECT wire FROM entity WHERE module = ? AND state <> ? ORDER BY id",
                (module, DELETED),
            )
            return [wire for (wire,) in rows]
        rows = self._store.rows(f'SELECT id FROM "{facts.table}" WHERE _state = 0 ORDER BY id')
        return [f"{facts.prefix}x{number}" for (number,) in rows]

    def delete(self, *records: str) -> None:
        """Mark records as deleted."""
        self._states(records, DELETED)

    def undelete(self, *records: str) -> None:
        """Take records out of the recycle bin."""
        self._states(records, LIVE)

    def lose_program(self, module: str, lost: bool = True) -> None:
        """As if the module's program file were missing on the server: listtypes still has it,
        everything else about it ends in a line of plain text."""
        if lost:
            self._store.lost_programs.add(module)
        else:
            self._store.lost_programs.discard(module)

    def relate(self, record: str, other: str) -> None:
        """Link two records; a contact to an event or task among them."""
        module, number = self._record(record)
        _module, target = self._record(other)
        field = module.fields.get("contact_id")
        with self._store.transaction():
            if field is not None and field.column.table == "activity contacts":
                sql = "INSERT OR IGNORE INTO activity_contact VALUES (?, ?)"
            else:
                sql = "INSERT OR IGNORE INTO related VALUES (?, ?)"
            self._store.execute(sql, (number, target))

    def depend(
        self, module: str, source: str, target: str, mapping: Mapping[str, Sequence[str]]
    ) -> None:
        """Set which values of one picklist each value of another allows."""
        with self._store.transaction():
            self._store.execute(
                "DELETE FROM dependency WHERE module = ? AND source = ? AND target = ?",
                (module, source, target),
            )
            self._store.executemany(
                "INSERT INTO dependency VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (module, source, target, position, value, json.dumps(list(allowed)))
                    for position, (value, allowed) in enumerate(mapping.items())
                ],
            )

    def _record(self, text: str) -> tuple[Module, int]:
        wire = ids.parse(self._schema, text)
        if wire.number is None:
            raise ValueError(f"{text!r} is not the id of a record.")
        return wire.module, wire.number

    def _check(self, module: Module, columns: Mapping[str, Any]) -> None:
        known = {each.name for each in own_columns(module)}
        for name in columns:
            if name not in known:
                raise KeyError(f"{module.name} has no column {name!r} of its own.")

    def _states(self, records: Sequence[str], state: int) -> None:
        with self._store.transaction():
            for record in records:
                self._store.set_state(*self._record(record), state)
