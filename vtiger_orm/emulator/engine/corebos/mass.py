"""MassCreate, MassUpdate, MassDelete and MassRetrieve: row by row, no transaction around them.

MassCreate is an upsert by nature, and answers ``success: false`` with a result where a row
failed; MassUpdate and MassDelete succeed whatever becomes of their rows.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from ..context import Context
from ..errors import Crash, CrmError, denied
from ..php import php_json, php_text
from ..schema import USERS, Module
from . import answers, identify, records, upsert, validate

Row = dict[str, Any]

_REFERENCE: Final = re.compile(r"@\{(.*?)\}")


def create(ctx: Context) -> Row:
    """Rows of ``{elementType, referenceId, element}``. References to other rows by
    ``@{referenceId}`` make those the first; a row that matches a record changes that one."""
    rows = _unique(_rows(ctx))
    for row in rows:
        if php_text(row.get("elementType")) not in ctx.schema.modules:
            raise denied(f" on module{php_text(row.get('elementType'))}")
    made: Row = {"success_creates": [], "failed_creates": []}
    known: dict[str, str] = {}
    for row in _in_order(rows):
        element = _filled(row.get("element") or {}, known)
        try:
            with ctx.store.transaction():
                answer = _made(ctx, row, element)
        except CrmError as error:
            failed = {"record": row, "code": error.code, "message": error.message}
            made["failed_creates"].append(failed)
            known.setdefault(php_text(row.get("referenceId")), "")
            continue
        made["success_creates"].append(answer)
        known[php_text(row.get("referenceId"))] = php_text(answer.get("id"))
    ctx.answer.success = not made["failed_creates"]
    return made


def _rows(ctx: Context) -> list[Row]:
    try:
        rows = php_json(ctx.text("elements"))
    except ValueError:
        raise Crash("elements is no JSON") from None
    if not isinstance(rows, list):
        raise Crash("elements is no list")
    return [row if isinstance(row, dict) else {} for row in rows]


def _unique(rows: list[Row]) -> list[Row]:
    """Rows that are equal in every part are one."""
    return list({json.dumps(row, sort_keys=True): row for row in rows}.values())


def _in_order(rows: list[Row]) -> list[Row]:
    """Rows that others refer to come first. Raises REFERENCE_INVALID for a row that is not there
    and for a circle."""
    waiting, ordered = list(rows), []
    done: set[str] = set()
    names = {php_text(row.get("referenceId")) for row in rows}
    while waiting:
        ready = [row for row in waiting if _wanted(row) <= done]
        if not ready or any(not _wanted(row) <= names for row in waiting):
            raise CrmError("REFERENCE_INVALID", "Invalid reference specified")
        first = ready[0]
        waiting.remove(first)
        done.add(php_text(first.get("referenceId")))
        ordered.append(first)
    return ordered


def _wanted(row: Row) -> set[str]:
    return set(_REFERENCE.findall(json.dumps(row.get("element") or {})))


def _filled(element: Row, known: dict[str, str]) -> Row:
    return {
        name: (
            _REFERENCE.sub(lambda match: known.get(match[1], ""), value)
            if isinstance(value, str)
            else value
        )
        for name, value in element.items()
    }


def _made(ctx: Context, row: Row, element: Row) -> Row:
    module = ctx.module(row["elementType"])
    if row.get("searchon"):
        found = upsert.find(ctx, module, element, php_text(row["searchon"]))
        if found is not None and row.get("skip"):
            return {**element, "skipUPDATE": True}
    else:
        found = upsert.find_same(ctx, module, element)
    if found is None:
        return records.make(ctx, module, element)
    return records.change(ctx, {**element, "id": f"{module.prefix}x{found}"}, complete=False)


def update(ctx: Context) -> Row:
    """Each row is a revise."""
    answer: Row = {"success_updates": [], "failed_updates": []}
    try:
        rows = php_json(ctx.text("elements"))
    except ValueError:
        rows = []
    if isinstance(rows, dict):
        raise Crash("one row in place of a list")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            raise Crash("a row that is none")
        try:
            with ctx.store.transaction():
                answer["success_updates"].append(_changed(ctx, row))
        except CrmError as error:
            failed = {"id": row.get("id"), "code": error.code, "message": error.message}
            answer["failed_updates"].append(failed)
    return answer


def _changed(ctx: Context, row: Row) -> Row:
    if row.get("DORECORDVALIDATION"):
        module, _ = identify.record(ctx, row.get("id"))
        problems = validate.problems(module, row)
        if problems:
            return {"wssuccess": False, "wsresult": problems}
    return records.change(ctx, row, complete=False)


def delete(ctx: Context) -> Row:
    """Ids between commas."""
    answer: Row = {"success_deletes": [], "failed_deletes": []}
    for text in _ids(ctx):
        wire = text.strip()
        try:
            with ctx.store.transaction():
                records.remove(ctx, wire)
            answer["success_deletes"].append(wire)
        except CrmError as error:
            shown = wire if "x" in wire and wire.replace("x", "").isdecimal() else "0x0"
            failed = {"id": shown, "code": error.code, "message": error.message}
            answer["failed_deletes"].append(failed)
    return answer


def _ids(ctx: Context) -> list[str]:
    return [each for each in ctx.text("ids").split(",") if each]


def retrieve(ctx: Context) -> Row | list[Any]:
    """Records by id, those of the first one's module, in ascending order; what is not there is
    left out. An id that is none ends it all."""
    wires = [identify.wire_id(ctx, each) for each in _ids(ctx)]
    if not wires:
        return []
    module = wires[0].module
    if module.name == USERS:
        return {"0x1": _user(ctx, wires[0].number or 0)}
    found: Row = {}
    for number in sorted({each.number or 0 for each in wires}):
        row = ctx.store.row("SELECT module, state FROM entity WHERE id = ?", (number,))
        if row is not None and row[0] == module.name and row[1] == 0:
            found[f"{module.prefix}x{number}"] = _whole(ctx, module, number)
    return found or []


def _whole(ctx: Context, module: Module, number: int) -> Row:
    return answers.whole(ctx, module, number, with_items=True)


def _user(ctx: Context, number: int) -> Row:
    return answers.whole(ctx, ctx.schema.modules[USERS], number)
