"""What a difference means for code that uses the generated package. Pure.

*breaking*: correct code fails, in a type checker or when it runs. *caution*: it goes on, but may
do something else than before. *safe*: nothing that is written changes its meaning.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple

from vtiger_orm.metadata.interpret import UnknownFieldType, module_meta, relation_actions
from vtiger_orm.metadata.kinds import SECRET_NAMES, Family, Kind
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.writing.required import is_required

from .differences import Action, Difference


class Grade(StrEnum):
    """How much a change matters; the later, the more."""

    SAFE = "safe"
    CAUTION = "caution"
    BREAKING = "breaking"


def exit_code(grade: Grade | None) -> int:
    """What `diff` and `check` exit with: 0 same, 1 safe, 2 breaking; 3 is for not knowing."""
    return 0 if grade is None else 2 if grade is Grade.BREAKING else 1


class Judgement(NamedTuple):
    """A grade and why."""

    grade: Grade
    reason: str
    """In our words; no text of the CRM."""
    said: str = ""
    """In the CRM's words."""


_FLAGS: Final[Mapping[str, bool]] = {
    "createable": True,
    "updateable": True,
    "deleteable": True,
    "retrieveable": True,
    "mandatory": False,
    "editable": True,
    "isunique": False,
    "nullable": True,
}
"""What a server means that leaves a flag out."""

_PERMISSIONS: Final = {
    "createable": "create() is refused",
    "updateable": "save() and update() are refused",
    "deleteable": "delete() is refused",
    "retrieveable": "refresh() is refused",
}

_READ_AS: Final = {
    Family.TEXT: "text",
    Family.CHOICE: "a picklist value",
    Family.CHOICES: "several picklist values",
    Family.INTEGER: "a whole number",
    Family.DECIMAL: "a decimal",
    Family.BOOLEAN: "yes or no",
    Family.DATE: "a date",
    Family.DATETIME: "a moment",
    Family.TIME: "a time of day",
    Family.REFERENCE: "a reference",
    Family.ID: "an id",
    Family.SECRET: "a secret",
}

UNUSED: Final = Judgement(Grade.SAFE, "generated code does not use it")


class Judge:
    """Grades differences between a former snapshot and today's."""

    def __init__(self, now: Snapshot) -> None:
        self._now = now
        self._meta = cache(self._module_meta)

    def verdict(self, difference: Difference) -> Judgement:
        """Grade and reason of one difference."""
        if difference.action is Action.RENAMED:
            return _renamed(difference)
        match difference.path:
            case ("crm", key):
                return _crm(key)
            case ("module", name):
                return self._module(name, difference)
            case ("module", _, "module", key):
                return _module_fact(key, difference)
            case ("module", name, "field", field):
                return self._field(name, field, difference)
            case ("module", name, "field", field, "type", key):
                return _type_fact(key, difference)
            case ("module", _, "field", _, "value", _):
                return _value(difference)
            case ("module", _, "field", _, "target", _):
                return _target(difference)
            case ("module", _, "field", _, "dependency", *_):
                return Judgement(Grade.SAFE, "its forms offer other values; the API takes any")
            case ("module", name, "field", field, key):
                return self._field_fact(name, field, key, difference)
            case ("module", _, "relation", _):
                return _relation(difference)
            case ("module", _, "relation", _, key):
                return _relation_fact(key, difference)
        return UNUSED

    def _module(self, name: str, difference: Difference) -> Judgement:
        if difference.action is Action.ADDED:
            return Judgement(Grade.SAFE, "nothing uses it yet")
        reason = self._now.instance.skipped.get(name)
        if reason is not None:
            return Judgement(Grade.BREAKING, "it could not be described", reason)
        return Judgement(Grade.BREAKING, "code that uses it fails")

    def _field(self, module: str, name: str, difference: Difference) -> Judgement:
        if name.lower() in SECRET_NAMES:
            return UNUSED
        if difference.action is Action.REMOVED:
            return Judgement(Grade.BREAKING, "code that reads, filters or writes it fails")
        if self._is_required(module, name):
            return Judgement(Grade.BREAKING, "create() has to give it")
        return Judgement(Grade.SAFE, "nothing uses it yet")

    def _field_fact(self, module: str, name: str, key: str, difference: Difference) -> Judgement:
        flag = _flag(key, difference)
        match key:
            case "label":
                return Judgement(Grade.SAFE, "shown only: generated names stay")
            case "mandatory" if flag:
                if self._is_required(module, name):
                    return Judgement(
                        Grade.BREAKING, "create() has to give it, and it cannot be blanked"
                    )
                return Judgement(Grade.CAUTION, "it cannot be blanked any more")
            case "editable" if flag is False:
                return Judgement(Grade.BREAKING, "assigning it is refused")
            case "isunique" if flag is not None:
                why = "a second record with its value is refused"
                return Judgement(
                    Grade.CAUTION, why if flag else "several records may have one value"
                )
            case "nullable" if flag is False:
                return Judgement(Grade.CAUTION, "it cannot be blanked any more")
            case "default":
                if difference.before and self._is_required(module, name):
                    return Judgement(
                        Grade.BREAKING, "create() has to give it: it has no default any more"
                    )
                return Judgement(Grade.CAUTION, "create() without it stores something else")
            case "flaw":
                if difference.action is Action.REMOVED:
                    return Judgement(Grade.SAFE, "queries can use it now")
                return Judgement(Grade.CAUTION, "queries cannot use it as they could")
            case "value" | "target" | "type":
                return Judgement(Grade.SAFE, "it comes with the type")
        if key in _FLAGS:
            return Judgement(Grade.SAFE, "nothing is refused that was not")
        return UNUSED

    def _is_required(self, module: str, name: str) -> bool:
        meta = self._meta(module)
        field: FieldMeta | None = meta.by_wire.get(name) if meta else None
        if meta is None or field is None or not meta.creatable:
            return False
        return field.editable and is_required(field, meta)

    def _module_meta(self, name: str) -> ModuleMeta | None:
        module = self._now.modules.get(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnknownFieldType)
            return None if module is None else module_meta(module)


