"""listtypes and describe."""

from __future__ import annotations

from typing import Any

from .. import cloud, picklists, views
from ..context import Context
from ..errors import Crash
from ..php import php_json
from ..schema import Module


def listtypes(ctx: Context) -> dict[str, Any]:
    """The modules the user may see; with `fieldTypeList` only those that have such fields."""
    wanted = _wanted_kinds(ctx)
    modules = [
        each
        for each in ctx.schema
        if not ctx.hides(each) and (wanted is None or _has_kind(each, wanted))
    ]
    information = {each.name: dict(each.information) for each in modules}
    if ctx.schema.told and wanted is None:
        hidden = {each.name for each in ctx.schema if ctx.hides(each)}
        information = {
            name: dict(told) for name, told in ctx.schema.told.items() if name not in hidden
        }
    return {"types": list(information), "information": information or []}


def _wanted_kinds(ctx: Context) -> frozenset[str] | None:
    """The filter. Stock servers take a JSON list only; PHP's own array form ends them."""
    value = ctx.params.get("fieldTypeList")
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        if not ctx.profile.cloud:
            raise Crash("fieldTypeList is an array, json_decode wants text")
        return frozenset(map(str, value))
    try:
        kinds = php_json(value)
    except ValueError:
        return None
    return frozenset(map(str, kinds)) if isinstance(kinds, list) and kinds else None


def _has_kind(module: Module, kinds: frozenset[str]) -> bool:
    return any(each.kind in kinds for each in module.fields.values() if each.described)


def _with_present(ctx: Context, told: dict[str, Any]) -> dict[str, Any]:
    """A default day or moment is the present one."""
    length = {"date": 10, "datetime": 19}.get(told["type"]["name"])
    return told | {"default": ctx.now()[:length]} if length and told.get("default") else told


def describe(ctx: Context) -> dict[str, Any]:
    """One module as the user sees it."""
    view = ctx.view(ctx.module(ctx.text("elementType")))
    answer = picklists.described(ctx.store, view.module, views.describe(view))
    if ctx.profile.tells_inactive_fields:
        answer = {key: value for key, value in answer.items() if key != "allowDuplicates"}
        answer["inactiveFields"] = []
    if ctx.profile.missing_dates_are_today:
        answer["fields"] = [_with_present(ctx, each) for each in answer["fields"]]
    adapted = ctx.profile.cloud and not ctx.schema.is_cloud
    return cloud.extend_describe(view, answer) if adapted else answer
