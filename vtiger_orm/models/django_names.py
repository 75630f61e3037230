"""Django spellings that have no meaning on a CRM, each with what to write instead."""

from __future__ import annotations

from typing import Final

from ..errors import UnsupportedQuery

_FETCH: Final = "the query language of the CRM returns records only"

ALTERNATIVES: Final[dict[str, str]] = {
    "alias": f"{_FETCH}: compute it in Python while iterating.",
    "annotate": "groups are made of values: values('sales_stage').annotate(total=Sum('amount')); "
    "a figure for each record is computed in Python while iterating.",
    "acontains": "use await queryset.filter(id=record.id).aexists().",
    "contains": "use queryset.filter(id=record.id).exists().",
    "complex_filter": "use filter(Q(...)).",
    "dates": "use values_list('createdtime', flat=True) and collect the days in a set.",
    "datetimes": "use values_list('createdtime', flat=True) and collect the times in a set.",
    "difference": "use qs & ~other: conditions are combined, not result sets.",
    "distinct": "each record comes once anyway; for values use set(values_list(name, flat=True)).",
    "aearliest": "use await queryset.order_by(name).afirst().",
    "earliest": "use order_by(name).first().",
    "extra": "use filter(), or raw(vtql) for a statement of your own.",
    "intersection": "use qs & other.",
    "alatest": "use await queryset.order_by('-modifiedtime').afirst().",
    "latest": "use order_by('-modifiedtime').first().",
    "select_for_update": "the CRM has no locks: use record.save(if_unmodified=True).",
    "union": "use qs | other.",
    "db": "use using(session) to choose a session.",
}


class NoSuchMethod(UnsupportedQuery, AttributeError):
    """A method of other query builders; an `AttributeError` too, so that `hasattr` is right."""


def missing_attribute(queryset: object, name: str) -> AttributeError:
    """What reading an attribute that does not exist raises, with the alternative if known."""
    kind = type(queryset).__name__
    if name in ALTERNATIVES:
        return NoSuchMethod(f"{kind} has no {name}(): {ALTERNATIVES[name]}")
    return AttributeError(f"{kind!r} object has no attribute {name!r}")
