"""Snapshot and names to the facts that are printed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import vtiger_orm.package
from vtiger_orm.metadata.describe import DescribedField
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.kinds import Family, Kind
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta, Relation
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot
from vtiger_orm.writing.policies.table import is_writable

from .. import __version__
from ..naming.lock import ModuleNames, NamesLock
from ..naming.reserved import FIELD_TYPES
from ..naming.things import listed_values, picklist_fields
from .docstrings import field_doc, module_doc, module_title, picklist_doc
from .ir import (
    Argument,
    GeneratedModule,
    GeneratedPackage,
    Member,
    ModelField,
    ModelRelation,
    PicklistClass,
)
from .own_code import OwnCode
from .stubs import OWNERS, Classes, build_querysets
from .types import MODELS, Import, Type, builtin, generic, imports_of, named, optional


def build_package(
    snapshot: Snapshot,
    modules: Mapping[str, ModuleSnapshot],
    names: NamesLock,
    own: Mapping[str, OwnCode] | None = None,
) -> GeneratedPackage:
    """The package for the modules of a snapshot; `names` must name everything in them. `own` are
    the classes that the application writes, by module."""
    written = own or {}
    instance = snapshot.instance
    of = {wire: names.modules[wire].class_name or wire for wire in modules}
    classes = Classes(
        of,
        {of[wire]: names.modules[wire].python_module or wire.lower() for wire in modules},
        {
            wire: _as_written(
                module_meta(module, names.modules[wire].fields, names.modules[wire].relations)
            )
            for wire, module in modules.items()
        },
    )
    built = [
        _module(snapshot, module, names.modules[wire], classes, written.get(wire, OwnCode()))
        for wire, module in modules.items()
    ]
    return GeneratedPackage(
        format=vtiger_orm.package.FORMAT,
        generator=__version__,
        dialect=instance.dialect,
        version=instance.version,
        api_version=instance.api_version,
        capabilities=instance.capabilities.known(),
        others={
            name: prefix
            for name, prefix in (instance.prefixes | instance.others).items()
            if name not in modules
        },
        modules=tuple(sorted(built, key=lambda module: module.python_module)),
    )


def _as_written(meta: ModuleMeta) -> ModuleMeta:
    """The module with what nobody can write as read-only, though the CRM calls it editable."""
    fields = {
        name: field if is_writable(meta, field) else replace(field, editable=False)
        for name, field in meta.fields.items()
    }
    return replace(meta, fields=fields)


def _module(
    snapshot: Snapshot,
    module: ModuleSnapshot,
    names: ModuleNames,
    classes: Classes,
    own: OwnCode,
) -> GeneratedModule:
    meta = classes.metas[module.describe.name]
    name = classes.of[meta.name]
    fields = ordered_fields(meta)
    picklists = [
        _picklist(field, meta.by_wire[field.name], names) for field in picklist_fields(module)
    ]
    targets = {each for field in fields for each in classes.targets(field)}
    types = _FieldTypes(name, names, classes, taken={name, *targets})
    model_fields = tuple(
        _field(field, types, classes.targets(field), classes.left_out(field)) for field in fields
    )
    given = [each.given for each in model_fields if each.given is not None]
    relations = tuple(
        _relation(each)
        for each in sorted(meta.relations, key=lambda each: each.name)
        if each.module in classes.of
    )
    used = [named("Record", MODELS), named("field", MODELS)]
    used += [named("Picklist", MODELS)] if picklists else []
    used += [named("Relation", MODELS)] if relations else []
    return GeneratedModule(
        wire=meta.name,
        name=name,
        python_module=classes.files[name],
        prefix=meta.prefix,
        title=module_title(meta, name),
        doc=module_doc(meta, snapshot.instance.types.get(meta.name)),
        arguments=_class_arguments(meta),
        picklists=tuple(sorted(picklists, key=lambda each: each.name)),
        fields=model_fields,
        relations=relations,
        imports=imports_of([*used, *(each.type for each in model_fields), *given]),
        models=tuple(sorted(targets - {name} if own.model is None else targets | {name})),
        querysets=build_querysets(meta, fields, name, names.picklists, classes),
        own=own,
    )


def ordered_fields(meta: ModuleMeta) -> list[FieldMeta]:
    """`id` first, then by attribute: the order in which a server lists them changes nothing."""
    return sorted(meta.fields.values(), key=lambda field: (field.name != "id", field.name))


_REF: Final = named("Ref", MODELS)


class _FieldTypes:
    """The annotation of each field in a model file."""

    def __init__(self, model: str, names: ModuleNames, classes: Classes, taken: set[str]) -> None:
        self.model = model
        self.names = names
        self.classes = classes
        self.taken = taken

    def of(self, field: FieldMeta) -> Type:
        """The annotation of the field."""
        if field.family is Family.ID:
            return generic(named("ReadOnly", MODELS), self._ref((self.model,)))
        if not field.editable:
            return generic(named("ReadOnly", MODELS), self._read(field))
        if field.family is Family.REFERENCE:
            name = "MandatoryReference" if field.mandatory else "Reference"
            return generic(named(name, MODELS), self._quoted(self._targets(field)))
        if not field.mandatory:
            return self._read(field)
        if field.family in (Family.CHOICE, Family.CHOICES):
            return generic(named("Mandatory", MODELS), self._choice(field))
        return self._plain(f"Mandatory{FIELD_TYPES[field.kind]}")

    def given(self, field: FieldMeta) -> Type | None:
        """What the constructor takes for it, in quotes where names come later in the file."""
        if field.family is Family.ID:
            return self._ref((self.model,))
        if not field.editable:
            return None
        if field.family is Family.REFERENCE:
            models = " | ".join(self._targets(field)) or "Record"
            return Type(f'"{models} | Ref[{models}] | None"', _REF.imports)
        read = self._read(field)
        return Type(f'"{read.text}"', read.imports) if read.operands else read

    def _read(self, field: FieldMeta) -> Type:
        """What reading the field gives."""
        if field.family is Family.REFERENCE:
            return optional(self._ref(self._targets(field)))
        if field.family in (Family.CHOICE, Family.CHOICES):
            return optional(self._choice(field))
        return self._plain(FIELD_TYPES[field.kind])

    def _choice(self, field: FieldMeta) -> Type:
        nested = builtin(self.names.picklists[field.wire])
        several = field.kind is Kind.MULTIPICKLIST
        return generic(named("Choices", MODELS), nested) if several else nested

    def _targets(self, field: FieldMeta) -> tuple[str, ...]:
        targets = self.classes.targets(field)
        more = ("Record",) if targets and self.classes.left_out(field) else ()
        return targets + more

    def _ref(self, targets: tuple[str, ...]) -> Type:
        return generic(_REF, self._quoted(targets))

    def _quoted(self, targets: tuple[str, ...]) -> Type:
        """The names stay quoted: at run time no model file imports another."""
        return builtin(f'"{" | ".join(targets) or "Record"}"')

    def _plain(self, name: str) -> Type:
        """A field type, under another name in a file where a module's class is called so."""
        if name not in self.taken:
            return named(name, MODELS)
        return Type(f"{name}_", frozenset({Import(MODELS, name, f"{name}_")}))


