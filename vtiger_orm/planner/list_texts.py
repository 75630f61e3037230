"""The form in which a text is stored, of which a list shows only what it means.

A list encodes texts, but leaves alone what is encoded already: ``&`` and ``&amp;`` both arrive as
``&amp;``, and CR LF arrives as LF. Where a text has to be sent back as it is, the database is
asked: whether what stands in place of its first such sign begins as an entity does, and whether
its lines end in CR LF.
"""

from __future__ import annotations

import re
from html.entities import codepoint2name
from typing import Final

from ..calls.operations import Criterion, Listing
from ..calls.plans import Plan, perform
from ..dialects.restfulapi_filter import sayable
from ..metadata.module import ModuleMeta

_NAMES: Final = {code: f"&{name};" for code, name in codepoint2name.items()} | {ord("'"): "&#039;"}
_AMBIGUOUS: Final = re.compile("[&<>\"'\xa0-\U0010ffff]")


def as_entities(text: str) -> str:
    """The text with entities for all signs that have one."""
    return text.translate(_NAMES)


def stored_text(meta: ModuleMeta, id_: str, wire: str, text: str) -> Plan[str]:
    """A text of a record as it is stored, as far as the server can be asked; else as it is
    shown."""
    match = _AMBIGUOUS.search(text)
    if match is not None and as_entities(match[0]) != match[0]:
        before = text[: match.start()]
        first, behind = ("&amp", "&amq") if match[0] == "&" else ("&", "'")
        bounds = (
            Criterion(wire, ">=", before + first),
            Criterion(wire, "<", before + behind),
        )
        if (yield from _holds(meta, id_, bounds)):
            return as_entities(text)
    if "\n" in text and (
        yield from _holds(meta, id_, (Criterion(wire, "=", text.replace("\n", "\r\n")),))
    ):
        return text.replace("\n", "\r\n")
    return text


def _holds(meta: ModuleMeta, id_: str, criteria: tuple[Criterion, ...]) -> Plan[bool]:
    if not all(sayable(meta, said) for said in criteria):
        return False
    this = Criterion("id", "=", id_)
    return bool((yield from perform(Listing(meta.name, (this, *criteria), length=1))))
