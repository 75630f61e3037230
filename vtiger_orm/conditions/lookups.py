"""The lookups: what may follow ``__`` in a keyword, on which fields, and how they are told apart.

One table for the run-time check, the generated stubs and the command line.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

from ..errors import InvalidLookup, suggest
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from .quirks import why_not_filterable


class Lookup(StrEnum):
    """A comparison, named as in Django."""

    EXACT = "exact"
    IN = "in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    RANGE = "range"
    CONTAINS = "contains"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    LIKE = "like"
    ISNULL = "isnull"
    DATE = "date"
    YEAR = "year"
    MONTH = "month"
    HAS = "has"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"


class Shape(StrEnum):
    """What kind of argument a lookup takes, in terms of the field's own type."""

    VALUE_OR_BLANK = "value or None"
    VALUE = "value"
    VALUES = "iterable of values"
    PAIR = "pair of values"
    TEXT = "text"
    FLAG = "bool"
    NUMBER = "int"
    DAY = "date"
    CHOICE = "one choice"
    SEVERAL_CHOICES = "iterable of choices"


SHAPES: Final[dict[Lookup, Shape]] = {
    Lookup.EXACT: Shape.VALUE_OR_BLANK,
    Lookup.IN: Shape.VALUES,
    Lookup.LT: Shape.VALUE,
    Lookup.LTE: Shape.VALUE,
    Lookup.GT: Shape.VALUE,
    Lookup.GTE: Shape.VALUE,
    Lookup.RANGE: Shape.PAIR,
    Lookup.CONTAINS: Shape.TEXT,
    Lookup.STARTSWITH: Shape.TEXT,
    Lookup.ENDSWITH: Shape.TEXT,
    Lookup.LIKE: Shape.TEXT,
    Lookup.ISNULL: Shape.FLAG,
    Lookup.DATE: Shape.DAY,
    Lookup.YEAR: Shape.NUMBER,
    Lookup.MONTH: Shape.NUMBER,
    Lookup.HAS: Shape.CHOICE,
    Lookup.HAS_ANY: Shape.SEVERAL_CHOICES,
    Lookup.HAS_ALL: Shape.SEVERAL_CHOICES,
}

_EQUAL = (Lookup.EXACT, Lookup.IN)
_ORDER = (Lookup.LT, Lookup.LTE, Lookup.GT, Lookup.GTE, Lookup.RANGE)
_TEXT = (Lookup.CONTAINS, Lookup.STARTSWITH, Lookup.ENDSWITH, Lookup.LIKE)
_BLANK = (Lookup.ISNULL,)

LOOKUPS: Final[dict[Family, tuple[Lookup, ...]]] = {
    Family.TEXT: _EQUAL + _ORDER + _TEXT + _BLANK,
    Family.CHOICE: _EQUAL + _TEXT + _BLANK,
    Family.CHOICES: (Lookup.EXACT, Lookup.HAS, Lookup.HAS_ANY, Lookup.HAS_ALL, *_BLANK),
    Family.INTEGER: _EQUAL + _ORDER + _BLANK,
    Family.DECIMAL: _EQUAL + _ORDER + _BLANK,
    Family.BOOLEAN: _EQUAL + _BLANK,
    Family.DATE: _EQUAL + _ORDER + (Lookup.YEAR, Lookup.MONTH) + _BLANK,
    Family.DATETIME: _EQUAL + _ORDER + (Lookup.DATE, Lookup.YEAR, Lookup.MONTH) + _BLANK,
    Family.TIME: _EQUAL + _ORDER + _BLANK,
    Family.REFERENCE: _EQUAL + _BLANK,
    Family.ID: _EQUAL + _ORDER,
    Family.SECRET: (),
}
"""Text keywords on a picklist compare its stored value, as the CRM does."""

