"""What a generated class says about its module, and `Contacts.meta` made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..metadata.module import FieldMeta, ModuleMeta, Relation

if TYPE_CHECKING:
    from ..package import Package


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """The keywords of the class statement; see `Record.__init_subclass__`."""

    package: Package | None
    module: str
    prefix: str
    label: str
    label_fields: tuple[str, ...] = ()
    creatable: bool = True
    updatable: bool = True
    deletable: bool = True
    retrievable: bool = True
    is_entity: bool = True
    relations: tuple[Relation, ...] = ()
    secrets: frozenset[str] = frozenset()


def module_meta(facts: ModuleFacts, fields: Iterable[FieldMeta]) -> ModuleMeta:
    """The runtime's facts about the module of a class."""
    return ModuleMeta.of(
        facts.module,
        facts.prefix,
        fields,
        label=facts.label,
        label_fields=facts.label_fields,
        creatable=facts.creatable,
        updatable=facts.updatable,
        deletable=facts.deletable,
        retrievable=facts.retrievable,
        is_entity=facts.is_entity,
        relations=facts.relations,
    )
