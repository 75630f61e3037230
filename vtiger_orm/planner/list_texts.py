"""The form in which a text is stored, of which a list shows only what it means.

A list encodes texts, but leaves alone what is encoded already: ``&`` and ``&amp;`` both arrive as
``&amp;``, and CR LF arrives as LF. The CRM's own pages store ``&``, ``<`` and ``>`` as entities,
the RestfulApi module those of all signs that have one, and other ways none. Where a text has to be
sent back as it is, the database is asked: whether what stands in place of a sign begins as an
entity does, and whether lines end in CR LF.
"""

from __future__ import annotations

from collections.abc import Mapping
from html.entities import codepoint2name
from typing import Final

from ..calls.operations import Criterion, Listing
from ..calls.plans import Plan, perform
from ..dialects.restfulapi_filter import sayable
from ..metadata.module import ModuleMeta

_NAMES: Final = {code: f"&{name};" for code, name in codepoint2name.items()} | {ord("'"): "&#039;"}
_MARKUP: Final = {ord(sign): _NAMES[ord(sign)] for sign in "&<>"}
_OTHERS: Final = {code: name for code, name in _NAMES.items() if code not in _MARKUP}


def as_entities(text: str) -> str:
    """The text with entities for all signs that have one."""
    return text.translate(_NAMES)


def stored_text(meta: ModuleMeta, id_: str, wire: str, text: str) -> Plan[str | None]:
    """A text of a record as it is stored, as far as the server can be asked; else as it is shown.
    None where it is stored with entities, and for which signs cannot be asked."""
    markup, other = _first(text, _MARKUP), _first(text, _OTHERS)
    signs = sorted(each for each in (markup, other) if each is not None)
    for at in signs:
        if not (yield from _is_entity(meta, id_, wire, text, at)):
            if at == markup:
                break  # whoever encodes anything encodes that
            continue
        if at == other:
            return as_entities(text)
        return None if other is not None and at < other else text.translate(_MARKUP)
    if "\n" in text and (
        yield from _holds(meta, id_, (Criterion(wire, "=", text.replace("\n", "\r\n")),))
    ):
        return text.replace("\n", "\r\n")
    return text


def _first(text: str, names: Mapping[int, str]) -> int | None:
    return next((at for at, sign in enumerate(text) if ord(sign) in names), None)


def _is_entity(meta: ModuleMeta, id_: str, wire: str, text: str, at: int) -> Plan[bool]:
    before = text[:at]
    first, behind = ("&amp", "&amq") if text[at] == "&" else ("&", "'")
    bounds = (Criterion(wire, ">=", before + first), Criterion(wire, "<", before + behind))
    return (yield from _holds(meta, id_, bounds))


def _holds(meta: ModuleMeta, id_: str, criteria: tuple[Criterion, ...]) -> Plan[bool]:
    if not all(sayable(meta, said) for said in criteria):
        return False
    this = Criterion("id", "=", id_)
    return bool((yield from perform(Listing(meta.name, (this, *criteria), length=1))))
