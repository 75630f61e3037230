"""Field names and keywords such as ``lastname__startswith``, told apart and checked."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ..errors import InvalidLookup, suggest
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from .lookups import LOOKUPS, Lookup
from .quirks import why_not_filterable

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
    meant = suggest(last, known)
    if elsewhere:
        text += " " + elsewhere.format(field=field.name)
    elif meant:
        text += f" Did you mean {field.name}__{meant!s}?"
    return f"{text} It has: {_known_lookups(field)}."


def _known_lookups(field: FieldMeta) -> str:
    return ", ".join(LOOKUPS[field.family])
