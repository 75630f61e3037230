"""MySQL's silent conversions: text to number, text to date, and clipping to a column."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Final

_NUMBER: Final = re.compile(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_LARGEST: Final = 2**63 - 1
_DIGITS: Final = 40
_WIDE: Final = Context(prec=5 * _DIGITS)  # room for products of such numbers
ZERO_DATE: Final = "0000-00-00"
ZERO_DATETIME: Final = "0000-00-00 00:00:00"

_ISO: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_COMPACT_MOMENT: Final = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2}))?"
)
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_CLOCK: Final = re.compile(r"([0-9]{1,3}):([0-9]{1,2})(?::([0-9]{1,2}))?")


def number(value: object) -> float | None:
    """A value as the database compares it with a number: what its text begins with, else 0."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    match = _NUMBER.match(str(value))
    if match is None:
        return 0.0
    result = float(match[1])
    return result if math.isfinite(result) else math.copysign(1.7976931348623157e308, result)


def integer(text: str) -> int:
    """Text for an integer column: rounded, clipped to 32 bits, 0 when it is no number."""
    amount = number(text) or 0.0
    rounded = math.floor(abs(amount) + 0.5) * (1 if amount >= 0 else -1) if amount else 0
    return max(_INT_MIN, min(_INT_MAX, int(rounded)))


def digits(text: str) -> int | None:
    """The number that ASCII digits write, and the largest one that SQLite holds where they write
    more; None for any other text (``²`` and ``١`` are digits to Python)."""
    if not text.isascii() or not text.isdecimal():
        return None
    significant = text.lstrip("0")
    return int(significant or "0") if len(significant) < 19 else _LARGEST


def is_numeric(text: str) -> bool:
    """Whether PHP takes the whole text for a number."""
    match = _NUMBER.match(text)
    return match is not None and not text[match.end() :].strip()


def decimal(text: str) -> Decimal:
    """The number a text begins with, exactly; 0 when it is none."""
    match = _NUMBER.match(text)
    if match is None:
        return Decimal(0)
    try:
        amount = Decimal(match[1])
    except InvalidOperation:  # an exponent beyond all bounds
        return Decimal(0)
    if amount and abs(amount.adjusted()) > _DIGITS:  # no column holds it, none tells it from 0
        return Decimal(1).scaleb(_DIGITS).copy_sign(amount) if amount.adjusted() > 0 else Decimal(0)
    return amount


def rounded(amount: Decimal, digits: int) -> Decimal:
    """Half away from zero, as PHP and SQL round."""
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _WIDE)


def fixed(amount: Decimal, whole: int, digits: int) -> str:
    """A decimal column's text: clipped to its digits, ``999.99`` for anything larger."""
    limit = Decimal(10) ** whole - Decimal(1).scaleb(-digits)
    amount = max(-limit, min(limit, amount))
    text = f"{rounded(amount, digits):.{digits}f}"
    return text.removeprefix("-") if not amount else text


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def written_date(text: str) -> str | None:
    """A date as a record stores it: ISO, year first or day first, any of ``- / .``.

    An impossible day is the zero date; anything else (a time behind it, garbage) is NULL.
    """
    text = text.strip()
    if match := _ISO.fullmatch(text):
        return _day(int(match[1]), int(match[2]), int(match[3])) or ZERO_DATE
    if match := _DAY_FIRST.fullmatch(text):
        return _day(int(match[3]), int(match[2]), int(match[1])) or ZERO_DATE
    return None


def written_datetime(text: str) -> str:
    """A moment as a record stores it; zones are ignored, a bad one is the zero moment."""
    return _moment(text) or ZERO_DATETIME


def written_time(text: str) -> str:
    """A time of day as a record stores it; ``PM`` is ignored, an impossible one is midnight."""
    return clock(text) or "00:00:00"


def clock(text: str) -> str | None:
    """``12:00`` as ``12:00:00``; None when the text begins with no possible time."""
    match = _CLOCK.match(text.strip())
    if match is None:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def compared_date(text: str) -> str:
    """A literal that is compared with a date column; the zero date when it is none.

    A time behind the day takes part in the comparison.
    """
    text = text.strip()
    if match := _ISO.match(text):
        day = _day(int(match[1]), int(match[2]), int(match[3]))
        rest = text[match.end() :].strip(" T")
        moment = clock(rest) if rest else None
        if day is None:
            return ZERO_DATE
        return day if moment in (None, "00:00:00") else f"{day} {moment}"
    if match := _COMPACT.fullmatch(text):
        return _day(int(match[1]), int(match[2]), int(match[3])) or ZERO_DATE
    return ZERO_DATE


def compared_datetime(text: str) -> str:
    """A literal that is compared with a datetime column."""
    if match := _COMPACT_MOMENT.fullmatch(text.strip()):
        day = _day(int(match[1]), int(match[2]), int(match[3]))
        moment = clock(f"{match[4]}:{match[5]}:{match[6]}") if match[4] else "00:00:00"
        return f"{day} {moment}" if day and moment else ZERO_DATETIME
    return _moment(text) or ZERO_DATETIME


def _moment(text: str) -> str | None:
    text = text.strip()
    match = _ISO.match(text)
    if match is None:
        return None
    day = _day(int(match[1]), int(match[2]), int(match[3]))
    rest = text[match.end() :].lstrip(" T")
    moment = clock(rest) if rest else "00:00:00"
    return f"{day} {moment}" if day and moment else None
