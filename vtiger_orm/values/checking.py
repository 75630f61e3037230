"""Whether a Python value fits its field, and the field's own type made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from ..errors import InvalidId, InvalidValue, NotLoaded
from ..ids import is_id
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from .blank import is_blank, is_blank_value
from .picklists import Choices
from .reading import SEPARATOR, read_boolean, read_day, read_decimal, read_moment, read_time, shown


def convert(meta: FieldMeta, value: object) -> Any:
    """A value of the field's own Python type, from what constructors and JSON bodies are given.

    Besides typed values it reads ISO dates and times, and numbers and booleans written as text.
    A text of blanks is `None`. Raises `InvalidValue`.
    """
    if isinstance(value, str):
        if is_blank(value, meta.kind):
            return None
        if meta.family in _FROM_TEXT:
            parse, cure = _FROM_TEXT[meta.family]
            try:
                value = parse(value)
            except ValueError as error:
                raise invalid(meta, value, cure) from error
    return typed(meta, value)


def typed(meta: FieldMeta, value: object) -> Any:
    """As `convert`, for values that have a type already; raises `InvalidValue` for others."""
    if value is None:
        return None
    if meta.family in _REFERENCES:
        return _check_reference(meta, value)
    if isinstance(value, str) and meta.family in _OF_TEXT:
        raise invalid(meta, value, _OF_TEXT[meta.family])
    try:
        return _CHECKS[meta.family](value)
    except (ValueError, TypeError) as error:
        raise invalid(meta, value, str(error)) from error


def invalid(meta: FieldMeta, value: object, cure: str) -> InvalidValue:
    """The error for a value that does not fit: it names the field, the value and the cure."""
    return InvalidValue(
        f"{shown(value)} does not fit the {meta.kind.value} field {meta.name!r}: {cure}"
    )


_REFERENCES: Final = frozenset({Family.REFERENCE, Family.ID})
_GIVE_MOMENT: Final = "give a datetime with a time zone, or ISO text such as 2024-02-29T13:45:00Z."
_GIVE_DATE: Final = "give a date, or ISO text such as 2024-02-29."
_GIVE_TIME: Final = "give a time, or text such as 13:45:00."
_GIVE_NUMBER: Final = "give an int or Decimal; in text only digits, a sign and a dot are allowed."
_GIVE_BOOLEAN: Final = "give True or False."
_GIVE_LIST: Final = "give a list of picklist values."

_FROM_TEXT: Final[dict[Family, tuple[Callable[[str], object], str]]] = {
    Family.INTEGER: (read_decimal, _GIVE_NUMBER),
    Family.DECIMAL: (read_decimal, _GIVE_NUMBER),
    Family.BOOLEAN: (read_boolean, _GIVE_BOOLEAN),
    Family.DATE: (read_day, _GIVE_DATE),
    Family.DATETIME: (read_moment, _GIVE_MOMENT),
    Family.TIME: (read_time, _GIVE_TIME),
}

_OF_TEXT: Final[dict[Family, str]] = {
    Family.INTEGER: "give a number: int(text).",
    Family.DECIMAL: "give a number: Decimal(text).",
    Family.BOOLEAN: _GIVE_BOOLEAN,
    Family.DATE: "give a date: date.fromisoformat(text).",
    Family.DATETIME: "give a datetime with a time zone: datetime.fromisoformat(text) of a text "
    "that names its offset, such as 2024-02-29T13:45:00Z.",
    Family.TIME: "give a time: time.fromisoformat(text).",
}
"""The cure where text is not converted."""


def check_text(value: object) -> str | None:
    if not isinstance(value, str):
        raise ValueError("give text (str).")
    if not is_sendable(value):
        raise ValueError(
            "it holds half of a character (a lone surrogate), which cannot be sent. Text that was "
            "decoded with errors='surrogateescape' has such."
        )
    return None if is_blank_value(value) else str.__str__(value)


def is_sendable(text: str) -> bool:
    """Whether the text can be encoded as UTF-8."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _check_boolean(value: object) -> bool:
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise ValueError(_GIVE_BOOLEAN)


