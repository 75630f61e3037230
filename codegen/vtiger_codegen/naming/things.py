"""What of a module gets a name beside its fields: picklist classes, their members, relations."""

from __future__ import annotations

from typing import Final

from vtiger_orm.metadata.describe import DescribedField
from vtiger_orm.metadata.snapshot import ModuleSnapshot

_PICKLISTS: Final = frozenset({"picklist", "multipicklist"})


def picklist_fields(module: ModuleSnapshot) -> list[DescribedField]:
    """The fields of a module that get a class nested in the model. `id` never does, whatever a
    server calls its type."""
    fields = module.describe.fields
    return [each for each in fields if each.type.name in _PICKLISTS and each.name != "id"]


def listed_values(field: DescribedField) -> dict[str, str]:
    """The labels of a picklist by stored value, in the CRM's order, which has a meaning.

    Blanks are left out: blank is `None`, never a member.
    """
    labels: dict[str, str] = {}
    for each in field.type.picklist_values:
        if each.value.strip(" "):
            labels.setdefault(each.value, each.label or each.value)
    return labels
