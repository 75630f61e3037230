"""What a pull saw that another user, or the same CRM with other records, would have seen
otherwise: kept in a file of its own, so that the rest of a snapshot is the same for everybody.

::

    capabilities   what the CRM can do, as far as its records could prove it
    flaws          fields that queries cannot use; some show only where there are records
    date_format    how the user writes dates; the describe answer repeats it at every date

Works on the JSON of the files, before it is understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


def take_out(
    instance: JsonObject, modules: Mapping[str, JsonObject]
) -> tuple[JsonObject, dict[str, JsonObject], JsonObject]:
    """The instance and the modules without what was observed, and that alone."""
    rest = dict(instance)
    observed: JsonObject = {"capabilities": rest.pop("capabilities", {})}
    observed["flaws"] = {
        name: module["flaws"] for name, module in modules.items() if module["flaws"]
    }
    formats = {type_.get("format") for module in modules.values() for type_ in _dates(module)}
    shared = formats.pop() if len(formats) == 1 else None
    if shared is not None:
        observed["date_format"] = shared
    return rest, {name: _without(module, shared) for name, module in modules.items()}, observed


def put_back(
    instance: JsonObject, modules: Mapping[str, JsonObject], observed: JsonObject
) -> tuple[JsonObject, dict[str, JsonObject]]:
    """What `take_out` was given."""
    flaws = _mapping(observed.get("flaws"))
    shared = observed.get("date_format")
    whole = {
        name: _with(module, shared) | {"flaws": flaws.get(name) or {}}
        for name, module in modules.items()
    }
    return instance | {"capabilities": observed.get("capabilities") or {}}, whole


def _without(module: JsonObject, shared: Any) -> JsonObject:
    found = {key: value for key, value in module.items() if key != "flaws"}
    return found if shared is None else _retyped(found, shared, keep=False)


def _with(module: JsonObject, shared: Any) -> JsonObject:
    return module if shared is None else _retyped(module, shared, keep=True)


def _retyped(module: JsonObject, shared: Any, *, keep: bool) -> JsonObject:
    """The module with or without the format at each date."""
    fields = []
    for field in _fields(module):
        if _is_date(field):
            rest = {key: value for key, value in field["type"].items() if key != "format"}
            field = field | {"type": rest | {"format": shared} if keep else rest}
        fields.append(field)
    return module | {"describe": _mapping(module.get("describe")) | {"fields": fields}}


def _dates(module: JsonObject) -> Iterator[JsonObject]:
    return (field["type"] for field in _fields(module) if _is_date(field))


def _is_date(field: Any) -> bool:
    return isinstance(field, dict) and _mapping(field.get("type")).get("name") == "date"


def _fields(module: JsonObject) -> list[Any]:
    fields = _mapping(module.get("describe")).get("fields")
    return fields if isinstance(fields, list) else []


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
