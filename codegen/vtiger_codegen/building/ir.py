"""What is going to be printed, as plain frozen facts: names decided, types resolved, text raw.

`build` makes it, `render` prints it; neither knows the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..text.literals import literal
from .own_code import OwnClass, OwnCode
from .types import ROOT, Import, Type


@dataclass(frozen=True, slots=True)
class Argument:
    """``value`` or ``name=value`` in a call; the value is printed as a literal."""

    name: str | None
    value: object


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    value: str
    label: str | None
    """Only where it differs from the value."""


@dataclass(frozen=True, slots=True)
class PicklistClass:
    """An open enum nested in the model."""

    name: str
    doc: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class ModelField:
    name: str
    type: Type
    given: Type | None
    """What the constructor takes; None where it takes nothing."""
    label: str
    arguments: tuple[Argument, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class ModelRelation:
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """A private name for a long type, at the head of a stub."""

    name: str
    type: Type


class Keyword(NamedTuple):
    """A keyword parameter in a stub; a tuple, as there are hundreds of thousands."""

    name: str
    type: Type
    required: bool = False
    label: str = ""
    """What the CRM calls it, where that is told."""


@dataclass(frozen=True, slots=True)
class Flat:
    """Fields whose values are of one type, which `values_list(..., flat=True)` then yields."""

    name: str
    """Of the alias for several of them; one alone needs none."""
    type: Type
    fields: tuple[str, ...]

    @property
    def names(self) -> str:
        """The type of their names."""
        return self.name or f"Literal[{literal(self.fields[0])}]"


@dataclass(frozen=True, slots=True)
class ListedFields:
    """One to three fields of `values_list`, and the rows that it then yields."""

    names: tuple[str, ...]
    """The type of the name of each."""
    row: Type


@dataclass(frozen=True, slots=True)
class Inputs:
    """The fields of the input models of one module."""

    shared: tuple[Keyword, ...]
    """What is alike in both."""
    creates: tuple[Keyword, ...]
    """What a new record has to be given."""
    updates: tuple[Keyword, ...]
    """The same, where it may be left out."""


@dataclass(frozen=True, slots=True)
class Querysets:
    """The stub of one module: what its querysets take."""

    aliases: tuple[Alias, ...]
    fields: tuple[str, ...]
    """What a select list may name."""
    row: tuple[Keyword, ...]
    """Each of them and its type, as `values` hands it out, with the parts of dates."""
    flats: tuple[Flat, ...]
    """Those of them by type."""
    columns: tuple[ListedFields, ...]
    """Several of them together."""
    parts: tuple[str, ...]
    """Parts of dates that `values` takes beside them: ``birthday__year``."""
    orders: tuple[str, ...]
    """Sortable fields, each also with a minus."""
    references: tuple[str, ...]
    """What `select_related` follows, one and two steps far."""
    fetches: tuple[str, ...]
    """What `prefetch_related` follows beside them: relations, and references behind them."""
    lookups: tuple[Keyword, ...]
    creation: tuple[Keyword, ...]
    """What `create` takes."""
    values: tuple[Keyword, ...]
    """Editable fields, for `update` and for `defaults`; empty when nothing can be written."""
    inputs: Inputs
    """The same as attributes of `ContactsCreate` and `ContactsUpdate`."""
    files: bool
    """Whether records are made of files, by `upload`."""
    upload: tuple[Keyword, ...]
    """What `upload` takes beside its own parameters."""
    creatable: bool
    updatable: bool
    relations: tuple[Keyword, ...]
    """What is under `record.related`."""
    crm: Type
    """What the type of `record.crm` is made of."""
    imports: frozenset[Import]


@dataclass(frozen=True, slots=True)
class GeneratedModule:
    """One module of the CRM: a model file and its stub."""

    wire: str
    name: str
    """The class."""
    python_module: str
    prefix: str
    title: str
    doc: str
    arguments: tuple[Argument, ...]
    """Class keywords after package, module and prefix."""
    picklists: tuple[PicklistClass, ...]
    fields: tuple[ModelField, ...]
    relations: tuple[ModelRelation, ...]
    imports: frozenset[Import]
    """What the model file imports at run time."""
    models: tuple[str, ...]
    """Other models it names, imported for type checkers only."""
    querysets: Querysets
    own: OwnCode
    """Classes that inherit the generated ones and are handed out in their place."""

    @property
    def class_name(self) -> str:
        """What the generated class itself is called."""
        return self.name if self.own.model is None else f"{self.name}Base"

    @property
    def queryset_class(self) -> str:
        """What the generated class of querysets is called."""
        return f"{self.name}QuerySet" + ("" if self.own.queryset is None else "Base")

    @property
    def companions(self) -> tuple[str, ...]:
        """The classes beside the model that the package's root exports from the stub."""
        given = bool(self.querysets.values)
        ends = {
            "QuerySet": self.own.queryset is None,
            "Row": True,
            "Create": given and self.querysets.creatable,
            "Update": given and self.querysets.updatable,
        }
        return tuple(f"{self.name}{end}" for end, there in ends.items() if there)

    @property
    def home(self) -> Import:
        """Where the package's root takes the model from."""
        own = self.own.model
        if own is None:
            return Import(f"{ROOT}{self.python_module}", self.name, self.name)
        return Import(own.module, own.name, self.name)


@dataclass(frozen=True, slots=True)
class GeneratedPackage:
    """The whole generated package."""

    format: int
    generator: str
    dialect: str
    version: str | None
    api_version: str | None
    capabilities: Mapping[str, Any]
    others: Mapping[str, str]
    """Modules of the CRM that are left out -> prefix of their ids."""
    modules: tuple[GeneratedModule, ...]
    """In the order of their files."""

    @property
    def own(self) -> dict[str, OwnClass]:
        """Public names of classes that the application writes, and where they are."""
        found = {}
        for each in self.modules:
            if each.own.model is not None:
                found[each.name] = each.own.model
            if each.own.queryset is not None:
                found[f"{each.name}QuerySet"] = each.own.queryset
        return found
