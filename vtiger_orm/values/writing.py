"""Python values as wire text."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from ..metadata.module import FieldMeta
from .checking import (
    check_choices,
    check_datetime,
    check_decimal,
    check_text,
    check_time,
    typed,
)
from .reading import SEPARATOR


def encode(meta: FieldMeta, value: object) -> str:
    """The wire text of a typed value; `None` is the empty text, which clears a field.

    Raises `InvalidValue`, which names the field, the value and the cure. Text for a date or a
    number is refused; use `convert` where it may occur.
    """
    return plain(typed(meta, value))


def plain(value: object) -> str:
    """The wire text of a value by its Python type alone, for fields the package does not know."""
    match value:
        case None:
            return ""
        case str():
            return check_text(value) or ""
        case bool():
            return "1" if value else "0"
        case int() | float() | Decimal():
            return _number_text(check_decimal(value))
        case datetime():
            local = check_datetime(value).replace(tzinfo=None)
            return local.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case time():
            return check_time(value).isoformat("seconds")
        case list() | tuple() | set() | frozenset():
            return SEPARATOR.join(check_choices(value) or ())
    raise ValueError(f"a {type(value).__name__} has no wire form")


def _number_text(number: Decimal) -> str:
    text = format(number, "f")
    return "-360" if text == "-360.0000000" else text
