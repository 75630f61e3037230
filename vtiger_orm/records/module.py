"""What a generated class knows of its module, and what hangs on it: meta, objects, errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import RecordError
from ..metadata.module import FieldMeta, ModuleMeta, Relation

if TYPE_CHECKING:
    from ..calls.protocols import Package
    from .record import BaseRecord


class ModuleFacts(NamedTuple):
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


class MetaOf:
    """`Contacts.meta`: made when first asked for."""

    def __get__(self, record: BaseRecord | None, model: type[BaseRecord]) -> ModuleMeta:
        meta: ModuleMeta | None = model.__dict__.get("_meta")
        if meta is None:
            columns = model._columns.values()
            meta = module_meta(model._module_facts(), [column.meta for column in columns])
            type.__setattr__(model, "_meta", meta)
        return meta


def own_error(model: type[BaseRecord], name: str, base: type[RecordError]) -> type[Any]:
    """The model's own subclass of an error, so that `except Contacts.DoesNotExist` is exact."""
    place = {"__module__": model.__module__, "__qualname__": f"{model.__qualname__}.{name}"}
    return type(name, (base,), {**place, "__doc__": base.__doc__})
