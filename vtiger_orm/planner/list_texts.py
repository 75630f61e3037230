"""The form in which a text is stored, of which a list shows only what it means.

A list encodes texts, but leaves alone what is encoded already: ``&`` and ``&amp;`` both arrive as
``&amp;``, and CR LF arrives as LF. The CRM's own pages store ``&``, ``<`` and ``>`` as entities,
the RestfulApi module those of all signs that have one, and other ways none. Where a text has to be
sent back as it is, the database is asked: whether what stands in place of a sign begins as an
entity does, and whether its first line ends in CR LF. It cannot be asked of what comes behind a
colon, a semicolon or a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from html.entities import codepoint2name
from typing import Final

from ..calls.operations import Criterion, Listing
from ..calls.plans import Plan, perform
from ..dialects.restfulapi_filter import sayable
from ..metadata.module import ModuleMeta

_NAMES: Final = {code: f"&{name};" for code, name in codepoint2name.items()} | {ord("'"): "&#039;"}
_MARKUP: Final = {ord(sign): _NAMES[ord(sign)] for sign in "&<>"}
_OTHERS: Final = {code: name for code, name in _NAMES.items() if code not in _MARKUP}
_LINE_ENDS: Final = {ord("\n"): "\r\n"}
_FORMS: Final = {"line ends": _LINE_ENDS, "markup": _MARKUP, "other": _OTHERS}
"""What a sign that is shown may stand for."""
_PLAIN: Final = re.compile(rf"[^:;\\\x00-\x1f\x7f{''.join(map(chr, _NAMES))}]{{1,40}}")
"""The beginning of a line that a criterion can name, and that has one form."""
_ELEMENT: Final = re.compile("<[a-zA-Z/!?]")
"""Where a page sees an element begin."""


def as_entities(text: str) -> str:
    """The text with entities for all signs that have one."""
    return text.translate(_NAMES)


def stored_text(meta: ModuleMeta, id_: str, wire: str, text: str) -> Plan[str | None]:
    """A text of a record as it is stored, as far as the server can be asked; else as it is shown,
    which means the same. None where another form would mean something else, and which one it is
    cannot be asked."""
    first = {each: _first(text, _FORMS[each]) for each in _FORMS}
    plain = set[str]()
    for kind in sorted((each for each in first if first[each] >= 0), key=first.__getitem__):
        at = _first(text, _FORMS[kind])  # behind CR LF it is further on by now
        if kind == "line ends":
            if (yield from _holds(meta, id_, (_beyond_line_feed(wire, text, at),))):
                text = text.translate(_LINE_ENDS)
            continue
        if "markup" in plain:
            continue  # whoever encodes anything encodes that
        is_entity = yield from _is_entity(meta, id_, wire, text, at)
        if is_entity is None:
            return text if _means_the_same_encoded(text) else None
        if not is_entity:
            plain.add(kind)
        elif kind == "other":
            return as_entities(text)
        else:
            others_are_known = first["other"] < 0 or "other" in plain
            return text.translate(_MARKUP) if others_are_known else None
    return text


def _means_the_same_encoded(text: str) -> bool:
    """Whether a page shows the text and its encoded form alike: no element, no entity in it."""
    return _ELEMENT.search(text) is None and unescape(text) == text


def _beyond_line_feed(wire: str, text: str, at: int) -> Criterion:
    """What a text satisfies whose first line ends in CR LF and none that ends in LF alone, since
    LF comes before CR; it names no more of the text than it has to."""
    begin = _PLAIN.match(text, at + 1)
    following = begin[0] if begin is not None else ""
    sign = text[at + 1 + len(following) :][:1]
    if ord(sign or " ") in _NAMES:
        following += "!"  # which comes before it, and before an entity
    if following.strip():
        return Criterion(wire, ">=", f"{text[:at]}\r\n{following.rstrip()}")
    return Criterion(wire, ">", f"{text[:at]}\n~")


def _first(text: str, forms: Mapping[int, str]) -> int:
    return next((at for at, sign in enumerate(text) if ord(sign) in forms), -1)


def _is_entity(meta: ModuleMeta, id_: str, wire: str, text: str, at: int) -> Plan[bool | None]:
    before = text[:at]
    first, behind = ("&amp", "&amq") if text[at] == "&" else ("&", "&zz")
    bounds = (Criterion(wire, ">=", before + first), Criterion(wire, "<", before + behind))
    return (yield from _holds(meta, id_, bounds))


def _holds(meta: ModuleMeta, id_: str, criteria: tuple[Criterion, ...]) -> Plan[bool | None]:
    """Whether the record satisfies them; None where that cannot be asked."""
    if not all(sayable(meta, said) for said in criteria):
        return None
    this = Criterion("id", "=", id_)
    return bool((yield from perform(Listing(meta.name, (this, *criteria), length=1))))
