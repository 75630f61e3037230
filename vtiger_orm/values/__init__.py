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

`writing.encode` takes typed values only; `convert` also reads ISO text and numbers written as text,
because that is what JSON bodies and forms hold. A float counts as the decimal it is printed as
(``0.1`` is ``Decimal("0.1")``). Fractions of a second are dropped: the CRM stores none.
"""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .blank import is_blank as is_blank
    from .blank import is_blank_value as is_blank_value
    from .checking import check_choices as check_choices
    from .checking import convert as convert
    from .checking import invalid as invalid
    from .checking import is_sendable as is_sendable
    from .checking import takes_ids_of as takes_ids_of
    from .reading import SEPARATOR as SEPARATOR
    from .reading import Reader as Reader
    from .reading import decode as decode
    from .reading import reader as reader
    from .reading import unreadable as unreadable

__all__ = [
    "SEPARATOR",
    "Reader",
    "check_choices",
    "convert",
    "decode",
    "invalid",
    "is_blank",
    "is_blank_value",
    "is_sendable",
    "reader",
    "takes_ids_of",
    "unreadable",
]

_WHERE = {
    "blank": ("is_blank", "is_blank_value"),
    "checking": ("check_choices", "convert", "invalid", "is_sendable", "takes_ids_of"),
    "reading": ("SEPARATOR", "Reader", "decode", "reader", "unreadable"),
}

if not TYPE_CHECKING:  # a model is there before any value is read or checked
    __getattr__, __dir__ = lazy_names(
        __name__, {name: where for where, names in _WHERE.items() for name in names}
    )
