"""Picklist administration and dependencies.

The three writing operations need an administrator, and refuse global picklists and disabled
modules. Generated code does not change by itself: pull and generate afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..calls.operations import Operation
from ..calls.plans import Plan
from ..calls.server import ServerFacts
from ..calls.support import remembering
from ..errors import InvalidValue, MalformedAnswer, ServerError
from ..metadata.dependencies import Dependency
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from .answers import reading


def picklist_field(meta: ModuleMeta, name: str) -> FieldMeta:
    """The picklist of that attribute or wire name. Raises `InvalidValue` for anything else."""
    facts = meta.fields.get(name) or meta.by_wire.get(name)
    if facts is None or facts.family not in (Family.CHOICE, Family.CHOICES):
        known = [
            each.name
            for each in meta.fields.values()
            if each.family in (Family.CHOICE, Family.CHOICES)
        ]
        raise InvalidValue(
            f"{meta.name}.{name} is not a picklist. Its picklists: {', '.join(known) or 'none'}."
        )
    return facts


def dependency(meta: ModuleMeta, source: str, target: str, facts: ServerFacts) -> Plan[Dependency]:
    """Which values of `target` go with each value of `source`."""
    params = {
        "module": meta.name,
        "sourcefield": picklist_field(meta, source).wire,
        "targetfield": picklist_field(meta, target).wire,
    }
    answer = yield from remembering(Operation("picklist_dependency", "GET", params), facts)
    if not isinstance(answer, Mapping) or "valuemapping" not in answer:
        raise MalformedAnswer("picklist_dependency answered without a value mapping.")
    with reading("picklist_dependency"):
        return Dependency.from_wire(answer)


def add(meta: ModuleMeta, name: str, values: Sequence[str], facts: ServerFacts) -> Plan[None]:
    """Add values to a picklist; those that exist are left alone by the CRM."""
    element = {"fieldname": picklist_field(meta, name).wire, "values": _values(values)}
    yield from _administer("add_picklist", meta, element, facts)


def rename(
    meta: ModuleMeta, name: str, value: str, new_value: str, facts: ServerFacts
) -> Plan[None]:
    """Change the text of one value, in the picklist and in the records that have it."""
    [old], [new] = _values([value]), _values([new_value])
    element = {
        "fieldname": picklist_field(meta, name).wire,
        "current_value": old,
        "new_value": new,
    }
    yield from _administer("edit_picklist", meta, element, facts)


def delete(
    meta: ModuleMeta, name: str, values: Sequence[str], replace_with: str, facts: ServerFacts
) -> Plan[None]:
    """Delete values; records that have one get `replace_with`, which the CRM insists on."""
    deleted, [replacement] = _values(values), _values([replace_with])
    if replacement in deleted:
        raise InvalidValue(f"replace_with={replacement!r} is among the values to delete.")
    element = {
        "fieldname": picklist_field(meta, name).wire,
        "delete_values": deleted,
        "replace_with": replacement,
    }
    yield from _administer("delete_picklist", meta, element, facts)


def _administer(
    operation: str, meta: ModuleMeta, element: dict[str, Any], facts: ServerFacts
) -> Plan[None]:
    params = {"elementType": meta.name, "element": json.dumps(element, ensure_ascii=False)}
    answer = yield from remembering(Operation(operation, "POST", params), facts)
    # These answers are wrapped twice; the inner flag is the one that tells.
    where = f"{operation} on {meta.name}.{element['fieldname']}"
    told: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
    if told.get("success") is False:
        error = told.get("error")
        message = error.get("message") if isinstance(error, Mapping) else None
        raise ServerError(
            f"{where} failed: {message or 'no reason'}",
            operation=operation,
            module=meta.name,
            detail=error,
        )
    if told.get("success") is not True and answer != ["success", True]:
        raise MalformedAnswer(
            f"{where} was answered without a word of success: whether it was done is not known. "
            "Look at the picklist in the CRM, or at what pull says of it."
        )


def _values(values: Sequence[str]) -> list[str]:
    given = [str(value) for value in ([values] if isinstance(values, str) else values)]
    if not given or not all(value.strip() for value in given):
        raise InvalidValue("A picklist value is text that is not blank; give at least one.")
    return given
