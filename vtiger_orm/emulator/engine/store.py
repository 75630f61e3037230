"""The tables, in SQLite: a file or memory.

Columns keep values in the form in which the wire shows them (decimals with their digits, dates
as ISO text), numbers that are compared as numbers as integers, and NULL apart from blank.

Every write is one transaction that is committed before it is acknowledged: a killed process
loses nothing that was answered. A file uses the write-ahead log, so that several processes
may share it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from typing import Any, Final
from weakref import finalize

from . import collation
from .casts import number
from .columns import CONTACTS_OF_ACTIVITY, LINES, Storage
from .schema import USERS, Field, Module, Schema

_FORMAT: Final = "1"
"""Of the database file; a change here makes older files unreadable."""

LIVE, DELETED, CONVERTED, BROKEN = 0, 1, 2, 3
"""States of a record. A converted lead can still be retrieved but is in no query; a broken
record (the server died while making it) is in queries but can be neither read nor deleted."""

_SYSTEM_TABLES: Final = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE sequence(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE entity(id INTEGER PRIMARY KEY, module TEXT NOT NULL, wire TEXT NOT NULL,
                    state INTEGER NOT NULL DEFAULT 0);
CREATE TABLE owner(id INTEGER PRIMARY KEY, wire TEXT NOT NULL, module TEXT NOT NULL);
CREATE TABLE member(user INTEGER NOT NULL, grp INTEGER NOT NULL, PRIMARY KEY(user, grp))
    WITHOUT ROWID;
CREATE TABLE restriction(user INTEGER NOT NULL, kind TEXT NOT NULL, module TEXT NOT NULL,
                         name TEXT NOT NULL DEFAULT '',
                         PRIMARY KEY(user, kind, module, name)) WITHOUT ROWID;
CREATE TABLE sharing(module TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE related(a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY(a, b)) WITHOUT ROWID;
CREATE INDEX related_back ON related(b, a);
CREATE TABLE activity_contact(activity INTEGER NOT NULL, contact INTEGER NOT NULL,
                              PRIMARY KEY(activity, contact)) WITHOUT ROWID;
CREATE TABLE attachment(id INTEGER PRIMARY KEY, record INTEGER NOT NULL, name TEXT NOT NULL,
                        type TEXT NOT NULL, content BLOB NOT NULL);
CREATE INDEX attachment_record ON attachment(record);
CREATE TABLE tag(record INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY(record, name))
    WITHOUT ROWID;
CREATE TABLE picklist(module TEXT NOT NULL, field TEXT NOT NULL, position INTEGER NOT NULL,
                      value TEXT NOT NULL, PRIMARY KEY(module, field, position)) WITHOUT ROWID;
CREATE TABLE dependency(module TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
                        position INTEGER NOT NULL, value TEXT NOT NULL,
                        targets TEXT NOT NULL,
                        PRIMARY KEY(module, source, target, position)) WITHOUT ROWID;
"""

_SQL_TYPES: Final[Mapping[Storage, str]] = {
    Storage.TEXT: "TEXT COLLATE general_ci",
    Storage.INTEGER: "INTEGER",
    Storage.DECIMAL: "TEXT",
    Storage.DATE: "TEXT",
    Storage.DATETIME: "TEXT",
    Storage.TIME: "TEXT",
    Storage.REFERENCE: "INTEGER",
    Storage.OWNER: "INTEGER",
}


def quoted(name: str) -> str:
    """A name as SQL; names come from the snapshot and may hold anything."""
    return '"' + name.replace('"', '""') + '"'


def own_columns(module: Module) -> Iterator[Field]:
    """The fields that are columns of the module's own table."""
    for field in module.fields.values():
        if field.twin or field.column.table not in (LINES, CONTACTS_OF_ACTIVITY):
            yield field


