"""References, records and querysets of another CRM are refused, not misread.

Prefixes and numbers of two CRMs may well be the same, so an id alone does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import InvalidLookup
from ..records import Record
from ..references import Ref
from .conditions import Q
from .state import QueryState

if TYPE_CHECKING:
    from ..package import Package

_MANY = (list, tuple, set, frozenset)


def refuse_strangers(package: Package, args: Iterable[Any], values: Iterable[Any]) -> None:
    """Raise `InvalidLookup` for a value that comes from a model of another package."""
    for value in values:
        for model in _models(value):
            other = model._package()
            if other is not package:
                raise InvalidLookup(
                    f"{value!r} belongs to {other.name!r}, the query to {package.name!r}: ids "
                    "of two CRMs have nothing to do with each other."
                )
    for arg in args:
        if isinstance(arg, Q):
            refuse_strangers(package, arg._args, arg._lookups.values())


def _models(value: Any) -> Iterator[type[Record]]:
    """The models that a value names, in whatever way a reference keyword takes it."""
    if isinstance(value, Ref):
        if value._origin is not None:
            yield value._origin.model
    elif isinstance(value, Record):
        yield type(value)
    elif isinstance(value, _MANY):
        for each in value:
            yield from _models(each)
    elif isinstance(state := getattr(value, "_state", None), QueryState):
        yield state.model
