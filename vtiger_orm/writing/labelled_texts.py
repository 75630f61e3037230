"""Texts that an answer of a write may show decoded, since they are the record's label.

The label is encoded for HTML before the fields are read, and the server reads the encoding of a
text that it has encoded as that text: a stored ``R&amp;D`` which is the whole label is answered as
``R&D``. A text of which neither what was sent nor what was read tells better is read again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ..calls.operations import Row
from ..calls.plans import Plan, collect_rows
from ..calls.protocols import environment_of
from ..calls.server import ServerFacts
from ..conditions.certainty import ENCODED
from ..conditions.collation import ANY
from ..conditions.tree import Like, Selection
from ..metadata.kinds import Family
from ..metadata.module import ModuleMeta
from ..planner import plan_rows

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from .prepare import Prepared

_SCRIPT: Final = re.compile(r"<script.*</script>", re.IGNORECASE | re.DOTALL)
_ENTITY: Final = f"{ANY}&{ANY};{ANY}"
"""The pattern of every text that holds one."""


def holds_script(text: str) -> bool:
    """Whether the CRM stores the text with its markup encoded."""
    return _SCRIPT.search(text) is not None


def doubtful_texts(prepared: Prepared, row: Row, facts: ServerFacts) -> frozenset[str]:
    """Wire names of the texts in an answer that may be stored in their encoded form."""
    label = row.get("label")
    if facts.dialect != "webservice" or not isinstance(label, str) or not ENCODED.search(label):
        return frozenset()
    shown = html.unescape(label)
    return frozenset(
        name
        for name, text in row.items()
        if text == shown
        and ENCODED.search(shown)
        and (each := prepared.meta.by_wire.get(name)) is not None
        and each.family is Family.TEXT
        and _is_open(prepared, name, shown)
    )


def _is_open(prepared: Prepared, wire: str, shown: str) -> bool:
    if wire in prepared.sent:
        return prepared.sent[wire] == shown and holds_script(shown)
    change = prepared.change
    return change.of_record and prepared.meta.by_wire[wire].name not in change.known


def believable(meta: ModuleMeta, wires: Iterable[str], runner: Runner | None) -> Plan[bool]:
    """Whether no text of these fields is stored encoded; asked of each once in a while."""
    env = environment_of(runner)
    for wire in wires:
        each = meta.by_wire[wire]
        if not each.filterable:
            return False
        if not env.knowledge.entity_free(meta.name, wire):
            encoded = Selection(meta, Like(each, _ENTITY), stop=1, columns=(meta.id,))
            if (yield from collect_rows(plan_rows(encoded, env))):
                return False
            env.knowledge.learn_entity_free(meta.name, wire)
    return True
