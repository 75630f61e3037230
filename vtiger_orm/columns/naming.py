"""What columns are called: as in Python, as in the API, or as the CRM's users read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from ..metadata.module import FieldMeta

Naming: TypeAlias = Literal["attribute", "wire", "label"]
"""How columns are called: as in Python, as in the API, or as the CRM's users read it."""

_OF_FIELD: Final = {"attribute": "name", "wire": "wire", "label": "label"}


def column_names(fields: Sequence[FieldMeta], naming: Naming) -> list[str]:
    """A name for each column; of two with the same label the second has its wire name as well."""
    found: list[str] = []
    for field in fields:
        name = str(getattr(field, _OF_FIELD[naming]))
        while name in found:
            name = f"{name} ({field.wire})"
        found.append(name)
    return found
