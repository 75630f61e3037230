"""Columns that the CRM refuses this user: found out once a module, and left out from then on.

Only where the session was told so (``missing_fields="defer"``): else a refusal is an error. While
somebody finds out, whoever asks for the same columns waits for what comes of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..calls.environment import Knowledge
from ..calls.gates import Gate
from ..calls.operations import Call, Query
from ..dialects.denied import denied_field
from ..errors import AccessDenied
from .effects import Conversation, Enter


class Deferring:
    """How a session asks for columns that it can do without."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()

    def ask(
        self, query: Query, perform: Callable[[Call[object]], Conversation[object]]
    ) -> Conversation[object]:
        """What `perform` makes of the query without the columns that are refused. Columns that it
        cannot do without, as those of its condition, stay an error."""
        if self._is_known(query):
            return (yield from self._asked(query, perform))
        gate = self._gate(query.module)
        entered = yield Enter(gate)
        try:
            return (yield from self._asked(query, perform))
        finally:
            if entered:
                gate.leave()

    def _asked(
        self, query: Query, perform: Callable[[Call[object]], Conversation[object]]
    ) -> Conversation[object]:
        while True:
            asked = query.without(self._knowledge.refused(query.module))
            try:
                reply = yield from perform(asked)
            except AccessDenied as error:
                wire = denied_field(error)
                if wire is None or wire not in asked.spare:
                    raise
                self._knowledge.learn_refused(query.module, wire)
            else:
                self._knowledge.learn_shown(query.module, asked.spare)
                return reply

    def _is_known(self, query: Query) -> bool:
        """Whether of each column it is known that this user may read it, or not."""
        known = self._knowledge
        return query.spare <= known.shown(query.module) | known.refused(query.module)

    def _gate(self, module: str) -> Gate:
        with self._lock:
            return self._gates.setdefault(module, Gate())
