"""Annotations that say what can be assigned to a field, where that is not what is read of it.

For type checkers they are descriptors; at run time they are the field types of `fields`, which
`pydantic` and `bound_columns` read, and what is assigned is checked by the record.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Never, Optional, TypeAlias, TypeVar, overload

from .fields import (
    Boolean,
    Currency,
    Date,
    DateTime,
    Double,
    Email,
    File,
    Image,
    Integer,
    Phone,
    Skype,
    String,
    Text,
    Time,
    Url,
)
from .references import Ref

if TYPE_CHECKING:
    from pydantic import BaseModel

    M = TypeVar("M", bound=BaseModel)
    T = TypeVar("T")
    T_co = TypeVar("T_co", covariant=True)

    class ReadOnly(Generic[T_co]):
        """A field that the CRM sets: nothing can be assigned."""

        @overload
        def __get__(self, record: None, model: type[BaseModel]) -> Never: ...
        @overload
        def __get__(self, record: BaseModel, model: type[BaseModel]) -> T_co: ...
        def __get__(self, record: BaseModel | None, model: type[BaseModel]) -> object: ...
        def __set__(self, record: BaseModel, value: Never) -> None: ...

    class Mandatory(Generic[T]):
        """A field that the CRM wants filled: read as `T | None`, since what is there may be older
        than the rule; `None` cannot be assigned."""

        @overload
        def __get__(self, record: None, model: type[BaseModel]) -> Never: ...
        @overload
        def __get__(self, record: BaseModel, model: type[BaseModel]) -> T | None: ...
        def __get__(self, record: BaseModel | None, model: type[BaseModel]) -> object: ...
        def __set__(self, record: BaseModel, value: T) -> None: ...

    class Reference(Generic[M]):
        """A reference: read as `Ref[M] | None`, and records can be assigned."""

        @overload
        def __get__(self, record: None, model: type[BaseModel]) -> Never: ...
        @overload
        def __get__(self, record: BaseModel, model: type[BaseModel]) -> Ref[M] | None: ...
        def __get__(self, record: BaseModel | None, model: type[BaseModel]) -> object: ...
        def __set__(self, record: BaseModel, value: M | Ref[M] | None) -> None: ...

    class MandatoryReference(Generic[M]):
        """A reference that the CRM wants filled."""

        @overload
        def __get__(self, record: None, model: type[BaseModel]) -> Never: ...
        @overload
        def __get__(self, record: BaseModel, model: type[BaseModel]) -> Ref[M] | None: ...
        def __get__(self, record: BaseModel | None, model: type[BaseModel]) -> object: ...
        def __set__(self, record: BaseModel, value: M | Ref[M]) -> None: ...

    MandatoryString: TypeAlias = Mandatory[str]
    MandatoryText: TypeAlias = Mandatory[str]
    MandatoryPhone: TypeAlias = Mandatory[str]
    MandatoryEmail: TypeAlias = Mandatory[str]
    MandatoryUrl: TypeAlias = Mandatory[str]
    MandatorySkype: TypeAlias = Mandatory[str]
    MandatoryImage: TypeAlias = Mandatory[str]
    MandatoryFile: TypeAlias = Mandatory[str]
    MandatoryBoolean: TypeAlias = Mandatory[bool]
    MandatoryInteger: TypeAlias = Mandatory[int]
    MandatoryDouble: TypeAlias = Mandatory[Decimal]
    MandatoryCurrency: TypeAlias = Mandatory[Decimal]
    MandatoryDate: TypeAlias = Mandatory[date]
    MandatoryDateTime: TypeAlias = Mandatory[datetime]
    MandatoryTime: TypeAlias = Mandatory[time]
else:

    class ReadOnly:
        def __class_getitem__(cls, item: Any) -> Any:
            return item

    class Mandatory:
        def __class_getitem__(cls, item: Any) -> Any:
            return Optional[item]  # noqa: UP045

    class Reference:
        def __class_getitem__(cls, item: Any) -> Any:
            return Optional[Ref[item]]  # noqa: UP045

    MandatoryReference = Reference
    MandatoryString = String
    MandatoryText = Text
    MandatoryPhone = Phone
    MandatoryEmail = Email
    MandatoryUrl = Url
    MandatorySkype = Skype
    MandatoryImage = Image
    MandatoryFile = File
    MandatoryBoolean = Boolean
    MandatoryInteger = Integer
    MandatoryDouble = Double
    MandatoryCurrency = Currency
    MandatoryDate = Date
    MandatoryDateTime = DateTime
    MandatoryTime = Time
