"""relatedtypes, retrieve_related, query_related, add_related and delete_related."""

from __future__ import annotations

import re
from typing import Any, Final

from .. import ids, relations
from ..context import Context
from ..errors import Crash, CrmError, denied, internal_error
from ..found import FoundRows, Row
from ..schema import Module
from ..store import LIVE
from .query import run_query

_OF_THE_CLOUD: Final = frozenset({"translated_label", "relation_id", "actions"})
_FROM: Final = re.compile(r"FROM\s+([^\s]+)", re.IGNORECASE)


def relatedtypes(ctx: Context) -> Row:
    """The relations of a module, by label; in the Cloud by relation id."""
    module = ctx.module(ctx.text("elementType"))
    if not module.is_entity:
        raise Crash(f"{module.name} has no related lists to look at")
    visible = [each for each in module.relations if _is_visible(ctx, each)]
    information: dict[str, Row] = {}
    for position, relation in enumerate(visible, start=1):
        row = {"isEntity": "1", **relation}
        key = relation["label"]
        if ctx.profile.cloud:
            key = str(relation.get("relation_id") or int(module.prefix) * 100 + position)
            row = {
                "translated_label": relation["label"],
                "relation_id": key,
                "actions": "add",
            } | row
        elif ctx.schema.is_cloud:
            row = {name: value for name, value in row.items() if name not in _OF_THE_CLOUD}
        information[key] = row
    return {"types": [each["name"] for each in visible], "information": information or []}


def _is_visible(ctx: Context, relation: Any) -> bool:
    return ctx.user.is_admin or relation["name"] not in ctx.user.hidden_modules


def retrieve_related(ctx: Context) -> FoundRows | list[Row]:
    """The first page of related records, whole."""
    return _query(ctx, f"SELECT * FROM {ctx.text('relatedType')}")


def query_related(ctx: Context) -> FoundRows | list[Row]:
    """A query (without semicolon) narrowed to the records related to one.

    The server pastes ``id IN (...) AND`` behind the word WHERE, which must be in upper case,
    and puts no brackets around what follows: an OR gets out.
    """
    return _query(ctx, ctx.text("query"))


def _query(ctx: Context, text: str) -> FoundRows | list[Row]:
    wire = ctx.wire_id(ctx.text("id"))
    module = _module_of(ctx, wire)
    found = _FROM.search(text)
    target = found[1].strip() if found else ""
    if not module.is_entity:
        raise Crash(f"{module.name} has no related lists to look at")
    label = ctx.text("relatedLabel")
    relation = relations.find(ctx, module, label, target)
    other = ctx.module(relation["name"])
    numbers = relations.related_numbers(ctx, module, wire.number or 0, label, target)
    if not numbers:
        return []
    related = ",".join(f"'{other.prefix}x{number}'" for number in numbers)
    return run_query(ctx, _narrowed(text, f"id IN ({related})"))


def _module_of(ctx: Context, wire: ids.WireId) -> Module:
    """The module of a live record. For others the server finds no name, and says so."""
    module = ctx.module(wire.module.name)
    if not module.shares_ids:
        return module
    row = ctx.store.row("SELECT module FROM entity WHERE id = ? AND state = ?", (wire.number, LIVE))
    if row is None:
        raise denied(" for name : ")
    return ctx.module(row[0])


def _narrowed(text: str, condition: str) -> str:
    if "where" not in text.lower():
        return f"{text} WHERE {condition};"
    parts = text.split("WHERE")
    rest = parts[1] if len(parts) > 1 else ""
    return f"{parts[0]} WHERE {condition} AND {rest};"


def add_related(ctx: Context) -> Row:
    """Relate two records. It reports success whatever it did, except for a bad source, and for a
    target whose prefix nobody has."""
    if ctx.profile.ids_have_a_form:
        ids.check_form(ctx.text("sourceRecordId"))
    try:
        module, source = ctx.record(ctx.text("sourceRecordId"))
        target = ctx.wire_id(ctx.text("relatedRecordId"))
    except CrmError:
        raise internal_error() from None
    label = _label(ctx, module, target.module)
    if label is not None and _is_live(ctx, target):
        relations.relate(ctx, module, source, label, target.module, target.number or 0)
    return {"message": ctx.profile.related_message}


def _is_live(ctx: Context, target: ids.WireId) -> bool:
    try:
        ctx.record(target.text)
    except CrmError:
        return False
    return True


def _label(ctx: Context, module: Module, other: Module) -> str | None:
    """The related list that is meant; None where the server silently does nothing."""
    label = ctx.text("relationIdLabel")
    named = [each["label"] for each in module.relations if each["name"] == other.name]
    if label:
        return label if label in named else None
    return named[0] if len(named) == 1 else None


def delete_related(ctx: Context) -> Row:
    """Take a relation away. Only the Cloud has this."""
    _module, source = ctx.record(ctx.text("sourceRecordId"))
    _other, target = ctx.record(ctx.text("relatedRecordId"))
    relations.unlink(ctx, source, target)
    return {"status": "successful"}
