"""Two snapshots as trees, and where the trees differ. Pure, and without judging anything.

Fields are told apart by their wire name, picklist values by what is stored, relations by their
label, and module where several have it; whatever else a server says is compared as it is, known
to this release or not. Paths::

    crm version                             a fact about the CRM as a whole
    module Contacts                         a module
    module Contacts module createable       a fact about a module
    module Contacts field cf_1              a field
    module Contacts field cf_1 mandatory    a fact about a field
    module Contacts field cf_1 type name    ... about its type
    module Contacts field cf_1 value Gold   a picklist value; what is compared is its label
    module Contacts field cf_1 target Users a module that a reference points to
    module Contacts field cf_1 dependency cf_2 Gold    the values of cf_2 that go with Gold
    module Contacts relation Deals          a relation, and facts about it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

from vtiger_orm.metadata.describe import relation_keys
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

Path: TypeAlias = tuple[str, ...]

_CRM: Final = ("dialect", "version", "api_version")


class Action(StrEnum):
    """What happened to the thing or the fact at a path."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


class Difference(NamedTuple):
    """One place in which two snapshots differ."""

    path: Path
    action: Action
    before: Any = None
    """What was there: a fact, all facts of a thing that is gone, or a former name."""
    after: Any = None


class OutlineNode(dict[str, Any]):
    """Things or facts by name. Any other value is a leaf: compared, never looked into."""


def outline(snapshot: Snapshot) -> OutlineNode:
    """The tree of a snapshot.

    What the server can do (`capabilities`) and how the user writes dates are not in it: they
    depend on the records and on the user that happened to be there.
    """
    return OutlineNode(
        crm=OutlineNode({key: getattr(snapshot.instance, key) for key in _CRM}),
        module=OutlineNode({name: _module(module) for name, module in snapshot.modules.items()}),
    )


def differences(before: OutlineNode, now: OutlineNode, path: Path = ()) -> Iterator[Difference]:
    """Where two trees differ, in the order of the paths; a thing that is new or gone is one."""
    for key in sorted(before.keys() | now.keys()):
        place = (*path, key)
        if key not in now:
            yield Difference(place, Action.REMOVED, before=before[key])
        elif key not in before:
            yield Difference(place, Action.ADDED, after=now[key])
        elif isinstance(before[key], OutlineNode) and isinstance(now[key], OutlineNode):
            yield from differences(before[key], now[key], place)
        elif before[key] != now[key]:
            yield Difference(place, Action.CHANGED, before[key], now[key])


def at(tree: OutlineNode, path: Path) -> Any:
    """What is at a path; None when there is nothing."""
    found: Any = tree
    for key in path:
        found = found.get(key) if isinstance(found, OutlineNode) else None
    return found


def _module(module: ModuleSnapshot) -> OutlineNode:
    raw = module.to_json()
    described = {key: value for key, value in raw["describe"].items() if key != "fields"}
    fields = OutlineNode(
        {str(each.get("name")): _field(each) for each in raw["describe"]["fields"]}
    )
    for name, flaw in raw["flaws"].items():
        fields.setdefault(name, OutlineNode())["flaw"] = flaw
    for name, dependent in module.dependencies.items():
        told = {target: OutlineNode(values) for target, values in dependent.items()}
        if name in fields:
            fields[name]["dependency"] = OutlineNode(told)
    ends = {(str(each.get("label")), str(each.get("name"))): each for each in raw["relations"]}
    relations = OutlineNode(zip(relation_keys(ends), map(_relation, ends.values())))
    return OutlineNode(module=OutlineNode(described), field=fields, relation=relations)


def _relation(raw: Mapping[str, Any]) -> OutlineNode:
    return OutlineNode({key: value for key, value in raw.items() if key != "label"})


def _field(raw: Mapping[str, Any]) -> OutlineNode:
    field = OutlineNode({key: value for key, value in raw.items() if key not in ("name", "type")})
    type_ = dict(raw.get("type") or {})
    if "picklistValues" in type_:
        values = type_.pop("picklistValues") or ()
        field["value"] = OutlineNode({str(each.get("value")): each.get("label") for each in values})
    if "refersTo" in type_:
        field["target"] = OutlineNode(dict.fromkeys(map(str, type_.pop("refersTo") or ()), True))
    if type_.get("name") == Kind.DATE:
        type_.pop("format", None)
    field["type"] = OutlineNode(type_)
    return field
