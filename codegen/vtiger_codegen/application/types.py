"""What an expression of an application is, as far as it concerns the package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

SEQUENCES: Final = frozenset(
    {
        *("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "aiter"),
        *("Iterable", "Iterator", "AsyncIterator", "AsyncIterable", "Sequence", "Collection"),
        *("List", "Tuple", "Set", "FrozenSet", "Generator", "AsyncGenerator"),
    }
)

MAPPINGS: Final = frozenset(
    {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"}
)

ITEM: Final = frozenset({"next", "anext", "min", "max"})


class PackageType(NamedTuple):
    """The package itself, or a module of it (`crm.contacts`)."""

    file: str = ""


class ModelType(NamedTuple):
    """The class of a module."""

    module: str


class QueryType(NamedTuple):
    """A queryset or a manager of related records."""

    module: str
    gives: Literal["records", "rows", "named", "values"] = "records"
    """Records, dictionaries (`values`), named tuples, or anything else (`values_list`)."""


class MethodType(NamedTuple):
    """A method of a queryset that is not called yet."""

    query: QueryType
    name: str


class RecordType(NamedTuple):
    """One record."""

    module: str


class RelationsType(NamedTuple):
    """`record.related`."""

    module: str


class ReferenceType(NamedTuple):
    """A reference to one of some modules."""

    targets: tuple[str, ...]


class PicklistType(NamedTuple):
    """The class of a picklist."""

    module: str
    field: str


class ChoiceType(NamedTuple):
    """One value of a picklist."""

    module: str
    field: str


class RowType(NamedTuple):
    """A row of `values()`, or what else has fields as keys; also its class (`ContactsRow`)."""

    module: str


class InputType(NamedTuple):
    """The class of what others send: `ContactsCreate`, `ContactsUpdate`."""

    module: str
    creates: bool


class BodyType(NamedTuple):
    """One of those, or a named tuple of fields: they are attributes and keys."""

    module: str


class Many(NamedTuple):
    """Anything that is iterated to get the items."""

    item: ExpressionType


class Keyed(NamedTuple):
    """A dictionary with such values."""

    item: ExpressionType


class Fixed(NamedTuple):
    """A tuple of known length."""

    items: tuple[ExpressionType, ...]


class Other(NamedTuple):
    """Something that has nothing to do with the package: text, numbers, None."""


class Unknown(NamedTuple):
    """What cannot be told without running the application."""


ExpressionType: TypeAlias = (
    PackageType
    | ModelType
    | QueryType
    | MethodType
    | RecordType
    | RelationsType
    | ReferenceType
    | PicklistType
    | ChoiceType
    | RowType
    | InputType
    | BodyType
    | Many
    | Keyed
    | Fixed
    | Other
    | Unknown
)

OTHER = Other()
UNKNOWN = Unknown()


def joined(types: Iterable[ExpressionType]) -> ExpressionType:
    """What something is that may be any of these: known only when all agree. None and the like
    do not count, as nothing of the package is asked of them."""
    found = {each for each in types if not isinstance(each, Other)}
    if not found:
        return OTHER
    return found.pop() if len(found) == 1 else UNKNOWN


def item_of(type_: ExpressionType) -> ExpressionType:
    """What iterating gives."""
    match type_:
        case QueryType(module, "records"):
            return RecordType(module)
        case QueryType(module, "rows"):
            return RowType(module)
        case QueryType(module, "named"):
            return BodyType(module)
        case QueryType() | Keyed():
            return OTHER
        case Many(item):
            return item
        case Fixed(items):
            return joined(items)
    return UNKNOWN


def unpacked(type_: ExpressionType, path: Iterable[int]) -> ExpressionType:
    """What is at these positions of something that is taken apart, the outermost first."""
    for index in path:
        match type_:
            case Fixed(items) if index < len(items):
                type_ = items[index]
            case Many() | QueryType():
                type_ = item_of(type_)
            case _:
                return UNKNOWN
    return type_


def generic_of(name: str, found: Sequence[ExpressionType]) -> ExpressionType:
    """What ``name[...]`` says in an annotation, of what is in the brackets."""
    if name in ("Optional", "Final", "ClassVar", "Annotated", "Awaitable", "Coroutine"):
        return joined(found[-1:] if name == "Coroutine" else found[:1])
    if name == "Union":
        return joined(found)
    if name in MAPPINGS:
        return Keyed(found[-1]) if found else UNKNOWN
    if not found or not isinstance(found[0], RecordType):
        return Many(found[0]) if found and name in SEQUENCES else UNKNOWN
    match name:
        case "QuerySet" | "RelatedManager":
            return QueryType(found[0].module)
        case "Ref":
            return ReferenceType((found[0].module,))
        case "type" | "Type":
            return ModelType(found[0].module)
        case "tuple" | "Tuple" if len(found) > 1 and not isinstance(found[1], Unknown):
            return Fixed(tuple(found))
    return Many(found[0]) if name in SEQUENCES else UNKNOWN


def companion_type(module: str, end: str) -> ExpressionType:
    """What a model is, or the class whose name has this put behind the model's. That of querysets
    and rows stands for these, as nothing else is asked of it."""
    match end:
        case "" | "Base":
            return ModelType(module)
        case "QuerySet" | "QuerySetBase" | "Manager":
            return QueryType(module)
        case "Row" | "Values":
            return RowType(module)
        case "Create" | "Update":
            return InputType(module, end == "Create")
    return UNKNOWN
