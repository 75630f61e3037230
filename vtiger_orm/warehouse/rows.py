"""Rows of the CRM as rows of a table, and the few statements that put them there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from ..calls.operations import Row
from ..columns import ColumnReader, Unreadables
from ..errors import Unreadable
from ..ids import id_number
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from ..values.reading import shown
from .tables import Kept
from .types import misfit

Cells: TypeAlias = "dict[str, Any]"
"""The values of one record by the key of their column, None for blank."""

_AT_ONCE: Final = 500
"""Ids that one statement names."""


class RowMaker:
    """Makes the values of a table of the rows of a page."""

    def __init__(
        self,
        fields: Sequence[FieldMeta],
        keys: Sequence[str],
        zone: tzinfo,
        unreadable: Unreadables,
        dialect: str,
    ) -> None:
        self._fields = tuple(fields)
        self.keys: tuple[str, ...] = tuple(keys)
        self._reader = ColumnReader(fields, zone, unreadable)
        self._unreadable = unreadable
        self._dialect = dialect

    def of(self, rows: Sequence[Row]) -> list[Cells]:
        """Raises `Unreadable` for a value that its field's type does not allow, or that the
        database has no exact place for."""
        blank = [None] * len(rows)
        columns = [
            blank if column is None else self._fitting(field, column, rows)
            for field, column in zip(self._fields, self._reader.read(rows))
        ]
        return [dict(zip(self.keys, values)) for values in zip(*columns)]

    def _fitting(self, field: FieldMeta, column: list[Any], rows: Sequence[Row]) -> list[Any]:
        for number, value in enumerate(column):
            why = None if value is None else misfit(field.family, value, self._dialect)
            if why is None:
                continue
            if self._unreadable == "raise":
                raise Unreadable(
                    f"{rows[number]['id']}: {shown(rows[number][field.wire])} of {field.name!r} "
                    f"cannot be kept in the database: {why}. Correct it in the CRM, or ask for "
                    'unreadable="null" to keep such values as NULL.'
                )
            column[number] = None
        if field.family is Family.CHOICES:  # as the database gives them back, to be compared
            return [None if value is None else list(value) for value in column]
        return column


def put(connection: sa.Connection, kept: Kept, rows: Iterable[Cells]) -> None:
    """These records are in the table as they are here, whatever was there before; columns of
    fields that are gone keep what they have."""
    key = kept.keys[0]
    by_id = {row[key]: row for row in rows}
    there = _present(connection, kept, by_id)
    new = [row for id, row in by_id.items() if id not in there]
    if new:
        connection.execute(sa.insert(kept.table), new)
    known = [row for id, row in by_id.items() if id in there]
    if known:
        statement = sa.update(kept.table).where(kept.id == sa.bindparam("known"))
        connection.execute(statement, [{**row, "known": row[key]} for row in known])


def remove(connection: sa.Connection, kept: Kept, ids: Iterable[str]) -> int:
    """These records are not in the table; tells how many of them were."""
    found = sorted(_present(connection, kept, ids))
    for some in _slices(found):
        connection.execute(sa.delete(kept.table).where(kept.id.in_(some)))
    return len(found)


def _present(connection: sa.Connection, kept: Kept, ids: Iterable[str]) -> set[str]:
    """Those of the ids that the table has."""
    found: set[str] = set()
    for some in _slices(list(ids)):
        found |= set(connection.execute(sa.select(kept.id).where(kept.id.in_(some))).scalars())
    return found


def held(connection: sa.Connection, kept: Kept, ids: Iterable[str]) -> Mapping[str, Cells]:
    """What the table has of these records, by id."""
    found: dict[str, Cells] = {}
    for some in _slices(list(ids)):
        found |= _read(connection, kept.keys, _selected(kept, kept.keys).where(kept.id.in_(some)))
    return found


def between(
    connection: sa.Connection, kept: Kept, after: str | None, last: str | None, keys: Sequence[str]
) -> Mapping[str, Cells]:
    """What the table has of the records whose ids come after one and not after another, by id.

    Ids of one module differ in their number alone, so the shorter one comes first.
    """
    wanted = _selected(kept, keys)
    if after is not None:
        wanted = wanted.where(sa.not_(_up_to(kept.id, after)))
    if last is not None:
        wanted = wanted.where(_up_to(kept.id, last))
    return _read(connection, keys, wanted)


def _selected(kept: Kept, keys: Sequence[str]) -> sa.Select[Any]:
    return sa.select(*(kept.table.c[key] for key in keys))


def _read(
    connection: sa.Connection, keys: Sequence[str], wanted: sa.Select[Any]
) -> dict[str, Cells]:
    return {row[0]: dict(zip(keys, row)) for row in connection.execute(wanted)}


def _up_to(column: sa.Column[Any], id: str) -> sa.ColumnElement[bool]:
    length = sa.func.length(column)
    return sa.or_(length < len(id), sa.and_(length == len(id), column <= id))


def _slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(ids), _AT_ONCE):
        yield ids[at : at + _AT_ONCE]


def last_of(rows: Sequence[Row]) -> str:
    """The id that comes last."""
    return max((str(row["id"]) for row in rows), key=id_number)
