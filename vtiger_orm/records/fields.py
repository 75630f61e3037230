"""How a generated class declares its fields: a type alias for each kind, and `field(...)`.

::

    birthday: Date = field("Date of Birth")
    leadsource: LeadSource | None = field("Lead Source")
    account_id: Ref["Accounts"] | None = field("Organization Name")
    loyalty_tier: String = field("Loyalty Tier", wire="cf_853")

The annotation gives the kind, the call gives the CRM's facts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, Flaw
from ..values.picklists import Choices, Picklist
from .references import JSON_SCHEMA as REFERENCE_JSON_SCHEMA
from .references import Ref, Targets

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

    from ..calls.protocols import Package
    from ..metadata.module import ModuleMeta
    from ..values import Reader
    from ..values.whole_columns import WholeReader

String = Annotated[str | None, Kind.STRING]
Text = Annotated[str | None, Kind.TEXT]
Phone = Annotated[str | None, Kind.PHONE]
Email = Annotated[str | None, Kind.EMAIL]
Url = Annotated[str | None, Kind.URL]
Skype = Annotated[str | None, Kind.SKYPE]
Image = Annotated[str | None, Kind.IMAGE]
File = Annotated[str | None, Kind.FILE]
Boolean = Annotated[bool | None, Kind.BOOLEAN]
Integer = Annotated[int | None, Kind.INTEGER]
Double = Annotated[Decimal | None, Kind.DOUBLE]
Currency = Annotated[Decimal | None, Kind.CURRENCY]
Date = Annotated[date | None, Kind.DATE]
DateTime = Annotated[datetime | None, Kind.DATETIME]
Time = Annotated[time | None, Kind.TIME]

OWNERS: Final = ("Users", "Groups")
"""A reference to exactly these is the field of a record's owner."""


T = TypeVar("T")


def field(
    label: str,
    *,
    wire: str = "",
    mandatory: bool = False,
    editable: bool = True,
    unique: bool = False,
    default: str | None = None,
    length: int | None = None,
    flaw: str | None = None,
    kind: str | None = None,
    left_out: tuple[str, ...] = (),
) -> T:  # type: ignore[type-var]  # the type is that of the annotation
    """A field of a record, with what the CRM says about it; its type is the annotation's.

    `FieldMeta` holds all of it under the same names: `wire` is the CRM's name where it differs
    from the attribute, `default` the CRM's own default (wire text; a new record does not get it
    here), `length` the longest text in characters, `flaw` why the field cannot take part in
    queries as others do (see `Flaw`), `kind` the kind where the annotation does not tell it (an
    owner in a package without Users or Groups), `left_out` modules that it refers to and that the
    package has no class for.
    """
    info = FieldInfo(default=None, title=label)
    if kind is not None:
        info.metadata.append(Kind(kind))
    told = partial(
        FieldMeta,
        wire=wire,
        label=label,
        mandatory=mandatory,
        editable=editable,
        unique=unique,
        default=default,
        length=length,
        flaw=Flaw(flaw) if flaw is not None else None,
    )
    info.metadata.append(Column(told, left_out))
    return cast("T", info)


class ModuleFacts:
    """What a class statement tells of its module; see `BaseRecord.__init_subclass__`."""

    __slots__ = ("meta", "name", "package", "prefix", "secrets")

    def __init__(
        self,
        package: Package | None,
        name: str,
        prefix: str,
        secrets: frozenset[str],
        meta: Callable[[Iterable[FieldMeta]], ModuleMeta],
    ) -> None:
        """`name` is the CRM's own, `secrets` are wire names that are dropped wherever they arrive,
        `meta` makes what is known of the module, once its fields are."""
        self.package: Final = package
        self.name: Final = name
        self.prefix: Final = prefix
        self.secrets: Final = secrets
        self.meta: Final = meta


