"""What counts as "not set": on the wire by family, in Python for every value alike."""

from __future__ import annotations

from typing import Final

from ..metadata.kinds import Family

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
    if is_blank_value(text):
        return True
    return isinstance(text, str) and text in (
        _ANY_BLANK if family is None else _BLANKS.get(family, ())
    )


def is_blank_value(value: object) -> bool:
    """Whether a value that somebody gives in Python means "not set": `None`, or a text of
    blanks (U+0020 only)."""
    return value is None or (isinstance(value, str) and not value.strip(" "))
