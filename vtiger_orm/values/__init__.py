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

from .blank import is_blank, is_blank_value
from .checking import check_choices, convert, invalid, is_sendable, takes_ids_of
from .reading import SEPARATOR, Reader, decode, reader, unreadable

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
