"""Writes that lose something on this kind of server, sent because the caller accepts it: what was
lost is found out and told."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Final

from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.outcome import Fate, outcome_of
from ..calls.plans import Plan, perform
from ..errors import MalformedAnswer, VtigerError
from ..planner.rows import read_row
from .adjustments import text_of
from .answers import fields_of
from .line_items import LINE_ITEMS
from .prepare import Prepared
from .rules import callers_level

_MOVES: Final = frozenset({"modifiedtime", "modifiedby"})


class DamagedRecord(UserWarning):
    """What a write with `accept_damage` has lost."""


def write_and_tell(prepared: Prepared, env: Environment) -> Plan[Row]:
    """Send a change, and the whole record as it is afterwards.

    Some servers fail after they have written: what is stored tells, so that their failure is no
    error where the record can be read. Warns with `DamagedRecord` of what changed unasked.
    """
    meta, id_ = prepared.meta, str(prepared.change.id)
    before = yield from read_row(meta, id_, env)
    failure: Exception | None = None
    try:
        yield from perform(prepared.call)
    except VtigerError as error:
        if outcome_of(error).fate is not Fate.UNKNOWN:
            raise
        failure = error
    after = yield from read_row(meta, id_, env)
    if after is None or before is None:
        raise failure or _gone(prepared)
    if failure is not None and fields_of(after) == fields_of(before):
        raise failure
    lost = list(_lost(prepared, before, after))
    if lost:
        message = f"{meta.name} {id_}: the CRM has lost {'; '.join(lost)}."
        warnings.warn(message, DamagedRecord, stacklevel=callers_level())
    return after


def _gone(prepared: Prepared) -> Exception:
    """The error for a record that went away meanwhile."""
    return MalformedAnswer(
        f"{prepared.meta.name} {prepared.change.id} could not be read before and after it was "
        "written, so what was lost cannot be told."
    )


def _lost(prepared: Prepared, before: Row, after: Row) -> Iterator[str]:
    for name, each in prepared.meta.by_wire.items():
        if name in prepared.call.values or name in _MOVES or name not in before:
            continue
        old, new = text_of(before[name]), text_of(after.get(name))
        if old != new:
            yield f"{each.name}, {old!r}, which is now {new!r}"
    items, left = before.get(LINE_ITEMS), after.get(LINE_ITEMS)
    if isinstance(items, list) and LINE_ITEMS not in prepared.call.values and items != left:
        shown = ", ".join(
            f"{each.get('quantity')} of {each.get('productid')} at {each.get('listprice')}"
            for each in items
        )
        number = len(left) if isinstance(left, list) else 0
        yield f"line items ({shown}), of which {number} are left"
