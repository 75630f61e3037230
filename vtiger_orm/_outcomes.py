"""What became of a call that failed, and whether it is worth another attempt: `error.outcome`.

`vtiger_orm.errors` hands these out.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from ._pickled import restores


class Fate(StrEnum):
    """What became of a call on the server, as far as can be told from here."""

    NEVER_LEFT = "never left this machine"
    REFUSED = "refused by the server"
    UNKNOWN = "may have happened"
    """The server is done with it, and did not say whether it did it."""
    UNDER_WAY = "may still be under way"
    """Nobody waits for the answer any more, but the server may be at work on it."""


class Again(StrEnum):
    """Whether the same call, sent once more, may fare better."""

    NO = "no"
    ONCE = "once"
    """It nearly always fails again; one repetition tells."""
    YES = "yes"
    LIMIT = "when the limit of calls allows it"
    LOGIN = "after a new login"
    KEY = "with another key"
    SETUP = "with other settings, or a package of this CRM"


class Outcome(NamedTuple):  # every program imports it, and a dataclass takes ten times as long
    """What became of a call that failed: `error.outcome`."""

    fate: Fate
    again: Again = Again.NO
    wait: float | None = None
    """Seconds after which the server wants to be asked again, where it says so."""
    repeatable: bool = True
    """False when the request cannot be sent once more: the stream of its file was read and
    cannot be rewound."""
    until: datetime | None = None
    """When the server can no longer be at work on it: aware, by this machine's clock."""
    missing: bool = False
    """Whether the server said that it does not have the operation at all."""

    @property
    def undone(self) -> bool:
        """Whether it certainly did not take place."""
        return self.fate in (Fate.NEVER_LEFT, Fate.REFUSED)

    def __reduce__(self) -> tuple[Any, ...]:
        told = str(self.fate), str(self.again)
        return restore_outcome, (*told, self.wait, self.repeatable, self.until, self.missing)

    def after(self, earlier: Outcome | None) -> Outcome:
        """The outcome of a call that was sent before, too: the doubt of that time stays."""
        if earlier is None or earlier.undone:
            return self
        fate = self.fate if self.fate is Fate.UNDER_WAY else earlier.fate
        known = [each.until for each in (self, earlier) if each.until is not None]
        return self._replace(fate=fate, until=max(known, default=None))


@restores
def restore_outcome(
    fate: str,
    again: str,
    wait: float | None,
    repeatable: bool,
    until: datetime | None,
    missing: bool = False,
) -> Outcome:
    """What became of a call, of plain values."""
    return Outcome(Fate(fate), Again(again), wait, repeatable, until, missing)


NEVER_LEFT: Final = Outcome(Fate.NEVER_LEFT)
