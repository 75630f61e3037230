"""`update()` and `delete()` of a queryset: which records, how many, then one call for each.

The selection comes as a plan: whoever asks resolves relations in it, once the values are checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .._writes import Problem, Rule
from ..calls.operations import Row
from ..calls.plans import Plan, collect_rows
from ..calls.protocols import environment_of
from ..calls.server import ServerFacts, recognised, server_facts
from ..conditions.tree import Selection
from ..errors import InvalidRecord, NotSupported, TooManyWrites
from ..planner import plan_checked_rows, plan_count
from .adjustments import differs, text_of
from .answers import warn_adjusted
from .bulk import bulk_delete, write_prepared
from .changeset import Changeset, known_of
from .prepare import Prepared, needed_fields, prepare_changeset, read_needed
from .preview import Preview, refused
from .report import BulkError, BulkReport
from .rules import check_delete, to_wire

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
    before anything is sent, `BulkError` when some were not written, or in strict mode when the
    CRM stored other values; else it warns of those (`AdjustedValues`).
    """
    facts = yield from recognised(runner)
    change = _checked(meta, values, facts)
    columns = _needed(change, facts)
    rows = yield from _chosen((yield from selection), columns, "update", runner, max_writes)
    pending = yield from _prepared(change, rows, runner)
    report = BulkReport(str(each.change.id) for each in pending)
    yield from write_prepared(report, pending, runner)
    report.raise_for_errors()
    if any(each.error is not None for each in report):  # strict mode
        raise BulkError(report)
    warn_adjusted(meta.name, (each for outcome in report for each in outcome.adjusted))
    return len(rows)


def _prepared(
    change: Changeset, rows: Sequence[Row], runner: Runner | None
) -> Plan[list[Prepared]]:
    """The writes of the records that do not have the values already; nothing is sent where the
    rules refuse one of them."""
    facts, meta = server_facts(runner), change.meta
    changes = [
        replace(change, id=str(row["id"]), known=known_of(meta, row, change.zone)) for row in rows
    ]
    stored = yield from read_needed(changes, runner)
    pending = []
    for row, each in zip(rows, changes):
        prepared = prepare_changeset(each, facts, stored=stored.get(str(each.id)))
        if prepared is not None and _changes(prepared, row):
            pending.append(prepared)
    return pending


def delete(
    meta: ModuleMeta,
    selection: Plan[Selection],
    runner: Runner | None,
    max_writes: int | None = None,
) -> Plan[int]:
    """Delete every record of the selection; how many. Raises as `update`."""
    rows = yield from _chosen((yield from selection), (meta.id,), "delete", runner, max_writes)
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
    facts, env = server_facts(runner), environment_of(runner)
    if not values:
        problems = tuple(check_delete(meta))
        if problems:
            return Preview("delete", meta.name, 0, problems=problems)
        chosen = replace((yield from selection), columns=(meta.id,))
        rows = yield from collect_rows(plan_checked_rows(chosen, env))
        return Preview("delete", meta.name, len(rows), ids=tuple(str(row["id"]) for row in rows))
    try:
        change = _checked(meta, values, facts)
        chosen = replace((yield from selection), columns=_needed(change, facts))
        rows = yield from collect_rows(plan_checked_rows(chosen, env))
        pending = yield from _prepared(change, rows, runner)
    except (InvalidRecord, NotSupported) as error:
        if error.outcome is not None:  # of a call: what was refused is the reading, or the login
            raise
        return refused("revise", meta, error)
    ids = tuple(str(each.change.id) for each in pending)
    return Preview("revise", meta.name, len(ids), to_wire(meta, values, change.zone), ids)


def change_each(
    meta: ModuleMeta, ids: Sequence[str], values: Mapping[str, object], runner: Runner | None
) -> Plan[list[Prepared]]:
    """The checked writes that give these records these values; nothing is sent yet."""
    facts = yield from recognised(runner)
    change = _checked(meta, values, facts)
    changes = [replace(change, id=id_) for id_ in ids]
    stored = yield from read_needed(changes, runner)
    found = (prepare_changeset(each, facts, stored=stored.get(str(each.id))) for each in changes)
    return [each for each in found if each is not None]


def _checked(meta: ModuleMeta, values: Mapping[str, object], facts: ServerFacts) -> Changeset:
    """The values for a record that is still to be named; what is wrong whichever it is, is told
    before anything is read. Raises `InvalidRecord`."""
    unknown = [name for name in values if name not in meta.fields]
    if unknown or not values:
        problems = [Problem(name, Rule.VALUE, _unknown(meta, name)) for name in unknown]
        problems = problems or [Problem("", Rule.VALUE, "update() was given nothing to write.")]
        raise InvalidRecord(meta.name, problems)
    zone = facts.clock.zone.tz
    change = Changeset(meta, f"{meta.prefix}x0", dict(values), zone=zone)
    prepare_changeset(change, facts, stored={})
    return change


def _unknown(meta: ModuleMeta, name: str) -> str:
    close = meta.suggest(name)
    return f"{meta.name} has no field {name!r}." + (f" Did you mean {close!r}?" if close else "")


def _chosen(
    selection: Selection,
    columns: tuple[FieldMeta, ...],
    what: str,
    runner: Runner | None,
    max_writes: int | None,
) -> Plan[Sequence[Row]]:
    """Ids (and present values) of the records; refused when there are too many."""
    limit = server_facts(runner).max_writes if max_writes is None else max_writes
    env = environment_of(runner)
    stop = selection.start + limit + 1
    few = replace(
        selection,
        columns=columns,
        stop=stop if selection.stop is None else min(stop, selection.stop),
    )
    rows = yield from collect_rows(plan_checked_rows(few, env))
    if len(rows) > limit:
        number = yield from plan_count(selection, env)
        raise TooManyWrites(
            f"{what}() would write {number:,} records of {selection.module.name}, more than the "
            f"{limit:,} that are allowed at once. If that is meant: "
            f"queryset.max_writes({number}).{what}(...). Nothing was written."
        )
    return rows


def _needed(change: Changeset, facts: ServerFacts) -> tuple[FieldMeta, ...]:
    """What has to be known of each record: its present values, and what rules and policies ask
    for."""
    meta = change.meta
    dependencies = facts.dependencies.get(meta.name, ())
    beside = [name for each in dependencies for name in (each.source, each.target)]
    wanted = [
        meta.id,
        *(meta.fields[name] for name in change.values),
        *(meta.by_wire[name] for name in beside if name in meta.by_wire),
        *needed_fields(change, facts),
    ]
    return tuple(dict.fromkeys(each for each in wanted if each is meta.id or each.selectable))


def _changes(prepared: Prepared, row: Row) -> bool:
    """Whether the record would be any different."""
    by_wire = prepared.meta.by_wire
    return any(
        name not in row or differs(by_wire[name], str(value), text_of(row[name]))
        for name, value in prepared.sent.items()
    )
