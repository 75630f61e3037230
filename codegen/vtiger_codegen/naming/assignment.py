"""All names of a snapshot: from settings, from the lock, and only then from the CRM's texts."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from vtiger_orm.errors import ConfigError, suggest
from vtiger_orm.metadata.describe import DescribedField
from vtiger_orm.metadata.interpret import is_secret
from vtiger_orm.metadata.snapshot import ModuleSnapshot

from . import reserved, wanted
from .choosing import Chooser, Owner
from .lock import ModuleNames, NamesError, NamesLock
from .renamed import with_renames
from .things import listed_values, picklist_fields

CustomNames = Literal["label", "wire"]
"""Whether custom fields (`cf_853`) are called by their label or by their wire name."""


@dataclass(frozen=True, slots=True)
class NamingRules:
    """What the settings say about names."""

    custom: CustomNames = "label"
    overrides: Mapping[str, ModuleNames] = field(default_factory=dict)


def name_everything(
    modules: Mapping[str, ModuleSnapshot],
    lock: NamesLock,
    rules: NamingRules | None = None,
    *,
    locked: bool = False,
) -> NamesLock:
    """A lock that has a name for everything in `modules`.

    Names in `lock` stay. Those of things that are gone stay too: what comes back after a change of
    permissions is called as before, and what is new does not take the place of something else in
    code that nobody has looked at. It does where it is told to: by a rename, by the settings, or
    by the lock itself (`vtiger-orm names set`).

    Raises `ConfigError` when the settings ask for an illegal or a taken name, and `NamesError`
    when the lock holds one, or when, `locked`, a name is missing from it.
    """
    return _Assignment(modules, lock, rules or NamingRules(), locked).run()


class _Assignment:
    def __init__(
        self,
        modules: Mapping[str, ModuleSnapshot],
        lock: NamesLock,
        rules: NamingRules,
        locked: bool,
    ) -> None:
        self.modules = modules
        self.lock = with_renames(lock, modules)
        self.rules = rules
        self.locked = locked
        self.missing: list[str] = []

    def run(self) -> NamesLock:
        self._check_overrides()
        classes, owners = self._classes()
        files = self._files()
        chosen = {
            name: self._module(name, classes[name], files[name], owners)
            for name in sorted(self.modules)
        }
        if self.locked and self.missing:
            raise NamesError(
                "names.lock lacks names, and locked runs choose none:\n"
                + "\n".join(f"  {line}" for line in self.missing)
                + "\nRun `vtiger-orm generate`, look at the new names, and commit names.lock."
            )
        gone = {
            name: names.model_copy(
                update={"class_name": classes.get(name), "python_module": files.get(name)}
            )
            for name, names in self.lock.modules.items()
            if name not in self.modules
        }
        return NamesLock(modules={**gone, **chosen}, renamed=self.lock.renamed)

    # The package

    def _overrides(self, module: str) -> ModuleNames:
        return self.rules.overrides.get(module) or ModuleNames()

    def _known(self, module: str) -> ModuleNames:
        return self.lock.modules.get(module) or ModuleNames()

    def _classes(self) -> tuple[dict[str, str], dict[str, Owner]]:
        """A class comes after the capitalised attributes and nested classes that are fixed:
        inside a model they would hide it from type checkers."""
        wishes = {name: wanted.module_class(name) for name in self.modules}
        known = self._known_by_all("class_name")
        inside = {
            name: Owner(f"something in the model of {module!r}", by_settings)
            for by_settings, names_of in ((False, self._known), (True, self._overrides))
            for module in self.modules
            for name in (*names_of(module).picklists.values(), *names_of(module).fields.values())
            if name[:1].isupper() and name not in known.values()
        }
        companions = {f"{wish}{end}" for wish in wishes.values() for end in reserved.COMPANIONS}
        chooser = Chooser("the class of ", reserved.CLASSES | companions, inside)
        overrides = self._told_by(self._overrides, "class_name")
        return self._choose(chooser, wishes, known, overrides), chooser.owners

    def _files(self) -> dict[str, str]:
        return self._choose(
            Chooser("the file of ", reserved.PYTHON_MODULES, fold=True),
            {name: wanted.python_module(name) for name in self.modules},
            self._known_by_all("python_module"),
            self._told_by(self._overrides, "python_module"),
        )

    def _known_by_all(self, what: str) -> dict[str, str]:
        """Also of modules that are gone or not generated now."""
        found = {name: getattr(names, what) for name, names in self.lock.modules.items()}
        return {name: given for name, given in found.items() if given is not None}

    def _told_by(self, names_of: Callable[[str], ModuleNames], what: str) -> dict[str, str]:
        found = {name: getattr(names_of(name), what) for name in self.modules}
        return {name: given for name, given in found.items() if given is not None}

    def _choose(
        self,
        chooser: Chooser,
        wishes: Mapping[str, str],
        known: Mapping[str, str],
        overrides: Mapping[str, str],
    ) -> dict[str, str]:
        chosen = chooser.choose(wishes, known, overrides)
        self.missing += chooser.missing
        return chosen

    # One module

    def _module(
        self, name: str, class_name: str, python_module: str, classes: Mapping[str, Owner]
    ) -> ModuleNames:
        module, known, overrides = self.modules[name], self._known(name), self._overrides(name)
        nested = {
            given: Owner(f"{name} picklist {key!r}", by_settings)
            for by_settings, names in ((False, known), (True, overrides))
            for key, given in names.picklists.items()
        }
        of_fields = Chooser(f"{name} field ", reserved.ATTRIBUTES | {"id"}, {**classes, **nested})
        fields = self._choose(
            of_fields,
            {
                each.name: self._attribute(each)
                for each in module.describe.fields
                if each.name != "id" and not is_secret(each)
            },
            known.fields,
            overrides.fields,
        )
        gone = {given: Owner(f"{name} field {key!r}") for key, given in fields.items()}
        picklists = self._choose(
            Chooser(
                f"{name} picklist ",
                reserved.ATTRIBUTES,
                {**classes, **gone, **of_fields.owners},
            ),
            {
                each.name: wanted.picklist_class(fields[each.name], each.label)
                for each in picklist_fields(module)
            },
            known.picklists,
            overrides.picklists,
        )
        members = {
            each.name: self._choose(
                Chooser(f"{name} {each.name} value ", reserved.MEMBERS),
                {value: wanted.member(value) for value in listed_values(each)},
                known.members.get(each.name, {}),
                overrides.members.get(each.name, {}),
            )
            for each in picklist_fields(module)
        }
        relations = self._choose(
            Chooser(f"{name} relation ", reserved.RELATIONS),
            {
                key: wanted.relation(html.unescape(key), each.name)
                for key, each in module.relations_by_key.items()
            },
            known.relations,
            overrides.relations,
        )
        return ModuleNames(
            **{"class": class_name, "file": python_module},
            fields=fields,
            picklists=picklists,
            members={**known.members, **members},
            relations=relations,
        )

    def _attribute(self, described: DescribedField) -> str:
        if self.rules.custom == "label" and described.name.startswith("cf_"):
            return wanted.attribute_of_label(described.label, described.name)
        return wanted.attribute_of_wire(described.name)

    # Settings

    def _check_overrides(self) -> None:
        for module, names in self.rules.overrides.items():
            if module not in self.modules:
                raise _unknown("module", module, self.modules)
            snapshot = self.modules[module]
            fields = {each.name for each in snapshot.describe.fields}
            for kind, given, there in (
                ("field", names.fields, fields - {"id"}),
                ("picklist", names.picklists, _names(picklist_fields(snapshot))),
                ("picklist", names.members, _names(picklist_fields(snapshot))),
                ("relation", names.relations, set(snapshot.relations_by_key)),
            ):
                for key in given:
                    if key not in there:
                        raise _unknown(f"{module} {kind}", key, there)
            for each in picklist_fields(snapshot):
                values = listed_values(each)
                for value in names.members.get(each.name, {}):
                    if value not in values:
                        raise _unknown(f"{module} {each.name} value", value, values)


def _names(fields: Iterable[DescribedField]) -> set[str]:
    return {each.name for each in fields}


def _unknown(what: str, name: str, there: Iterable[str]) -> ConfigError:
    close = suggest(name, there)
    hint = f' Did you mean "{close}"?' if close else ""
    return ConfigError(
        f"The settings name the {what} {name!r}, which the snapshot does not have.{hint}"
    )
