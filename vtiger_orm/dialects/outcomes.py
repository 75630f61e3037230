"""What an answer that is no result says about the call: by HTTP status and the CRM's own code.

The decisions, for a write that must not happen twice:

- An error in the API's own envelope is a refusal: the session, the limit of calls and the values
  are looked at before anything is written. A server that does the work and then answers that the
  session has ended, or 429, would break its own protocol; none was seen, and both are repeated.
- `INTERNAL_SERVER_ERROR`, a database error and HTTP 500 come from a program that stopped
  half-way: a create with an owner that does not exist ends like that, and the record is there.
- HTTP 4xx without an envelope is a refusal by whatever stands before the CRM.
- HTTP 404, 405 and 501 without a code of the CRM's say that the operation is missing. A server or
  a proxy that fails (502, 503) says nothing of the kind, nor does an error about what was asked.
- HTTP 408, 499, 502 to 504 and the like are said by a proxy that waits no longer, or lost its
  own connection: the CRM behind it may be at work.
- Redirects and pages with HTTP 200 prove nothing.
"""

from __future__ import annotations

from typing import Final

from ..errors import Again, Fate, Outcome

REFUSED: Final = Outcome(Fate.REFUSED)
MISSING: Final = Outcome(Fate.REFUSED, missing=True)
"""The server does not have the operation."""

_GIVEN_UP: Final = frozenset({202, 408, 444, 460, 499})
"""Accepted for later, or nobody waits any longer."""

_NOT_EVEN_TRIED: Final = frozenset({505, 511})
"""What lies between asks for another protocol, or for a login of its own."""

_NOT_THERE: Final = frozenset({404, 405, 501})

DEFINITE: Final = frozenset({"FAILED_TO_CREATE"})
"""Errors of the server after which nothing is there."""


def of_status(status: int) -> Outcome:
    """The outcome of a call that was answered with this status and nothing of the API's."""
    if status == 429:
        return Outcome(Fate.REFUSED, Again.LIMIT)
    if status in _NOT_THERE:
        return MISSING
    if status in _NOT_EVEN_TRIED:
        return Outcome(Fate.REFUSED, Again.SETUP)
    if status in _GIVEN_UP:
        return Outcome(Fate.UNDER_WAY, Again.YES)
    if status == 500:  # an empty one is PHP after a fatal error, which comes again nearly always
        return Outcome(Fate.UNKNOWN, Again.ONCE)
    match status // 100:
        case 3:
            return Outcome(Fate.UNKNOWN)
        case 4:
            return REFUSED
        case 5:
            return Outcome(Fate.UNDER_WAY, Again.YES)
    return Outcome(Fate.UNKNOWN, Again.YES)
