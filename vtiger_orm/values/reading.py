"""Wire values as Python values."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeAlias

from ..errors import Unreadable
from ..ids import is_id
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta
from .blank import is_blank, is_blank_value
from .picklists import Choices

SEPARATOR: Final = " |##| "
"""Joins the values of a multi-select field."""

Reader: TypeAlias = Callable[[Any], object]
"""Wire value, never the empty text -> Python value or None; raises ValueError."""


def decode(meta: FieldMeta, text: object) -> object | None:
    """The Python value of a wire value.

    Picklist values and references are plain text here; a model turns them into its own enum and
    `Ref`. Raises `Unreadable` for text that the field's type does not allow.
    """
    if text == "":
        return None
    try:
        return reader(meta.kind)(text)
    except ValueError as error:
        raise unreadable(meta, text) from error


def unreadable(meta: FieldMeta, text: object) -> Unreadable:
    return Unreadable(
        f"The CRM sent {shown(text)} for the {meta.kind.value} field {meta.name!r}, which is not "
        f"a {meta.family.value}. The text is kept in the record's `raw`."
    )


def shown(value: object) -> str:
    """A value in an error message: what it is, and not pages of it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def reader(kind: Kind) -> Reader:
    """The function that reads wire values of a kind. It is never given the empty text."""
    return _read_double if kind is Kind.DOUBLE else _READERS[kind.family]


def _stray(value: object) -> str:
    """JSON numbers and null, which some answers hold in place of text, as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"a {type(value).__name__} where text was expected")


def _read_text(text: Any) -> str | None:
    try:
        return None if text.isspace() and not text.strip(" ") else text
    except AttributeError:
        return _stray(text) or None


_BOOLEANS: Final[dict[object, bool]] = {
    "1": True,
    "0": False,
    True: True,
    False: False,
    "true": True,
    "false": False,
    "on": True,
    "off": False,
    "yes": True,
    "no": False,
}


def read_boolean(text: Any) -> bool | None:
    try:
        return _BOOLEANS[text]
    except (KeyError, TypeError):
        if is_blank_value(text):
            return None
        if isinstance(text, str) and text.strip().lower() in _BOOLEANS:
            return _BOOLEANS[text.strip().lower()]
        raise ValueError("not a boolean") from None


@cache  # patterns are compiled when values are read: models are imported without
def _number() -> re.Pattern[str]:
    """Stricter than `Decimal` itself, which takes ``NaN``, ``1_000`` and digits of any script."""
    return re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})")


ZERO: Final = Decimal("0.00")
"""The CRM writes eight decimals, and zero with so many is printed as ``0E-8``."""


def read_decimal(text: Any) -> Decimal | None:
    if isinstance(text, str):
        if text.isascii() and text.replace(".", "", 1).isdecimal():
            return Decimal(text) or ZERO
        if is_blank_value(text):
            return None
        if _number().fullmatch(text.strip(" ")):
            return Decimal(text.strip(" ")) or ZERO
    elif text is None:
        return None
    elif isinstance(text, int | float) and not isinstance(text, bool):
        number = Decimal(repr(text))
        if number.is_finite():
            return number or ZERO
    raise ValueError("not a number")


def _read_double(text: Any) -> Decimal | None:
    return None if is_blank(text, Kind.DOUBLE) else read_decimal(text)


def _read_integer(text: Any) -> int | None:
    if isinstance(text, str) and text.isdecimal() and text.isascii():
        return int(text)
    number = read_decimal(text)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


def read_day(text: str) -> date:
    """``2024-02-29`` and no other of the forms that ISO has (``2024-W09-4``, ``20240229``)."""
    if len(text) == 10 and text[4] == text[7] == "-":
        return date.fromisoformat(text)
    raise ValueError("not a date")


def read_moment(text: str) -> datetime:
    """A day as `read_day` has it, then ``T`` or a blank and a time; or a day alone."""
    if text[4:5] == text[7:8] == "-" and len(text) >= 10:
        return datetime.fromisoformat(text)
    raise ValueError("not a date and time")


def _read_date(text: Any) -> date | None:
    try:
        return read_day(text)
    except (TypeError, ValueError):
        pass
    if is_blank(text, Kind.DATE):
        return None
    raise ValueError("not a date")


def _read_datetime(text: Any) -> datetime | None:
    try:
        return read_moment(text + "Z")
    except (TypeError, ValueError):
        return _read_other_datetime(text)


def _read_other_datetime(text: Any) -> datetime | None:
    """Blanks, a bare date, and texts that name their offset."""
    if is_blank(text, Kind.DATETIME):
        return None
    if not isinstance(text, str):
        raise ValueError("not a date and time")
    moment = read_moment(text)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the range of dates") from None


@cache
def _time() -> re.Pattern[str]:
    return re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?")


def read_time(text: Any) -> time | None:
    if is_blank_value(text):
        return None
    if not isinstance(text, str):
        raise ValueError("not a time")
    if len(text) == 8 and text[2] == text[5] == ":" and text.isascii():
        return time.fromisoformat(text)
    match = _time().fullmatch(text)
    if match is None:
        raise ValueError("not a time")
    hour, minute, second = match.groups("0")
    return time(int(hour), int(minute), int(second))


@cache
def _separator() -> re.Pattern[str]:
    return re.compile(r" ?\|##\| ?")


def _read_choices(text: Any) -> Choices[str] | None:
    if isinstance(text, str):
        if is_blank_value(text):
            return None
        return Choices(part for part in _separator().split(text) if not is_blank_value(part))
    if text is None:
        return None
    raise ValueError("not a list of picklist values")


def _read_reference(text: Any) -> str | None:
    if is_blank(text, Kind.REFERENCE) or text == 0:
        return None
    if not isinstance(text, str) or not is_id(text):
        raise ValueError("not a record id")
    return text


def _read_secret(text: Any) -> None:
    """Passwords and keys are never handed out, whatever arrives."""


_READERS: Final[dict[Family, Reader]] = {
    Family.TEXT: _read_text,
    Family.CHOICE: _read_text,
    Family.CHOICES: _read_choices,
    Family.INTEGER: _read_integer,
    Family.DECIMAL: read_decimal,
    Family.BOOLEAN: read_boolean,
    Family.DATE: _read_date,
    Family.DATETIME: _read_datetime,
    Family.TIME: read_time,
    Family.REFERENCE: _read_reference,
    Family.ID: _read_reference,
    Family.SECRET: _read_secret,
}
