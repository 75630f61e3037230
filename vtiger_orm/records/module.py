"""What the class statement of a model says of its module."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ..metadata.module import FieldMeta, ModuleMeta, Relation

if TYPE_CHECKING:
    from ..calls.protocols import Package


class ModuleFacts(NamedTuple):
    """The keywords of the class statement; see `BaseRecord.__init_subclass__`."""

    package: Package | None
    name: str
    """The CRM's own name of the module."""
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

    def meta(self, fields: Iterable[FieldMeta]) -> ModuleMeta:
        """The runtime's facts about the module, once its fields are known."""
        return ModuleMeta.of(
            self.name,
            self.prefix,
            fields,
            label=self.label,
            label_fields=self.label_fields,
            creatable=self.creatable,
            updatable=self.updatable,
            deletable=self.deletable,
            retrievable=self.retrievable,
            is_entity=self.is_entity,
            relations=self.relations,
        )
