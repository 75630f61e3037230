"""Columns that the CRM refuses this user: a read names each once, and then leaves it out.

Only where the session was told so (``missing_fields="defer"``): else a refusal is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..calls.environment import Environment
from ..calls.plans import Rows, RowStream
from ..conditions.tree import Selection, atoms
from ..errors import AccessDenied

_DENIED: Final = re.compile(r"Permission to access '?\.?(\w+)\.?'? attribute denied")


def denied_field(error: AccessDenied) -> str | None:
    """The wire name of the field that a refusal is about, if it is about one."""
    detail: Any = error.detail
    text = detail.get("message", "") if isinstance(detail, dict) else ""
    found = _DENIED.search(str(text) or str(error))
    return found[1] if found else None


def without_refused(
    read: Callable[[Selection, Environment], RowStream], selection: Selection, env: Environment
) -> RowStream:
    """What `read` yields; once more without each column that is refused before the first row.

    A field that the condition or the order names stays an error: without it the rows would be
    others.
    """
    while True:
        stream = read(selection, env)
        try:
            reply: Any = None
            handed_out = False
            while True:
                step = stream.send(reply)
                handed_out = handed_out or (isinstance(step, Rows) and bool(step.rows))
                try:
                    reply = yield step
                except AccessDenied as error:
                    if handed_out or not _is_learnt(error, selection, env):
                        raise
                    break
        except StopIteration:
            return
        finally:
            stream.close()


def _is_learnt(error: AccessDenied, selection: Selection, env: Environment) -> bool:
    wire, module = denied_field(error), selection.module
    named = {atom.field.wire for atom in atoms(selection.where)}
    named |= {each.field.wire for each in selection.order}
    if wire is None or wire not in module.by_wire or wire in {"id", *named}:
        return False
    if error.module not in (None, module.name) or wire in env.knowledge.refused(module.name):
        return False
    env.knowledge.learn_refused(module.name, wire)
    return True
