"""`update()` and `delete()` of a queryset: which records, how many, then one call for each.

The selection comes as a plan: whoever asks resolves relations in it, once the values are checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..calls.operations import Revise, Row
from ..calls.plans import Plan, collect_rows
from ..calls.protocols import environment_of
from ..calls.server import Facts, facts_of
from ..conditions.tree import Selection
from ..errors import InvalidRecord, TooManyWrites
from ..planner import plan_count, plan_rows
from .adjustments import differs
from .bulk import bulk_delete, write_calls
from .preview import Preview
from .report import BulkReport
from .rules import Problem, Rule, check_revise, enforce
from .wire import to_wire

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..metadata.module import FieldMeta, ModuleMeta


def update(
    meta: ModuleMeta,
    selection: Plan[Selection],
    values: Mapping[str, object],
    runner: Runner | None,
    max_writes: int | None = None,
) -> Plan[int]:
    """Give every record of the selection these values; how many there are.

    Records that have them already are not written. Raises `InvalidRecord` and `TooManyWrites`
    before anything is sent, `BulkError` when some were not written.
    """
    wire = checked_values(meta, values, facts_of(runner))
    rows = yield from _chosen((yield from selection), wire, "update", runner, max_writes)
    pending = [row for row in rows if _changes(meta, row, wire)]
    report = BulkReport(str(row["id"]) for row in pending)
    yield from write_calls(report, [Revise(id_, wire) for id_ in report.items], runner)
    report.raise_for_errors()
    return len(rows)


def delete(
    meta: ModuleMeta,
    selection: Plan[Selection],
    runner: Runner | None,
    max_writes: int | None = None,
) -> Plan[int]:
    """Delete every record of the selection; how many. Raises as `update`."""
    rows = yield from _chosen((yield from selection), {}, "delete", runner, max_writes)
    report = BulkReport(str(row["id"]) for row in rows)
    yield from bulk_delete(report, meta, runner)
    report.raise_for_errors()
    return len(report)


def preview(
    meta: ModuleMeta,
    selection: Plan[Selection],
    values: Mapping[str, object] | None,
    runner: Runner | None,
) -> Plan[Preview]:
    """What `update(**values)`, or without values `delete()`, would do. Reads only."""
    operation: str = "delete"
    wire: dict[str, Any] = {}
    if values:
        operation = "revise"
        try:
            wire = checked_values(meta, values, facts_of(runner))
        except InvalidRecord as error:
            return Preview("revise", meta.name, 0, problems=tuple(error.problems))
    chosen = replace((yield from selection), columns=_needed(meta, wire))
    rows = yield from collect_rows(plan_rows(chosen, environment_of(runner)))
    ids = tuple(str(row["id"]) for row in rows if not wire or _changes(meta, row, wire))
    return Preview(operation, meta.name, len(ids), wire, ids)


def checked_values(meta: ModuleMeta, values: Mapping[str, object], facts: Facts) -> dict[str, Any]:
    """The wire values of an update of many records. Raises `InvalidRecord`."""
    unknown = [name for name in values if name not in meta.fields]
    if unknown or not values:
        problems = [Problem(name, Rule.VALUE, _unknown(meta, name)) for name in unknown]
        problems = problems or [Problem("", Rule.VALUE, "update() was given nothing to write.")]
        raise InvalidRecord(meta.name, problems)
    wire = to_wire(meta, values, facts.clock.zone.tz)
    enforce(meta, check_revise(meta, wire, facts), facts)
    return wire


def _unknown(meta: ModuleMeta, name: str) -> str:
    close = meta.suggest(name)
    return f"{meta.name} has no field {name!r}." + (f" Did you mean {close!r}?" if close else "")


def _chosen(
    selection: Selection,
    wire: Mapping[str, Any],
    what: str,
    runner: Runner | None,
    max_writes: int | None,
) -> Plan[list[Row]]:
    """Ids (and present values) of the records; refused when there are too many."""
    limit = facts_of(runner).max_writes if max_writes is None else max_writes
    env = environment_of(runner)
    stop = selection.start + limit + 1
    few = replace(
        selection,
        columns=_needed(selection.module, wire),
        stop=stop if selection.stop is None else min(stop, selection.stop),
    )
    rows = yield from collect_rows(plan_rows(few, env))
    if len(rows) > limit:
        number = yield from plan_count(selection, env)
        raise TooManyWrites(
            f"{what}() would write {number:,} records of {selection.module.name}, more than the "
            f"{limit:,} that are allowed at once. If that is meant: "
            f"queryset.max_writes({number}).{what}(...). Nothing was written."
        )
    return rows


def _needed(meta: ModuleMeta, wire: Mapping[str, Any]) -> tuple[FieldMeta, ...]:
    fields = [meta.by_wire[name] for name in wire if meta.by_wire[name].selectable]
    return (meta.id, *fields)


def _changes(meta: ModuleMeta, row: Row, wire: Mapping[str, Any]) -> bool:
    """Whether the record would be any different."""
    return any(
        name not in row or differs(meta.by_wire[name], str(value), str(row[name] or ""))
        for name, value in wire.items()
    )
