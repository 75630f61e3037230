"""The lookups: what may follow ``__`` in a keyword, and on which fields.

One table for the run-time check, the generated stubs and the command line.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ..metadata.kinds import Family


class Lookup(StrEnum):
    """A comparison, named as in Django."""

    EXACT = "exact"
    IN = "in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    RANGE = "range"
    CONTAINS = "contains"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    LIKE = "like"
    ISNULL = "isnull"
    DATE = "date"
    YEAR = "year"
    MONTH = "month"
    HAS = "has"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"


class Shape(StrEnum):
    """What kind of argument a lookup takes, in terms of the field's own type."""

    VALUE_OR_BLANK = "value or None"
    VALUE = "value"
    VALUES = "iterable of values"
    PAIR = "pair of values"
    TEXT = "text"
    FLAG = "bool"
    NUMBER = "int"
    DAY = "date"
    CHOICE = "one choice"
    SEVERAL_CHOICES = "iterable of choices"


SHAPES: Final[dict[Lookup, Shape]] = {
    Lookup.EXACT: Shape.VALUE_OR_BLANK,
    Lookup.IN: Shape.VALUES,
    Lookup.LT: Shape.VALUE,
    Lookup.LTE: Shape.VALUE,
    Lookup.GT: Shape.VALUE,
    Lookup.GTE: Shape.VALUE,
    Lookup.RANGE: Shape.PAIR,
    Lookup.CONTAINS: Shape.TEXT,
    Lookup.STARTSWITH: Shape.TEXT,
    Lookup.ENDSWITH: Shape.TEXT,
    Lookup.LIKE: Shape.TEXT,
    Lookup.ISNULL: Shape.FLAG,
    Lookup.DATE: Shape.DAY,
    Lookup.YEAR: Shape.NUMBER,
    Lookup.MONTH: Shape.NUMBER,
    Lookup.HAS: Shape.CHOICE,
    Lookup.HAS_ANY: Shape.SEVERAL_CHOICES,
    Lookup.HAS_ALL: Shape.SEVERAL_CHOICES,
}

_EQUAL = (Lookup.EXACT, Lookup.IN)
_ORDER = (Lookup.LT, Lookup.LTE, Lookup.GT, Lookup.GTE, Lookup.RANGE)
_TEXT = (Lookup.CONTAINS, Lookup.STARTSWITH, Lookup.ENDSWITH, Lookup.LIKE)
_BLANK = (Lookup.ISNULL,)

LOOKUPS: Final[dict[Family, tuple[Lookup, ...]]] = {
    Family.TEXT: _EQUAL + _ORDER + _TEXT + _BLANK,
    Family.CHOICE: _EQUAL + _TEXT + _BLANK,
    Family.CHOICES: (Lookup.EXACT, Lookup.HAS, Lookup.HAS_ANY, Lookup.HAS_ALL, *_BLANK),
    Family.INTEGER: _EQUAL + _ORDER + _BLANK,
    Family.DECIMAL: _EQUAL + _ORDER + _BLANK,
    Family.BOOLEAN: _EQUAL + _BLANK,
    Family.DATE: _EQUAL + _ORDER + (Lookup.YEAR, Lookup.MONTH) + _BLANK,
    Family.DATETIME: _EQUAL + _ORDER + (Lookup.DATE, Lookup.YEAR, Lookup.MONTH) + _BLANK,
    Family.TIME: _EQUAL + _ORDER + _BLANK,
    Family.REFERENCE: _EQUAL + _BLANK,
    Family.ID: _EQUAL + _ORDER,
    Family.SECRET: (),
}
"""Text keywords on a picklist compare its stored value, as the CRM does."""
