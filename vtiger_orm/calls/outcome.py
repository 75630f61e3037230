"""Reading an outcome: what retry, create-once, bulk, delete and upload decide by.

The value is declared beside the errors, which carry it. `dialects` judges status and body of an
answer, `session` transport and login; nobody else makes one.
"""

from __future__ import annotations

from typing import Final

from ..errors import NEVER_LEFT, Again, Fate, Outcome, VtigerError
from .operations import Call

__all__ = ["NEVER_LEFT", "Again", "Fate", "Outcome", "may_repeat", "outcome_of", "tells_nothing"]

_ABOUT_THE_SESSION: Final = frozenset({Again.LIMIT, Again.LOGIN, Again.KEY, Again.SETUP})


def outcome_of(error: VtigerError) -> Outcome:
    """What became of the call that failed with this error.

    An error without an outcome was raised before anything was sent.
    """
    return error.outcome or NEVER_LEFT


def tells_nothing(error: VtigerError) -> bool:
    """Whether a failure says nothing about what was asked: the login, the limit of calls, the
    settings or what lies between here and the CRM are at fault, whatever the call. What never
    left although it may fare better next time was not asked at all."""
    outcome = outcome_of(error)
    kept_from_leaving = outcome.fate is Fate.NEVER_LEFT and outcome.again is not Again.NO
    return (
        outcome.fate is Fate.UNDER_WAY or outcome.again in _ABOUT_THE_SESSION or kept_from_leaving
    )


def may_repeat(call: Call[object], outcome: Outcome) -> bool:
    """Whether sending the call again cannot do anything twice."""
    return outcome.repeatable and (not call.writes or call.repeatable or outcome.undone)
