"""What is told of writes: rules that are broken, values stored otherwise, what was not sent.

Errors carry these, and `vtiger_orm.errors` names them for type checkers alone: at start-up nothing
of this file is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any, Final

from ._dataclass import dataclass


class Rule(StrEnum):
    """Which rule a value breaks."""

    MODULE = "module"
    MANDATORY = "mandatory"
    READ_ONLY = "read-only"
    VALUE = "value"
    PICKLIST = "picklist"
    DEPENDENCY = "dependency"
    REFERENCE = "reference"
    LENGTH = "length"
    EMAIL = "email"
    RANGE = "range"
    CHARACTERS = "characters"
    SERVER = "server"
    """What this server cannot do; raises `NotSupported`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that the CRM would refuse or damage."""

    field: str
    """The attribute, or ``""`` for the record as a whole."""
    rule: Rule
    message: str
    fatal: bool = True
    """Whether it stops the write; else it is a warning."""


class Reason(StrEnum):
    """The likely reason of a difference."""

    ROUNDED = "rounded"
    """Decimals beyond the digits of the API user's preferences, or of the column."""
    CLIPPED = "clipped"
    """A number outside of what the column holds."""
    CUT = "cut"
    """Text longer than the column."""
    CHARACTERS = "characters"
    """Characters beyond U+FFFF, stored as ``????``."""
    EMPTIED = "emptied"
    """The CRM dropped the value: a reference to a missing record, an inactive currency."""
    ZEROED = "zeroed"
    """A blank number or checkbox, stored as 0: a condition on blank does not find it."""
    NOBODY = "nobody"
    """An owner that does not exist: the CRM keeps its number, which can no longer be read."""
    CHANGED = "changed"
    """Anything else, a workflow of the CRM for example."""
    ABSENT = "absent"
    """The answer does not have the field: it is hidden from this user, was removed since the
    package was generated, or is never told. Whether the value was stored is not known."""
    MISSING = "missing"
    """A new record was not given what it needs, and has a blank there."""
    COMPUTED = "computed"
    """Not sent: the CRM computes it from what was. The one kind that strict mode allows."""
    UNASKED = "unasked"
    """Not sent, and changed all the same: by the CRM, or by somebody else since it was read."""


_NOT_SENT: Final = frozenset({Reason.COMPUTED, Reason.UNASKED, Reason.MISSING})


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One field that is not in the CRM what it was to be; values in wire form."""

    field: str
    sent: str
    """The value that was sent; of a field that was not sent, the one that was read before."""
    stored: str | None
    """None where the answer does not have the field."""
    why: Reason

    def __str__(self) -> str:
        said = "not sent, was" if self.why in _NOT_SENT else "sent"
        found = "not in the answer" if self.stored is None else f"stored {self.stored!r}"
        return f"{self.field}: {said} {self.sent!r}, {found} ({self.why})"


@dataclass(frozen=True, slots=True)
class Withheld:
    """A write that a dry run did not send."""

    operation: str
    module: str | None = None
    id: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """Wire name -> wire value; for operations without fields, their parameters."""
    file: str | None = None
    """The name of the file that would go with it."""

    def __str__(self) -> str:
        about = " ".join(each for each in (self.module, self.id, self.file) if each)
        values = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return " ".join(each for each in (self.operation, about, values) if each)
