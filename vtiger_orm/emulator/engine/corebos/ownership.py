"""Records that belong to nobody: as long as there is one, nothing that meets it can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..context import Context
from ..errors import CrmError
from ..owners import exists
from ..schema import Module
from ..tables import quoted


def check_owners(ctx: Context, module: Module, answer: Sequence[dict[str, Any]]) -> None:
    if module.owner_field is None:
        return
    numbers = [int(row["id"].partition("x")[2]) for row in answer if "id" in row]
    if not numbers:
        return
    marks = ", ".join("?" * len(numbers))
    owners = ctx.store.rows(
        f"SELECT DISTINCT {quoted(module.owner_field.name)} FROM {quoted(module.table)} "
        f"WHERE id IN ({marks})",
        numbers,
    )
    if any(not exists(ctx, owner or 0) for (owner,) in owners):
        raise CrmError("INVALID_ID_ATTRIBUTE", "Invalid owner of the record")
