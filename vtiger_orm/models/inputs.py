"""`ContactsCreate` and `ContactsUpdate`: what somebody outside may say of a record.

They are made of the model's own facts when they are first asked for. Without `id` and read-only
fields there is nothing in them that a posted body could choose the record by.
"""

from __future__ import annotations

from collections.abc import KeysView
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from ..errors import InvalidValue
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from ..records import BaseRecord
from ..writing.required import is_required

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

M = TypeVar("M", bound=BaseRecord)


class InputModel(BaseModel, Generic[M]):
    """Values for a record of one module, checked and converted as the record does.

    `keys` and ``[...]`` are those of the fields that were set, so ``create(**body)`` and
    ``dict(body)`` hold these alone. A field that was not set reads as `None`.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", strict=True, validate_assignment=True, protected_namespaces=()
    )

    __model__: ClassVar[type[BaseRecord]] = BaseRecord

    def __init_subclass__(cls, *, model: type[BaseRecord] | None = None) -> None:
        """`model` is the class of the records that the values are for."""
        super().__init_subclass__()
        if model is not None:
            cls.__model__ = model

    def keys(self) -> KeysView[str]:
        """The names of the fields that were set, in the order of the model."""
        given = self.model_fields_set
        return {name: None for name in type(self).model_fields if name in given}.keys()

    def __getitem__(self, name: str) -> Any:
        """The value of a field that was set; raises `KeyError` for any other."""
        if name not in self.model_fields_set:
            raise KeyError(name)
        return vars(self)[name]

    def __repr_args__(self) -> list[tuple[str | None, object]]:
        return list(dict(self).items())


class _Filled:
    """Of a field that the CRM wants filled: no blank."""

    __slots__ = ("field",)

    def __init__(self, field: FieldMeta) -> None:
        self.field = field

    def check(self, value: object) -> object:
        if value is None:
            raise InvalidValue(f"{self.field.name} ({self.field.label}) is mandatory.")
        return value

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        value = handler(schema)
        filled, *_ = value.pop("anyOf")
        return {**filled, **value}


def are_for(body: object, record: BaseRecord) -> bool:
    """Whether these are values for records of this record's module."""
    if not isinstance(body, InputModel):
        return False
    return type(body).__model__.__mapper__.facts is record.__mapper__.facts is not None


def create_input(
    model: type[BaseRecord], module: str, name: str
) -> type[InputModel[BaseRecord]] | None:
    """The class `name` of what new records are made of, as if defined in the Python module
    `module`; None where the CRM lets this user make none."""
    return _made(model, module, name, creates=True) if model.meta.creatable else None


def update_input(
    model: type[BaseRecord], module: str, name: str
) -> type[InputModel[BaseRecord]] | None:
    """The same of what is changed in records, where every field may be left out."""
    return _made(model, module, name, creates=False) if model.meta.updatable else None


def _made(
    model: type[BaseRecord], module: str, name: str, *, creates: bool
) -> type[InputModel[BaseRecord]]:
    fields: Any = {
        facts.name: _field(model, facts, required=creates and is_required(facts, model.meta))
        for facts in model.meta.fields.values()
        if facts.editable and facts.family is not Family.ID
    }
    return create_model(
        name,
        __base__=InputModel,
        __module__=module,
        __doc__=(
            f"What a new {model.__name__} record holds."
            if creates
            else f"What is changed in a {model.__name__} record: the fields that are set."
        ),
        __cls_kwargs__={"model": model},
        **fields,
    )


def _field(
    model: type[BaseRecord], facts: FieldMeta, *, required: bool
) -> tuple[object, FieldInfo]:
    column = model.__mapper__.columns[facts.name]
    marks = (column, _Filled(facts)) if facts.mandatory else (column,)
    # A factory keeps `null` out of the JSON schema: leaving a field out is not making it blank.
    default = FieldInfo(title=facts.label, default_factory=lambda: None)
    return Annotated[(object, *marks)], FieldInfo(title=facts.label) if required else default
