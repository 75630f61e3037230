"""Columns of a file as fields of a module, and cells as values of their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..errors import ConfigError, InvalidValue, suggest
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..values import SEPARATOR, convert
from .sources import FileRow

_CURE: Final = (
    "Map a column to a field, or to nothing, which leaves it out: columns={'Column': 'field'}, on "
    "the command line --map COLUMN=FIELD or --map COLUMN=."
)


class ColumnMap:
    """Which field each column is: by its attribute, wire name or label, or as it was said."""

    def __init__(self, meta: ModuleMeta, said: Mapping[str, str]) -> None:
        """`said` maps columns to fields, and to nothing those that are left out.

        Raises `ConfigError` for a field that is not there or cannot be written.
        """
        self._meta = meta
        self._known: dict[str, FieldMeta | None] = {
            column: self._writable(column, name) if name else None for column, name in said.items()
        }

    def check(self, columns: Iterable[str]) -> None:
        """Raise `ConfigError` for columns that are no field, two that are the same, all of them at
        once, and for what was said of a column that is not there."""
        names = list(columns)
        for column in self._known.keys() - set(names):
            close = suggest(column, names)
            hint = f" Did you mean {close!r}?" if close else ""
            raise ConfigError(f"The file has no column {column!r}.{hint}")
        found: dict[str, str] = {}
        wrong: list[str] = []
        for column in names:
            try:
                field = self.field(column)
            except ConfigError as error:
                wrong.append(str(error))
                continue
            if field is None:
                continue
            if field.name in found:
                wrong.append(
                    f"The columns {found[field.name]!r} and {column!r} are both {field.name}."
                )
            found[field.name] = column
        if wrong:
            raise ConfigError(" ".join([*wrong, _CURE]))

    def field(self, column: str) -> FieldMeta | None:
        """The column's field, None where it is left out. Raises `ConfigError`."""
        if column not in self._known:
            self._known[column] = self._writable(column, column)
        return self._known[column]

    def values(self, row: FileRow) -> dict[str, Any]:
        """The row as attributes and values. Raises `InvalidValue` with every fault of it."""
        values: dict[str, Any] = {}
        wrong: list[str] = []
        unknown: list[str] = []
        for column, cell in row.values.items():
            try:
                field = self.field(column)
                if field is not None:
                    values[field.name] = _value(field, cell)
            except ConfigError as error:
                unknown.append(str(error))
            except InvalidValue as error:
                wrong.append(str(error))
        if unknown:
            wrong += [*unknown, _CURE]
        if wrong:
            raise InvalidValue(" ".join(wrong))
        return values

    def _writable(self, column: str, name: str) -> FieldMeta:
        found = self._found(name)
        if found is None:
            close = self._meta.suggest(name)
            hint = f" Did you mean {close}?" if close else ""
            mapped = "" if name == column else f" is mapped to {name!r}, which"
            raise ConfigError(
                f"The column {column!r}{mapped} is no field of {self._meta.name}.{hint}"
            )
        if not found.editable or found.family is Family.ID:
            raise ConfigError(f"The column {column!r} is {found.name}, which cannot be written.")
        return found

    def _found(self, name: str) -> FieldMeta | None:
        fields = self._meta.fields
        if name in fields:
            return fields[name]
        if name in self._meta.by_wire:
            return self._meta.by_wire[name]
        labelled = [each for each in fields.values() if each.label == name]
        return labelled[0] if len(labelled) == 1 else None


def _value(field: FieldMeta, cell: Any) -> Any:
    if field.family is Family.CHOICES and isinstance(cell, str):
        cell = [text for each in cell.split(SEPARATOR.strip()) if (text := each.strip())]
    return convert(field, cell)
