"""`record.extra`: fields that came to the CRM after the package was generated."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from ..errors import InvalidValue
from ..metadata.kinds import SECRET_NAMES
from ..values.writing import plain
from .state import UNSET, RecordState

if TYPE_CHECKING:
    from .mapper import Mapper


class ExtraFields(MutableMapping[str, Any]):
    """Wire name -> wire value of the fields that the generated class does not know.

    Values are as the CRM sent them, mostly text. What is set here is written by the next
    `save`, in wire form: dates, numbers, booleans, references and lists of picklist values are
    converted by their Python type. Generate the package again to have such fields typed.
    """

    __slots__ = ("_mapper", "_state")

    def __init__(self, mapper: Mapper, state: RecordState) -> None:
        self._mapper = mapper
        self._state = state

    def _values(self) -> dict[str, object]:
        return self._state.extra or {}

    def __getitem__(self, name: str) -> Any:
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __setitem__(self, name: str, value: object) -> None:
        """Raises `InvalidValue` for a field the class has, and for values without wire form."""
        model = self._mapper.name
        attribute = self._mapper.attribute_of(name)
        if attribute is not None:
            raise InvalidValue(
                f"{name!r} is a field of {model}: assign to the attribute {attribute!r}."
            )
        if name.lower() in SECRET_NAMES:
            raise InvalidValue(f"{name!r} holds a secret: it is neither read nor written.")
        try:
            text = plain(value)
        except ValueError as error:
            raise InvalidValue(f"extra field {name!r} of {model}: {error}") from error
        state = self._state
        if state.extra is None:
            state.extra = {}
        state.note_extra(name, state.extra.get(name, UNSET), text)
        state.extra[name] = text

    def __delitem__(self, name: str) -> None:
        """Forget the value and its change; nothing is deleted in the CRM (assign None for that)."""
        state = self._state
        if state.extra is None:
            raise KeyError(name)
        del state.extra[name]
        if state.extra_old is not None:
            state.extra_old.pop(name, None)

    def __repr__(self) -> str:
        return f"ExtraFields({self._values()!r})"
