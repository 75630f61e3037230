"""bulk_update_or_create: many rows found by a key, brought up to date or made, in few calls.

Records are read by their keys in batches, so rows that the CRM has already cost nothing to write;
what differs is sent, what is missing is created, and every row is told apart. As with
`get_or_create`, a row whose record was stored under another key is not left behind.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, collect_rows
from ..calls.protocols import environment_of
from ..calls.server import server_facts
from ..conditions.collation import equality_key
from ..conditions.evaluate import predicate
from ..conditions.field_names import named_field, with_id
from ..conditions.q import resolve
from ..conditions.tree import Node, OneOf, Selection, all_of, any_of
from ..errors import InvalidLookup, InvalidValue, UnsupportedQuery, VtigerError
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner import plan_checked_rows
from ..records import BaseRecord
from ..records.handle import load
from . import bulk, upsert
from .adjustments import text_of
from .report import BulkReport, ProgressCallback, RowOutcome, Status
from .rules import to_wire
from .save import draft
from .stored_forms import stored_forms

if TYPE_CHECKING:
    from ..calls.protocols import Runner

R = TypeVar("R", bound=BaseRecord)

BATCH: Final = 50
"""Keys that one reading looks for."""

_TEXTS: Final = frozenset({Family.TEXT, Family.CHOICE})


@dataclass(slots=True)
class Upsert(Generic[R]):
    """One row of `bulk_update_or_create`."""

    values: Mapping[str, object]
    """What the record shall have, its key included."""
    record: R | None = None
    """The record, once it was found or made."""
    created: bool | None = None
    """Whether it is a new one; None where that is not known."""
    key: upsert.SearchKey | None = field(default=None, repr=False)
    same: frozenset[str] = field(default=frozenset(), repr=False)
    """Names of values that the record has, in the form that the CRM gives them."""


def key_fields(meta: ModuleMeta, key: str | Sequence[str]) -> tuple[FieldMeta, ...]:
    """The fields of the key. Raises `InvalidLookup` for none, an unknown one, or one that the
    CRM cannot be asked for."""
    names = (key,) if isinstance(key, str) else tuple(key)
    if not names:
        raise InvalidLookup("bulk_update_or_create() needs a key: the field that tells records.")
    fields = tuple(named_field(meta, name, "bulk_update_or_create") for name in names)
    for each in fields:
        if not each.filterable or not each.selectable:
            raise InvalidLookup(
                f"bulk_update_or_create(key={each.name!r}): {meta.name} cannot be searched by "
                "this field, so records could not be found again."
            )
    return fields


def bulk_update_or_create(
    report: BulkReport[Upsert[R]],
    model: type[R],
    key: Sequence[FieldMeta],
    runner: Runner | None,
    progress: ProgressCallback | None = None,
) -> Plan[None]:
    """Bring every row of the report into the CRM; outcomes go into the report.

    Raises `MisansweredQuery`, before anything is written, for a record that does not have the key
    it was asked for by: the row would change another record, or be created a second time.
    """
    env = environment_of(runner)
    waiting = list(_checked(report, model, key))
    lost = {id(row): row.item.record for row in waiting if row.status is Status.UNKNOWN}
    size = BATCH if env.collation != "unknown" else 1
    for at in range(0, len(waiting), size):
        yield from _look_for(waiting[at : at + size], model, key, runner, env)
    doubtful = [row for row in waiting if _is_in_doubt(row, lost.get(id(row)))]
    rows = [row for row in waiting if row.status is Status.PENDING]
    found = [row for row in rows if row.item.created is False and row.status is Status.PENDING]
    for row in found:
        _assign(row)
    changed = [row for row in found if row.status is Status.PENDING]
    made = [row for row in rows if row.item.created and row.status is Status.PENDING]
    yield from _written(report, changed, bulk.bulk_update, runner, progress)
    yield from _written(report, [*made, *doubtful], bulk.bulk_create, runner, progress)
    for row in made:
        yield from _keep_if_found_again(row, runner)


def _checked(
    report: BulkReport[Upsert[R]], model: type[R], key: Sequence[FieldMeta]
) -> Iterator[RowOutcome[Upsert[R]]]:
    """The rows that can be worked on; the others are told what is wrong with them."""
    first: dict[tuple[Hashable, ...], int] = {}
    for number, row in enumerate(report):
        if row.settled:
            continue
        try:
            same = row_key(row.item, model, key)
        except (VtigerError, TypeError, ValueError) as error:
            row.status = Status.FAILED
            row.error = error if isinstance(error, VtigerError) else InvalidValue(str(error))
            continue
        if first.setdefault(same, number) != number:
            row.status = Status.FAILED
            row.error = InvalidValue(
                f"Row {number + 1} has the key of row {first[same] + 1}: which of the two the "
                "record shall be like cannot be told."
            )
            continue
        if row.status is not Status.UNKNOWN:
            row.status, row.error = Status.PENDING, None
        yield row


def row_key(item: Upsert[R], model: type[R], key: Sequence[FieldMeta]) -> tuple[Hashable, ...]:
    """What is equal for rows of one record. Raises for wrong names and values."""
    meta = model.meta
    draft(model, item.values)
    given = {each.name: item.values.get(each.name) for each in key}
    item.key = upsert.SearchKey(meta, given)
    wire = to_wire(meta, given)
    for each in key:
        if not wire.get(each.wire):
            raise InvalidValue(
                f"The row has no {each.name}, which is the key that its record is found by."
            )
    return tuple(
        equality_key(wire[each.wire]) if each.family in _TEXTS else wire[each.wire] for each in key
    )


def _look_for(
    rows: Sequence[RowOutcome[Upsert[R]]],
    model: type[R],
    key: Sequence[FieldMeta],
    runner: Runner | None,
    env: Environment,
) -> Plan[None]:
    """Find the records of these rows, by the keys as given and as the CRM may have stored them."""
    meta = model.meta
    exact = [_exactly(row.item, meta, key) for row in rows]
    wide = [_wide(row.item, meta) for row in rows]
    names = {name for row in rows for name in row.item.values if name in meta.fields}
    columns = [each for each in meta.fields.values() if each.name in names and each.selectable]
    where = any_of(*_together(exact, key), *(node for node in wide if node is not None))
    selection = Selection(meta, where, columns=with_id(meta, [*key, *columns]))
    read = yield from collect_rows(plan_checked_rows(selection, env))
    for row, node, wider in zip(rows, exact, wide):
        matching = _matching(node, read, env, alone=len(rows) == 1 and wider is None)
        if not matching and wider is not None and row.item.key is not None:
            near = _matching(wider, read, env, alone=len(rows) == 1)
            ids = yield from row.item.key.chosen(near, env)
            matching = [each for each in near if each["id"] in ids]
        _settle(row, matching, model, runner)


def _is_in_doubt(row: RowOutcome[Upsert[R]], lost: R | None) -> bool:
    """Whether the create of an earlier run may still arrive; one whose record was found has."""
    if row.status is not Status.UNKNOWN or lost is None:
        return False
    if row.item.created:  # not found: the server may be at work on it
        row.item.record = lost
        return True
    row.item.created, row.status, row.error = True, Status.DONE, None
    return False


def _exactly(item: Upsert[R], meta: ModuleMeta, key: Sequence[FieldMeta]) -> Node:
    return resolve(meta, (), {each.name: upsert.as_stored(item.values[each.name]) for each in key})


def _wide(item: Upsert[R], meta: ModuleMeta) -> Node | None:
    """What holds of every record that may be stored under another form of the key."""
    if item.key is None or not item.key.forms:
        return None
    certain = {name: upsert.as_stored(item.values[name]) for name in item.key.certain}
    return all_of(*item.key.conditions, *((resolve(meta, (), certain),) if certain else ()))


def _together(nodes: Sequence[Node], key: Sequence[FieldMeta]) -> list[Node]:
    """The alternatives, as one list of values where the key is one field."""
    values = [getattr(node, "value", None) for node in nodes]
    if len(key) == 1 and len(nodes) > 1 and all(isinstance(value, str) for value in values):
        return [OneOf(key[0], tuple(dict.fromkeys(map(str, values))))]
    return list(nodes)


def _matching(node: Node, rows: Sequence[Row], env: Environment, *, alone: bool) -> list[Row]:
    """Those of the rows that satisfy the condition; all of them where nothing else was asked."""
    if alone:
        return list(rows)
    try:
        holds = predicate(node, env)
    except UnsupportedQuery:
        return list(rows)
    return [row for row in rows if holds(row)]


def _settle(
    row: RowOutcome[Upsert[R]], matching: Sequence[Row], model: type[R], runner: Runner | None
) -> None:
    if len(matching) > 1:
        row.status = Status.FAILED
        row.error = model.MultipleRecords(
            f"More than one {model.__name__} has this key: {matching[0]['id']}, "
            f"{matching[1]['id']}, ... Merge them in the CRM, or use a key that tells one record."
        )
    elif matching:
        (row.item.record,) = load(model, list(matching), runner)
        row.item.created = False
        row.item.same = frozenset(_the_same(model.meta, row.item.values, matching[0]))
    else:
        row.item.record, row.item.created = draft(model, row.item.values), True
        try:
            if row.item.key is not None:
                row.item.key.refuse_unfindable(row.item.record, server_facts(runner))
        except VtigerError as error:
            row.status, row.error = Status.FAILED, error


def _the_same(meta: ModuleMeta, values: Mapping[str, object], row: Row) -> Iterator[str]:
    """Values of which the CRM has made what the record holds: sent again, they would become the
    same again."""
    for name, value in values.items():
        each = meta.fields.get(name)
        if each is None or each.wire not in row:
            continue
        try:
            sent = to_wire(meta, {name: value})[each.wire]
        except (VtigerError, ValueError):
            continue  # told when it is assigned
        forms = stored_forms(each, sent)
        if forms is not None and forms.surely(text_of(row[each.wire])):
            yield name


def _assign(row: RowOutcome[Upsert[R]]) -> None:
    """Give a record that was found the row's values; its key stays as it is stored."""
    item = row.item
    keys = item.key.names if item.key is not None else frozenset()
    try:
        for name, value in item.values.items():
            if name not in keys and name not in item.same:
                setattr(item.record, name, value)
    except (VtigerError, ValueError) as error:
        row.status = Status.FAILED
        row.error = error if isinstance(error, VtigerError) else InvalidValue(str(error))


def _written(
    whole: BulkReport[Upsert[R]],
    rows: Sequence[RowOutcome[Upsert[R]]],
    write: Any,
    runner: Runner | None,
    progress: ProgressCallback | None,
) -> Plan[None]:
    inner: BulkReport[BaseRecord] = BulkReport(
        row.item.record for row in rows if row.item.record is not None
    )
    for mine, row in zip(inner, rows):
        mine.status = row.status

    def told(_: object) -> None:
        _copy(inner, rows)
        if progress is not None:
            progress(whole)

    try:
        yield from write(inner, runner, told)
    finally:
        _copy(inner, rows)


def _copy(inner: Iterable[RowOutcome[Any]], rows: Iterable[RowOutcome[Any]]) -> None:
    for mine, row in zip(inner, rows):
        row.status, row.error, row.adjusted = mine.status, mine.error, mine.adjusted


def _keep_if_found_again(row: RowOutcome[Upsert[R]], runner: Runner | None) -> Plan[None]:
    item = row.item
    if row.status is not Status.DONE or item.record is None or item.key is None:
        return
    try:
        yield from upsert.keep_if_found_again(item.record, item.key, runner)
    except VtigerError as error:
        row.status, row.error = Status.FAILED, error
