"""Every name of a package, by the address it has on a command line. Pure.

::

    Contacts                         the class of a module
    file Contacts                    its file
    Contacts.cf_852                  a field
    picklist Contacts.leadsource     the class of a picklist
    Contacts.leadsource.Cold Call    one of its members
    Contacts.related.Deals           a relation
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from vtiger_orm.errors import ConfigError, suggest
from vtiger_orm.metadata.snapshot import ModuleSnapshot

from .lock import ModuleNames, NamesLock
from .things import listed_values, picklist_fields

AddressKind: TypeAlias = Literal["class", "file", "field", "picklist", "member", "relation"]

_VOWELLESS: Final = re.compile(r"[b-df-hj-np-tv-z]{5,}", re.IGNORECASE)
_COUNTED: Final = re.compile(r"(_\d+|_)$")


@dataclass(frozen=True, slots=True)
class Named:
    """One thing of the CRM and what it is called in Python."""

    module: str
    kind: AddressKind
    key: str
    """The wire name of the field, or the key of the relation; the module's own name else."""
    value: str
    """The stored value of a member."""
    name: str
    label: str
    """What the CRM shows."""

    @property
    def address(self) -> str:
        match self.kind:
            case "class":
                return self.module
            case "file":
                return f"file {self.module}"
            case "field":
                return f"{self.module}.{self.key}"
            case "picklist":
                return f"picklist {self.module}.{self.key}"
            case "member":
                return f"{self.module}.{self.key}.{self.value}"
        return f"{self.module}.related.{self.key}"

    @property
    def reads_badly(self) -> bool:
        """Whether somebody should give it a better name: it is made of single letters, has a
        transliterated word without vowels, a number or an underscore that only keeps it apart
        from another one, or no word at all."""
        words = [part for part in self.name.split("_") if part.isalpha()]
        return (
            (len(words) > 1 and all(len(word) == 1 for word in words))
            or any(_VOWELLESS.fullmatch(word) for word in words)
            or self.name.startswith(("cf_", "unnamed", "UNNAMED"))
            or self._is_kept_apart()
        )

    def _is_kept_apart(self) -> bool:
        found = _COUNTED.search(self.name)
        if found is None or keyword.iskeyword(self.name.rstrip("_")):
            return False
        number = found[0].strip("_")
        return not number or number not in f"{self.key} {self.value} {self.label}"


def every_name(modules: Mapping[str, ModuleSnapshot], names: NamesLock) -> Iterator[Named]:
    """Everything in `modules` that has a name, in the order of the addresses of a module."""
    for wire, module in sorted(modules.items()):
        of = names.modules.get(wire) or ModuleNames()
        label = module.describe.label
        yield Named(wire, "class", wire, "", of.class_name or "", label)
        yield Named(wire, "file", wire, "", of.python_module or "", label)
        fields = {each.name: each for each in module.describe.fields}
        for key, name in sorted(of.fields.items()):
            if key in fields:
                yield Named(wire, "field", key, "", name, fields[key].label)
        for each in sorted(picklist_fields(module), key=lambda field: field.name):
            if each.name in of.picklists:
                yield Named(wire, "picklist", each.name, "", of.picklists[each.name], each.label)
            members = of.members.get(each.name, {})
            for value, shown in listed_values(each).items():
                if value in members:
                    yield Named(wire, "member", each.name, value, members[value], shown)
        relations = module.relations_by_key
        for key, name in sorted(of.relations.items()):
            if key in relations:
                yield Named(wire, "relation", key, "", name, key)


def find(named: Iterable[Named], text: str) -> list[Named]:
    """The things whose address, name or label holds the text, whatever its case."""
    wanted = text.casefold()
    return [
        each
        for each in named
        if any(wanted in found.casefold() for found in (each.address, each.name, each.label))
    ]


def parse_names(texts: Iterable[str], named: Iterable[Named]) -> list[tuple[Named, str]]:
    """What ``ADDRESS=NAME`` says; values of picklists may hold equals signs.

    Raises `ConfigError` for what has no name, and for what is given two.
    """
    known = {each.address: each for each in named}
    found: dict[str, str] = {}
    for text in texts:
        address, separator, name = text.rpartition("=")
        if not separator:
            raise ConfigError(f"{text}: write ADDRESS=NAME, for example Contacts.cf_852=tier.")
        if address not in known:
            close = suggest(address, known)
            hint = f' Did you mean "{close}"?' if close else ""
            raise ConfigError(f"There is no {address} that has a name.{hint}")
        if found.setdefault(address, name.strip()) != name.strip():
            raise ConfigError(f"{address} is given two names: {found[address]} and {name.strip()}.")
    return [(known[address], name) for address, name in found.items()]


def with_names(lock: NamesLock, given: Iterable[tuple[Named, str]]) -> NamesLock:
    """The lock with these names; whether they are legal and free is for others to say."""
    modules = {name: each.model_copy(deep=True) for name, each in lock.modules.items()}
    for thing, name in given:
        of = modules[thing.module]
        match thing.kind:
            case "class":
                of.class_name = name
            case "file":
                of.python_module = name
            case "field":
                of.fields[thing.key] = name
            case "picklist":
                of.picklists[thing.key] = name
            case "member":
                of.members[thing.key][thing.value] = name
            case "relation":
                of.relations[thing.key] = name
    return lock.model_copy(update={"modules": modules})