class Column:
    """One field of one model: its facts, and how values get in.

    `field` makes one without a class; when the schema of a model is built, each model gets its
    own bound copy, since a reference is checked against the ids of the model's own CRM.
    """

    __slots__ = (
        "_kind",
        "_left_out",
        "_targets",
        "_told",
        "convert",
        "enum",
        "meta",
        "module",
        "name",
    )

    name: str
    """The attribute."""
    meta: FieldMeta
    """Made when first asked for: of the models that a program imports, it asks few."""
    convert: Callable[[object], object]
    """A value as this field holds it; raises `InvalidValue`. Made when first asked for."""
    module: ModuleFacts | None
    """What the class says of its module; a base class says nothing."""
    enum: type[Picklist] | None
    """The picklist's own enum."""
    _kind: Kind
    _targets: tuple[str, ...]
    """By the names of their classes."""

    def __init__(self, told: Callable[..., FieldMeta], left_out: tuple[str, ...] = ()) -> None:
        """`told` is the field's `meta` but for what its class knows: the attribute, the kind, and
        what follows from that. `left_out` are targets that have no class."""
        self._told = told
        self._left_out = left_out

    def bound(
        self, name: str, info: FieldInfo, parts: Iterable[object], module: ModuleFacts | None
    ) -> Column:
        """A copy that knows its module, its attribute's name and its kind; `parts` are those of
        its annotation."""
        column = Column(self._told, self._left_out)
        column.name = name
        column.module = module
        read = (  # the field of a class above is read already
            (self._kind, self._targets, self.enum)
            if hasattr(self, "_kind")
            else _read_annotation(name, info, parts)
        )
        column._kind, column._targets, column.enum = read
        return column

    if not TYPE_CHECKING:  # a visible __getattr__ would hide every typo

        def __getattr__(self, name: str) -> FieldMeta | Callable[[object], object]:
            if name == "meta":
                self.meta = self._facts()
                return self.meta
            if name == "convert":
                from .conversion import converter_of  # a model is there without it

                self.convert = converter_of(self.meta, self.enum, self.module)
                return self.convert
            raise AttributeError(name)

    def _facts(self) -> FieldMeta:
        package, targets = self.package, self._targets
        if package is not None:
            targets = tuple(map(package.module_named, targets))
        targets += self._left_out
        if self._kind is Kind.OWNER:
            targets += tuple(each for each in OWNERS if each not in targets)
        return self._told(
            name=self.name,
            kind=self._kind,
            targets=targets,
            prefixes=package.prefixes_of(targets) if package is not None else (),
            choices=tuple((each.value, each.label) for each in self.enum or ()),
        )

    @property
    def package(self) -> Package | None:
        """The generated package of the class, if there is one."""
        return self.module.package if self.module is not None else None

    def reader(self) -> Reader:
        """Reads wire values. Those of references stay text: the page makes the `Ref`."""
        from .conversion import reader_of  # a model is there without it

        return reader_of(self.meta.kind, self.enum)

    def whole_reader(self) -> WholeReader:
        """Reads a column of wire values, blanks as well, as `reader` reads each of them."""
        from .conversion import whole_reader_of

        return whole_reader_of(self.meta.kind, self.enum)

    # What pydantic asks

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        if self._kind is Kind.AUTOGENERATED:
            return core_schema.with_info_plain_validator_function(self._own_id)
        return core_schema.no_info_plain_validator_function(self._given)

    def _given(self, value: object) -> object:
        return self.convert(value)

    def _own_id(self, value: object, info: core_schema.ValidationInfo) -> Any:
        """Raises `InvalidValue` for text: whoever sends a body would choose the record."""
        if isinstance(value, str) and not isinstance(value, Ref) and not is_own_data(info.context):
            from ..values import invalid

            model = self.module.name if self.module is not None else "the model"
            raise invalid(
                self.meta,
                value,
                f"data that others may send cannot choose the record. Read the record by its id "
                f"and assign what may be changed, give {model}.ref({value!r}), or say "
                f"context={{{OWN_DATA!r}: True}} for data that this program stored itself.",
            )
        return self.convert(value)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        value: dict[str, Any] = dict(_JSON_SCHEMAS[self.meta.family])
        if self.meta.family is Family.DECIMAL and handler.mode == "serialization":
            value = {"type": "string"}
        examples = [stored for stored, _ in self.meta.choices]
        if self.meta.family is Family.CHOICE:
            value["examples"] = examples
        elif self.meta.family is Family.CHOICES:
            value["items"] = {"type": "string", "examples": examples}
        elif self.meta.length is not None and self.meta.family is Family.TEXT:
            value["maxLength"] = self.meta.length
        if self.meta.family is not Family.ID:
            value = {"anyOf": [value, {"type": "null"}]}
        if not self.meta.editable:
            value["readOnly"] = True
        return value


