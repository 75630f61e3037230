"""Which described fields of a module a query cannot use: asked with a handful of reading calls.

A describe answer does not tell. The server refuses some fields by name, leaves others out of
its rows, and fails silently on a few; one field of these kinds in a column list spoils the
whole query. The recipe finds the same flaws as trying each field alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Final, TypeVar

from .._dataclass import dataclass
from ..calls.operations import Row
from ..calls.outcome import tells_nothing
from ..calls.plans import Plan, perform
from ..calls.urls import quoted_length
from ..conditions.quirks import quirk_of
from ..dialects.denied import denied_field
from ..errors import AccessDenied, VtigerError
from ..ids import whole_number
from ..metadata.describe import DescribeAnswer, DescribedField
from ..metadata.interpret import is_secret
from ..metadata.kinds import Kind
from ..metadata.module import Flaw
from ..planner.branches import ALWAYS, ANY_ID, Branches, Comparison, not_null
from ..planner.statement import Statement, can_be_named, condition

T = TypeVar("T")

_SAYABLE: Final = re.compile(r"\w+", re.ASCII)
PAGE: Final = 100
"""Rows that every server gives for one query."""
_ROOM: Final = 400
"""Bytes of a request line kept free for what surrounds the statement."""


@dataclass(slots=True)
class Probe:
    """What asking about one module has shown."""

    module: str
    flaws: dict[str, Flaw] = field(default_factory=dict)
    count: int | None = None
    """Records the user sees; None where the module cannot be queried. Of a server that does not
    count those of one page."""
    counts: bool | None = None
    """Whether ``count(*)`` was answered; None where there is no record to tell by."""
    row: Row = field(default_factory=dict)
    """One record, as far as its fields could be read."""


def probe_module(describe: DescribeAnswer, url_budget: int) -> Plan[Probe]:
    """Find the flaws of a module's fields; raises only what `tells_nothing` is true of."""
    probe = Probe(describe.name)
    # coreBOS keeps line items apart, and the fields of these names in the record itself.
    joined = not any("label_raw" in (each.model_extra or {}) for each in describe.fields)
    for each in describe.fields:
        if _SAYABLE.fullmatch(each.name) is None:
            probe.flaws[each.name] = Flaw.UNSAYABLE
        elif joined and quirk_of(describe.name, each.name) in _MULTIPLYING:
            probe.flaws[each.name] = Flaw.MULTIPLIES
    if not can_be_named(describe.name):
        return probe
    fields = [
        each for each in describe.fields if each.name not in probe.flaws and not is_secret(each)
    ]
    # Where this fails the module as a whole answers no query to this user.
    if (yield from tried(_size(probe))) is None:
        return probe
    for part in _parts(fields, url_budget):
        yield from _probe_fields(probe, part)
    return probe


def tried(plan: Plan[T]) -> Plan[T | None]:
    """The plan's result, or None where the server refuses to tell: what others found stays."""
    try:
        return (yield from plan)
    except VtigerError as error:
        if tells_nothing(error):
            raise
        return None


def _size(probe: Probe) -> Plan[int | None]:
    probe.count = yield from count(probe.module)
    if probe.count:
        probe.counts = True
    elif probe.count is None:
        rows = yield from perform(ids(probe.module, PAGE).query)
        if rows:
            probe.count, probe.counts = len(rows), False
    return probe.count


def ids(module: str, limit: int, branches: Branches = ALWAYS, offset: int = 0) -> Statement:
    """A page of ids in their order."""
    return Statement(module, ("id",), branches, order=("id",), limit=limit, offset=offset)


def matching(probe: Probe, branches: Branches) -> Plan[int | None]:
    """How many records fulfil the condition, up to a page where the server does not count."""
    if probe.counts is False:
        return len((yield from perform(ids(probe.module, PAGE, branches).query)))
    return (yield from count(probe.module, branches))


def count(module: str, branches: Branches = ALWAYS) -> Plan[int | None]:
    """Records that fulfil the condition; None when the server failed silently."""
    rows = yield from perform(Statement(module, (), branches).query)
    return whole_number(rows[0].get("count")) if rows else None


def _probe_fields(probe: Probe, fields: Sequence[DescribedField]) -> Plan[None]:
    selectable = yield from tried(_select(probe, fields))
    if not selectable:
        return
    if probe.count:
        yield from tried(_sort(probe, selectable))
    yield from tried(_filter(probe, selectable))


