"""What a new record of a module has to be given."""

from __future__ import annotations

from ..metadata.kinds import Kind
from ..metadata.module import FieldMeta, ModuleMeta
from .line_items import is_inventory


def is_required(field: FieldMeta, meta: ModuleMeta) -> bool:
    """The owner is not: the CRM takes the session's user. Nor is what the line items tell."""
    owner = field.kind is Kind.OWNER and field.wire == "assigned_user_id"
    told = is_inventory(meta) and field.wire == "productid"
    return field.mandatory and field.default is None and not owner and not told
