"""Field names given to `order_by`, `only`, `values` and the like, checked when built."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import InvalidLookup, UnsupportedQuery
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from .lookups import find_field
from .quirks import why_not_selectable, why_not_sortable
from .tree import Order


def named_field(module: ModuleMeta, name: object, method: str) -> FieldMeta:
    """The field that `method` was given by its attribute name.

    Raises `InvalidLookup` with a suggestion, and with the way that exists for names that reach
    into another record.
    """
    if not isinstance(name, str):
        raise InvalidLookup(f"{method}() takes names of fields as text, not {name!r}.")
    first, separator, rest = name.partition("__")
    reference = module.fields.get(first)
    if separator and reference is not None and reference.family is Family.REFERENCE:
        raise InvalidLookup(_spanning(name, reference, rest, method))
    return find_field(module, name)


def _spanning(name: str, reference: FieldMeta, rest: str, method: str) -> str:
    cure = (
        f"sort in Python: sorted(queryset.select_related({reference.name!r}), key=...)"
        if method == "order_by"
        else f"use select_related({reference.name!r}) and read "
        f"record.{reference.name}.loaded.{rest.replace('__', '.loaded.')}"
    )
    return f"{method}({name!r}): the CRM has no joins, so one query reads one module; {cure}."


def parse_order(module: ModuleMeta, name: object) -> Order:
    """``"-modifiedtime"`` as an order. Raises `InvalidLookup` or `UnsupportedQuery`."""
    if name == "?":
        raise UnsupportedQuery(
            "order_by('?'): the CRM cannot shuffle. Read what you need and use random.sample()."
        )
    descending = isinstance(name, str) and name.startswith("-")
    plain = name.removeprefix("-") if isinstance(name, str) else name
    field = named_field(module, plain, "order_by")
    reason = why_not_sortable(module.name, field)
    if reason is not None and not field.selectable:
        raise UnsupportedQuery(
            f"{module.name} cannot be ordered by {field.name}: {reason}. Order by another field, "
            "or sort in Python."
        )
    return Order(field, descending)


def readable_field(module: ModuleMeta, name: object, method: str) -> FieldMeta:
    """A field that `method` wants to read; raises `UnsupportedQuery` if queries cannot."""
    field = named_field(module, name, method)
    reason = why_not_selectable(module.name, field)
    if reason is not None:
        raise UnsupportedQuery(f"{method}({field.name!r}): {reason}.")
    return field


def with_id(module: ModuleMeta, fields: Iterable[FieldMeta]) -> tuple[FieldMeta, ...]:
    """The columns of a select list: id first, each field once."""
    return tuple(dict.fromkeys((module.id, *fields)))
