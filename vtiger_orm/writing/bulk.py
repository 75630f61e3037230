"""Writing many records: in rounds, one outcome a row, never aborted half-known.

A round is a batch of calls that the session performs side by side where that helps. Before a
round is sent, its rows are marked as unknown: whatever interrupts it, the report says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..calls.environment import Environment
from ..calls.operations import Call, Create, Delete, Me
from ..calls.plans import Batch, Plan, perform
from ..calls.protocols import environment_of
from ..calls.server import ServerFacts, server_facts
from ..errors import (
    AccessDenied,
    ApiError,
    AuthError,
    InvalidValue,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ServerError,
    TransportError,
    VtigerError,
)
from ..ids import parse_id
from ..planner.single import find_row
from . import create_once as identity
from .prepare import Prepared, needs_user, owned, prepare, unknown_outcome
from .report import BulkReport, Outcome, Progress, Status
from .rules import check_delete, enforce
from .save import settle
from .state import state_of

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..metadata.module import ModuleMeta
    from ..records import BaseRecord

T = TypeVar("T")

_SMALLEST_ROUND = 10


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    """One row that is ready to be sent."""

    outcome: Outcome[T]
    call: Call[Any]
    take: Callable[[Any], None]
    """Given the answer; may raise."""


def bulk_create(
    report: BulkReport[BaseRecord], runner: Runner | None, progress: Progress | None = None
) -> Plan[None]:
    """Create every record of the report that is not created yet; outcomes go into the report.

    A row whose answer was lost is looked for by the model's external id and repeated only when
    it is not there; without one it stays unknown.
    """
    facts, env = server_facts(runner), environment_of(runner)
    yield from _look_for_lost(report, facts, env)
    waiting = report.of(Status.PENDING, Status.FAILED)
    user: str | None = None
    if any(needs_user(each.item, facts) for each in waiting):
        user = str((yield from perform(Me()))["id"])
    jobs = list(_creations(waiting, user, facts, runner))
    reached = yield from _rounds(report, jobs, facts, progress)
    if reached and report.unknown:
        yield from _look_for_lost(report, facts, env, at_once=True)
        again = [each for each in report.pending if each.error is not None]
        yield from _rounds(report, list(_creations(again, user, facts, runner)), facts, progress)


def _creations(
    outcomes: Sequence[Outcome[BaseRecord]],
    user: str | None,
    facts: ServerFacts,
    runner: Runner | None,
) -> Iterator[_Job[BaseRecord]]:
    given: set[int] = set()
    for outcome in outcomes:
        record = outcome.item
        if record._saved_id is not None:
            outcome.status, outcome.error = Status.DONE, None
            continue
        if id(record) in given:
            outcome.status = Status.FAILED
            outcome.error = InvalidValue(
                f"The very same {record.meta.name} object is given more than once; copy() makes "
                "another record of it."
            )
            continue
        given.add(id(record))
        prepared = _prepared(outcome, facts)
        if prepared is not None:
            if user is not None and needs_user(record, facts):
                prepared = owned(prepared, record.meta, user)
            yield _Job(outcome, prepared.call, _settler(record, prepared, facts, runner))


def bulk_update(
    report: BulkReport[BaseRecord], runner: Runner | None, progress: Progress | None = None
) -> Plan[None]:
    """Write the changes of every record of the report; those without changes are left alone.

    A row whose answer was lost is simply written again when the report is given once more.
    """
    facts = server_facts(runner)
    jobs = []
    for outcome in report.of(Status.PENDING, Status.FAILED, Status.UNKNOWN):
        record = outcome.item
        if record._saved_id is None:
            outcome.status = Status.FAILED
            outcome.error = InvalidValue(
                f"This {record.meta.name} record is not saved yet: create it first."
            )
            continue
        prepared = _prepared(outcome, facts)
        if prepared is not None:
            jobs.append(_Job(outcome, prepared.call, _settler(record, prepared, facts, runner)))
    yield from _rounds(report, jobs, facts, progress)


def bulk_delete(
    report: BulkReport[Any],
    meta: ModuleMeta,
    runner: Runner | None,
    progress: Progress | None = None,
) -> Plan[None]:
    """Delete every record (or id) of the report; one that is gone already counts as deleted."""
    facts, env = server_facts(runner), environment_of(runner)
    enforce(meta, check_delete(meta), facts)
    jobs = []
    for outcome in report.of(Status.PENDING, Status.FAILED, Status.UNKNOWN):
        try:
            jobs.append(_Job(outcome, Delete(_id_of(outcome.item, meta)), _ignore))
        except VtigerError as error:
            outcome.status, outcome.error = Status.FAILED, error
    yield from _rounds(report, jobs, facts, progress)
    for outcome in report.failed:
        # The server says the same of a record that is gone as of one that may not be deleted.
        if isinstance(outcome.error, AccessDenied | NotFound):
            id_ = _id_of(outcome.item, meta)
            if (yield from find_row(meta, id_, env, columns=("id",))) is None:
                outcome.status, outcome.error = Status.DONE, None


def write_calls(
    report: BulkReport[Any],
    calls: Sequence[Call[Any]],
    runner: Runner | None,
    progress: Progress | None = None,
) -> Plan[None]:
    """Send one prepared call for each row of the report, in rounds."""
    jobs = [_Job(outcome, call, _ignore) for outcome, call in zip(report, calls)]
    yield from _rounds(report, jobs, server_facts(runner), progress)


def _prepared(outcome: Outcome[BaseRecord], facts: ServerFacts) -> Prepared | None:
    """The row's call; None when there is nothing to send, which the outcome then tells."""
    try:
        prepared = prepare(outcome.item, facts)
    except OutcomeUnknown as error:
        outcome.status, outcome.error = Status.UNKNOWN, error
        return None
    except VtigerError as error:
        outcome.status, outcome.error = Status.FAILED, error
        return None
    if prepared is None:
        outcome.status, outcome.error = Status.UNCHANGED, None
    return prepared


