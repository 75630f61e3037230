"""The table of a module: made from what describe tells, and changed when that changes.

A field that is gone leaves its column behind, marked in the catalogue; so does a module. Names
come from the CRM, so SQLAlchemy quotes each, and statements know columns by keys of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement

from .._dataclass import dataclass
from ..columns.naming import Naming
from ..errors import ConfigError
from ..metadata.module import FieldMeta, ModuleMeta
from . import catalogue
from .catalogue import ColumnEntry, ModuleEntry
from .types import sql_type

_LONGEST: Final = 63
"""Bytes of a name in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A module and its table, ready to be written."""

    meta: ModuleMeta
    entry: ModuleEntry
    table: sa.Table
    fields: tuple[FieldMeta, ...]
    """What the CRM has now; `id` comes first."""
    keys: tuple[str, ...]
    """Of their columns in the table."""
    notes: tuple[str, ...] = ()
    """What was changed in the database's schema."""

    @property
    def id(self) -> sa.Column[Any]:
        return self.table.c[self.keys[0]]


class AddColumn(ExecutableDDLElement):
    """``ALTER TABLE ... ADD COLUMN``, which SQLAlchemy has no element for."""

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


@compiles(AddColumn)
def _add_column(element: AddColumn, compiler: Any, **options: Any) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} ADD COLUMN {compiler.get_column_specification(element.column)}"


def prepared(
    connection: sa.Connection,
    meta: ModuleMeta,
    fields: Sequence[FieldMeta],
    naming: Naming,
    now: datetime,
) -> Kept:
    """The module's table as describe wants it. Raises `ConfigError` where that is not possible.

    A module whose columns are new is loaded, or loaded again.
    """
    entries = catalogue.modules(connection)
    known = entries.get(meta.name)
    columns = catalogue.columns(connection, meta.name)
    live, changed, notes = _fitted(meta.name, columns, fields, naming, now)
    former = {each.number: each for each in columns}
    new = [each for each in changed if each.gone_at is None and _was_not_there(each, former)]
    if known is None:
        taken = [*catalogue.RESERVED, *(each.table_name for each in entries.values())]
        entry = ModuleEntry(meta.name, _unique(meta.name, taken), meta.prefix)
        if sa.inspect(connection).has_table(entry.table_name):
            raise ConfigError(
                f"The database has a table {entry.table_name!r} that is not of the CRM: it is not "
                "touched. Name a database, or a schema, that is for the CRM alone."
            )
    else:
        entry = known
        _check_prefix(entry, meta)
    back = entry.gone_at is not None
    if known is None or new or back:
        entry = replace(entry.comparing("load", now), gone_at=None)
    # The books first: where a database begins a transaction with the first row that is written,
    # the change of its schema is part of it.
    catalogue.save_module(connection, entry)
    catalogue.save_columns(connection, changed)
    table = table_of(
        entry.table_name, {**former, **{each.number: each for each in changed}}.values()
    )
    if known is None:
        table.create(connection)
        notes = [f"table {entry.table_name}"]
    else:
        for each in new:
            if each.number not in former:
                connection.execute(AddColumn(table.c[each.key]))
    if back:
        notes = ["it is back", *notes]
    keys = tuple(live[field.wire].key for field in fields)
    return Kept(meta, entry, table, tuple(fields), keys, tuple(notes))


def mark_gone(connection: sa.Connection, there: Iterable[str], now: datetime) -> list[ModuleEntry]:
    """The modules that the CRM does not have any more; their tables stay as they are."""
    known = set(there)
    gone = [each for each in catalogue.modules(connection).values() if each.module not in known]
    lost = [replace(each, gone_at=now) for each in gone if each.gone_at is None]
    for each in lost:
        catalogue.save_module(connection, each)
    return lost


def _fitted(
    module: str,
    columns: Sequence[ColumnEntry],
    fields: Sequence[FieldMeta],
    naming: Naming,
    now: datetime,
) -> tuple[Mapping[str, ColumnEntry], list[ColumnEntry], list[str]]:
    """The column of each field by wire name, the entries that are to be saved, and what changed
    in words."""
    of_kind = {(each.wire, each.family): each for each in columns}
    taken = [each.column_name for each in columns]
    live: dict[str, ColumnEntry] = {}
    changed: list[ColumnEntry] = []
    notes: list[str] = []
    for field in fields:
        label = _storable(field.label)
        found = of_kind.get((field.wire, field.family))
        if found is None:
            name = _unique(_wished(field, naming), taken)
            taken.append(name)
            found = ColumnEntry(module, len(taken) - 1, name, field.wire, field.family, label)
            changed.append(found)
            notes.append(f"new column {name}")
        elif found.gone_at is not None or found.label != label:
            if found.gone_at is not None:
                notes.append(f"column {found.column_name} is back")
            found = replace(found, gone_at=None, label=label)
            changed.append(found)
        live[field.wire] = found
    wanted = {each.number for each in live.values()}
    for each in columns:
        if each.number not in wanted and each.gone_at is None:
            changed.append(replace(each, gone_at=now))
            notes.append(f"column {each.column_name} is not told any more and kept as it is")
    return live, changed, notes


def _was_not_there(entry: ColumnEntry, former: Mapping[int, ColumnEntry]) -> bool:
    return entry.number not in former or former[entry.number].gone_at is not None


def _check_prefix(entry: ModuleEntry, meta: ModuleMeta) -> None:
    if entry.prefix != meta.prefix:
        raise ConfigError(
            f"The database holds another CRM: there the ids of {meta.name} begin with "
            f"{entry.prefix}x, here with {meta.prefix}x. Fill one database for each CRM."
        )


def table_of(name: str, columns: Iterable[ColumnEntry]) -> sa.Table:
    """A module's table as its columns are known; `id` is its key."""
    return sa.Table(
        name,
        sa.MetaData(),
        *(
            sa.Column(
                each.column_name,
                sql_type(each.family),
                key=each.key,
                primary_key=each.wire == "id",
                nullable=each.wire != "id",
                quote=True,
            )
            for each in columns
        ),
        quote=True,
    )


def _wished(field: FieldMeta, naming: Naming) -> str:
    match naming:
        case "wire":
            return field.wire
        case "label" if field.wire != "id":
            return field.label or field.wire
        case _:
            return field.name


def _unique(wished: str, taken: Iterable[str]) -> str:
    """The name, as far as every database can have it; none differ in case alone."""
    used = {each.casefold() for each in taken}
    plain = _storable(wished) or "_"
    name = _cut(plain, _LONGEST)
    number = 2
    while name.casefold() in used:
        end = f"_{number}"
        name = _cut(plain, _LONGEST - len(end)) + end
        number += 1
    return name


def _storable(text: str) -> str:
    """The text without what no database takes: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore")