_MOST_DIGITS: Final = 65
"""What an SQL decimal can hold; also keeps ``1E+999999999`` from becoming a gigabyte of text."""


def check_decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(_GIVE_NUMBER)
    if isinstance(value, int) and value.bit_length() > 4 * _MOST_DIGITS:
        raise ValueError(f"a number has at most {_MOST_DIGITS} digits.")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError("give a finite number.")
    if number and not -_MOST_DIGITS <= number.adjusted() < _MOST_DIGITS:
        raise ValueError(f"a number has at most {_MOST_DIGITS} digits.")
    return number


def _check_integer(value: object) -> int:
    number = check_decimal(value)
    if number != number.to_integral_value():
        raise ValueError("give a whole number.")
    return int(number)


def _check_date(value: object) -> date:
    if isinstance(value, datetime):
        raise ValueError("a datetime would lose its time here; give its date: value.date().")
    if not isinstance(value, date):
        raise ValueError(_GIVE_DATE)
    return value


def check_datetime(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(_GIVE_MOMENT)
    if value.utcoffset() is None:
        raise ValueError(
            "a datetime without a time zone could mean any moment. Add one: "
            "value.replace(tzinfo=datetime.UTC) if it is UTC, value.astimezone() if it is the "
            "time of this machine."
        )
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is outside the range of dates.") from None
    return moment.replace(microsecond=0) if moment.microsecond else moment


def check_time(value: object) -> time:
    if not isinstance(value, time):
        raise ValueError(_GIVE_TIME)
    if value.tzinfo is not None:
        raise ValueError("times have no zone in the CRM; give value.replace(tzinfo=None).")
    return value.replace(microsecond=0, fold=0)


def check_choices(values: object) -> Choices[str] | None:
    """Several picklist values, each of which can be told apart on the wire."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(_GIVE_LIST)
    choices: Choices[str] = Choices(values)
    for value in choices:
        if not isinstance(value, str) or is_blank_value(value):
            raise ValueError("every value of the list must be text that is not blank.")
        check_text(value)
        if SEPARATOR.strip() in value:
            raise ValueError(f"a value cannot hold {SEPARATOR.strip()!r}, which separates values.")
    return choices or None


def _check_secret(value: object) -> None:
    raise ValueError("passwords and keys are neither read nor written.")


_CHECKS: Final[dict[Family, Callable[[object], object]]] = {
    Family.TEXT: check_text,
    Family.CHOICE: check_text,
    Family.CHOICES: check_choices,
    Family.INTEGER: _check_integer,
    Family.DECIMAL: check_decimal,
    Family.BOOLEAN: _check_boolean,
    Family.DATE: _check_date,
    Family.DATETIME: check_datetime,
    Family.TIME: check_time,
    Family.SECRET: _check_secret,
}


_AN_ID: Final = "two numbers joined by 'x', such as 11x104."


def _check_reference(meta: FieldMeta, value: object) -> str | None:
    """An id from a record, a reference or text; a record must be of a module the field takes."""
    if isinstance(value, str):
        if is_blank_value(value):
            return None
        if not is_id(value):
            raise InvalidId(value, f"{meta.name!r} takes {_AN_ID}")
        if meta.prefixes and value.partition("x")[0] not in meta.prefixes:
            raise invalid(meta, value, takes_ids_of(meta.targets, meta.prefixes))
        return value
    module = getattr(type(value), "meta", None)
    if module is None:
        raise invalid(meta, value, "give a record, a reference or an id such as '11x104'.")
    if meta.targets and module.name not in meta.targets:
        raise invalid(meta, value, f"it refers to {' or '.join(meta.targets)}.")
    try:
        return str(value.id)  # type: ignore[attr-defined]  # a record
    except NotLoaded as error:
        raise invalid(
            meta, value, "it is not saved yet, so it has no id. Save it first."
        ) from error


def takes_ids_of(modules: Iterable[str], prefixes: Iterable[str]) -> str:
    """The cure for an id of another module."""
    begins = " or ".join(f"{each}x" for each in prefixes)
    return f"it takes ids of {' or '.join(modules)}, which begin with {begins} on this CRM."
