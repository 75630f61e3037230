"""convertlead, with the validations that coreBOS makes before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..errors import CrmError
from ..operations import leads
from ..store import LIVE


def convertlead(ctx: Context) -> dict[str, str] | None:
    """As Vtiger's; an organisation of the same name is refused, not taken."""
    entities = ctx.document("element").get("entities")
    entities = entities if isinstance(entities, Mapping) else {}
    account = _wanted(entities, "Accounts")
    name = account.get("accountname")
    if name:
        row = ctx.store.row(
            f'SELECT 1 FROM "m_Accounts" WHERE accountname = ? AND _state = {LIVE}', (str(name),)
        )
        if row is not None:
            raise _failed("Organizations", "Organization Name Already Exists!")
    deal = _wanted(entities, "Potentials")
    if deal and not deal.get("sales_stage"):
        raise _failed("Opportunities", "Sales Stage is required<br />")
    return leads.convertlead(ctx)


def _wanted(entities: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    entity = entities.get(name)
    return entity if isinstance(entity, Mapping) and entity.get("create") else {}


def _failed(module: str, message: str) -> CrmError:
    return CrmError("VALIDATION_FAILED", f"Validation failed ({module}) {message}")
