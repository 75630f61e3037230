"""Who a record is given to. The server reads an owner far more loosely than it shows one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .context import Context
from .errors import Crash, CrmError
from .php import php_text
from .schema import GROUPS, USERS, Field, Module

_LEADING: Final = re.compile(r"\s*([0-9]{1,18})")
_ID: Final = re.compile(r"([0-9]+)x([0-9]{1,18})")

_FILLED_IN: Final = frozenset({"modifiedby", "creator"})

RUN_WORKFLOWS: Final = frozenset({"Contacts", "HelpDesk", "Potentials"})
"""Modules whose workflows stop with a line of text when the owner does not exist: the record has
been written by then."""


def owner_number(ctx: Context, value: Any) -> int:
    """The number that is stored: what stands between the first and the second ``x``.

    Text without an ``x``, and zero, mean the session's user; what is no number means 0. Nothing
    asks whether there is such an owner. Raises `Crash` for a list.
    """
    if isinstance(value, list | dict):
        raise Crash("the owner is an array")
    parts = php_text(value).split("x")
    if len(parts) < 2 or parts[1] in ("", "0"):
        return ctx.user.number
    match = _LEADING.match(parts[1])
    return int(match[1]) if match is not None else 0


def exists(ctx: Context, number: int | None) -> bool:
    """Whether a user or group has that number."""
    return ctx.store.row("SELECT 1 FROM owner WHERE id = ?", (number,)) is not None


def check_assignable(ctx: Context, module: Module, element: Mapping[str, Any]) -> None:
    """Raises for an owner, or a reference to users, that is neither a user nor one of the user's
    own groups. Administrators are not asked."""
    if ctx.user.is_admin:
        return
    for field in module.fields.values():
        value = element.get(field.name)
        if value in (None, "") or not _means_a_user(field):
            continue
        if not _is_assignable(ctx, php_text(value)):
            raise CrmError("ACCESS_DENIED", "Cannot assign record to the given user")


def _means_a_user(field: Field) -> bool:
    if field.kind == "owner":
        return True
    return field.kind == "reference" and field.targets == (USERS,) and field.name not in _FILLED_IN


def _is_assignable(ctx: Context, text: str) -> bool:
    match = _ID.fullmatch(text)
    module = ctx.schema.by_prefix.get(match[1]) if match is not None else None
    if match is None or module is None:
        return False
    number = int(match[2])
    if module.name == GROUPS:
        return number in ctx.user.groups
    row = ctx.store.row("SELECT module FROM owner WHERE id = ?", (number,))
    return module.name == USERS and row == (USERS,)
