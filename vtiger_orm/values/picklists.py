"""The values of picklist fields: open enums, and several of them in a multi-select field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import EnumType, StrEnum
from typing import TYPE_CHECKING, Self, TypeVar, get_args

from .._pickled import class_named, public_name, restores
from ..errors import suggest

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

_SHOWN = 8
"""Members that a message lists."""
_REMEMBERED = 10_000
"""Unknown values kept for each picklist; more would be a field that is no picklist."""


class _OpenEnum(EnumType):
    """Lets picklists be called whose list is empty (`region_id` of Quotes is one): a plain enum
    without members refuses every value. And a member that is not there is told with what to do:
    somebody removed or renamed the value in the CRM."""

    if not TYPE_CHECKING:

        def __call__(cls, value, *args, **kwargs):
            if cls._member_map_ or args or kwargs:
                return super().__call__(value, *args, **kwargs)
            member = value if isinstance(value, cls) else cls._missing_(value)
            if member is None:
                raise ValueError(f"{value!r} is not a valid {cls.__qualname__}")
            return member

        def __getattr__(cls, name):
            if name.startswith("_"):
                raise AttributeError(name)
            raise AttributeError(_no_member(cls, name), name=name, obj=cls)

        def __getitem__(cls, name):
            try:
                return super().__getitem__(name)
            except KeyError:
                raise KeyError(_no_member(cls, name)) from None


def _no_member(picklist: EnumType, name: object) -> str:
    members: Mapping[str, object] = picklist.__members__
    close = suggest(name, members) if isinstance(name, str) else None
    hint = f" Did you mean {close}?" if close else ""
    if not close and members:
        shown = list(members)[:_SHOWN]
        more = f" and {len(members) - _SHOWN} more" if len(members) > _SHOWN else ""
        hint = f" It has {', '.join(shown)}{more}."
    return (
        f"{picklist.__qualname__} has no member {name}: the value was not in the CRM's list when "
        f"the package was generated last.{hint} Text works as well: "
        f"{picklist.__qualname__}('the value')."
    )


class Picklist(StrEnum, metaclass=_OpenEnum):
    """An open enum of stored values.

    ::

        class LeadSource(Picklist):
            COLD_CALL = "Cold Call"
            WEB_SITE = "Web Site", "From the web"      # a label that differs from the value

    A member is the stored text, so it compares with text and goes to JSON as it is. A value that
    is not listed becomes a member-like value of the same class, with `known` False. Type checkers
    see a member `_UNLISTED` in its place, so a `match` without ``case _`` is not complete. There is
    no member for "blank": that is `None`.
    """

    _value_: str
    _label: str
    _known: bool

    def __new__(cls, value: str, label: str | None = None) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member._label = value if label is None else label
        member._known = True
        return member

    @property
    def label(self) -> str:
        """What the CRM shows for it, in the language the package was generated in."""
        return self._label

    @property
    def known(self) -> bool:
        """Whether the generated package lists it."""
        return self._known

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or not value.strip(" "):
            return None  # blank, see `blank`
        unknown: dict[str, Self] | None = cls.__dict__.get("_unknown")
        if unknown is None:
            type.__setattr__(cls, "_unknown", unknown := {})
        member = unknown.get(value)
        if member is None:
            text = str.__str__(value)
            member = str.__new__(cls, text)
            member._name_ = member._value_ = member._label = text
            member._known = False
            if len(unknown) < _REMEMBERED:
                member = unknown.setdefault(text, member)
        return member

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__}: {self._value_!r}>"

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        return restore_picklist, (*public_name(type(self)), self._value_)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls,
            serialization=core_schema.plain_serializer_function_ser_schema(
                str.__str__, when_used="json"
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A string with examples: an enum would refuse the values added since."""
        return {"type": "string", "examples": [member.value for member in cls]}


@restores
def restore_picklist(module: str, name: str, value: str) -> Picklist:
    """The value of that picklist, known or not."""
    return class_named(module, name, Picklist)(value)


E_co = TypeVar("E_co", bound=str, covariant=True)


class Choices(tuple[E_co, ...]):
    """Several picklist values: an immutable sequence that keeps the CRM's order.

    A value occurs once. Equality and hash are those of a set, so ``Choices(["a", "b"])`` equals
    ``Choices(["b", "a"])`` and ``{"a", "b"}``; it never equals a list or tuple, which have an
    order of their own.
    """

    __slots__ = ()

    def __new__(cls, values: Iterable[E_co] = ()) -> Choices[E_co]:
        if isinstance(values, str):
            raise TypeError(f"Choices takes several values: write Choices([{values!r}])")
        return super().__new__(cls, dict.fromkeys(values))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Choices | AbstractSet):
            return frozenset(self) == frozenset(other)
        return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(frozenset(self))

    def __repr__(self) -> str:
        return f"Choices({list(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return restore_choices, (list(self),)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """For a `Choices[E]` field of any pydantic model: a list of `E`."""
        from pydantic_core import core_schema

        (item,) = get_args(source) or (str,)
        values = core_schema.list_schema(handler.generate_schema(item))
        return core_schema.no_info_after_validator_function(
            cls, values, serialization=core_schema.plain_serializer_function_ser_schema(list)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "uniqueItems": True}


@restores
def restore_choices(values: list[E_co]) -> Choices[E_co]:
    """Several picklist values."""
    return Choices(values)
