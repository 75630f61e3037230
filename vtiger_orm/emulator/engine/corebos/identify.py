"""Ids as coreBOS reads them: a bare number is looked up, anything else that is no id is ``0x0``."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from ..context import Context
from ..errors import CrmError, denied, invalid_id
from ..ids import WireId
from ..schema import Module
from ..store import DELETED

CASCADED: Final = 4
"""State of a record that was deleted along with another: gone, but no deletion tells of it."""

_ID: Final = re.compile(r"([0-9]{1,9})x([0-9]{1,18})")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


def wire_id(ctx: Context, text: Any) -> WireId:
    """The id that is meant. Raises INVALID_ID_ATTRIBUTE without one, and ACCESS_DENIED with the
    prefix that nobody has."""
    if text is None:
        raise invalid_id()
    text = str(text)
    if _NUMBER.fullmatch(text):
        row = ctx.store.row("SELECT module, wire FROM entity WHERE id = ?", (int(text),))
        if row is None or row[0] not in ctx.schema.modules:
            raise denied(" for id: 0")
        return WireId(ctx.schema.modules[row[0]], int(text), row[1])
    match = _ID.fullmatch(text)
    if match is None:
        raise denied(" for id: 0")
    module = ctx.schema.by_prefix.get(match[1])
    if module is None:
        raise denied(f" for id: {match[1]}")
    return WireId(module, int(match[2]), text)


def record(ctx: Context, text: Any, *, reading: bool = False) -> tuple[Module, int]:
    """Module and number of a live record. Reading tells an id that never was, and a record that
    went along with another, apart from one that was deleted."""
    wire = wire_id(ctx, text)
    module, number = ctx.module(wire.module.name), wire.number
    if not module.shares_ids:
        found = ctx.store.row(f'SELECT 1 FROM "{module.table}" WHERE id = ?', (number,))
        if found is None:
            raise invalid_id() if reading else denied()
        return module, number or 0
    row = ctx.store.row("SELECT module, state FROM entity WHERE id = ?", (number,))
    if row is None:
        raise invalid_id() if reading else denied()
    if row[1] == CASCADED and reading:
        raise CrmError("RECORD_NOT_FOUND", "Record you are trying to access is not found")
    if row[1] in (DELETED, CASCADED):
        raise denied()
    if row[0] != module.name:
        raise invalid_id()
    ctx.check_shared(module, number or 0)
    return module, number or 0


def uuid(module: Module, number: int) -> str:
    """`cbuuid`: 40 hexadecimal digits that never change."""
    if module.name in ("Users", "Groups", "Currency"):
        return ""
    return hashlib.sha1(f"{module.name} {number}".encode()).hexdigest()
