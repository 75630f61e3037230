"""All names of a snapshot: from settings, from the lock, and only then from the CRM's texts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.describe import DescribedField
from vtiger_orm.metadata.interpret import is_secret
from vtiger_orm.metadata.snapshot import ModuleSnapshot

from . import reserved, wanted
from .lock import ModuleNames, NamesError, NamesLock
from .resolver import Namespace

CustomNames = Literal["label", "wire"]
"""Whether custom fields (`cf_853`) are called by their label or by their wire name."""

_PICKLISTS: Final = frozenset({"picklist", "multipicklist"})


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

    Names in `lock` stay. Those of things that are gone stay too, until something else wants
    the name: what comes back after a change of permissions is called as before, and a field
    that was made anew takes the name of the old one.

    Raises `ConfigError` when the settings ask for an illegal or a taken name, and `NamesError`
    when the lock holds one, or when, `locked`, a name is missing from it.
    """
    return _Plan(modules, lock, rules or NamingRules(), locked).run()


def picklist_fields(module: ModuleSnapshot) -> list[DescribedField]:
    """The fields of a module that get a class nested in the model. `id` never does, whatever a
    server calls its type."""
    fields = module.describe.fields
    return [each for each in fields if each.type.name in _PICKLISTS and each.name != "id"]


def listed_values(field: DescribedField) -> dict[str, str]:
    """The labels of a picklist by stored value, in the CRM's order, which has a meaning.

    Blanks are left out: blank is `None`, never a member.
    """
    labels: dict[str, str] = {}
    for each in field.type.picklist_values:
        if each.value.strip(" "):
            labels.setdefault(each.value, each.label or each.value)
    return labels