def _settler(
    record: BaseRecord, prepared: Prepared, facts: ServerFacts, runner: Runner | None
) -> Callable[[Any], None]:
    return lambda row: settle(record, prepared, row, facts, runner)


def _ignore(answer: Any) -> None:
    """Deletions and plain calls: success is all there is to know."""


def _rounds(
    report: BulkReport[Any],
    jobs: Sequence[_Job[Any]],
    facts: ServerFacts,
    progress: Progress | None,
) -> Plan[bool]:
    """Send the jobs; whether the server could be reached to the end."""
    size = max(_SMALLEST_ROUND, 5 * facts.parallel)
    for at in range(0, len(jobs), size):
        chunk = [job for job in jobs[at : at + size] if _claimed(job)]
        for job in chunk:
            job.outcome.status = Status.UNKNOWN
            job.outcome.error = None
        replies = yield Batch([job.call for job in chunk], collect=True)
        for job, reply in zip(chunk, replies):
            _take(job, reply)
        if progress is not None:
            progress(report)
        if replies and _hopeless(replies):
            return False
    return True


def _claimed(job: _Job[Any]) -> bool:
    """Whether nobody else is creating the row's record; its outcome tells if so."""
    if not isinstance(job.call, Create):
        return True
    try:
        identity.claim(job.outcome.item, job.call)
    except OutcomeUnknown as error:
        job.outcome.status, job.outcome.error = Status.UNKNOWN, error
    except VtigerError:
        job.outcome.status, job.outcome.error = Status.DONE, None
    else:
        return True
    return False


def _take(job: _Job[Any], reply: Any) -> None:
    outcome = job.outcome
    creates = not job.call.repeatable
    if not isinstance(reply, Exception):
        outcome.status = Status.DONE
        try:
            job.take(reply)
        except VtigerError as error:
            # `ValuesAdjusted`, mostly. Written all the same: it must not be sent again.
            outcome.error = error
        return
    outcome.error = reply
    if isinstance(reply, RateLimited) or (isinstance(reply, TransportError) and not reply.sent):
        outcome.status = Status.PENDING
    elif identity.lost(reply):
        outcome.status = Status.UNKNOWN
        return
    else:
        outcome.status = Status.FAILED
    if creates:
        state_of(outcome.item).lost = None


def _hopeless(replies: Sequence[Any]) -> bool:
    """Whether going on makes no sense: the key was refused, or nothing of a round got through."""
    if any(isinstance(reply, AuthError) for reply in replies):
        return True
    return all(isinstance(reply, TransportError | RateLimited) for reply in replies)


def _look_for_lost(
    report: BulkReport[BaseRecord], facts: ServerFacts, env: Environment, *, at_once: bool = False
) -> Plan[None]:
    """Settle rows in doubt by their external id: found ones are done, absent ones pending.

    `at_once` after the answer was lost, a record that is not there may still be on its way.
    """
    for outcome in report.unknown:
        record = outcome.item
        if record._saved_id is not None:
            outcome.status, outcome.error = Status.DONE, None
            continue
        lost = state_of(record).lost
        if lost is None:
            # Resolved by hand in the meantime: it does not exist.
            outcome.status = Status.PENDING
            continue
        each = identity.identity_field(record.meta, facts)
        if each is None or not str(lost.sent.get(each.wire) or "").strip():
            outcome.error = outcome.error or unknown_outcome(record)
            continue
        try:
            conclusive = not (at_once and identity.unfinished(outcome.error))
            found = yield from identity.resolve(record, facts, env, conclusive=conclusive)
        except (OutcomeUnknown, ApiError, TransportError, ServerError) as error:
            outcome.error = error
            continue
        if found:
            outcome.status, outcome.error = Status.DONE, None
        elif conclusive:
            outcome.status = Status.PENDING


def _id_of(item: Any, meta: ModuleMeta) -> str:
    id_ = item if isinstance(item, str) else getattr(item, "_saved_id", None)
    if not isinstance(id_, str):
        raise InvalidValue(f"{item!r} is neither a saved record nor a reference.")
    if parse_id(id_).prefix != meta.prefix:
        raise InvalidValue(f"{id_} is not of {meta.name}, whose ids begin with {meta.prefix}x.")
    return str(id_)
