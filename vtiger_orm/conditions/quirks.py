"""Fields that do not behave as described, and why a field cannot take part in a query.

The facts are in ``quirks.json``; what `vtiger-orm pull` found out about a field is its `flaw`.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, Flaw


class Quirk(StrEnum):
    """How a field of a stock server differs from what describe says."""

    STORED_AS_TEXT = "stored as text"
    """Compares as text: ``'10' < '9'`` where an integer is described."""
    STORED_AS_INTEGER = "stored as integer"
    """A picklist whose blank is the number 0."""
    LINE_ITEM = "line item"
    """Joins the line items: statements that name it count lines, not records."""
    SEVERAL = "several"
    """Holds several records at once; a condition is true if it is true of one of them."""


_SECRET_NAMES: Final = frozenset({"accesskey", "user_password", "confirm_password", "user_hash"})


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    text = files("vtiger_orm.conditions").joinpath("quirks.json").read_text("utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts


@lru_cache(maxsize=4096)
def quirk_of(module: str, wire: str) -> Quirk | None:
    """The quirk of a field by its wire name; None for the vast majority."""
    facts = _facts()
    lines = facts["line_items"]
    if module in lines["modules"] and (
        wire in lines["fields"] or re.fullmatch(lines["pattern"], wire)
    ):
        return Quirk.LINE_ITEM
    if wire in several(module):
        return Quirk.SEVERAL
    if wire in facts["text"].get(module, ()):
        return Quirk.STORED_AS_TEXT
    if wire in facts["integer"].get(module, ()):
        return Quirk.STORED_AS_INTEGER
    return None


@lru_cache(maxsize=512)
def several(module: str) -> frozenset[str]:
    """Wire names of the fields that may hold several records; none in nearly every module."""
    return frozenset(_facts()["several"].get(module, ()))


_FLAWS: Final = {
    Flaw.UNSAYABLE: "its name cannot be written in the CRM's query language",
    Flaw.DENIED: "the CRM refuses every query that names it",
    Flaw.ABSENT: "the CRM leaves it out of the rows it answers with",
    Flaw.UNSORTABLE: "the CRM fails silently when it sorts by it",
    Flaw.MULTIPLIES: "with it the CRM counts lines of a joined table instead of records",
}
_LINE_ITEM: Final = (
    "it belongs to the line items, so the CRM would count lines instead of records; query the "
    "LineItem module and use id__in with its parent_id, or read the record with refresh()"
)


def why_not_filterable(module: str, field: FieldMeta) -> str | None:
    """Why no condition on the field can be sent, or None where one can."""
    return _common(module, field) or (None if _usable(module, field) else _reason(field))


def why_not_selectable(module: str, field: FieldMeta) -> str | None:
    """Why rows cannot hold the field, or None where they can."""
    reason = _common(module, field)
    if reason or quirk_of(module, field.wire) is Quirk.SEVERAL:
        return reason
    return None if field.selectable else _reason(field)


def why_not_sortable(module: str, field: FieldMeta) -> str | None:
    """Why no statement can order by the field, or None where one can."""
    reason = _common(module, field)
    if reason is None and quirk_of(module, field.wire) is Quirk.SEVERAL:
        return "it may hold several records at once, which have no order"
    return reason or (None if field.sortable else _reason(field))


def _common(module: str, field: FieldMeta) -> str | None:
    if field.family is Family.SECRET or field.wire.lower() in _SECRET_NAMES:
        return "it holds a password or an access key, which is never read or compared"
    joined = field.flaw is Flaw.MULTIPLIES
    if joined and quirk_of(module, field.wire) is Quirk.LINE_ITEM:
        return _LINE_ITEM
    return None


def _usable(module: str, field: FieldMeta) -> bool:
    return field.filterable or quirk_of(module, field.wire) is Quirk.SEVERAL


def _reason(field: FieldMeta) -> str:
    return _FLAWS[field.flaw] if field.flaw else "it cannot take part in a query"