class _Plan:
    def __init__(
        self,
        modules: Mapping[str, ModuleSnapshot],
        lock: NamesLock,
        rules: NamingRules,
        locked: bool,
    ) -> None:
        self.modules = modules
        self.lock = lock
        self.rules = rules
        self.locked = locked
        self.missing: list[str] = []

    def run(self) -> NamesLock:
        self._check_overrides()
        classes = self._classes()
        files = self._files()
        chosen = {
            name: self._module(name, classes[name], files[name], frozenset(classes.values()))
            for name in sorted(self.modules)
        }
        if self.missing:
            raise NamesError(
                "names.lock lacks names, and locked runs choose none:\n"
                + "\n".join(f"  {line}" for line in self.missing)
                + "\nRun `vtiger-orm generate`, look at the new names, and commit names.lock."
            )
        gone = {
            name: _without_taken(names, classes.values(), files.values())
            for name, names in self.lock.modules.items()
            if name not in self.modules
        }
        return NamesLock(modules={**gone, **chosen})

    # One namespace

    def _assign(
        self,
        what: str,
        space: Namespace,
        wishes: Mapping[str, str],
        known: Mapping[str, str],
        overrides: Mapping[str, str],
    ) -> dict[str, str]:
        """A name for each key of `wishes`; `what` is the place, for messages."""
        chosen: dict[str, str] = {}
        for key in sorted(overrides.keys() & wishes.keys()):
            name = overrides[key]
            self._take(space, name, f"The settings call {what}{key!r} {name!r}", ConfigError)
            chosen[key] = name
            if self.locked and known.get(key) != name:
                self.missing.append(f"{what}{key!r}: settings say {name}, {_told(known, key)}")
        for key in sorted((known.keys() & wishes.keys()) - chosen.keys()):
            name = known[key]
            self._take(space, name, f"names.lock calls {what}{key!r} {name!r}", NamesError)
            chosen[key] = name
        fresh = wishes.keys() - chosen.keys()
        for key in sorted(fresh, key=lambda key: (wishes[key] != key, key)):
            chosen[key] = space.claim(wishes[key])
            if self.locked:
                self.missing.append(f"{what}{key!r} (would be {chosen[key]})")
        for key in sorted(known.keys() - wishes.keys()):
            if space.take(known[key]):
                chosen[key] = known[key]
        return chosen

    def _take(
        self, space: Namespace, name: str, told: str, error: type[ConfigError | NamesError]
    ) -> None:
        if not wanted.is_legal(name):
            why = (
                "which generated code cannot use: a name has ASCII letters, digits and single "
                "underscores, starts with a letter, and not with model_"
            )
        elif space.is_reserved(name):
            why = "which is a name that Python or the library needs"
        elif not space.take(name):
            why = "which something else beside it is called already"
        else:
            return
        raise error(f"{told}, {why}. Choose another one.")

    # The package

    def _overrides(self, module: str) -> ModuleNames:
        return self.rules.overrides.get(module) or ModuleNames()

    def _known(self, module: str) -> ModuleNames:
        return self.lock.modules.get(module) or ModuleNames()

    def _classes(self) -> dict[str, str]:
        """A class comes after the capitalised attributes and nested classes that are fixed:
        inside a model they would hide it from type checkers."""
        wishes = {name: wanted.module_class(name) for name in self.modules}
        fixed = {
            name
            for module in self.modules
            for names in (self._known(module), self._overrides(module))
            for name in (*names.picklists.values(), *names.fields.values())
            if name[:1].isupper()
        }
        known = {name: self._known(name).class_name or "" for name in self.modules}
        fixed -= set(known.values())
        companions = {f"{wish}{end}" for wish in wishes.values() for end in reserved.COMPANIONS}
        return self._assign(
            "the class of ",
            Namespace(reserved.CLASSES | fixed | companions),
            wishes,
            {name: given for name, given in known.items() if given},
            {
                name: given
                for name in self.modules
                if (given := self._overrides(name).class_name) is not None
            },
        )

    def _files(self) -> dict[str, str]:
        return self._assign(
            "the file of ",
            Namespace(reserved.PYTHON_MODULES, fold=True),
            {name: wanted.python_module(name) for name in self.modules},
            {
                name: given
                for name in self.modules
                if (given := self._known(name).python_module) is not None
            },
            {
                name: given
                for name in self.modules
                if (given := self._overrides(name).python_module) is not None
            },
        )

    # One module

    def _module(
        self, name: str, class_name: str, python_module: str, classes: frozenset[str]
    ) -> ModuleNames:
        module, known, overrides = self.modules[name], self._known(name), self._overrides(name)
        nested = {*known.picklists.values(), *overrides.picklists.values()}
        fields = self._assign(
            f"{name} field ",
            Namespace(reserved.ATTRIBUTES | classes | nested | {"id"}),
            {
                each.name: self._attribute(each)
                for each in module.describe.fields
                if each.name != "id" and not is_secret(each)
            },
            known.fields,
            overrides.fields,
        )
        picklists = self._assign(
            f"{name} picklist ",
            Namespace(reserved.ATTRIBUTES | classes | set(fields.values())),
            {
                each.name: wanted.picklist_class(fields[each.name], each.label)
                for each in picklist_fields(module)
            },
            known.picklists,
            overrides.picklists,
        )
        members = {
            each.name: self._assign(
                f"{name} {each.name} value ",
                Namespace(),
                {value: wanted.member(value) for value in listed_values(each)},
                known.members.get(each.name, {}),
                overrides.members.get(each.name, {}),
            )
            for each in picklist_fields(module)
        }
        relations = self._assign(
            f"{name} relation ",
            Namespace(reserved.RELATIONS),
            {each.label: wanted.relation(each.label, each.name) for each in module.relations},
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
                ("relation", names.relations, {each.label for each in snapshot.relations}),
            ):
                for key in given:
                    if key not in there:
                        raise _unknown(f"{module} {kind}", key, there)


def _without_taken(names: ModuleNames, classes: Iterable[str], files: Iterable[str]) -> ModuleNames:
    """What is kept of a module that is not generated now."""
    return names.model_copy(
        update={
            "class_name": None if names.class_name in set(classes) else names.class_name,
            "python_module": None if names.python_module in set(files) else names.python_module,
        }
    )


def _names(fields: Iterable[DescribedField]) -> set[str]:
    return {each.name for each in fields}


def _told(known: Mapping[str, str], key: str) -> str:
    return f"names.lock says {known[key]}" if key in known else "names.lock has none"


def _unknown(what: str, name: str, there: Iterable[str]) -> ConfigError:
    close = difflib.get_close_matches(name, list(there), n=1)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    return ConfigError(
        f"The settings name the {what} {name!r}, which the snapshot does not have.{hint}"
    )