_ELSEWHERE: Final = {
    "iexact": "Text compares without regard to case anyway: write {field}=...",
    "icontains": "Text compares without regard to case anyway: write {field}__contains=...",
    "istartswith": "Text compares without regard to case anyway: write {field}__startswith=...",
    "iendswith": "Text compares without regard to case anyway: write {field}__endswith=...",
    "regex": "The CRM has no regular expressions; {field}__like takes % and _ as wildcards.",
    "iregex": "The CRM has no regular expressions; {field}__like takes % and _ as wildcards.",
    "ne": "Negate with exclude({field}=...) or ~Q({field}=...).",
    "not": "Negate with exclude({field}=...) or ~Q({field}=...).",
    "not_in": "Negate with exclude({field}__in=...) or ~Q({field}__in=...).",
    "day": "Compare with a date: {field}__range=(first, last).",
    "week": "Compare with dates: {field}__range=(first, last).",
    "quarter": "Compare with dates: {field}__range=(first, last).",
    "time": "Compare with datetimes: {field}__range=(first, last).",
    "between": "Write {field}__range=(low, high).",
    "eq": "Write {field}=...",
    "ge": "Write {field}__gte=...",
    "le": "Write {field}__lte=...",
}
"""Spellings people bring along from other libraries."""


def find_field(module: ModuleMeta, name: str) -> FieldMeta:
    """The field with this attribute name; raises `InvalidLookup` with a suggestion."""
    field = module.fields.get(name)
    if field is None:
        raise InvalidLookup(_unknown(module, name))
    return field


@lru_cache(maxsize=8192)
def split_keyword(module: ModuleMeta, keyword: str) -> tuple[FieldMeta, Lookup]:
    """The field and the lookup of a keyword; `exact` when none is written.

    Raises `InvalidLookup` for an unknown field, a lookup that its type does not have, and a
    field that the server cannot filter by.
    """
    field, lookup = _parts(module, keyword)
    reason = why_not_filterable(module.name, field)
    if reason:
        raise InvalidLookup(f"{module.name} cannot be filtered by {field.name}: {reason}.")
    return field, lookup


def _parts(module: ModuleMeta, keyword: str) -> tuple[FieldMeta, Lookup]:
    if keyword in module.fields:
        return module.fields[keyword], Lookup.EXACT
    name, separator, last = keyword.rpartition("__")
    if not separator:
        raise InvalidLookup(_unknown(module, keyword))
    field = module.fields.get(name)
    if field is None:
        raise InvalidLookup(_unknown(module, keyword))
    if last in LOOKUPS[field.family]:
        return field, Lookup(last)
    if field.family is Family.SECRET:
        return field, Lookup.EXACT
    if field.family is Family.REFERENCE and last not in Lookup.__members__.values():
        raise InvalidLookup(_spanning(module, field, last))
    raise InvalidLookup(_wrong_lookup(module, field, last))


def _unknown(module: ModuleMeta, keyword: str) -> str:
    name, _, rest = keyword.partition("__")
    first = module.fields.get(name)
    if first is not None and rest:
        if first.family is Family.REFERENCE:
            return _spanning(module, first, rest)
        return _chained(module, first, rest)
    if name == "pk":
        return f"{module.name} has no field 'pk'; the record id is called id."
    meant = module.suggest(name)
    hint = f" Did you mean {f'{meant}__{rest}' if rest else meant!r}?" if meant else ""
    return f"{module.name} has no field {name or keyword!r}.{hint}"


def _chained(module: ModuleMeta, field: FieldMeta, rest: str) -> str:
    """Django compares what a lookup extracts: ``birthday__year__gte``."""
    return (
        f"{field.name}__{rest}: one lookup follows {module.name}.{field.name}, not several. "
        f"It has: {_known_lookups(field)}."
    )


def _spanning(module: ModuleMeta, field: FieldMeta, rest: str) -> str:
    target = field.targets[0] if field.targets else "<Module>"
    others = f" (or {', '.join(field.targets[1:])})" if field.targets[1:] else ""
    return (
        f"{field.name}__{rest}: the CRM has no joins, so a keyword cannot reach into the record "
        f"that {module.name}.{field.name} refers to. Ask for those records instead: "
        f"{field.name}__in={target}.objects.filter({rest}=...){others}."
    )


def _wrong_lookup(module: ModuleMeta, field: FieldMeta, last: str) -> str:
    known = LOOKUPS[field.family]
    text = f"{module.name}.{field.name} ({field.kind}) has no lookup {last!r}."
    elsewhere = _ELSEWHERE.get(last)
    close = suggest(last, known)
    if elsewhere:
        text += " " + elsewhere.format(field=field.name)
    elif close:
        text += f" Did you mean {field.name}__{close}?"
    return f"{text} It has: {_known_lookups(field)}."


def _known_lookups(field: FieldMeta) -> str:
    return ", ".join(LOOKUPS[field.family])
