"""What an application can say of a generated package, and what each word stands for. Pure."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path as File

from vtiger_orm.metadata.interpret import UnknownFieldType, module_meta
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

from ..diff.differences import Path
from ..generate import Options, chosen
from ..naming.assignment import NamingRules, name_everything
from ..naming.lock import ModuleNames, NamesLock
from ..naming.renamed import undone, with_renames
from ..naming.reserved import COMPANIONS
from ..naming.things import listed_values, picklist_fields


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one module."""

    wire: str
    class_name: str
    file: str
    fields: Mapping[str, str]
    """Attribute -> wire name; the id included."""
    targets: Mapping[str, tuple[str, ...]]
    """Attribute of a reference -> the modules it points to, as far as the package has them."""
    picklists: Mapping[str, str]
    """Class nested in the model -> wire name of its field."""
    choices: Mapping[str, str]
    """Attribute of a picklist -> wire name."""
    members: Mapping[str, Mapping[str, str]]
    """Wire name -> member -> stored value."""
    relations: Mapping[str, tuple[str, str]]
    """Attribute under `related` -> key in the lock, and module."""
    steps: frozenset[str] = frozenset()
    """Methods of own querysets that can be chained."""

    def field(self, attribute: str) -> Path | None:
        """The path of a field in a diff."""
        wire = self.fields.get(attribute)
        return None if wire is None else ("module", self.wire, "field", wire)

    def member(self, field: str, name: str) -> Path | None:
        """The path of a picklist value in a diff, by the member's name."""
        value = self.members.get(field, {}).get(name)
        return None if value is None else ("module", self.wire, "field", field, "value", value)

    def value(self, field: str, text: str) -> Path | None:
        """The path of a picklist value, by what is stored."""
        known = text in self.members.get(field, {}).values()
        return ("module", self.wire, "field", field, "value", text) if known else None

    def relation(self, attribute: str) -> Path | None:
        """The path of a relation in a diff."""
        found = self.relations.get(attribute)
        return None if found is None else ("module", self.wire, "relation", found[0])


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a package, and how applications import it."""

    package: tuple[str, ...]
    """Its dotted name, as far as the project's folders tell: applications may leave out the
    beginning."""
    modules: Mapping[str, Words]
    """By the CRM's module name."""

    def of_class(self, name: str) -> Words | None:
        """The module whose class is called so."""
        return next((each for each in self.modules.values() if each.class_name == name), None)

    def of_companion(self, name: str) -> tuple[Words, str] | None:
        """The module of a class, or of what is called after it (`ContactsQuerySet`), and what is
        put behind the name of its class."""
        for end in ("", *COMPANIONS):
            words = self.of_class(name.removesuffix(end)) if name.endswith(end) else None
            if words is not None:
                return words, end
        return None

    def of_file(self, name: str) -> Words | None:
        """The module whose Python file is called so."""
        return next((each for each in self.modules.values() if each.file == name), None)

    def inside(self, parts: tuple[str, ...]) -> tuple[str, ...] | None:
        """What follows the package in a dotted name; None for names of something else."""
        for length in range(1, len(parts) + 1):
            if length <= len(self.package) and parts[:length] == self.package[-length:]:
                return parts[length:]
        return None


def vocabulary(
    modules: Mapping[str, ModuleSnapshot],
    names: NamesLock,
    package: tuple[str, ...],
    steps: Mapping[str, frozenset[str]] | None = None,
) -> Vocabulary:
    """The words that the package of these modules and names has, with the `steps` of own querysets
    by module."""
    own = steps or {}
    return Vocabulary(
        package,
        {
            wire: replace(
                _words(module, names.modules.get(wire) or ModuleNames(), modules),
                steps=own.get(wire, frozenset()),
            )
            for wire, module in modules.items()
        },
    )


def former_vocabulary(
    snapshot: Snapshot, lock: NamesLock, options: Options, package: File
) -> Vocabulary:
    """The words of the package that was made of a former snapshot.

    `lock` may know what was renamed since; where it has no name, the one is meant that would be
    chosen.
    """
    names = chosen(snapshot.modules, options.include, options.exclude)
    modules = {name: snapshot.modules[name] for name in names}
    lock = with_renames(lock.model_copy(update={"renamed": undone(lock.renamed)}), modules)
    called = name_everything(modules, lock, NamingRules(custom=options.naming.custom))
    return vocabulary(modules, called, package.absolute().parts)


def _words(
    module: ModuleSnapshot, names: ModuleNames, modules: Mapping[str, ModuleSnapshot]
) -> Words:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownFieldType)
        meta = module_meta(module, names.fields, names.relations)
    attributes = {field.wire: name for name, field in meta.fields.items()}
    return Words(
        wire=meta.name,
        class_name=names.class_name or meta.name,
        file=names.python_module or meta.name.lower(),
        fields={name: field.wire for name, field in meta.fields.items()},
        targets={
            name: tuple(each for each in field.targets if each in modules)
            for name, field in meta.fields.items()
            if field.family is Family.REFERENCE
        },
        picklists={name: wire for wire, name in names.picklists.items() if wire in attributes},
        choices={
            name: field.wire
            for name, field in meta.fields.items()
            if field.family in (Family.CHOICE, Family.CHOICES)
        },
        members={
            each.name: {
                name: value
                for value, name in names.members.get(each.name, {}).items()
                if value in listed_values(each)
            }
            for each in picklist_fields(module)
        },
        relations={
            each.name: (key, each.module)
            for key, each in zip(module.relations_by_key, meta.relations)
        },
    )
