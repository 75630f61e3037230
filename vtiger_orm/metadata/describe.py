"""pydantic models of what listtypes, describe and relatedtypes answer.

All three dialects' shapes load: unknown keys are kept, the strings ``"1"``/``""`` that some
servers send for booleans are read, and `information` may be keyed by anything or be an
empty list (BEHAVIOUR of stock 8.0 and the Cloud's manuals differ here).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _flag(value: object) -> object:
    """`mandatory`, `nullable`, `editable` of tax and currency fields are "1" or ""."""
    return value not in ("", "0", "false", "False") if isinstance(value, str) else value


def _text(value: object) -> object:
    if value is None:
        return None
    return value if isinstance(value, str) else str(value)


def _names(value: object) -> object:
    """labelFields is a comma list on stock servers, a list in the Cloud."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value or []


def _values(value: object) -> object:
    """An empty PHP map arrives as a list; only the values matter, the keys differ by dialect."""
    return list(value.values()) if isinstance(value, dict) else value


Flag = Annotated[bool, BeforeValidator(_flag)]
OptionalText = Annotated[str | None, BeforeValidator(_text)]


class _Wire(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", populate_by_name=True)


class PicklistValue(_Wire):
    """One value of a picklist: `value` is stored, `label` is shown in the user's language."""

    value: Annotated[str, BeforeValidator(_text)]
    label: Annotated[str, BeforeValidator(_text)] = ""


class FieldType(_Wire):
    name: str
    refers_to: list[str] = Field(default_factory=list, alias="refersTo")
    picklist_values: list[PicklistValue] = Field(default_factory=list, alias="picklistValues")
    default_value: Any = Field(default=None, alias="defaultValue")
    format: str | None = None
    length: int | None = None


class DescribedField(_Wire):
    name: str
    label: str = ""
    mandatory: Flag = False
    type: FieldType
    isunique: Flag = False
    nullable: Flag = True
    editable: Flag = True
    default: OptionalText = None


class Describe(_Wire):
    """The answer of `describe`."""

    name: str
    label: str = ""
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
    label: str = ""
    singular: str = ""


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
    is_entity: Flag = Field(default=True, alias="isEntity")
    relation_id: OptionalText = None
    actions: str | None = None


class RelatedTypes(_Wire):
    """The answer of `relatedtypes`; the same module may occur under several labels."""

    types: list[str] = Field(default_factory=list)
    information: Annotated[list[RelatedType], BeforeValidator(_values)] = Field(
        default_factory=list
    )
