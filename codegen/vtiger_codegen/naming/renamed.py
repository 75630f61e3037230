"""Names in Python stay when names in the CRM change: the lock with what was renamed moved. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from vtiger_orm.metadata.snapshot import ModuleSnapshot

from .lock import ModuleNames, NamesLock, Renamed
from .things import listed_values, picklist_fields

T = TypeVar("T")


def follow(told: Mapping[str, str | None], name: str, there: Collection[str]) -> str | None:
    """The first name in a chain of renames that is there, else the last one; None where the
    chain ends with "it is gone"."""
    found: str | None = name
    for _ in told:
        if found is None or found in there or found not in told:
            break
        found = told[found]
    return found


def with_renames(lock: NamesLock, modules: Mapping[str, ModuleSnapshot]) -> NamesLock:
    """The lock in which what `modules` has under a new name bears its old one in Python; where they
    are older than the lock, the other way round."""
    names = _renamed(lock.modules, lock.renamed, modules)
    return lock.model_copy(update={"modules": _renamed(names, undone(lock.renamed), modules)})


def _renamed(
    known: Mapping[str, ModuleNames], renamed: Renamed, modules: Mapping[str, ModuleSnapshot]
) -> dict[str, ModuleNames]:
    names = _moved(known, renamed.modules, modules)
    for name, module in modules.items():
        if name in names:
            names[name] = _module(name, names[name], module, renamed)
    return names


def undone(renamed: Renamed) -> Renamed:
    """The renames the other way round: with them a lock names what was there before."""
    modules = _turned(renamed.modules)
    fields = {name: _turned(told) for name, told in renamed.fields.items()}
    members: dict[str, dict[str, dict[str, str | None]]] = {}
    for name, by_field in renamed.members.items():
        former = fields.get(name, {})
        members[modules.get(name) or name] = {
            former.get(field) or field: _turned(told) for field, told in by_field.items()
        }
    return Renamed(
        modules=modules,
        fields={modules.get(name) or name: told for name, told in fields.items()},
        members=members,
        relations={
            modules.get(name) or name: _turned(told) for name, told in renamed.relations.items()
        },
    )


def _turned(told: Mapping[str, str | None]) -> dict[str, str | None]:
    return {new: old for old, new in told.items() if new is not None}


def _module(name: str, known: ModuleNames, module: ModuleSnapshot, renamed: Renamed) -> ModuleNames:
    fields = {each.name for each in module.describe.fields}
    moved = renamed.fields.get(name, {})
    members = _moved(known.members, moved, fields)
    values = renamed.members.get(name, {})
    for each in picklist_fields(module):
        if each.name in members and each.name in values:
            there = listed_values(each)
            members[each.name] = _moved(members[each.name], values[each.name], there)
    labels = module.relations_by_key.keys()
    return known.model_copy(
        update={
            "fields": _moved(known.fields, moved, fields),
            "picklists": _moved(known.picklists, moved, fields),
            "members": members,
            "relations": _moved(known.relations, renamed.relations.get(name, {}), labels),
        }
    )


def _moved(
    names: Mapping[str, T], told: Mapping[str, str | None], there: Collection[str]
) -> dict[str, T]:
    """The names with those of things that are called otherwise now under their new key."""
    moved = dict(names)
    for old in sorted(told.keys() & names.keys()):
        new = follow(told, old, there)
        if new is not None and old not in there and new in there and new not in names:
            moved[new] = moved.pop(old)
    return moved
