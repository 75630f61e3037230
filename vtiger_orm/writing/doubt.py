"""Creates in flight and in doubt: what a record remembers of one, and the errors that say so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ..calls.outcome import outcome_of
from ..calls.server import ServerFacts
from ..errors import BeingSaved, OutcomeUnknown, RecordError, VtigerError
from ..records.handle import outgoing, saved_id
from .memory import LostCreate, state_of

if TYPE_CHECKING:
    from ..calls.operations import Create, Row
    from ..records import BaseRecord

_claiming: Final = threading.Lock()


@contextmanager
def claimed(record: BaseRecord, call: Create, facts: ServerFacts) -> Iterator[None]:
    """The record is being saved while the block lasts; see `claim`."""
    claim(record, call, facts)
    try:
        yield
    finally:
        release(record)


def claim(record: BaseRecord, call: Create, facts: ServerFacts) -> None:
    """From now on the record is being saved, and in doubt until its answer is taken over.

    Raises `BeingSaved` while another thread or task is at it, `OutcomeUnknown` when the record is
    in doubt already, and `RecordError` when it was saved meanwhile.
    """
    with _claiming:
        if saved_id(record) is not None:
            raise RecordError(
                f"This {record.meta.name} record became {saved_id(record)} meanwhile: another "
                "thread or task saved it. Nothing was sent."
            )
        refuse_unsettled(record)
        in_flight(record, call, facts)
        state_of(record).saving = True


def release(record: BaseRecord) -> None:
    """Whoever claimed the record is done with it; a doubt stays."""
    state_of(record).saving = False


def in_flight(record: BaseRecord, call: Create, facts: ServerFacts) -> None:
    """The create is about to be sent: whatever interrupts it now leaves the record in doubt."""
    now, longest = facts.clock.here(), timedelta(seconds=facts.longest_work)
    state_of(record).lost = LostCreate(call.values, outgoing(record), now, now + longest)


def answered(record: BaseRecord, row: Row, facts: ServerFacts) -> None:
    """The create was answered with the new record: its `createdtime` is the CRM's own now."""
    lost = state_of(record).lost
    if lost is not None:
        facts.clock.saw_create(row.get("createdtime"), lost.at, facts.clock.here())


def failed(record: BaseRecord, error: VtigerError) -> LostCreate | None:
    """Take note of what a create ended with; the doubt that it leaves, if any."""
    state, outcome = state_of(record), outcome_of(error)
    if outcome.undone or state.lost is None:
        state.lost = None
    else:
        until = outcome.until or datetime.now(UTC)
        state.lost = replace(state.lost, until=until, said=str(error))
    return state.lost


def refuse_unsettled(record: BaseRecord) -> None:
    """Raise `BeingSaved` or `OutcomeUnknown` for a record that must not be created now."""
    state = state_of(record)
    if state.saving:
        raise BeingSaved(
            f"This {record.meta.name} record is being saved by another thread or task: it is not "
            "known yet what becomes of it. Nothing was sent. Wait for that save, or save another "
            "copy of the record if two are meant."
        )
    if state.lost is not None:
        raise unknown_outcome(record, state.lost)


def unknown_outcome(record: BaseRecord, lost: LostCreate) -> OutcomeUnknown:
    """The error of a record whose create was lost; it has the record."""
    said = f": {lost.said.rstrip('.')}" if lost.said else " and nobody saw its answer"
    error = OutcomeUnknown(
        f"A create of {record.meta.name} was sent at {_shown(lost.at)}{said}. The record may or "
        "may not exist; it is not sent again. Call record.crm.resolve(), which looks for it in "
        f"the CRM{_when(lost)}; the record is this error's `record`."
    )
    error.record = record
    error.outcome = lost.outcome
    return error


def not_there_yet(record: BaseRecord, lost: LostCreate) -> OutcomeUnknown:
    """The error of a record that was looked for too early to say that it does not exist."""
    error = OutcomeUnknown(
        f"The CRM has no {record.meta.name} record of the create that was sent at "
        f"{_shown(lost.at)}, but may still be at work on it until {_shown(lost.until)}. Call "
        "record.crm.resolve() again after that."
    )
    error.record = record
    error.outcome = lost.outcome
    return error


def undecided(record: BaseRecord, lost: LostCreate, why: str) -> OutcomeUnknown:
    """The error of a record that was looked for in vain, while it cannot be said to be absent."""
    error = OutcomeUnknown(
        f"Whether the create of {record.meta.name} that was sent at {_shown(lost.at)} took place "
        f"cannot be told: {why}. Look into the CRM, then call record.crm.resolve(id=...) with the "
        "record that it became, or record.crm.resolve(absent=True) when it is none."
    )
    error.record = record
    error.outcome = lost.outcome
    return error


def _when(lost: LostCreate) -> str:
    return "" if lost.over() else f", and is sure after {_shown(lost.until)}"


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
