"""The classes that go with a model, by what is put behind its name: ``ContactsQuerySet``.

Stubs declare them; at run time they are made when a program first asks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Final

from typing_extensions import TypedDict

from ..aggregates.groups import parts_of
from ..conditions.quirks import why_not_selectable
from ..records import BaseRecord
from .inputs import create_input, update_input
from .queryset import queryset_class

if TYPE_CHECKING:
    from .queryset import QuerySet


def companion(model: type[BaseRecord], end: str, module: str, name: str) -> type[object] | None:
    """The class `name` that goes with a model, as if defined in the Python module `module`. None
    where there is none: nothing is created by `ContactsCreate` where the CRM forbids it."""
    return _MADE[end](model, module, name)


def _queryset(model: type[BaseRecord], module: str, name: str) -> type[QuerySet[BaseRecord]]:
    return queryset_class(model)


def _row(model: type[BaseRecord], module: str, name: str) -> type[object]:
    """Rows of `values` have the keys that were named, so none is sure to be there."""
    meta = model.meta
    readable = [
        field for field in meta.fields.values() if why_not_selectable(meta.name, field) is None
    ]
    types: dict[str, object] = {
        field.name: model.model_fields[field.name].annotation for field in readable
    }
    for field in readable:
        for key in parts_of(field):
            types[key.name] = date | None if key.part == "date" else int | None
    make: Callable[..., type[object]] = TypedDict  # type: ignore[assignment]  # it is called
    made = make(name, types, total=False)
    made.__module__ = module
    return made


_MADE: Final[Mapping[str, Callable[[type[BaseRecord], str, str], type[object] | None]]] = {
    "QuerySet": _queryset,
    "Row": _row,
    "Create": create_input,
    "Update": update_input,
}
"""By what is put behind the name of the model."""