OWN_DATA: Final = "own_data"
"""What the context of a validation says of data that nobody else may have written."""


def is_own_data(context: object) -> bool:
    """Whether ids in the data are the program's own word."""
    return isinstance(context, Mapping) and context.get(OWN_DATA) is True


_JSON_SCHEMAS: Final[dict[Family, dict[str, Any]]] = {
    Family.TEXT: {"type": "string"},
    Family.CHOICE: {"type": "string"},
    Family.CHOICES: {"type": "array", "uniqueItems": True},
    Family.INTEGER: {"type": "integer"},
    Family.DECIMAL: {"type": ["number", "string"]},
    Family.BOOLEAN: {"type": "boolean"},
    Family.DATE: {"type": "string", "format": "date"},
    Family.DATETIME: {"type": "string", "format": "date-time"},
    Family.TIME: {"type": "string", "format": "time"},
    Family.REFERENCE: REFERENCE_JSON_SCHEMA,
    Family.ID: REFERENCE_JSON_SCHEMA,
}


def bound_columns(
    model: str,
    fields: Mapping[str, FieldInfo],
    module: ModuleFacts | None,
    inherited: Collection[str] = (),
) -> dict[str, Column]:
    """The columns of a model by attribute. They take the place of the unbound ones, which the
    declaring class may share with others. `inherited` are the fields of the class above. Raises
    `TypeError` for a field that is not one."""
    columns = {}
    parts: dict[int, tuple[object, ...]] = {}  # of annotations: fields share a few
    for name, info in fields.items():
        declared = [each for each in info.metadata if isinstance(each, Column)]
        if not declared and name in inherited:
            raise TypeError(
                f"{model}.{name} hides the CRM's field {name}, which would not be read and written "
                "any more. Choose another name, or give the field one in Python: vtiger-orm "
                f"names set {module.name if module else model}.{name}=..."
            )
        if not declared:
            raise TypeError(
                f"{model}.{name} is not declared with field(...). Attributes that are not "
                "in the CRM can be ClassVar, property or pydantic's PrivateAttr."
            )
        key = id(info.annotation)
        if key not in parts:
            parts[key] = tuple(_parts(info.annotation))
        column = columns[name] = declared[0].bound(name, info, parts[key], module)
        info.metadata = [
            column if each is declared[0] else each
            for each in info.metadata
            if not isinstance(each, Kind)  # the column knows it, and pydantic asks each in turn
        ]
    return columns


def _read_annotation(
    name: str, info: FieldInfo, parts: Iterable[object]
) -> tuple[Kind, tuple[str, ...], type[Picklist] | None]:
    """Kind, targets and enum of a field, from what its annotation holds."""
    enum: type[Picklist] | None = None
    targets: tuple[str, ...] = ()
    kind: Kind | None = None
    for part in (*info.metadata, *parts):
        if isinstance(part, Kind):
            kind = part
        elif isinstance(part, Targets):
            targets = part.modules
            owner = set(targets) == set(OWNERS)
            kind = kind or (Kind.OWNER if owner else Kind.REFERENCE)
        elif part is Choices:
            kind = Kind.MULTIPICKLIST
        elif isinstance(part, type) and issubclass(part, Picklist):
            enum, kind = part, kind or Kind.PICKLIST
    if name == "id":
        kind, targets = Kind.AUTOGENERATED, ()
    if kind is None:
        raise TypeError(
            f"The annotation of {name!r} is none of the field types of vtiger_orm.models: "
            f"{info.annotation!r}"
        )
    return kind, targets, enum


def _parts(annotation: object) -> Iterator[object]:
    """What an annotation is made of, from the outside in."""
    yield annotation
    origin = get_origin(annotation)
    if origin is not None:
        yield origin
    for part in get_args(annotation):
        yield from _parts(part)
