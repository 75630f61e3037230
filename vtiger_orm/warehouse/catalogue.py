"""What the database knows of itself: its modules, their columns, and how far each has come.

Kept in tables of its own, so that nothing has to be read back from the database's own catalogue
and a run can be broken off at any moment: what they say is committed together with the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from .._dataclass import dataclass
from ..metadata.kinds import Family
from .types import UtcMoment

BOOKS: Final = sa.MetaData()

FORMAT: Final = 1

ByIds: TypeAlias = Literal["load", "sweep"]
"""Every value of every record, or ids, times and references."""

RUN: Final = sa.Table(
    "vtiger_sync_run",
    BOOKS,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("token", sa.String(64), nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("process", sa.Integer, nullable=False),
    sa.Column("beat", UtcMoment, nullable=False),
)
"""One row: who fills the database; an empty token is nobody."""

_MODULES: Final = sa.Table(
    "vtiger_sync_modules",
    BOOKS,
    sa.Column("module", sa.String(255), primary_key=True),
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("prefix", sa.String(32), nullable=False),
    sa.Column("cursor", sa.Text),
    sa.Column("comparison", sa.String(8)),
    sa.Column("compared_since", UtcMoment),
    sa.Column("compared_to", sa.String(64)),
    sa.Column("synced_at", UtcMoment),
    sa.Column("swept_at", UtcMoment),
    sa.Column("gone_at", UtcMoment),
)

_COLUMNS: Final = sa.Table(
    "vtiger_sync_columns",
    BOOKS,
    sa.Column("module", sa.String(255), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("column_name", sa.Text, nullable=False),
    sa.Column("wire", sa.Text, nullable=False),
    sa.Column("family", sa.String(16), nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("gone_at", UtcMoment),
)

RESERVED: Final = frozenset(BOOKS.tables)
"""Names that no table of a module may have."""


@dataclass(frozen=True, slots=True)
class ModuleEntry:
    """One module: its table, and how far it has come."""

    module: str
    table_name: str
    prefix: str
    """Of its ids: another CRM has others."""
    cursor: str | None = None
    """Of the change feed; None for a module without one."""
    comparison: ByIds | None = None
    """The comparison with the CRM that is under way."""
    compared_since: datetime | None = None
    compared_to: str | None = None
    """The last id that it has done."""
    synced_at: datetime | None = None
    swept_at: datetime | None = None
    """When the last comparison began that was completed: deletions until then are known."""
    gone_at: datetime | None = None
    """When the CRM was seen not to have it any more; its table is kept as it was."""

    def comparing(self, what: ByIds, now: datetime) -> ModuleEntry:
        return replace(self, comparison=what, compared_since=now, compared_to=None)

    def compared(self) -> ModuleEntry:
        return replace(
            self,
            swept_at=self.compared_since,
            comparison=None,
            compared_since=None,
            compared_to=None,
        )


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    """One column of a module's table. It keeps the name that it was made with."""

    module: str
    number: int
    column_name: str
    wire: str
    family: Family
    label: str
    gone_at: datetime | None = None
    """When the field was gone, or of another type; the column is kept as it was."""

    @property
    def key(self) -> str:
        """What statements call it: names of the CRM are no place for parameters."""
        return f"c{self.number}"


def modules(connection: sa.Connection) -> dict[str, ModuleEntry]:
    rows = connection.execute(sa.select(_MODULES)).mappings()
    return {row["module"]: ModuleEntry(**row) for row in rows}


def columns(connection: sa.Connection, module: str) -> list[ColumnEntry]:
    """In the order in which they were made."""
    wanted = sa.select(_COLUMNS).where(_COLUMNS.c.module == module).order_by(_COLUMNS.c.number)
    rows = connection.execute(wanted).mappings()
    return [ColumnEntry(**{**row, "family": Family(row["family"])}) for row in rows]


def save_module(connection: sa.Connection, entry: ModuleEntry) -> None:
    known = _MODULES.c.module == entry.module
    found = connection.execute(sa.select(_MODULES.c.module).where(known)).first()
    values = _values(entry)
    if found is None:
        connection.execute(sa.insert(_MODULES).values(values))
    else:
        connection.execute(sa.update(_MODULES).where(known).values(values))


def save_columns(connection: sa.Connection, entries: Iterable[ColumnEntry]) -> None:
    for entry in entries:
        known = sa.and_(_COLUMNS.c.module == entry.module, _COLUMNS.c.number == entry.number)
        connection.execute(sa.delete(_COLUMNS).where(known))
        connection.execute(sa.insert(_COLUMNS).values(_values(entry)))


def _values(entry: ModuleEntry | ColumnEntry) -> dict[str, Any]:
    return {each.name: getattr(entry, each.name) for each in fields(entry)}
