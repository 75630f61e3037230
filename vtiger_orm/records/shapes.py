"""Shapes: classes of users that say which values a row has, and of what types.

A `TypedDict`, a named tuple, a dataclass or a pydantic model. Here is what such a class tells, and
whether what is told fits the values that there are; nothing of modules and queries.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Generic,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, BeforeValidator, PlainValidator, WrapValidator
from typing_extensions import is_typeddict

from .._dataclass import dataclass
from ..errors import InvalidLookup, suggest
from ..values.picklists import Choices, Picklist
from .references import Targets

T = TypeVar("T")
Class: TypeAlias = type[Any]
RowValues: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """What can be read under some name."""

    kind: Class | None
    """The class of the values; None where any may come."""
    blank: bool = True
    """Whether `None` is to be expected."""
    member: Class | None = None
    """Of several values, the class of each."""
    targets: tuple[tuple[str, ...], ...] = ()
    """Of a reference, the modules that it may lead to, each by all its names."""


@dataclass(frozen=True, slots=True)
class ShapeField:
    """One value of a shape."""

    name: str
    annotation: Any
    """As written, without `None`."""
    optional: bool
    """Whether it may be `None`."""

    @property
    def takes_none(self) -> bool:
        """Whether `None` may be put there."""
        return self.optional or self.annotation is NoneType or _takes_anything(self.annotation)

    @property
    def inner(self) -> Class | None:
        """The shape of another record, where one is wanted."""
        return self.annotation if is_shape(self.annotation) else None

    @property
    def several(self) -> Class | None:
        """The shape of each of many records, where a list of them is wanted."""
        arguments = get_args(self.annotation) if get_origin(self.annotation) is list else ()
        return next(filter(is_shape, arguments), None)


@dataclass(frozen=True, slots=True)
class RowShape(Generic[T]):
    """A class of a user, read."""

    kind: type[T]
    fields: tuple[ShapeField, ...]
    make: Callable[[RowValues], T]
    """An instance of the values by name."""

    @property
    def name(self) -> str:
        return self.kind.__name__

    def refuse(self, field: str, reason: str) -> InvalidLookup:
        """The error for one of its fields."""
        return InvalidLookup(f"into({self.name}): {field!r} {reason}")

    def check(self, field: ShapeField, value: Value) -> None:
        """Whether the field can hold such values. Raises `InvalidLookup`."""
        lenient = issubclass(self.kind, BaseModel)
        if value.kind is not None and not fits(field.annotation, value, lenient=lenient):
            raise self.refuse(
                field.name,
                f"is {_text(field.annotation)} there, but is read as {_read_as(value)}. "
                f"Write {field.name}: {_read_as(value)}",
            )
        if value.blank and not field.takes_none:
            raise self.refuse(
                field.name,
                f"may be blank. Write {field.name}: {_text(field.annotation)} | None",
            )

    def over(self, values: Mapping[str, Value], what: str) -> Callable[[RowValues], T]:
        """What makes an instance of a row of such values. Raises `InvalidLookup` where its fields
        are not among them or do not fit; `what` is what they are called."""
        for field in self.fields:
            value = values.get(field.name)
            if value is None:
                meant = suggest(field.name, values)
                hint = f" Did you mean {meant!r}?" if meant else ""
                names = ", ".join(values)
                raise self.refuse(field.name, f"is none of the {what}: {names}.{hint}")
            self.check(field, value)
        wanted = [each.name for each in self.fields]
        return lambda row: self.make({name: row[name] for name in wanted})


def is_shape(kind: object) -> bool:
    """Whether it is a class of one of the four kinds."""
    if not isinstance(kind, type):
        return False
    if issubclass(kind, BaseModel):
        return not hasattr(kind, "__mapper__")
    return is_typeddict(kind) or dataclasses.is_dataclass(kind) or _is_named_tuple(kind)


def _is_named_tuple(kind: Class) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def shape_of(kind: type[T]) -> RowShape[T]:
    """What the class says. Raises `InvalidLookup` for what is no such class or has no field, and
    for annotations whose names cannot be found."""
    if not is_shape(kind):
        raise InvalidLookup(
            f"into({getattr(kind, '__name__', kind)!s}): a shape is a TypedDict, a NamedTuple, a "
            "dataclass or a pydantic model whose fields are called like those to read."
        )
    fields = tuple(_field(name, annotation) for name, annotation in _annotations(kind).items())
    if not fields:
        raise InvalidLookup(f"into({kind.__name__}): the class has no field, so nothing is read.")
    return RowShape(kind, fields, _maker(kind))


def _annotations(kind: Class) -> RowValues:
    if issubclass(kind, BaseModel):
        kind.model_rebuild()
        return {
            name: Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            for name, info in kind.model_fields.items()
        }
    try:
        hints = get_type_hints(kind, include_extras=True)
    except NameError as error:
        raise InvalidLookup(
            f"into({kind.__name__}): its annotations cannot be read, since {error}. Classes that "
            "they name have to be imported at run time as well, in the shape's own file."
        ) from error
    if dataclasses.is_dataclass(kind):
        return {each.name: hints[each.name] for each in dataclasses.fields(kind) if each.init}
    if issubclass(kind, tuple):
        return {name: hints.get(name, Any) for name in signature(kind).parameters}
    return hints


def _maker(kind: Class) -> Callable[[RowValues], Any]:
    if is_typeddict(kind):
        return lambda values: values
    if issubclass(kind, BaseModel):
        return lambda values: kind.model_validate(values, by_name=True)
    return lambda values: kind(**values)


def _field(name: str, annotation: Any) -> ShapeField:
    plain: Any = annotation
    optional = False
    while True:
        origin = get_origin(plain)
        if origin is Annotated and not _validated(plain):
            metadata = plain.__metadata__
            if any(isinstance(each, Targets) for each in metadata):
                break
            plain = plain.__origin__
        elif getattr(origin, "__name__", "") in ("NotRequired", "Required", "ReadOnly"):
            (plain,) = get_args(plain)
        elif origin in (Union, UnionType) and NoneType in get_args(plain):
            rest = tuple(each for each in get_args(plain) if each is not NoneType)
            plain, optional = Union[rest] if rest else NoneType, True  # noqa: UP007
        elif hasattr(plain, "__supertype__"):
            plain = plain.__supertype__
        elif hasattr(plain, "__value__"):
            plain = plain.__value__
        else:
            break
    return ShapeField(name, plain, optional)


def _validated(annotation: Any) -> bool:
    """Whether pydantic makes of any value what is wanted."""
    makers = (BeforeValidator, PlainValidator, WrapValidator)
    return any(isinstance(each, makers) for each in getattr(annotation, "__metadata__", ()))


def _takes_anything(annotation: Any) -> bool:
    return annotation in (Any, object) or isinstance(annotation, TypeVar) or _validated(annotation)


def fits(annotation: Any, value: Value, *, lenient: bool) -> bool:
    """Whether values can be held by what is annotated so. `lenient`: pydantic converts."""
    if value.kind is None or _takes_anything(annotation):
        return True
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(fits(each, value, lenient=lenient) for each in get_args(annotation))
    if origin is Annotated:
        targets = next(
            (each for each in annotation.__metadata__ if isinstance(each, Targets)), None
        )
        if targets is not None and targets.modules and value.targets:
            wanted = set(targets.modules)
            return all(wanted.intersection(names) for names in value.targets)
        return fits(annotation.__origin__, value, lenient=lenient)
    return _fits_class(origin or annotation, get_args(annotation), value, lenient)


def _fits_class(kind: Any, arguments: tuple[Any, ...], value: Value, lenient: bool) -> bool:
    assert value.kind is not None
    if not isinstance(kind, type):
        return lenient
    if value.member is not None:
        several = (list, set, frozenset, tuple) if lenient else ()
        if kind not in several and not issubclass(value.kind, kind):
            return False
        each = Value(value.member, blank=False)
        inner = [argument for argument in arguments if argument is not ...]
        return all(fits(argument, each, lenient=lenient) for argument in inner)
    if issubclass(value.kind, kind):
        return True
    return lenient and (kind is float or not _is_plain(kind))


def _is_plain(kind: Class) -> bool:
    """Of such a class pydantic makes nothing but what the CRM's values are already."""
    return kind.__module__ in ("builtins", "datetime", "decimal") or issubclass(
        kind, Picklist | Choices
    )


def _text(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")


def _read_as(value: Value) -> str:
    return " | ".join(_read_as_parts(value))


def _read_as_parts(value: Value) -> Iterator[str]:
    name = value.kind.__qualname__ if value.kind is not None else "object"
    if value.member is not None:
        name = f"{name}[{value.member.__qualname__}]"
    elif value.targets:
        name = f"{name}[{' | '.join(names[0] for names in value.targets)}]"
    yield name
    if value.blank:
        yield "None"
