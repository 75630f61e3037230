"""What a program gives where records, lists of them or models are expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from ..errors import InvalidValue
from .record import BaseRecord

if TYPE_CHECKING:
    from ..metadata.module import ModuleMeta

T = TypeVar("T")


def a_record(item: object) -> BaseRecord:
    """The same. Raises `InvalidValue` for what is no record."""
    if not isinstance(item, BaseRecord):
        raise InvalidValue(f"A record was expected, not {_kind(item)}.")
    return item


def a_list(items: Iterable[T]) -> list[T]:
    """What an iterable holds. Raises `InvalidValue` for what is none, and for a text, of which a
    program would get letters."""
    if not isinstance(items, Iterable) or isinstance(items, (str, bytes)):
        raise InvalidValue(f"A list was expected, not {_kind(items)}. Nothing was sent.")
    return list(items)


def meta_of(model: object) -> ModuleMeta:
    """What is known of a model's module. Raises `InvalidValue` for what is no model."""
    if isinstance(model, type) and issubclass(model, BaseRecord):
        return model.meta
    raise InvalidValue(f"A model was expected, such as Contacts, not {_kind(model)}.")


def _kind(item: object) -> str:
    """What something is, in a message."""
    if isinstance(item, type):
        return f"the class {item.__name__}"
    return repr(item[:40]) if isinstance(item, str) else f"an object of {type(item).__name__}"
