"""Classes that an application wrote for a module: handed out in place of the generated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..records import BaseRecord


def handed_out(model: type[Any]) -> type[Any]:
    """The class that the package hands out for a model's module, where it inherits the model."""
    facts = model.__mapper__.facts
    if facts is None or facts.package is None:
        return model
    found = facts.package.own_model(facts.name)
    return found if found is not None and issubclass(found, model) else model


def own_queryset(model: type[BaseRecord]) -> type[Any] | None:
    """The class of the querysets of a model's module, where the application wrote it."""
    facts = model.__mapper__.facts
    if facts is None or facts.package is None:
        return None
    return facts.package.own_queryset(facts.name)
