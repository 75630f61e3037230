"""The tables, in SQLite: a file or memory.

Columns keep values in the form in which the wire shows them (decimals with their digits, dates
as ISO text), numbers that are compared as numbers as integers, and NULL apart from blank.

Every write is one transaction that is committed before it is acknowledged: a killed process
loses nothing that was answered. A file uses the write-ahead log, so that several processes
may share it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import mkstemp
from threading import RLock
from typing import Any
from weakref import finalize

from . import collation
from .casts import number
from .schema import USERS, Field, Module, Schema
from .tables import check_ours, fit, quoted, tables_of

LIVE, DELETED, CONVERTED, BROKEN = 0, 1, 2, 3
"""States of a record. A converted lead can still be retrieved but is in no query; a broken
record (the server died while making it) is in queries but can be neither read nor deleted."""


class Store:
    """One database. Use `lock` around everything that must not be interleaved."""

    def __init__(self, schema: Schema, database: str) -> None:
        self.schema = schema
        self.lock: RLock = RLock()
        self.in_memory: bool = database == ":memory:"
        self.lost_programs: set[str] = set()
        """Modules whose program file is missing; of this process only."""
        self.accounts_version: int = 0
        """Moves when this process changes users, groups or rules."""
        self._depth = 0
        self.connection: sqlite3.Connection = _connection(database)
        # Whoever lets go of a CRM without closing it has nothing left to lose: no warning.
        self._closing = finalize(self, self.connection.close)
        try:
            self._columns = tables_of(schema)
            if self.in_memory:
                self.connection.deserialize(_empty(schema))
            else:
                check_ours(self.connection, database)
                self.connection.execute("PRAGMA journal_mode=WAL")
                self.connection.execute("PRAGMA synchronous=NORMAL")
                with self.transaction():
                    fit(self.connection, schema, self._columns, database)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together, or not at all; nests."""
        with self.lock:
            nested = self._depth > 0
            self.execute("SAVEPOINT inner" if nested else "BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                self.execute("RELEASE inner" if nested else "COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # else SQLite has undone it all by itself
                    self.execute("ROLLBACK TO inner" if nested else "ROLLBACK")
                if nested and self.connection.in_transaction:
                    self.execute("RELEASE inner")
                raise
            finally:
                self._depth -= 1

    def keep(self) -> None:
        """Commit what the innermost open transaction did so far, whatever becomes of the rest."""
        nested = self._depth > 1
        self.execute("RELEASE inner" if nested else "COMMIT")
        self.execute("SAVEPOINT inner" if nested else "BEGIN IMMEDIATE")

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
            # Row by row, because others may have the file open.
            self.execute("ATTACH DATABASE ':memory:' AS former")
            try:
                self.connection.deserialize(token, name="former")
                with self.transaction():
                    tables = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
                    for (name,) in tables:
                        table = quoted(name)
                        self.execute(f"DELETE FROM main.{table}")
                        self.execute(f"INSERT INTO main.{table} SELECT * FROM former.{table}")
                    self.touch_accounts()
            finally:
                self.execute("DETACH DATABASE former")

    def close(self) -> None:
        """Close the database; a second time does nothing."""
        with self.lock:
            self._closing()


def _connection(database: str) -> sqlite3.Connection:
    """A connection that compares and computes as the server's database does."""
    connection = sqlite3.connect(
        database,
        timeout=30,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=1024,
    )
    connection.create_collation("general_ci", collation.compare)
    connection.create_function("vt_like", 2, _like, deterministic=True)
    connection.create_function("vt_number", 1, number, deterministic=True)
    return connection


@lru_cache(maxsize=8)  # tests make hundreds of stores of one schema
def _empty(schema: Schema) -> bytes:
    """A database with the tables of a schema and nothing in them."""
    with closing(_connection(":memory:")) as connection:
        connection.execute("BEGIN")
        fit(connection, schema, tables_of(schema), ":memory:")
        connection.execute("COMMIT")
        return connection.serialize()


def publish(image: bytes, path: Path) -> None:
    """Let a new file appear at `path`, whole, with the content of a `Store.snapshot`.

    Where there is one already, or where the folder does not let a file appear like that, nothing
    happens. Only its owner may read it: it holds access keys.
    """
    if Path(f"{path}-wal").exists():
        # Of a file that was removed by hand: it would be taken for this one's. SQLite itself
        # clears it away where it makes a file.
        return
    whole = bytearray(image)
    whole[18:20] = b"\x02\x02"  # with a write-ahead log, as `Store` wants it
    with suppress(OSError):
        number, staged = mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(whole)
                file.flush()
                os.fsync(number)
            os.link(staged, path)  # fails, and replaces nothing, where somebody was faster
        finally:
            Path(staged).unlink()


def _like(pattern: str | None, value: Any) -> int | None:
    if pattern is None or value is None:
        return None
    return collation.like(pattern, value if isinstance(value, str) else str(value))
