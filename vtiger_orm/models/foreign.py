"""References, records and querysets of another CRM are refused, not misread.

Prefixes and numbers of two CRMs may well be the same, so an id alone does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from ..conditions.q import Q, values_of
from ..errors import InvalidLookup
from ..records import BaseRecord
from ..records.handle import package_of
from ..records.references import Ref, origin_of

if TYPE_CHECKING:
    from ..calls.protocols import Package

_MANY = (list, tuple, set, frozenset)
_PLAIN = frozenset((str, int, bool, float, Decimal, date, datetime, time, type(None)))
"""Types of values that come from nowhere: nearly all."""


def refuse_foreign(package: Package, args: Iterable[object], values: Iterable[object]) -> None:
    """Raise `InvalidLookup` for a value that comes from a model of another package."""
    for value in values:
        if type(value) not in _PLAIN:
            _check(package, value)
    for arg in args:
        if isinstance(arg, Q):
            refuse_foreign(package, (), values_of(arg))


def _check(package: Package, value: object) -> None:
    """In whatever way a reference keyword takes its value."""
    if isinstance(value, _MANY):
        refuse_foreign(package, (), value)
        return
    owner = _owner(value)
    if owner is not None and owner is not package:
        raise InvalidLookup(
            f"{value!r} belongs to {owner.name!r}, the query to {package.name!r}: ids of two CRMs "
            "have nothing to do with each other."
        )


def _owner(value: object) -> Package | None:
    """The package that the value comes from; None for a value that comes from nowhere."""
    if isinstance(value, Ref):
        origin = origin_of(value)
        return origin.package if origin is not None else None
    if isinstance(value, str):  # a member of a picklist
        return None
    if isinstance(value, BaseRecord):
        return package_of(type(value))
    model = getattr(value, "model", None)  # of a queryset
    return package_of(model) if isinstance(model, type) and issubclass(model, BaseRecord) else None
