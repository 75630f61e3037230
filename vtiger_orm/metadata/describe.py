"""pydantic models of what listtypes, describe and relatedtypes answer.

All three dialects' shapes load: unknown keys are kept, the strings ``"1"``/``""`` that some
servers send for booleans are read, labels may be HTML (``a &amp; b``), and `information` may be
keyed by anything or be an empty list (stock servers and the Cloud's manuals differ here). What
fits none of them is repaired before (`repair`).
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _flag(value: object) -> object:
    """`mandatory`, `nullable`, `editable` of tax and currency fields are "1" or ""."""
    return value not in ("", "0", "false", "False") if isinstance(value, str) else value


def _text(value: object) -> object:
    """Numbers are text as well; a list is none."""
    return str(value) if isinstance(value, int | float) else value


def _label(value: object) -> object:
    return html.unescape(value) if isinstance(value, str) else value


def _names(value: object) -> object:
    """labelFields is a comma list on stock servers, a list in the Cloud."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value or []


Flag = Annotated[bool, BeforeValidator(_flag)]
OptionalText = Annotated[str | None, BeforeValidator(_text)]
Label = Annotated[str, BeforeValidator(_label)]
"""What the CRM shows, which some servers encode for HTML."""


class _Wire(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", populate_by_name=True)


class PicklistValue(_Wire):
    """One value of a picklist: `value` is stored, `label` is shown in the user's language."""

    value: Annotated[str, BeforeValidator(_text)]
    label: Annotated[str, BeforeValidator(_label), BeforeValidator(_text)] = ""


class FieldType(_Wire):
    name: str
    refers_to: list[str] = Field(default_factory=list, alias="refersTo")
    picklist_values: list[PicklistValue] = Field(default_factory=list, alias="picklistValues")
    default_value: Any = Field(default=None, alias="defaultValue")
    format: str | None = None
    length: int | None = None


class DescribedField(_Wire):
    name: str
    label: Label = ""
    mandatory: Flag = False
    type: FieldType
    isunique: Flag = False
    nullable: Flag = True
    editable: Flag = True
    default: OptionalText = None


class Describe(_Wire):
    """The answer of `describe`."""

    name: str
    label: Label = ""
    createable: Flag = True
    updateable: Flag = True
    deleteable: Flag = True
    retrieveable: Flag = True
    fields: list[DescribedField]
    id_prefix: Annotated[str, BeforeValidator(_text)] = Field(alias="idPrefix")
    is_entity: Flag = Field(default=True, alias="isEntity")
    label_fields: Annotated[list[str], BeforeValidator(_names)] = Field(
        default_factory=list, alias="labelFields"
    )


class TypeInformation(_Wire):
    is_entity: Flag = Field(default=True, alias="isEntity")
    label: Label = ""
    singular: Label = ""


class ListTypes(_Wire):
    """The answer of `listtypes`."""

    types: list[str] = Field(default_factory=list)
    information: Annotated[
        dict[str, TypeInformation], BeforeValidator(lambda value: value or {})
    ] = Field(default_factory=dict)


class RelatedType(_Wire):
    name: str
    """The module at the other end."""
    label: str
    """As it is sent to the CRM."""
    is_entity: Flag = Field(default=True, alias="isEntity")
    relation_id: OptionalText = None
    actions: str | None = None


def relation_keys(relations: Iterable[tuple[str, str]]) -> list[str]:
    """What tells relations of one module apart, from the (label, module) of each: the label, and
    with it the module at the other end where several have that label."""
    given = list(dict.fromkeys(relations))
    times = Counter(label for label, _ in given)
    return [label if times[label] == 1 else f"{label} ({module})" for label, module in given]
