"""Values of one field: as somebody gives them, and as the wire has them.

A model is there without this; the first value brings it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..ids import parse_id
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta
from ..values import Reader, convert, invalid, reader, takes_ids_of
from ..values.picklists import Choices, Picklist
from ..values.whole_columns import WholeReader, whole_reader
from .references import Origin, Ref, bound, origin_of

if TYPE_CHECKING:
    from .references import ModuleOfRecords

_REMEMBERED: Final = 1000
"""Combinations of a multi-select field that are kept ready; people use a handful."""


def converter_of(
    meta: FieldMeta, enum: type[Picklist] | None, module: ModuleOfRecords | None
) -> Callable[[object], object]:
    """Makes of a value what the field of the module holds; it raises `InvalidValue`. `enum` is
    that of a picklist."""
    if meta.family in (Family.REFERENCE, Family.ID):
        return partial(_reference, meta, module)
    checked = partial(convert, meta)
    if enum is None:
        return checked

    def member(value: object) -> object:
        found = checked(value)
        if isinstance(found, Choices):
            return Choices(enum(each) for each in found)
        return None if found is None else enum(found)

    return member


def _reference(meta: FieldMeta, module: ModuleOfRecords | None, value: object) -> Ref[Any] | None:
    id_ = convert(meta, value)
    if not isinstance(id_, str):
        return None
    package = module.package if module is not None else None
    origin = origin_of(value) if isinstance(value, Ref) else None
    if not isinstance(value, str):
        record: Any = type(value)
        origin = Origin(record.__mapper__.module.package)
    if origin is not None and origin.package is not package:
        raise invalid(meta, value, "it belongs to the package of another CRM.")
    if meta.family is Family.ID and module is not None and parse_id(id_).prefix != module.prefix:
        raise invalid(meta, id_, takes_ids_of([module.name], [module.prefix]))
    if isinstance(value, Ref) and origin is not None:
        return value
    return bound(id_, Origin(package), None if isinstance(value, str) else value)


def reader_of(kind: Kind, enum: type[Picklist] | None) -> Reader:
    """Reads wire values of a field. Those of references stay text."""
    return _members(kind, enum) or reader(kind)


def whole_reader_of(kind: Kind, enum: type[Picklist] | None) -> WholeReader:
    """Reads a column of wire values, blanks as well."""
    return whole_reader(kind, _members(kind, enum))


def _members(kind: Kind, enum: type[Picklist] | None) -> Reader | None:
    """Reads members of a picklist; None where the field is none."""
    if enum is None:
        return None
    read = reader(kind)
    return _several_of(enum, read) if kind.family is Family.CHOICES else _one_of(enum, read)


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
