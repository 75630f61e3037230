"""`save(if_unmodified=True)`: whether somebody else changed the record since it was read."""

from __future__ import annotations

from ..calls.environment import Environment
from ..calls.plans import Plan
from ..errors import NotLoaded, StaleRecord
from ..planner.rows import read_row
from ..values.zones import readings, to_utc
from .adjustments import counted, differs, text_of
from .line_items import LINE_ITEMS
from .policies.table import policies_of
from .prepare import Prepared


def check_unmodified(prepared: Prepared, env: Environment) -> Plan[None]:
    """Raise `StaleRecord` when the CRM's record is no longer the one that was read.

    Its `modifiedtime` is compared, which counts whole seconds, and so are the fields that are
    about to be written, as far as they were read; all that were read where the CRM's wall shows
    that time twice, since summer time ends.
    """
    change, meta = prepared.change, prepared.meta
    loaded = change.known_text("modifiedtime")
    if "modifiedtime" not in meta.by_wire:
        raise StaleRecord(
            f"{meta.name} has no modifiedtime, so a change by somebody else cannot be noticed. "
            "Save without if_unmodified."
        )
    if loaded is None:
        raise NotLoaded(
            f"The modifiedtime of {meta.name} {change.id} was not read, so a change by somebody "
            "else cannot be noticed: nothing was written. Refresh the record first."
        )
    found = yield from read_row(meta, str(change.id), env)
    if found is None:
        raise StaleRecord(
            f"{meta.name} {change.id} is no longer there to be read: nothing was written."
        )
    stored = text_of(found.get("modifiedtime"))
    # The CRM's zone may have been learnt after the record was read.
    if stored not in (loaded, to_utc(loaded, change.zone)):
        raise StaleRecord(
            f"{meta.name} {change.id} was changed in the CRM at {stored} (server time), after it "
            f"was read with {loaded}: nothing was written. Refresh it and apply the change again."
        )
    compared = prepared.sent.keys() & found.keys()
    if len(readings(stored, change.zone)) > 1:
        loose = {name for policy in policies_of(meta) for name in policy.loose}
        compared = {name for name, each in meta.by_wire.items() if each.editable} - loose
        compared &= found.keys()
    for wire in compared:
        before, now = change.known_text(wire), text_of(found[wire])
        if before is not None and differs(meta.by_wire[wire], before, now):
            raise _changed(prepared, meta.by_wire[wire].name, now)
    items, rows = change.items, found.get(LINE_ITEMS)
    if items is not None and change.writes_items and items.outdated(rows):
        raise _changed(prepared, "items", counted(rows))


def _changed(prepared: Prepared, name: str, now: str) -> StaleRecord:
    return StaleRecord(
        f"{name} of {prepared.meta.name} {prepared.change.id} was changed in the CRM to {now!r} "
        "at the very time at which it was read by the CRM's clock: nothing was written. Refresh it "
        "and apply the change again."
    )
