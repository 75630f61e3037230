"""What the site tells of each module: facts of the snapshot under the names of the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.lookups import LOOKUPS, Lookup
from vtiger_orm.conditions.quirks import why_not_filterable
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.metadata.module import FieldMeta, Flaw, ModuleMeta
from vtiger_orm.metadata.snapshot import Instance, Snapshot

from ..naming.assignment import NamingRules, name_everything
from ..naming.lock import FILE_NAME, ModuleNames, NamesLock, load_lock

_FLAWS = {
    Flaw.UNSAYABLE: "cannot be written in a query; refresh() reads it",
    Flaw.DENIED: "refused in queries; refresh() reads it",
    Flaw.ABSENT: "filters, but is in no answer; refresh() reads it",
    Flaw.UNSORTABLE: "the CRM cannot sort by it",
    Flaw.MULTIPLIES: "belongs to the line items",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a picklist."""

    member: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field, as the site shows it."""

    meta: FieldMeta
    lookups: tuple[str, ...]
    notes: tuple[str, ...]
    picklist: str = ""
    """The enum nested in the model."""
    choices: tuple[Choice, ...] = ()
    deciding: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Picklists that depend on this one, by wire name: value -> values that go with it."""

    @property
    def custom(self) -> bool:
        return self.meta.wire.startswith("cf_")

    @property
    def type(self) -> str:
        return self.meta.kind.value


@dataclass(frozen=True, slots=True)
class ModulePage:
    """One module."""

    meta: ModuleMeta
    names: ModuleNames
    fields: tuple[FieldRow, ...]
    repairs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The class."""
        return self.names.class_name or self.meta.name

    @property
    def slug(self) -> str:
        """A name for files: an identifier, whatever the CRM calls the module."""
        return self.names.python_module or f"module_{self.meta.prefix}"

    @property
    def picklists(self) -> tuple[FieldRow, ...]:
        return tuple(each for each in self.fields if each.choices)

    @property
    def custom(self) -> int:
        return sum(each.custom for each in self.fields)

    @property
    def refused(self) -> tuple[str, ...]:
        """What the user of the snapshot may not do here."""
        meta = self.meta
        told = (
            (meta.creatable, "create records"),
            (meta.updatable, "change records"),
            (meta.deletable, "delete records"),
            (meta.retrievable, "read single records"),
        )
        return tuple(what for allowed, what in told if not allowed)

    @property
    def has_items(self) -> bool:
        return "hdnTaxType" in self.meta.by_wire and "productid" in self.meta.by_wire


@dataclass(frozen=True)
class CrmFacts:
    """One CRM."""

    instance: Instance
    modules: Mapping[str, ModulePage]
    """By the CRM's own names."""
    package: str = "generated.crm"
    """What applications import."""
    env: Environment = field(default_factory=Environment)

    @cached_property
    def by_class(self) -> dict[str, ModulePage]:
        return {each.name: each for each in self.modules.values()}

    @cached_property
    def entities(self) -> list[ModulePage]:
        return [each for each in self.modules.values() if each.meta.is_entity]

    def targets(self, meta: FieldMeta) -> list[ModulePage]:
        """The modules that a reference may point to, as far as they are here."""
        return [self.modules[name] for name in meta.targets if name in self.modules]

    def references(self, module: ModulePage) -> list[tuple[FieldMeta, ModulePage]]:
        """What its records refer to."""
        return [
            (each.meta, target)
            for each in module.fields
            if each.meta.family is Family.REFERENCE
            for target in self.targets(each.meta)
        ]

    @cached_property
    def referring(self) -> dict[str, list[tuple[ModulePage, FieldMeta]]]:
        """Module -> whose records refer to it, by which field."""
        found: dict[str, list[tuple[ModulePage, FieldMeta]]] = {}
        for module in self.modules.values():
            for meta, target in self.references(module):
                found.setdefault(target.meta.name, []).append((module, meta))
        return found


def crm_facts(
    snapshot: Snapshot,
    lock: NamesLock,
    rules: NamingRules | None = None,
    *,
    chosen: Mapping[str, object] | None = None,
    package: str = "generated.crm",
) -> CrmFacts:
    """The facts of these modules (all of them); things without a name get the one that `generate`
    would choose."""
    modules = {name: snapshot.modules[name] for name in chosen or snapshot.modules}
    names = name_everything(modules, lock, rules)
    prefixes = snapshot.instance.prefixes
    found = {}
    for name, each in modules.items():
        own = names.modules[name]
        meta = _as_generated(module_meta(each, own.fields, own.relations, prefixes))
        fields = tuple(
            _field(meta, one, own, each.dependencies.get(one.wire, {}))
            for one in meta.fields.values()
        )
        found[name] = ModulePage(meta, own, fields, tuple(each.repairs))
    env = Environment.of(snapshot.instance.server)
    return CrmFacts(snapshot.instance, found, package, env)


def _as_generated(meta: ModuleMeta) -> ModuleMeta:
    """With the fields in the order of the generated class, in which statements list them."""
    ordered = sorted(meta.fields.values(), key=lambda each: (each.name != "id", each.name))
    return replace(meta, fields=MappingProxyType({each.name: each for each in ordered}))


def _field(
    module: ModuleMeta,
    meta: FieldMeta,
    names: ModuleNames,
    deciding: Mapping[str, Mapping[str, Sequence[str]]],
) -> FieldRow:
    why = why_not_filterable(module.name, meta)
    lookups = () if why else LOOKUPS[meta.family]
    members = names.members.get(meta.wire, {})
    return FieldRow(
        meta,
        tuple(each.value for each in lookups if each is not Lookup.EXACT),
        tuple(_notes(meta, why)),
        names.picklists.get(meta.wire, ""),
        tuple(Choice(members.get(value, ""), value, label) for value, label in meta.choices),
        deciding,
    )


def _notes(meta: FieldMeta, why: str | None) -> list[str]:
    notes = []
    if meta.flaw is not None:
        notes.append(_FLAWS[meta.flaw])
    elif why:
        notes.append(f"no filter: {why}")
    if meta.unique:
        notes.append("unique")
    if meta.length:
        notes.append(f"at most {meta.length} characters")
    return notes


def demo_facts() -> CrmFacts:
    """The embedded CRM, under the names of its generated package."""
    import vtiger_orm.emulator

    folder = Path(vtiger_orm.emulator.__file__).parent / "demo"
    lock = load_lock(folder / FILE_NAME)
    return crm_facts(Snapshot.load(folder), lock, package="generated.demo")
