"""The tables of a database: made for a schema, and found to be of that schema when it is reopened.

A file says by its application id that it is ours, by its format which release made it, and by the
declared types of its columns and the id prefixes of its modules for which schema it was made.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from ...errors import SnapshotError
from .columns import CONTACTS_OF_ACTIVITY, LINES, Storage
from .errors import UnfitDatabase
from .schema import Field, Module, Schema

_APPLICATION: Final = int.from_bytes(b"vtcr")
_FORMAT: Final = "2"
"""Of the database file; a change here makes older files unreadable."""

Tables = dict[str, dict[str, Field]]
"""Table -> column -> field, without `id` and `_state`, which every table of a module has."""

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
    Storage.DECIMAL: "DECIMAL_TEXT",
    Storage.DATE: "DATE_TEXT",
    Storage.DATETIME: "DATETIME_TEXT",
    Storage.TIME: "TIME_TEXT",
    Storage.REFERENCE: "REFERENCE_INTEGER",
    Storage.OWNER: "OWNER_INTEGER",
}
"""To SQLite they are TEXT and INTEGER; to us they tell what a column of a file was made for."""

_OWN_NAMES: Final = ("id", "_state")


def quoted(name: str) -> str:
    """A name as SQL; names come from the snapshot and may hold anything."""
    return '"' + name.replace('"', '""') + '"'


def own_columns(module: Module) -> Iterator[Field]:
    """The fields that are columns of the module's own table."""
    for field in module.fields.values():
        if field.twin or field.column.table not in (LINES, CONTACTS_OF_ACTIVITY):
            yield field


@lru_cache(maxsize=8)
def tables_of(schema: Schema) -> Tables:
    """The tables that a schema needs; see `check_keepable` for what cannot be told apart."""
    tables: Tables = {}
    for module in schema:
        columns = tables.setdefault(module.table, {})
        taken = {_folded(name) for name in columns}
        for field in own_columns(module):
            if _folded(field.name) not in taken:
                taken.add(_folded(field.name))
                columns[field.name] = field
    return tables


@lru_cache(maxsize=8)  # a schema does not change, and many stores are made of one
def check_keepable(schema: Schema) -> None:
    """Raises `SnapshotError` for a schema that SQLite cannot keep without losing something:
    names that differ only in case, names with a NUL, modules without fields."""
    tables: dict[str, str] = {}
    columns: dict[str, dict[str, str | None]] = {}
    for module in schema:
        if not any(field.described for field in module.fields.values()):
            raise _unkept(module, "it has no fields")
        if tables.setdefault(_folded(module.table), module.table) != module.table:
            raise _unkept(module, "another one differs only in upper and lower case")
        taken = columns.setdefault(module.table, dict.fromkeys(_OWN_NAMES))
        for name in (field.name for field in own_columns(module)):
            if "\0" in name:
                raise _unkept(module, f"the name of its field {name!r} holds a NUL")
            other = taken.setdefault(_folded(name), name)
            if other is None:
                raise _unkept(module, f"no field of a record can be called {name!r} beside its id")
            if other != name:
                raise _unkept(
                    module, f"its fields {other!r} and {name!r} differ only in upper and lower case"
                )


def _folded(name: str) -> str:
    """As SQLite compares names: it ignores the case of ASCII letters only."""
    if name.isascii():
        return name.lower()
    return "".join(char.lower() if char.isascii() else char for char in name)


def _unkept(module: Module, reason: str) -> SnapshotError:
    return SnapshotError(
        f"The embedded CRM cannot keep the module {module.name!r}: {reason}. "
        "Leave it out of the snapshot ('vtiger-orm pull --exclude')."
    )


def check_ours(connection: sqlite3.Connection, database: str) -> None:
    """Raises `UnfitDatabase` for a database that another program or another release has filled."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not names:
        return
    found = None
    if application == _APPLICATION and "meta" in names:
        found = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
    if found is None or found[0] != _FORMAT:
        raise UnfitDatabase(
            f"{database} was made by another program, or by another release of the embedded CRM. "
            "Use another file."
        )


def fit(connection: sqlite3.Connection, schema: Schema, tables: Tables, database: str) -> None:
    """Create what is missing; inside a transaction of the caller's.

    A schema may have grown: new modules are there, and new fields are NULL in older rows, as with
    every field that is added to a CRM in use. Raises `UnfitDatabase` when a file was made for a
    schema that this one does not contain.
    """
    check_ours(connection, database)
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        for statement in _SYSTEM_TABLES.split(";"):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('format', ?)", (_FORMAT,))
    present = {table: _present(connection, table) for table in tables}
    difference = next(_differences(connection, schema, tables, present), None)
    if difference is not None:
        raise UnfitDatabase(
            f"{database} was made for another schema: {difference}. "
            "Use another file, or the schema it was made with."
        )
    for table, columns in tables.items():
        _fit_table(connection, table, columns, present[table])
    prefixes = json.dumps({module.name: module.prefix for module in schema})
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('prefixes', ?)", (prefixes,))


def _differences(
    connection: sqlite3.Connection,
    schema: Schema,
    tables: Tables,
    present: Mapping[str, Mapping[str, str]],
) -> Iterator[str]:
    """What the database has and the schema has not."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'prefixes'").fetchone()
    for name, prefix in json.loads(row[0]).items() if row else ():
        module = schema.modules.get(name)
        if module is None:
            yield f"there is no module {name} in this one"
        elif module.prefix != prefix:
            yield f"ids of {name} begin with {prefix}x there and with {module.prefix}x here"
    for table, columns in tables.items():
        module_name = table.removeprefix("m_")
        for name, declared in present[table].items():
            if name not in columns:
                yield f"{module_name} has no field {name!r} in this one"
            elif declared != _declared(columns[name]):
                yield f"{module_name} keeps another kind of value in the field {name!r} there"


def _present(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Column -> declared type."""
    rows = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    return {row[1]: row[2] for row in rows if row[1] not in _OWN_NAMES}


def _declared(field: Field) -> str:
    return _SQL_TYPES[field.storage].partition(" ")[0]


def _fit_table(
    connection: sqlite3.Connection,
    table: str,
    columns: Mapping[str, Field],
    present: Mapping[str, str],
) -> None:
    new = [
        f"{quoted(name)} {_SQL_TYPES[field.storage]}"
        for name, field in columns.items()
        if name not in present
    ]
    try:
        if not present:
            listed = "".join(f", {each}" for each in new)
            connection.execute(
                f"CREATE TABLE {quoted(table)}(id INTEGER PRIMARY KEY, "
                f"_state INTEGER NOT NULL DEFAULT 0{listed})"
            )
            if table == "m_LineItem" and "parent_id" in columns:
                connection.execute('CREATE INDEX line_parent ON "m_LineItem"(parent_id)')
        else:
            for each in new:
                connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {each}")
    except sqlite3.OperationalError as error:  # more columns than SQLite has room for
        raise SnapshotError(
            f"The embedded CRM cannot keep the module {table.removeprefix('m_')!r}: {error}."
        ) from error
    for name, field in columns.items():
        if field.unique:
            index = quoted(f"{table}_{name}")
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS {index} ON {quoted(table)}({quoted(name)})"
            )
