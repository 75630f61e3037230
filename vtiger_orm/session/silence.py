"""Empty lists that are proved to be empty, once for the columns that they name.

On PHP 8 the RestfulApi module answers an SQL error with HTTP 500; on an older one with a list
without rows, as if there were none. So the first empty list that names columns of which no row was
seen yet is followed by one that is ordered by them and leaves nothing out: a row proves that they
are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ..calls.environment import Knowledge
from ..calls.operations import Call, Listing
from ..errors import ServerError
from .effects import Conversation

Perform = Callable[[Call[object]], Conversation[object]]

_OWN: Final = frozenset({"id"})
"""Columns that every list has."""


class Silence:
    """What a session believes of lists without rows."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge: Final = knowledge

    def ask(self, call: Listing, perform: Perform) -> Conversation[object]:
        """The answer. Raises `ServerError` for an empty one where the server hides an SQL error."""
        answer = yield from perform(call)
        named = {said.wire for said in call.criteria} | {wire for wire, _ in call.order}
        columns = frozenset(named - _OWN)
        shape = ("list", call.module, columns)
        if not columns or self._knowledge.is_seen(shape):
            return answer
        if not answer:
            every = Listing(call.module, (), tuple((wire, False) for wire in sorted(columns)), 0, 1)
            if not (yield from perform(every)):
                if (yield from perform(replace(every, order=(("id", False),)))):
                    raise _silent(call.module, columns)
                return answer  # a module without records, about which nothing is learnt
        self._knowledge.verify(shape)
        return answer


def _silent(module: str, columns: frozenset[str]) -> ServerError:
    return ServerError(
        f"list of {module}: nothing is answered as soon as {', '.join(sorted(columns))} of "
        f"{module} is named, though there are records. So the RestfulApi module answers an SQL "
        "error on an old PHP: this CRM has such a column elsewhere, or not at all. Pull the schema "
        "again, leave the field out of condition and order, or use webservice.php.",
        operation="list",
        module=module,
        status=200,
    )
