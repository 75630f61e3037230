"""What a RestfulApi module looks like that was not mended, and HTTP 500 of one that was.

PHP stops without a word, so all that can be told is for which reasons an operation was seen to end
like that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..errors import MalformedAnswer, ServerError, VtigerError
from .base import HttpResponse
from .errors import Asked, unusable

_CURE: Final = (
    "Its last release is of 2017 and does not run on Vtiger 8 and PHP 8 as it is: install one "
    "that was mended, or use the server's webservice.php."
)
_SAVING: Final = (
    "So the RestfulApi module answers when the CRM prevents a duplicate and when a workflow fails: "
    "look for a record that has the same unique values, and into the server's log. "
)
_READING: Final = (
    "A mended RestfulApi module was not seen to answer this operation so: the server's log tells "
    "why. "
)
_SEEN: Final[Mapping[str, str]] = {
    "create": _SAVING,
    "revise": _SAVING,
    "delete": (
        "A mended RestfulApi module was not seen to answer a deletion so: it only sets a mark, and "
        "starts neither workflows nor events. The server's log tells why. "
    ),
    "list": (
        "So the RestfulApi module answers an SQL error: a table or column that this CRM does not "
        "have (pull the schema again), or a module that it cannot list. "
    ),
}
"""By operation, what is known of an empty HTTP 500; of all others as little as of reading one
record."""
_UNDONE: Final = "Whether it was done is not known: read the record again. "
_CHANGES: Final = frozenset({"revise", "delete"})
"""Of what a create has become, whoever sent it looks."""
_EVERYTHING: Final = "One that was not mended for its server answers so to everything."


def check_rows(asked: Asked, rows: Sequence[object]) -> None:
    """Raise `MalformedAnswer` for rows that hold nothing but what changed in them."""
    if any(isinstance(row, dict) and row.keys() == {"changed"} for row in rows):
        raise MalformedAnswer(
            f"{asked}: every row of the answer is {{'changed': [...]}}. So answers a RestfulApi "
            f"module of which only login and token were mended for PHP 8. {_CURE}"
        )


def unmended(asked: Asked, response: HttpResponse, why: str = "") -> VtigerError:
    """The error for an answer that is not the module's, by the pictures that are known of it;
    `why` where there is no doubt which part of it fails."""
    if response.status != 500 or response.body.strip():
        return unusable(asked, response)
    if why:
        text = f"{asked}: the RestfulApi module is not mended for this server: {why}. {_CURE}"
    else:
        seen = _SEEN.get(asked.operation, _READING)
        undone = _UNDONE if asked.operation in _CHANGES else ""
        text = f"{asked}: HTTP 500 and nothing else. {seen}{undone}{_EVERYTHING} {_CURE}"
    error: VtigerError = ServerError(
        text, operation=asked.operation, module=asked.module, status=500
    )
    error.outcome = unusable(asked, response).outcome
    return error
