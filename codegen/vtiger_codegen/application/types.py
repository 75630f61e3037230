"""What an expression of an application is, as far as it concerns the package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias


class Package(NamedTuple):
    """The package itself, or a module of it (`crm.contacts`)."""

    file: str = ""


class Model(NamedTuple):
    """The class of a module."""

    module: str


class Query(NamedTuple):
    """A queryset or a manager of related records."""

    module: str


class Record(NamedTuple):
    """One record."""

    module: str


class Related(NamedTuple):
    """`record.related`."""

    module: str


class Reference(NamedTuple):
    """A reference to one of some modules."""

    targets: tuple[str, ...]


class Picklist(NamedTuple):
    """The class of a picklist."""

    module: str
    field: str


class Choice(NamedTuple):
    """One value of a picklist."""

    module: str
    field: str


class Row(NamedTuple):
    """A row of `values()`."""

    module: str


class Many(NamedTuple):
    """Anything that is iterated to get the items."""

    item: Type


class Fixed(NamedTuple):
    """A tuple of known length."""

    items: tuple[Type, ...]


class Other(NamedTuple):
    """Something that has nothing to do with the package: text, numbers, None."""


class Unknown(NamedTuple):
    """What cannot be told without running the application."""


Type: TypeAlias = (
    Package
    | Model
    | Query
    | Record
    | Related
    | Reference
    | Picklist
    | Choice
    | Row
    | Many
    | Fixed
    | Other
    | Unknown
)

OTHER = Other()
UNKNOWN = Unknown()


def joined(types: Iterable[Type]) -> Type:
    """What something is that may be any of these: known only when all agree. None and the like
    do not count, as nothing of the package is asked of them."""
    found = {each for each in types if not isinstance(each, Other)}
    if not found:
        return OTHER
    return found.pop() if len(found) == 1 else UNKNOWN


def item_of(type_: Type) -> Type:
    """What iterating gives."""
    match type_:
        case Query(module):
            return Record(module)
        case Many(item):
            return item
        case Fixed(items):
            return joined(items)
    return UNKNOWN