def _crm(key: str) -> Judgement:
    if key == "dialect":
        return Judgement(Grade.CAUTION, "another way of talking has other abilities")
    if key == "version":
        return Judgement(Grade.CAUTION, "another version may behave differently")
    return UNUSED


def _renamed(difference: Difference) -> Judgement:
    match difference.path:
        case ("module", _):
            what = "class"
        case ("module", _, "field", _):
            what = "attribute"
        case ("module", _, "relation", _):
            what = "manager"
        case _:
            what = "member"
    return Judgement(
        Grade.CAUTION, f"the {what} keeps its name; texts that hold the former one do not fit"
    )


def _module_fact(key: str, difference: Difference) -> Judgement:
    if key in _PERMISSIONS:
        if _flag(key, difference) is False:
            return Judgement(Grade.BREAKING, _PERMISSIONS[key])
        return Judgement(Grade.SAFE, "more is permitted")
    match key:
        case "idPrefix":
            return Judgement(Grade.BREAKING, "stored ids mean other records: is it another CRM?")
        case "isEntity":
            return Judgement(Grade.CAUTION, "what can be done with its records differs")
        case "label" | "labelFields":
            return Judgement(Grade.SAFE, "shown only")
    return UNUSED


def _type_fact(key: str, difference: Difference) -> Judgement:
    match key:
        case "name":
            before, now = _family(difference.before), _family(difference.after)
            if before is now:
                return Judgement(Grade.SAFE, f"read as {_READ_AS[now]}, as before")
            return Judgement(
                Grade.BREAKING, f"read as {_READ_AS[now]} instead of {_READ_AS[before]}"
            )
        case "length":
            before, now = difference.before, difference.after
            if now is None or (_is_number(before) and _is_number(now) and before < now):
                return Judgement(Grade.SAFE, "longer texts fit")
            return Judgement(Grade.CAUTION, "longer texts are cut or refused")
    return UNUSED


def _value(difference: Difference) -> Judgement:
    match difference.action:
        case Action.ADDED:
            return Judgement(Grade.SAFE, "a member more")
        case Action.REMOVED:
            return Judgement(Grade.BREAKING, "code that names its member fails")
    return Judgement(Grade.SAFE, "shown only")


def _target(difference: Difference) -> Judgement:
    if difference.action is Action.REMOVED:
        return Judgement(Grade.BREAKING, "references to it have no type any more")
    return Judgement(Grade.CAUTION, "what it points to may be of that module as well")


def _relation(difference: Difference) -> Judgement:
    if difference.action is Action.ADDED:
        return Judgement(Grade.SAFE, "nothing uses it yet")
    return Judgement(Grade.BREAKING, "code that uses its manager fails")


def _relation_fact(key: str, difference: Difference) -> Judgement:
    match key:
        case "name":
            return Judgement(Grade.BREAKING, "its manager has records of another module")
        case "actions":
            before, now = (_actions(each) for each in (difference.before, difference.after))
            if before <= now:
                return Judgement(Grade.SAFE, "more is offered")
            return Judgement(Grade.CAUTION, "what it offered may be refused")
        case "relation_id":
            return Judgement(Grade.CAUTION, "linking names it: generate again")
    return UNUSED


def _actions(text: Any) -> set[str]:
    return set(relation_actions(text if isinstance(text, str) else None))


def _flag(key: str, difference: Difference) -> bool | None:
    """What a flag says now; None where it says the same as before, or is no flag."""
    if key not in _FLAGS:
        return None
    before, now = (
        _FLAGS[key] if value is None else value not in ("", "0", "false", "False", False)
        for value in (difference.before, difference.after)
    )
    return None if before == now else now


def _family(type_name: Any) -> Family:
    """An unknown type is read as text."""
    try:
        return Kind(type_name).family
    except ValueError:
        return Family.TEXT


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