class Store:
    """One database. Use `lock` around everything that must not be interleaved."""

    def __init__(self, schema: Schema, database: str) -> None:
        self.schema = schema
        self.lock = RLock()
        self.in_memory = database == ":memory:"
        self.lost_programs: set[str] = set()
        """Modules whose program file is missing; of this process only."""
        self.accounts_version = 0
        """Moves when this process changes users, groups or rules."""
        self._depth = 0
        self.connection = sqlite3.connect(
            database,
            timeout=30,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=1024,
        )
        connection = self.connection
        # Whoever lets go of a CRM without closing it has nothing left to lose: no warning.
        self._closing = finalize(self, connection.close)
        connection.create_collation("general_ci", collation.compare)
        connection.create_function("vt_like", 2, _like, deterministic=True)
        connection.create_function("vt_number", 1, number, deterministic=True)
        if not self.in_memory:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        self._columns = _physical_columns(schema)
        with self.transaction():
            if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'"):
                for statement in _SYSTEM_TABLES.split(";"):
                    self.execute(statement)
                self.execute("INSERT INTO meta VALUES ('format', ?)", (_FORMAT,))
            self._check_format(database)
            for table, columns in self._columns.items():
                self._fit_table(table, columns)

    def _check_format(self, database: str) -> None:
        row = self.row("SELECT value FROM meta WHERE name = 'format'")
        if row is None or row[0] != _FORMAT:
            raise ValueError(
                f"{database} was made by another release of the emulator "
                f"(format {row[0] if row else None}, this one is {_FORMAT}). Use another file."
            )

    def _fit_table(self, table: str, columns: Mapping[str, Field]) -> None:
        """Create a table, or add the fields that the schema has got since: NULL in older rows,
        as with every field that is added to a CRM in use."""
        present = {row[1] for row in self.rows(f"PRAGMA table_info({quoted(table)})")}
        declared = {name: _SQL_TYPES[field.storage] for name, field in columns.items()}
        if not present:
            listed = "".join(f", {quoted(name)} {sql}" for name, sql in declared.items())
            self.execute(
                f"CREATE TABLE {quoted(table)}(id INTEGER PRIMARY KEY, "
                f"_state INTEGER NOT NULL DEFAULT 0{listed})"
            )
            if table == "m_LineItem" and "parent_id" in columns:
                self.execute('CREATE INDEX line_parent ON "m_LineItem"(parent_id)')
        else:
            for name in declared.keys() - present:
                self.execute(
                    f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {declared[name]}"
                )
        for name, field in columns.items():
            if field.unique:
                index = quoted(f"{table}_{name}")
                self.execute(
                    f"CREATE INDEX IF NOT EXISTS {index} ON {quoted(table)}({quoted(name)})"
                )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together, or not at all; nests."""
        with self.lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            self.connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            else:
                self.connection.execute("COMMIT")
            finally:
                self._depth = 0

    def keep(self) -> None:
        """Commit what the open transaction did so far, whatever becomes of the rest."""
        self.connection.execute("COMMIT")
        self.connection.execute("BEGIN IMMEDIATE")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows it changed."""
        return self.connection.execute(sql, values).rowcount

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.connection.execute(sql, values).fetchone()
        return row

    def next_number(self, name: str) -> int:
        """The next value of a counter; counters start at 1 and never go back."""
        row = self.row(
            "INSERT INTO sequence(name, value) VALUES (?, 1) "
            "ON CONFLICT(name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        )
        assert row is not None
        return int(row[0])

    def insert(self, module: Module, number: int, values: Mapping[str, Any]) -> None:
        """A row in the module's table; columns not given are NULL."""
        columns = self._columns[module.table]
        given = [(name, value) for name, value in values.items() if name in columns]
        names = "".join(f", {quoted(name)}" for name, _ in given)
        self.execute(
            f"INSERT INTO {quoted(module.table)}(id{names}) VALUES (?{', ?' * len(given)})",
            [number, *(value for _, value in given)],
        )

    def update(self, module: Module, number: int, values: Mapping[str, Any]) -> None:
        """Set columns of one row."""
        columns = self._columns[module.table]
        given = [(name, value) for name, value in values.items() if name in columns]
        if given:
            changes = ", ".join(f"{quoted(name)} = ?" for name, _ in given)
            self.execute(
                f"UPDATE {quoted(module.table)} SET {changes} WHERE id = ?",
                [*(value for _, value in given), number],
            )

    def register(self, module: Module, number: int) -> None:
        """Make a new number known as a record (or an owner), so that references find it."""
        wire = f"{module.prefix}x{number}"
        if module.shares_ids:
            self.execute(
                "INSERT INTO entity(id, module, wire) VALUES (?, ?, ?)",
                (number, module.name, wire),
            )
        elif module.name in (USERS, "Groups"):
            self.execute(
                "INSERT INTO owner(id, module, wire) VALUES (?, ?, ?)",
                (number, module.name, wire),
            )

    def classify_activity(self, number: int) -> None:
        """Whether an activity is a task or an event is decided by its type alone, whatever
        module it was written through."""
        row = self.row('SELECT activitytype FROM "m_Calendar" WHERE id = ?', (number,))
        module = self.schema.modules.get("Calendar" if row and row[0] == "Task" else "Events")
        if module is not None:
            self.execute(
                "UPDATE entity SET module = ?, wire = ? WHERE id = ?",
                (module.name, f"{module.prefix}x{number}", number),
            )

    def set_state(self, module: Module, number: int, state: int) -> None:
        """Delete, undelete or convert a record."""
        self.execute("UPDATE entity SET state = ? WHERE id = ?", (state, number))
        self.execute(f"UPDATE {quoted(module.table)} SET _state = ? WHERE id = ?", (state, number))

    def touch_accounts(self) -> None:
        """Tell everybody who shares this database that users, groups or rules changed."""
        self.accounts_version += 1
        self.execute(
            "INSERT INTO meta VALUES ('accounts', 1) "
            "ON CONFLICT(name) DO UPDATE SET value = value + 1"
        )

    def new_number(self, module: Module) -> int:
        """A number for a new record: all records share one counter, as do users and groups."""
        if module.shares_ids:
            return self.next_number("record")
        return self.next_number("owner" if module.name in (USERS, "Groups") else module.name)

    def columns(self, table: str) -> Mapping[str, Field]:
        """The columns of a table (without `id`), in the order in which it has them."""
        return self._columns[table]

    def snapshot(self) -> bytes:
        """The whole database as bytes."""
        with self.lock:
            if self.in_memory:
                return self.connection.serialize()
            with closing(sqlite3.connect(":memory:")) as copy:
                self.connection.backup(copy)
                image = bytearray(copy.serialize())
            # The copy says of itself that it has a write-ahead log, which it has not.
            image[18:20] = b"\x01\x01"
            return bytes(image)

    def restore(self, token: bytes) -> None:
        """Put back what `snapshot` gave."""
        with self.lock:
            if self.in_memory:
                self.connection.deserialize(token)
                return
            with TemporaryDirectory() as folder:
                former = Path(folder) / "former.db"
                former.write_bytes(token)
                self._refill(former)

    def _refill(self, former: Path) -> None:
        """Row by row, because others may have the file open."""
        self.execute("ATTACH DATABASE ? AS former", (str(former),))
        try:
            with self.transaction():
                for (table,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
                    self.execute(f"DELETE FROM main.{quoted(table)}")
                    self.execute(
                        f"INSERT INTO main.{quoted(table)} SELECT * FROM former.{quoted(table)}"
                    )
                self.touch_accounts()
        finally:
            self.execute("DETACH DATABASE former")

    def close(self) -> None:
        """Close the database; a second time does nothing."""
        with self.lock:
            self._closing()


def _physical_columns(schema: Schema) -> dict[str, dict[str, Field]]:
    tables: dict[str, dict[str, Field]] = {}
    for module in schema:
        columns = tables.setdefault(module.table, {})
        seen = {name.lower() for name in columns}
        for field in own_columns(module):
            if field.name.lower() not in seen:
                seen.add(field.name.lower())
                columns[field.name] = field
    return tables


def _like(pattern: str | None, value: Any) -> int | None:
    if pattern is None or value is None:
        return None
    return collation.like(pattern, value if isinstance(value, str) else str(value))