def _class_arguments(meta: ModuleMeta) -> tuple[Argument, ...]:
    arguments = [Argument("label", meta.label)]
    if meta.label_fields:
        arguments.append(Argument("label_fields", meta.label_fields))
    for name in ("creatable", "updatable", "deletable", "retrievable", "is_entity"):
        if not getattr(meta, name):
            arguments.append(Argument(name, False))
    return tuple(arguments)


def _picklist(field: DescribedField, meta: FieldMeta, names: ModuleNames) -> PicklistClass:
    members = names.members.get(field.name, {})
    return PicklistClass(
        names.picklists[field.name],
        picklist_doc(meta),
        tuple(
            Member(members[value], value, label if label != value else None)
            for value, label in listed_values(field).items()
        ),
    )


def _field(
    field: FieldMeta, types: _FieldTypes, owners: tuple[str, ...], left_out: tuple[str, ...]
) -> ModelField:
    arguments = [Argument(None, field.label)]
    if field.wire != field.name:
        arguments.append(Argument("wire", field.wire))
    if field.mandatory:
        arguments.append(Argument("mandatory", True))
    if not field.editable:
        arguments.append(Argument("editable", False))
    if field.unique:
        arguments.append(Argument("unique", True))
    if field.default is not None:
        arguments.append(Argument("default", field.default))
    if field.length is not None:
        arguments.append(Argument("length", field.length))
    if field.flaw is not None:
        arguments.append(Argument("flaw", field.flaw.value))
    if field.kind is Kind.OWNER and owners != OWNERS:
        arguments.append(Argument("kind", field.kind.value))
    elif left_out:
        arguments.append(Argument("left_out", left_out))
    return ModelField(
        field.name,
        types.of(field),
        types.given(field),
        field.label if field.family is not Family.ID else "Id of a record that exists",
        tuple(arguments),
        field_doc(field),
    )


def _relation(relation: Relation) -> ModelRelation:
    arguments = [
        Argument(None, relation.name),
        Argument("label", relation.label),
        Argument("module", relation.module),
    ]
    if relation.actions:
        arguments.append(Argument("actions", relation.actions))
    if relation.relation_id is not None:
        arguments.append(Argument("relation_id", relation.relation_id))
    return ModelRelation(tuple(arguments))
