"""A module as one user sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .schema import USERS, Field, Module, Schema
from .users import User


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What of a module a user may name, read and write."""

    module: Module
    user: User
    fields: Mapping[str, Field]
    """Readable fields."""
    visible: frozenset[str] | None
    """Modules the user may see; None when nothing is hidden."""
    writable: bool
    deletable: bool
    owners: frozenset[int] | None
    """Whose records the user sees (private sharing); None for everybody's."""
    untold: frozenset[str] = frozenset()
    """Fields that are described but in no answer."""

    def targets(self, field: Field) -> tuple[str, ...]:
        """The modules a reference may point to, without those hidden from the user. Users are
        never hidden here, nor is anything from fields of modules that are no entities."""
        if self.visible is None or not self.module.is_entity:
            return field.targets
        return tuple(each for each in field.targets if each in self.visible or each == USERS)

    def editable(self, field: Field) -> bool:
        return (
            field.editable
            and field.name in self.fields
            and (self.module.name, field.name) not in self.user.readonly_fields
        )


def make_view(
    schema: Schema,
    module: Module,
    user: User,
    *,
    private: bool,
    untold: frozenset[str] = frozenset(),
) -> View:
    """`private`: whether the module's records are shared with nobody but their owners."""
    hidden = {name for owner, name in user.hidden_fields if owner == module.name}
    fields = {name: field for name, field in module.fields.items() if name not in hidden}
    restricted = not user.is_admin and bool(user.hidden_modules)
    visible = None
    if restricted:
        visible = frozenset(name for name in schema.modules if name not in user.hidden_modules)
    entity = module.is_entity or user.is_admin
    return View(
        module=module,
        user=user,
        fields=fields if hidden else module.fields,
        visible=visible,
        writable=entity and module.name not in user.readonly_modules,
        deletable=entity and module.name not in user.readonly_modules | user.undeletable_modules,
        owners=user.owners if private and not user.is_admin and module.owner_field else None,
        untold=untold,
    )


def describe(view: View) -> dict[str, Any]:
    """The describe answer for this user."""
    module = view.module
    answer = dict(module.raw)
    for key, allowed in (
        ("createable", view.writable),
        ("updateable", view.writable),
        ("deleteable", view.deletable),
    ):
        answer[key] = answer.get(key, True) if allowed else False
    answer["fields"] = [
        dict(module.id_field or {}) if name == "id" else _described(view, view.fields[name])
        for name in module.order
        if name == "id" or name in view.fields
    ]
    return answer


def _described(view: View, field: Field) -> dict[str, Any]:
    raw = dict(field.raw)
    if field.editable and (view.module.name, field.name) in view.user.readonly_fields:
        raw["editable"] = False
    if field.kind == "reference" and view.visible is not None:
        raw["type"] = {**raw["type"], "refersTo": list(view.targets(field))}
    elif field.kind in ("picklist", "multipicklist") and view.user.hidden_values:
        hidden = view.user.hidden_values
        values = [
            each
            for each in raw["type"].get("picklistValues", ())
            if (field.name, each["value"]) not in hidden
        ]
        raw["type"] = {**raw["type"], "picklistValues": values}
    elif field.kind == "date" and "format" in raw["type"]:
        raw["type"] = {**raw["type"], "format": view.user.date_format}
    return raw


def is_hidden(module: Module, user: User) -> bool:
    """Whether the user may not know of the module."""
    return not module.listed or (module.name in user.hidden_modules and not user.is_admin)
