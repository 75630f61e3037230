"""What the runtime knows of a module: `Contacts.meta` and everything the planner needs.

Built from a generated class or straight from a snapshot; plain frozen facts, no behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from .._dataclass import dataclass
from ..errors import suggest
from .kinds import Family, Kind


class Flaw(StrEnum):
    """Why a described field cannot take part in a query as other fields do.

    Found by `vtiger-orm pull`, which asks the server; a describe answer does not tell.
    """

    UNSAYABLE = "unsayable"
    """The name cannot be written in the query language (``shipping_&_handling``)."""
    DENIED = "denied"
    """Described, yet the server refuses every query that names it (``tax1`` of Products)."""
    ABSENT = "absent"
    """Filters and sorts, but never comes back in a row (a column with upper-case letters)."""
    UNSORTABLE = "unsortable"
    """Selects and filters, but an ORDER BY on it is a silent SQL error."""
    MULTIPLIES = "multiplies"
    """Joins a one-to-many table: LIMIT and count(*) then count lines, not records."""


@dataclass(frozen=True, slots=True)
class FieldMeta:
    """One field: its names, its type and what the server says about it."""

    name: str
    """The Python attribute."""
    wire: str
    """The name the CRM uses (`lastname`, `cf_853`); given empty, it is the attribute's."""
    label: str
    kind: Kind
    mandatory: bool = False
    editable: bool = True
    unique: bool = False
    default: str | None = None
    length: int | None = None
    """Longest text in characters, where the CRM tells (Cloud only)."""
    targets: tuple[str, ...] = ()
    """Modules a reference or owner may point to; empty when the CRM does not tell."""
    prefixes: tuple[str, ...] = ()
    """What ids in a reference begin with; empty when it is not known of every target."""
    choices: tuple[tuple[str, str], ...] = ()
    """(value, label) of each known picklist value, in the CRM's order."""
    flaw: Flaw | None = None
    family: Family = field(init=False, repr=False, compare=False)
    """The family of `kind`, at hand because everything asks for it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", self.kind.family)
        if not self.wire:
            object.__setattr__(self, "wire", self.name)

    def __hash__(self) -> int:
        """Fields are looked up often, and picklists are long."""
        return hash((self.name, self.wire))

    @property
    def selectable(self) -> bool:
        """Whether a select list may name it and its value comes back."""
        return self.family is not Family.SECRET and self.flaw in (None, Flaw.UNSORTABLE)

    @property
    def filterable(self) -> bool:
        return self.family is not Family.SECRET and self.flaw in (
            None,
            Flaw.UNSORTABLE,
            Flaw.ABSENT,
        )

    @property
    def sortable(self) -> bool:
        """Order-by fields must also be in the select list, so an absent field cannot sort."""
        return self.family is not Family.SECRET and self.flaw is None


@cache
def _of_item() -> re.Pattern[str]:
    return re.compile(
        "quantity|listprice|comment|discount_(percent|amount)|tax[0-9]+|reducedtaxrate|usageunit"
    )


def is_of_item(wire: str) -> bool:
    """Whether fields of this name show a line item, where the record has any; its product apart."""
    return _of_item().fullmatch(wire) is not None


def shows_item(field: FieldMeta) -> bool:
    """Whether it is a field of the record's line items rather than of the record."""
    return field.flaw is Flaw.MULTIPLIES and is_of_item(field.wire)


class Relation(NamedTuple):  # models are imported with twenty of them
    """A named relation to another module, as `relatedtypes` tells it."""

    name: str
    """The Python attribute under `record.related`."""
    label: str
    """What the related operations call it; not always the module's name."""
    module: str
    actions: tuple[str, ...] = ()
    """What the CRM offers there: ``add``, ``select``; empty when it does not tell."""
    relation_id: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ModuleMeta:
    """One module of one CRM."""

    name: str
    label: str
    prefix: str
    """The number before the ``x`` of its ids on this CRM."""
    fields: Mapping[str, FieldMeta]
    """By attribute, `id` included."""
    label_fields: tuple[str, ...] = ()
    """Attributes that make the record's label; the wire label itself is HTML-encoded."""
    creatable: bool = True
    updatable: bool = True
    deletable: bool = True
    retrievable: bool = True
    is_entity: bool = True
    relations: tuple[Relation, ...] = ()
    by_wire: Mapping[str, FieldMeta] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        wire = {facts.wire: facts for facts in self.fields.values()}
        object.__setattr__(self, "by_wire", MappingProxyType(wire))

    def __repr__(self) -> str:
        """Short: a module has a hundred fields, and appears in messages and notebooks."""
        return f"<ModuleMeta {self.name}: {len(self.fields)} fields, ids {self.prefix}x...>"

    def __reduce__(self) -> tuple[object, ...]:
        """By its parts: the read-only mappings cannot be pickled."""
        facts = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.init and each.name != "fields"
        }
        return _module_of, (tuple(self.fields.values()), facts)

    @classmethod
    def of(cls, name: str, prefix: str, fields: Iterable[FieldMeta], **facts: object) -> ModuleMeta:
        """A module from its fields in any order."""
        by_name = MappingProxyType({each.name: each for each in fields})
        facts.setdefault("label", name)
        return cls(name=name, prefix=prefix, fields=by_name, **facts)  # type: ignore[arg-type]  # its own keywords

    @property
    def id(self) -> FieldMeta:
        return self.fields["id"]

    @property
    def columns(self) -> tuple[FieldMeta, ...]:
        """Every field that an explicit select list may name."""
        return tuple(each for each in self.fields.values() if each.selectable)

    def suggest(self, name: str) -> str | None:
        """The attribute that was most likely meant by a misspelt or wire name."""
        if name in self.by_wire:
            return self.by_wire[name].name
        return suggest(name, self.fields)


def _module_of(fields: tuple[FieldMeta, ...], facts: dict[str, Any]) -> ModuleMeta:
    return ModuleMeta.of(fields=fields, **facts)
