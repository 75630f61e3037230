"""Values between Python and the wire, both ways, for every described field type.

On the wire nearly everything is text. NULL and the empty text are the same there, and so are
texts of blanks (U+0020 only: to the server a tab is a value); all of them are `None` in Python,
as are the CRM's other ways of writing "not set" (``0000-00-00``, the coordinate
``-360.0000000``, the reference ``0``).

========== ==================== ============================================
family     Python               wire
========== ==================== ============================================
text       `str`                as it is
boolean    `bool`               ``1`` / ``0``
integer    `int`                ``331``
decimal    `Decimal`            ``12.500``
date       `date`               ``2024-02-29``
datetime   aware `datetime`     ``2024-02-29 13:45:00`` in UTC
time       `time` (no zone)     ``13:45:00``
choices    `Choices`            ``1st |##| abc``
reference  id text              ``11x104``
========== ==================== ============================================

`encode` takes typed values only; `convert` also reads ISO text and numbers written as text,
because that is what JSON bodies and forms hold. A float counts as the decimal it is printed as
(``0.1`` is ``Decimal("0.1")``). Fractions of a second are dropped: the CRM stores none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeAlias

from .errors import InvalidValue, NotLoaded, Unreadable
from .ids import is_id
from .metadata.kinds import Family
from .metadata.module import FieldMeta
from .picklists import Choices

SEPARATOR: Final = " |##| "
"""Joins the values of a multi-select field."""

Reader: TypeAlias = Callable[[Any], object]
"""Wire value, never the empty text -> Python value or None; raises ValueError."""

_BLANKS: Final[dict[Family, frozenset[str]]] = {
    Family.DATE: frozenset(("0000-00-00", "0000-00-00 00:00:00")),
    Family.DATETIME: frozenset(("0000-00-00", "0000-00-00 00:00:00")),
    Family.DECIMAL: frozenset(("-360.0000000",)),
    Family.REFERENCE: frozenset(("0",)),
}
_ANY_BLANK: Final = frozenset(text for texts in _BLANKS.values() for text in texts) - {"0"}


def is_blank(text: object, family: Family | None = None) -> bool:
    """Whether a wire value means "not set": `None` in Python.

    Name the family where it is known: the text ``0000-00-00`` in a text field is a text.
    """
    if text is None:
        return True
    if not isinstance(text, str):
        return False
    if not text.strip(" "):
        return True
    return text in (_ANY_BLANK if family is None else _BLANKS.get(family, ()))


# ---- reading: wire -> Python ---------------------------------------------------------------


def decode(meta: FieldMeta, text: object) -> object | None:
    """The Python value of a wire value.

    Picklist values and references are plain text here; a model turns them into its own enum and
    `Ref`. Raises `Unreadable` for text that the field's type does not allow.
    """
    if text == "":
        return None
    try:
        return reader(meta.family)(text)
    except ValueError as error:
        raise unreadable(meta, text) from error


def unreadable(meta: FieldMeta, text: object) -> Unreadable:
    return Unreadable(
        f"The CRM sent {_shown(text)} for the {meta.kind.value} field {meta.name!r}, which is not "
        f"a {meta.family.value}. The text is kept in the record's `raw`."
    )


def reader(family: Family) -> Reader:
    """The function that reads wire values of a family. It is never given the empty text."""
    return _READERS[family]


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


def _read_boolean(text: Any) -> bool | None:
    try:
        return _BOOLEANS[text]
    except (KeyError, TypeError):
        if is_blank(text):
            return None
        if isinstance(text, str) and text.strip().lower() in _BOOLEANS:
            return _BOOLEANS[text.strip().lower()]
        raise ValueError("not a boolean") from None


_NUMBER: Final = re.compile(r"\s*[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})\s*", re.ASCII)


def _read_decimal(text: Any) -> Decimal | None:
    if isinstance(text, str):
        if _NUMBER.fullmatch(text):
            return None if text == "-360.0000000" else Decimal(text.strip())
        if text.isspace():
            return None
    elif text is None:
        return None
    elif isinstance(text, int | float) and not isinstance(text, bool):
        number = Decimal(repr(text))
        if number.is_finite():
            return number
    raise ValueError("not a number")


def _read_integer(text: Any) -> int | None:
    number = _read_decimal(text)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


def _read_date(text: Any) -> date | None:
    if is_blank(text, Family.DATE):
        return None
    if not isinstance(text, str) or len(text) != 10:
        raise ValueError("not a date")
    return date.fromisoformat(text)


def _read_datetime(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text + "Z")
    except (TypeError, ValueError):
        return _read_other_datetime(text)


def _read_other_datetime(text: Any) -> datetime | None:
    """Blanks, a bare date, and texts that name their offset."""
    if is_blank(text, Family.DATETIME):
        return None
    if not isinstance(text, str):
        raise ValueError("not a date and time")
    moment = datetime.fromisoformat(text)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the range of dates") from None


_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?", re.ASCII)


def _read_time(text: Any) -> time | None:
    if is_blank(text):
        return None
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("not a time")
    return time(int(match[1]), int(match[2]), int(match[3] or 0))


_SPLIT: Final = re.compile(r" ?\|##\| ?")


def _read_choices(text: Any) -> Choices[str] | None:
    if isinstance(text, str):
        return Choices(part for part in _SPLIT.split(text) if part.strip(" ")) or None
    if text is None:
        return None
    raise ValueError("not a list of picklist values")


def _read_reference(text: Any) -> str | None:
    if is_blank(text, Family.REFERENCE) or text == 0:
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
    Family.DECIMAL: _read_decimal,
    Family.BOOLEAN: _read_boolean,
    Family.DATE: _read_date,
    Family.DATETIME: _read_datetime,
    Family.TIME: _read_time,
    Family.REFERENCE: _read_reference,
    Family.ID: _read_reference,
    Family.SECRET: _read_secret,
}


# ---- checking: any Python value -> the field's own type -------------------------------------


def convert(meta: FieldMeta, value: object) -> object | None:
    """A value of the field's own Python type, from what constructors and JSON bodies are given.

    Besides typed values it reads ISO dates and times, and numbers and booleans written as text.
    A text of blanks is `None`. Raises `InvalidValue`.
    """
    if isinstance(value, str):
        if is_blank(value):
            return None
        if meta.family in _FROM_TEXT:
            try:
                value = _FROM_TEXT[meta.family](value)
            except ValueError as error:
                raise invalid(meta, value, str(error)) from error
    return _typed(meta, value)


def _typed(meta: FieldMeta, value: object) -> object | None:
    if value is None:
        return None
    if meta.family is Family.REFERENCE or meta.family is Family.ID:
        return _check_reference(meta, value)
    try:
        return _CHECKS[meta.family](value)
    except (ValueError, TypeError) as error:
        raise invalid(meta, value, str(error)) from error


def invalid(meta: FieldMeta, value: object, cure: str) -> InvalidValue:
    """The error for a value that does not fit: it names the field, the value and the cure."""
    return InvalidValue(
        f"{_shown(value)} does not fit the {meta.kind.value} field {meta.name!r}: {cure}"
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _iso_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_GIVE_MOMENT) from None


def _iso_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(_GIVE_DATE) from None


def _iso_time(text: str) -> time | None:
    try:
        return _read_time(text)
    except ValueError:
        raise ValueError(_GIVE_TIME) from None


def _text_number(text: str) -> Decimal | None:
    if not _NUMBER.fullmatch(text):
        raise ValueError(_GIVE_NUMBER)
    return Decimal(text.strip())


def _text_boolean(text: str) -> bool | None:
    try:
        return _read_boolean(text)
    except ValueError:
        raise ValueError(_GIVE_BOOLEAN) from None


_GIVE_MOMENT: Final = "give a datetime with a time zone, or ISO text such as 2024-02-29T13:45:00Z."
_GIVE_DATE: Final = "give a date, or ISO text such as 2024-02-29."
_GIVE_TIME: Final = "give a time, or text such as 13:45:00."
_GIVE_NUMBER: Final = "give an int or Decimal; in text only digits, a sign and a dot are allowed."
_GIVE_BOOLEAN: Final = "give True or False."
_GIVE_LIST: Final = "give a list of picklist values."

_FROM_TEXT: Final[dict[Family, Callable[[str], object]]] = {
    Family.INTEGER: _text_number,
    Family.DECIMAL: _text_number,
    Family.BOOLEAN: _text_boolean,
    Family.DATE: _iso_date,
    Family.DATETIME: _iso_moment,
    Family.TIME: _iso_time,
}


def _check_text(value: object) -> str | None:
    if not isinstance(value, str):
        raise ValueError("give text (str).")
    return None if is_blank(value, Family.TEXT) else str.__str__(value)


def _check_boolean(value: object) -> bool:
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise ValueError(_GIVE_BOOLEAN)


_MOST_DIGITS: Final = 65
"""What an SQL decimal can hold; also keeps ``1E+999999999`` from becoming a gigabyte of text."""


def _check_decimal(value: object) -> Decimal:
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
    number = _check_decimal(value)
    if number != number.to_integral_value():
        raise ValueError("give a whole number.")
    return int(number)


def _check_date(value: object) -> date:
    if isinstance(value, datetime):
        raise ValueError("a datetime would lose its time here; give its date: value.date().")
    if not isinstance(value, date):
        raise ValueError(_GIVE_DATE)
    return value


def _check_datetime(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(_GIVE_MOMENT)
    if value.utcoffset() is None:
        raise ValueError(
            "a datetime without a time zone could mean any moment. Add one: "
            "value.replace(tzinfo=datetime.UTC) if it is UTC, value.astimezone() if it is the "
            "time of this machine."
        )
    try:
        return value.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise ValueError("it is outside the range of dates.") from None


def _check_time(value: object) -> time:
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
        if not isinstance(value, str) or is_blank(value, Family.CHOICE):
            raise ValueError("every value of the list must be text that is not blank.")
        if SEPARATOR.strip() in value:
            raise ValueError(f"a value cannot hold {SEPARATOR.strip()!r}, which separates values.")
    return choices or None


def _check_secret(value: object) -> None:
    raise ValueError("passwords and keys are neither read nor written.")


_CHECKS: Final[dict[Family, Callable[[object], object]]] = {
    Family.TEXT: _check_text,
    Family.CHOICE: _check_text,
    Family.CHOICES: check_choices,
    Family.INTEGER: _check_integer,
    Family.DECIMAL: _check_decimal,
    Family.BOOLEAN: _check_boolean,
    Family.DATE: _check_date,
    Family.DATETIME: _check_datetime,
    Family.TIME: _check_time,
    Family.SECRET: _check_secret,
}


def _check_reference(meta: FieldMeta, value: object) -> str | None:
    """An id from a record, a reference or text; a record must be of a module the field takes."""
    if isinstance(value, str):
        if is_blank(value):
            return None
        if not is_id(value):
            raise invalid(meta, value, "an id is two numbers joined by 'x', such as 11x104.")
        return value
    module = getattr(type(value), "meta", None)
    if module is None:
        raise invalid(meta, value, "give a record, a reference or an id such as '11x104'.")
    if meta.targets and module.name not in meta.targets:
        raise invalid(meta, value, f"it refers to {' or '.join(meta.targets)}.")
    try:
        return str(value.id)  # type: ignore[attr-defined]
    except NotLoaded as error:
        raise invalid(
            meta, value, "it is not saved yet, so it has no id. Save it first."
        ) from error


# ---- writing: Python -> wire ----------------------------------------------------------------


def encode(meta: FieldMeta, value: object) -> str:
    """The wire text of a typed value; `None` is the empty text, which clears a field.

    Raises `InvalidValue`, which names the field, the value and the cure. Text for a date or a
    number is refused; use `convert` where it may occur.
    """
    return plain(_typed(meta, value))


def plain(value: object) -> str:
    """The wire text of a value by its Python type alone, for fields the package does not know."""
    match value:
        case None:
            return ""
        case str():
            return "" if is_blank(value, Family.TEXT) else str.__str__(value)
        case bool():
            return "1" if value else "0"
        case int() | float() | Decimal():
            return _number_text(_check_decimal(value))
        case datetime():
            local = _check_datetime(value).replace(tzinfo=None)
            return local.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case time():
            return _check_time(value).isoformat("seconds")
        case list() | tuple() | set() | frozenset():
            return SEPARATOR.join(check_choices(value) or ())
    raise ValueError(f"a {type(value).__name__} has no wire form")


def _number_text(number: Decimal) -> str:
    text = format(number, "f")
    return "-360" if text == "-360.0000000" else text
