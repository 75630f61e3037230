"""What counts as "not set": on the wire by family, in Python for every value alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..metadata.kinds import Family

ZERO_DATE: Final = "0000-00-00"
NO_COORDINATE: Final = "-360.0000000"
"""A coordinate that is not set."""


def _is_zero_date(text: str) -> bool:
    return text.startswith(ZERO_DATE)


def _is_no_record(text: str) -> bool:
    """The number 0, with or without the prefix of a module."""
    return text.rpartition("x")[2].strip("0") == "" and text.endswith("0")


_BLANKS: Final[dict[Family, Callable[[str], bool]]] = {
    Family.DATE: _is_zero_date,
    Family.DATETIME: _is_zero_date,
    Family.DECIMAL: NO_COORDINATE.__eq__,
    Family.REFERENCE: _is_no_record,
    Family.ID: _is_no_record,
}
_ANY_BLANK: Final = frozenset((ZERO_DATE, f"{ZERO_DATE} 00:00:00", NO_COORDINATE))


def is_blank(text: object, family: Family | None = None) -> bool:
    """Whether a wire value means "not set": `None` in Python.

    Name the family where it is known: the text ``0000-00-00`` in a text field is a text.
    """
    if is_blank_value(text):
        return True
    if not isinstance(text, str):
        return False
    if family is None:
        return text in _ANY_BLANK
    blank = _BLANKS.get(family)
    return blank is not None and blank(text)


def is_blank_value(value: object) -> bool:
    """Whether a value that somebody gives in Python means "not set": `None`, or a text of
    blanks (U+0020 only)."""
    return value is None or (isinstance(value, str) and not value.strip(" "))
