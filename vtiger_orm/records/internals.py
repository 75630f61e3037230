"""Every touch of what pydantic does not document, in one place. Each has a test of its own.

1. A model instance consists of its `__dict__` and the slots `__pydantic_fields_set__`,
   `__pydantic_extra__` and `__pydantic_private__`; setting these four makes an instance without
   running `__init__` (`record_maker`, `replace_values`). Private attributes, which a customised
   subclass may have, are set by `init_private_attributes`.
2. `__init__` may be overridden without slowing validation down if it carries
   `__pydantic_base_init__` (`base_init`).
3. `__get_pydantic_core_schema__` of a model is called before the schemas of its fields are made,
   when `model_fields` is complete (`Record` binds its columns there).
4. `validate_assignment` of the validator replaces `__dict__` and adds to the fields set in place.
5. Serialisation walks `__dict__`, so keys absent from it are left out.
6. The metaclass of models has a `__getattr__` of its own for private attributes, whose names begin
   with ``_`` (`RecordType`, which asks the class what to say of any other name).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel
from pydantic._internal._model_construction import ModelMetaclass, init_private_attributes

if TYPE_CHECKING:
    from .state import RecordState

    RecordType = ModelMetaclass
else:  # a visible __getattr__ would hide every typo

    class RecordType(ModelMetaclass):
        """The type of models: a name that a class has not is answered with what was meant."""

        def __getattr__(cls, name: str) -> Any:
            if name.startswith("_"):
                return super().__getattr__(name)
            raise AttributeError(cls._lacks(name))


R = TypeVar("R", bound=BaseModel)
F = TypeVar("F", bound=Callable[..., None])

_set = object.__setattr__
_SLOTS: Final = (
    "__dict__",
    "__pydantic_fields_set__",
    "__pydantic_extra__",
    "__pydantic_private__",
    "_state",
)


@lru_cache(maxsize=1024)  # finding the slots takes as long as filling those of a page
def record_maker(model: type[R]) -> Callable[[dict[str, object], set[str], RecordState], R]:
    """What makes instances with exactly the values, fields set and state that it is given; neither
    `__init__` nor validators run."""
    new = object.__new__
    set_values, set_given, set_extra, set_private, set_own_state = (
        getattr_static(model, name).__set__ for name in _SLOTS
    )
    has_private = bool(model.__private_attributes__)

    def make(values: dict[str, object], fields_set: set[str], state: RecordState) -> R:
        record = new(model)
        set_values(record, values)
        set_given(record, fields_set)
        set_extra(record, None)
        set_private(record, None)
        set_own_state(record, state)
        if has_private:
            init_private_attributes(record, None)
        return record

    return make


def new_record(
    model: type[R], values: dict[str, object], fields_set: set[str], state: RecordState
) -> R:
    """One such instance."""
    made: R = record_maker(model)(values, fields_set, state)
    return made


def replace_values(record: BaseModel, values: dict[str, object], fields_set: set[str]) -> None:
    """Exchange all field values of an instance."""
    _set(record, "__dict__", values)
    _set(record, "__pydantic_fields_set__", fields_set)


def set_state(record: BaseModel, state: RecordState) -> None:
    """Give the record its own state; the slot is not a field."""
    _set(record, "_state", state)


def set_private(record: BaseModel, private: dict[str, object] | None) -> None:
    """Give the record these private attributes, where there are some, in place of the defaults."""
    if private:
        _set(record, "__pydantic_private__", private)


def own_fields_set(record: BaseModel, fields_set: set[str]) -> None:
    """Give the record a set of its own: loaded ones share theirs with their page."""
    _set(record, "__pydantic_fields_set__", fields_set)


def base_init(init: F) -> F:
    """Mark an `__init__` that only prepares its arguments for pydantic's own."""
    init.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # a mark
    return init