def _select(probe: Probe, fields: Sequence[DescribedField]) -> Plan[list[DescribedField]]:
    """Drop what the server refuses to name or leaves out of its rows."""
    left = list(fields)
    row: Row | None = None
    while left:
        try:
            rows = yield from perform(_one_row(probe, left).query)
        except AccessDenied as error:
            denied = denied_field(error)
            if denied is None:
                raise  # not of a field
            if denied not in {each.name for each in left}:
                # A field that was not asked for (an id the server adds): no select works.
                useless = (denied, *(each.name for each in left))
                probe.flaws.update(dict.fromkeys(useless, Flaw.DENIED))
                return []
            probe.flaws[denied] = Flaw.DENIED
            left = [each for each in left if each.name != denied]
            continue
        row = rows[0] if rows else None
        break
    if row is None:
        if probe.count:
            silent = yield from _halve(left, lambda part: _selects(probe, part))
            if len(silent) == len(left):
                return []  # the records went away meanwhile
            probe.flaws.update(dict.fromkeys(silent, Flaw.DENIED))
            left = [each for each in left if each.name not in silent]
        return left
    probe.row.update(row)
    absent = {each.name for each in left if each.name not in row}
    probe.flaws.update(dict.fromkeys(absent, Flaw.ABSENT))
    return [each for each in left if each.name not in absent]


def _sort(probe: Probe, fields: Sequence[DescribedField]) -> Plan[None]:
    unsortable = yield from _halve(fields, lambda part: _sorts(probe, part))
    if len(unsortable) == len(fields):
        return  # not even the id sorts: the records went away meanwhile
    probe.flaws.update(dict.fromkeys(unsortable, Flaw.UNSORTABLE))


def _filter(probe: Probe, fields: Sequence[DescribedField]) -> Plan[None]:
    """A count that is too large joins lines; none at all is a silent error."""
    if probe.counts is False:
        unusable = yield from _halve(fields, lambda part: _filters(probe, part))
        if len(unusable) < len(fields):
            probe.flaws.update(dict.fromkeys(unusable, Flaw.DENIED))
        return
    wrong = yield from _halve(fields, lambda part: _counts_right(probe, part))
    for name in wrong:
        single = next(each for each in fields if each.name == name)
        number = yield from count(probe.module, ((_not_null(single),),))
        probe.flaws[name] = Flaw.DENIED if number is None else Flaw.MULTIPLIES


def _halve(
    fields: Sequence[DescribedField],
    works: Callable[[Sequence[DescribedField]], Plan[bool]],
) -> Plan[list[str]]:
    """The names of the fields that make a statement fail, by halving the list."""
    if not fields or (yield from works(fields)):
        return []
    if len(fields) == 1:
        return [fields[0].name]
    middle = len(fields) // 2
    left = yield from _halve(fields[:middle], works)
    right = yield from _halve(fields[middle:], works)
    return left + right


def _selects(probe: Probe, fields: Sequence[DescribedField]) -> Plan[bool]:
    rows = yield from perform(_one_row(probe, fields).query)
    probe.row.update(rows[0] if rows else {})
    return bool(rows)


def _sorts(probe: Probe, fields: Sequence[DescribedField]) -> Plan[bool]:
    row = _one_row(probe, fields)
    return bool((yield from perform(row._replace(order=row.columns).query)))


def _filters(probe: Probe, fields: Sequence[DescribedField]) -> Plan[bool]:
    """Whether the statement works, shown by a row: every record satisfies its last term."""
    asked = ids(probe.module, 1, tuple((_not_null(each),) for each in fields))
    return bool((yield from perform(asked.or_else(ANY_ID).query)))


def _one_row(probe: Probe, fields: Sequence[DescribedField]) -> Statement:
    return Statement(probe.module, tuple(each.name for each in fields), ALWAYS, limit=1)


def _counts_right(probe: Probe, fields: Sequence[DescribedField]) -> Plan[bool]:
    number = yield from count(probe.module, tuple((_not_null(each),) for each in fields))
    if number is not None and number > (probe.count or 0):
        # Records may have been added since: those that are counted now were all that could be.
        probe.count = (yield from count(probe.module)) or 0
    return number is not None and number <= (probe.count or 0)


def _not_null(each: DescribedField) -> Comparison:
    is_id = each.type.name in (Kind.REFERENCE, Kind.OWNER) or each.name == "id"
    return not_null(each.name, reference=is_id)


def _parts(fields: Sequence[DescribedField], url_budget: int) -> list[list[DescribedField]]:
    """Lists short enough that each statement of the recipe fits into a request line."""
    parts: list[list[DescribedField]] = []
    room = 0
    for each in fields:
        longest = quoted_length(f" or {condition(_not_null(each))}") + len(each.name) + 1
        if not parts or longest > room:
            parts.append([])
            room = url_budget - _ROOM
        parts[-1].append(each)
        room -= longest
    return parts


_MULTIPLYING: Final = frozenset({"line item", "several"})
