"""Odd facts in what a CRM describes: each is repaired and told, and nothing else is lost by it.

Servers, forks and extensions answer ``null`` where a text belongs, a PHP list with holes (a JSON
object) where a list does, ``""`` or ``"25,8"`` for a length. What comes out here has the shape of
`describe`; a fact that cannot be understood is left out, so that its default holds, and a thing
without a name is left out as a whole. Answers without an odd fact are returned as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeGuard

from pydantic import BaseModel, ValidationError

from .describe import DescribeAnswer, DescribedField, FieldType, RelatedType, TypeInformation
from .observed import JsonObject

_LENGTH: Final = re.compile(r"\s*(-?[0-9]{1,9})\s*(,\s*[0-9]+\s*)?", re.ASCII)
"""``25,8`` are 25 digits, 8 of them behind the point."""
_HALF: Final = re.compile("[\ud800-\udfff]")

_MOVING: Final = frozenset({"date", "datetime"})
"""Kinds of which coreBOS tells the present moment as the default: it would differ at each pull."""


class Repaired(NamedTuple):
    """An answer without odd facts, and what was odd about it, in words."""

    content: JsonObject
    told: tuple[str, ...] = ()


class RepairedRelations(NamedTuple):
    """The relations of a module, and what was odd about them."""

    relations: list[JsonObject]
    told: tuple[str, ...] = ()


def repaired_listtypes(answer: object) -> Repaired:
    """`listtypes`: ``types`` is a list of names, ``information`` an object by name."""
    told: list[str] = []
    given = _mapping(_in_whole_characters(answer, told), "the answer", told)
    names = [
        name
        for where, name in _listed(given.get("types"), "types", told)
        if _is_text(name) or _drop(where, name, told)
    ]
    information = given.get("information")
    content = {**given, "types": names, "information": {}}
    if information:
        for name, facts in _mapping(information, "information", told).items():
            facts = _mapping(facts, f"information of {name}", told)
            content["information"][name] = _pruned(TypeInformation, facts, name, told)
    return Repaired(content, tuple(told))


def repaired_describe(answer: object, module: str) -> Repaired:
    """`describe` of a module. What its name and its id prefix are, and that it has a list of
    fields, is not for anybody to guess: that is left as it is."""
    told: list[str] = []
    content = dict(_mapping(_in_whole_characters(answer, told), "the answer", told))
    if not _is_text(content.get("name")):
        _drop("name", content.get("name"), told)
        content["name"] = module
    if isinstance(content.get("fields"), list | dict):
        content["fields"] = list(_fields(content["fields"], told))
    if isinstance(content.get("labelFields"), list | dict):
        labels = _listed(content["labelFields"], "labelFields", told)
        content["labelFields"] = [
            name for where, name in labels if _is_text(name) or _drop(where, name, told)
        ]
    kept = {key: content[key] for key in ("fields", "idPrefix") if key in content}
    facts = {key: value for key, value in content.items() if key not in kept}
    return Repaired(_pruned(DescribeAnswer, facts, "", told) | kept, tuple(told))


def repaired_relations(answer: object) -> RepairedRelations:
    """`relatedtypes`: its ``information``, as a list. A relation without a label is called like
    the module it leads to, as most are."""
    told: list[str] = []
    answer = _in_whole_characters(answer, told)
    information = _mapping(answer, "the answer", told).get("information")
    found: dict[tuple[str, str], JsonObject] = {}
    for where, facts in _listed(information, "relation", told):
        if not isinstance(facts, dict) or not _is_text(facts.get("name")):
            _drop(where, facts, told)
            continue
        name = facts["name"]
        if not _is_text(facts.get("label")):
            told.append(f"{where} to {name}: its label is {_shown(facts.get('label'))}")
            facts = facts | {"label": name}
        facts = _pruned(RelatedType, facts, f"relation {facts['label']}", told)
        if found.setdefault((facts["label"], name), facts) is not facts:
            told.append(f"relation {facts['label']} to {name}: told more than once")
    return RepairedRelations(list(found.values()), tuple(told))


# Fields


def _fields(given: object, told: list[str]) -> Iterator[JsonObject]:
    seen: set[str] = set()
    for where, facts in _listed(given, "field", told):
        if not isinstance(facts, dict):
            _drop(where, facts, told)
            continue
        name = facts.get("name")
        if isinstance(name, int):
            name = str(name)
        if not _is_text(name):
            # A map of fields may have the names as its keys alone.
            key = where.removeprefix("field ")
            if "name" in facts or key.isdecimal():
                _drop(f"{where}, name", name, told)
                continue
            name = key
        if name in seen:
            told.append(f"field {name}: described more than once")
            continue
        seen.add(name)
        where = f"field {name}"
        facts = facts | {"name": name, "type": _type(facts.get("type"), where, told)}
        if "label_raw" in facts and facts["type"].get("name") in _MOVING:
            facts.pop("default", None)
        yield _pruned(DescribedField, facts, where, told)


def _type(given: object, where: str, told: list[str]) -> JsonObject:
    if _is_text(given):
        return {"name": given}
    content = dict(_mapping(given, f"{where}, type", told))
    name = content.get("name")
    if not _is_text(name):
        if isinstance(given, dict):
            _drop(f"{where}, type name", name, told)
        content["name"] = "string"
    if content.get("picklistValues"):
        values = _listed(content["picklistValues"], f"{where}, value", told)
        content["picklistValues"] = [
            value for place, each in values if (value := _choice(place, each, told)) is not None
        ]
    if content.get("refersTo"):
        targets = content["refersTo"]
        listed = _listed([targets] if _is_text(targets) else targets, f"{where}, target", told)
        content["refersTo"] = [
            each for place, each in listed if _is_text(each) or _drop(place, each, told)
        ]
    for key in ("picklistValues", "refersTo"):
        if key in content and not content[key]:
            content[key] = []
    length = content.get("length")
    found = _LENGTH.fullmatch(length) if isinstance(length, str) else None
    number = int(found[1]) if found is not None else length
    if isinstance(number, int | float) and not isinstance(number, bool) and number <= 0:
        del content["length"]  # nothing at all is as long as that: it says that none is known
    elif found is not None and found[2]:
        content["length"] = number
    return _pruned(FieldType, content, f"{where}, type", told)


def _choice(where: str, given: object, told: list[str]) -> JsonObject | None:
    """A value of a picklist; as a plain text it is its own label."""
    value = given.get("value") if isinstance(given, dict) else given
    if isinstance(value, str) and _HALF.search(value):
        _drop(where, value, told)
        return None
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        return {"value": str(given), "label": str(given)}
    if not isinstance(given, dict) or not isinstance(value, str | int | float):
        _drop(where, given, told)
        return None
    label = given.get("label")
    if not isinstance(label, str | int | float):
        if "label" in given:
            told.append(f"{where}: the label of {_shown(given['value'])} is {_shown(label)}")
        return given | {"label": str(given["value"])}
    return given


# What all of them have in common


def _listed(given: object, where: str, told: list[str]) -> Iterator[tuple[str, Any]]:
    """Each thing in a list, a PHP list with holes, or a map; with its place, in words."""
    if isinstance(given, dict):
        yield from ((f"{where} {key}", value) for key, value in given.items())
    elif isinstance(given, list):
        yield from ((f"{where} {number}", value) for number, value in enumerate(given, 1))
    elif given is not None:
        _drop(where, given, told)


def _mapping(given: object, where: str, told: list[str]) -> JsonObject:
    if isinstance(given, Mapping):
        return dict(given)
    if given != []:  # what PHP writes for a map without entries
        _drop(where, given, told)
    return {}


def _pruned(model: type[BaseModel], content: JsonObject, where: str, told: list[str]) -> JsonObject:
    """Without the facts that the model does not understand."""
    try:
        model.model_validate(content)
    except ValidationError as error:
        odd = {str(each["loc"][0]) for each in error.errors(include_url=False) if each["loc"]}
        odd &= content.keys()
        for key in sorted(odd):
            _drop(f"{where}, {key}" if where else key, content[key], told)
        return {key: value for key, value in content.items() if key not in odd}
    return content


def _is_text(given: object) -> TypeGuard[str]:
    return isinstance(given, str) and bool(given.strip()) and _HALF.search(given) is None


def _in_whole_characters(given: Any, told: list[str], where: str = "the answer") -> Any:
    """The same with a replacement for each half of a surrogate pair, which no file can hold.

    Names and values, alone or in lists, are left as they are: what has such a name cannot be asked
    for, and is left out.
    """
    if isinstance(given, list):
        return [
            each if isinstance(each, str) else _in_whole_characters(each, told, where)
            for each in given
        ]
    if isinstance(given, Mapping):
        return {
            _HALF.sub("\ufffd", str(key)): (
                value
                if isinstance(value, str) and (key in ("name", "value") or str(key).isdecimal())
                else _in_whole_characters(value, told, str(key))
            )
            for key, value in given.items()
        }
    if isinstance(given, str) and _HALF.search(given):
        told.append(f"{_HALF.sub('?', where)}: {_shown(given)} holds half of a character")
        return _HALF.sub("\ufffd", given)
    return given


def _drop(where: str, given: object, told: list[str]) -> bool:
    """Tell what is left out; false, so that it can stand in a filter."""
    told.append(f"{where}: {_shown(given)} is not understood")
    return False


def _shown(given: object) -> str:
    if given is None:
        return "null"
    if isinstance(given, list | dict):
        return "a list" if isinstance(given, list) else "an object"
    return ascii(given) if len(ascii(given)) <= 60 else f"{ascii(given)[:57]}..."
