"""Values of one field: as somebody gives them, and as the wire has them.

A model is there without this; the first value brings it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..ids import parse_id
from ..metadata.kinds import Family
from ..values import Reader, convert, invalid, reader, takes_ids_of
from ..values.picklists import Choices, Picklist
from ..values.whole_columns import WholeReader, whole_reader
from .references import Origin, Ref, bound, origin_of

if TYPE_CHECKING:
    from .fields import Column

_REMEMBERED: Final = 1000
"""Combinations of a multi-select field that are kept ready; people use a handful."""


def converter_of(column: Column) -> Callable[[object], object]:
    """Makes of a value what the field holds; it raises `InvalidValue`."""
    if column.meta.family in (Family.REFERENCE, Family.ID):
        return partial(_reference, column)
    checked = partial(convert, column.meta)
    enum = column.enum
    if enum is None:
        return checked

    def member(value: object) -> object:
        found = checked(value)
        if isinstance(found, Choices):
            return Choices(enum(each) for each in found)
        return None if found is None else enum(found)

    return member


def _reference(column: Column, value: object) -> Ref[Any] | None:
    id_ = convert(column.meta, value)
    if not isinstance(id_, str):
        return None
    origin = origin_of(value) if isinstance(value, Ref) else None
    if not isinstance(value, str):
        record: Any = type(value)
        origin = Origin(record.__mapper__.module.package)
    if origin is not None and origin.package is not column.package:
        raise invalid(column.meta, value, "it belongs to the package of another CRM.")
    if column.meta.family is Family.ID and column.module is not None:
        own = column.module
        if parse_id(id_).prefix != own.prefix:
            raise invalid(column.meta, id_, takes_ids_of([own.name], [own.prefix]))
    if isinstance(value, Ref) and origin is not None:
        return value
    return bound(id_, Origin(column.package), None if isinstance(value, str) else value)


def reader_of(column: Column) -> Reader:
    """Reads wire values. Those of references stay text."""
    return _members(column) or reader(column.meta.kind)


def whole_reader_of(column: Column) -> WholeReader:
    """Reads a column of wire values, blanks as well."""
    return whole_reader(column.meta.kind, _members(column))


def _members(column: Column) -> Reader | None:
    """Reads members of a picklist; None where the field is none."""
    if column.enum is None:
        return None
    read = reader(column.meta.kind)
    if column.meta.family is Family.CHOICES:
        return _several_of(column.enum, read)
    return _one_of(column.enum, read)


def _one_of(enum: type[Picklist], read: Reader) -> Reader:
    known: dict[Any, Picklist] = {member.value: member for member in enum}

    def choice(text: Any) -> object:
        try:
            return known[text]
        except KeyError:
            value: Any = read(text)
            return None if value is None else enum(value)

    return choice


def _several_of(enum: type[Picklist], read: Reader) -> Reader:
    known: dict[Any, Choices[Picklist] | None] = {}

    def choices(text: Any) -> object:
        try:
            return known[text]
        except KeyError:
            values: Any = read(text)
            several = Choices(enum(value) for value in values or ()) or None
            if len(known) < _REMEMBERED:
                known[text] = several
            return several

    return choices
