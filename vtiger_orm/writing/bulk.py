"""Writing many records: in rounds, one outcome a row, never aborted half-known.

A round is a batch of calls that the session performs side by side where that helps. Before a
round is sent, its rows are marked as unknown: whatever interrupts it, the report says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import Call, Create, Delete, Me, Row
from ..calls.outcome import Again, Fate, Outcome, outcome_of
from ..calls.plans import Plan, attempt_all, perform
from ..calls.protocols import environment_of
from ..calls.server import ServerFacts, recognised, server_facts
from ..errors import InvalidRecord, InvalidValue, VtigerError
from ..ids import parse_id
from ..records import BaseRecord
from ..records.handle import outgoing, saved_id
from . import create_once as identity
from .answers import judged, read_again, refuse_adjusted
from .doubt import answered, claim, failed, release, unknown_outcome
from .memory import state_of
from .owners import prove_owners
from .posted import id_to_write, refuse_posted
from .prepare import Prepared, needs_user, owned, prepare, read_stored
from .report import BulkReport, ProgressCallback, RowOutcome, Status
from .rules import check_delete, enforce
from .save import Written, is_gone, may_be_gone, settle

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..metadata.module import ModuleMeta

T = TypeVar("T")

_SMALLEST_ROUND = 10


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    """One row that is ready to be sent."""

    row: RowOutcome[T]
    call: Call[Row]
    prepared: Prepared | None = None
    """None of a deletion: success is all there is to know."""
    take: Callable[[Prepared, Row], None] | None = None
    """Given the answer; may raise."""


def bulk_create(
    report: BulkReport[BaseRecord], runner: Runner | None, progress: ProgressCallback | None = None
) -> Plan[None]:
    """Create every record of the report that is not created yet; outcomes go into the report.

    A row whose answer was lost is looked for by the model's external id and repeated only when
    it is not there; without one it stays unknown.
    """
    facts = yield from _met(report, runner)
    if facts is None:
        return
    env = environment_of(runner)
    yield from _look_for_lost(report, facts, env)
    waiting = report.of(Status.PENDING, Status.FAILED)
    user: str | None = None
    if any(needs_user(each.item, facts) for each in waiting):
        user = str((yield from perform(Me()))["id"])
    jobs = list(_creations(waiting, user, facts, runner))
    reached = yield from _rounds(report, jobs, runner, progress)
    if reached and report.unknown:
        yield from _look_for_lost(report, facts, env)
        again = [each for each in report.pending if each.error is not None]
        yield from _rounds(report, list(_creations(again, user, facts, runner)), runner, progress)


def _met(report: BulkReport[BaseRecord], runner: Runner | None) -> Plan[ServerFacts | None]:
    """What is known of the server; None where no login works: the rows go on waiting, and say
    why."""
    try:
        return (yield from recognised(runner))
    except VtigerError as error:
        if outcome_of(error).again is Again.SETUP:
            raise
        for row in report.pending:
            row.error = error
        return None


def _creations(
    rows: Sequence[RowOutcome[BaseRecord]],
    user: str | None,
    facts: ServerFacts,
    runner: Runner | None,
) -> Iterator[_Job[BaseRecord]]:
    given: set[int] = set()
    for row in rows:
        record = row.item
        if saved_id(record) is not None:
            row.status, row.error = _there_already(record)
            continue
        if id(record) in given:
            row.status = Status.FAILED
            row.error = InvalidValue(
                f"The very same {record.meta.name} object is given more than once; copy() makes "
                "another record of it."
            )
            continue
        given.add(id(record))
        job = _prepared(row, facts, runner, user)
        if job is not None:
            yield job


def _there_already(record: BaseRecord) -> tuple[Status, VtigerError | None]:
    """What becomes of a row that has an id: created before, unless only the data say so."""
    try:
        refuse_posted(record)
    except VtigerError as error:
        return Status.FAILED, error
    return Status.DONE, None


def bulk_update(
    report: BulkReport[BaseRecord], runner: Runner | None, progress: ProgressCallback | None = None
) -> Plan[None]:
    """Write the changes of every record of the report; those without changes are left alone.

    A row whose answer was lost is simply written again when the report is given once more.
    """
    facts = yield from _met(report, runner)
    if facts is None:
        return
    waiting = report.of(Status.PENDING, Status.FAILED, Status.UNKNOWN)
    stored = yield from read_stored([each.item for each in waiting], runner)
    jobs = []
    for row in waiting:
        record = row.item
        if saved_id(record) is None:
            row.status = Status.FAILED
            row.error = InvalidValue(
                f"This {record.meta.name} record is not saved yet: create it first."
            )
            continue
        job = _prepared(row, facts, runner, stored=stored.get(str(saved_id(record))))
        if job is not None:
            jobs.append(job)
    yield from _rounds(report, jobs, runner, progress)


def bulk_delete(
    report: BulkReport[Any],
    meta: ModuleMeta,
    runner: Runner | None,
    progress: ProgressCallback | None = None,
) -> Plan[None]:
    """Delete every record (or id) of the report; one that is gone already counts as deleted."""
    facts, env = server_facts(runner), environment_of(runner)
    enforce(meta, check_delete(meta), facts)
    jobs = []
    for row in report.of(Status.PENDING, Status.FAILED, Status.UNKNOWN):
        try:
            jobs.append(_Job(row, Delete(_id_of(row.item, meta))))
        except VtigerError as error:
            row.status, row.error = Status.FAILED, error
    yield from _rounds(report, jobs, runner, progress)
    for job in jobs:
        row = job.row
        if row.error is None or not may_be_gone(row.error):
            continue
        gone = yield from is_gone(meta, _id_of(row.item, meta), env)
        if gone is None:
            break
        if gone:
            row.status, row.error = Status.DONE, None


def write_prepared(
    report: BulkReport[str],
    writes: Sequence[Prepared],
    runner: Runner | None,
    progress: ProgressCallback | None = None,
) -> Plan[None]:
    """Send one prepared write for each row of the report, in rounds, and compare the answers."""
    facts = server_facts(runner)

    def take(row: RowOutcome[str]) -> Callable[[Prepared, Row], None]:
        def compare(prepared: Prepared, answer: Row) -> None:
            _, row.adjusted = judged(prepared, answer, facts)
            refuse_adjusted(f"{prepared.meta.name} {row.item}", row.adjusted, facts)

        return compare

    jobs = [_Job(row, each.call, each, take(row)) for row, each in zip(report, writes)]
    yield from _rounds(report, jobs, runner, progress)


def _prepared(
    row: RowOutcome[BaseRecord],
    facts: ServerFacts,
    runner: Runner | None,
    user: str | None = None,
    stored: Row | None = None,
) -> _Job[BaseRecord] | None:
    """The row's job; None when there is nothing to send, which the row then tells."""
    record, given = row.item, outgoing(row.item)
    try:
        prepared = prepare(record, facts, present=stored)
    except VtigerError as error:
        row.status, row.error = _unsettled(record) or Status.FAILED, error
        return None
    if prepared is None:
        row.status, row.error = Status.UNCHANGED, None
        return None
    if user is not None and needs_user(record, facts):
        prepared = owned(prepared, record.meta, user)
    written = Written(record, prepared, given)
    return _Job(row, prepared.call, prepared, _settler(row, written, facts, runner))


def _settler(
    row: RowOutcome[BaseRecord], written: Written, facts: ServerFacts, runner: Runner | None
) -> Callable[[Prepared, Row], None]:
    def take(prepared: Prepared, answer: Row) -> None:
        try:
            settle(replace(written, prepared=prepared), answer, facts, runner)
        finally:
            row.adjusted = state_of(row.item).adjusted

    return take


def _unsettled(record: BaseRecord) -> Status | None:
    """How far a row is whose record is being created by somebody else, or in doubt."""
    state = state_of(record)
    if state.saving:
        return Status.PENDING
    return Status.UNKNOWN if state.lost is not None else None


def _rounds(
    report: BulkReport[Any],
    jobs: Sequence[_Job[Any]],
    runner: Runner | None,
    progress: ProgressCallback | None,
) -> Plan[bool]:
    """Send the jobs; whether the server could be reached to the end."""
    facts = server_facts(runner)
    jobs = yield from _owned_by_somebody(jobs, runner)
    size = max(_SMALLEST_ROUND, 5 * facts.parallel)
    for at in range(0, len(jobs), size):
        chunk = [job for job in jobs[at : at + size] if _claimed(job, facts)]
        try:
            replies = yield from _round(chunk, runner)
        finally:
            for job in chunk:
                _released(job)
        if progress is not None:
            progress(report)
        failures = [reply for reply in replies if isinstance(reply, VtigerError)]
        for failure in failures:
            if outcome_of(failure).again is Again.SETUP:
                raise failure
        if _hopeless([outcome_of(failure) for failure in failures], len(replies)):
            return False
    return True


def _owned_by_somebody(jobs: Sequence[_Job[Any]], runner: Runner | None) -> Plan[list[_Job[Any]]]:
    """The jobs whose records get an owner who exists; the rows of the others tell."""
    found: list[_Job[Any]] = []
    for job in jobs:
        try:
            if job.prepared is not None:
                yield from prove_owners([job.prepared], runner)
            found.append(job)
        except InvalidRecord as error:
            job.row.status, job.row.error = Status.FAILED, error
    return found


def _round(chunk: Sequence[_Job[Any]], runner: Runner | None) -> Plan[list[Row | VtigerError]]:
    for job in chunk:
        job.row.status, job.row.error = Status.UNKNOWN, None
    replies = yield from attempt_all([job.call for job in chunk])
    for job, reply in zip(chunk, replies):
        if isinstance(job.call, Create) and isinstance(reply, dict):
            answered(job.row.item, reply, server_facts(runner))
    yield from _take_all(chunk, replies, runner)
    return replies


def _take_all(
    jobs: Sequence[_Job[Any]], replies: Sequence[Row | VtigerError], runner: Runner | None
) -> Plan[None]:
    """Take the answers of a round, read again where they prove nothing."""
    answers = [
        (job.prepared, reply)
        for job, reply in zip(jobs, replies)
        if job.prepared is not None and not isinstance(reply, VtigerError)
    ]
    whole = iter((yield from read_again(answers, runner)))
    for job, reply in zip(jobs, replies):
        if job.prepared is None or isinstance(reply, VtigerError):
            _take(job, job.prepared, reply)
        else:
            _take(job, *next(whole))


def _claimed(job: _Job[Any], facts: ServerFacts) -> bool:
    """Whether nobody else is creating the row's record; the row tells if so."""
    if not isinstance(job.call, Create):
        return True
    record = job.row.item
    try:
        claim(record, job.call, facts)
    except VtigerError as error:
        status = _unsettled(record)
        job.row.status = status or Status.DONE
        job.row.error = error if status is not None else None
        return False
    return True


def _released(job: _Job[Any]) -> None:
    if isinstance(job.call, Create):
        release(job.row.item)


def _take(job: _Job[Any], prepared: Prepared | None, reply: Row | VtigerError) -> None:
    row = job.row
    if not isinstance(reply, VtigerError):
        row.status = Status.DONE
        try:
            if job.take is not None and prepared is not None:
                job.take(prepared, reply)
        except VtigerError as error:
            # `ValuesAdjusted`, mostly. Written all the same: it must not be sent again.
            row.error = error
        return
    row.error = reply
    row.status = _status(outcome_of(reply))
    if isinstance(job.call, Create):
        failed(row.item, reply)


def _status(outcome: Outcome) -> Status:
    if not outcome.undone:
        return Status.UNKNOWN
    unsent = outcome.fate is Fate.NEVER_LEFT or outcome.again is Again.LIMIT
    return Status.PENDING if unsent else Status.FAILED


def _hopeless(failures: Sequence[Outcome], number: int) -> bool:
    """Whether going on makes no sense: the key was refused, or nothing of a round got through."""
    if any(outcome.again is Again.KEY for outcome in failures):
        return True
    vain = [outcome for outcome in failures if outcome.again in (Again.YES, Again.LIMIT)]
    return 0 < number == len(vain)


def _look_for_lost(
    report: BulkReport[BaseRecord], facts: ServerFacts, env: Environment
) -> Plan[None]:
    """Settle rows in doubt by their external id: found ones are done, absent ones pending."""
    for row in report.unknown:
        record = row.item
        if saved_id(record) is not None:
            row.status, row.error = Status.DONE, None
            continue
        lost = state_of(record).lost
        if lost is not None:
            if not identity.has_identity(record.meta, lost, facts):
                row.error = row.error or unknown_outcome(record, lost)
                continue
            try:
                if (yield from identity.resolve(record, facts, env)):
                    row.status, row.error = Status.DONE, None
                    continue
            except VtigerError as error:
                row.error = error
                continue
        # Not there, or resolved by hand in the meantime.
        row.status = Status.PENDING


def _id_of(item: Any, meta: ModuleMeta) -> str:
    id_ = id_to_write(item) if isinstance(item, str | BaseRecord) else None
    if id_ is None:
        raise InvalidValue(f"{item!r} is neither a saved record nor a reference.")
    if parse_id(id_).prefix != meta.prefix:
        raise InvalidValue(f"{id_} is not of {meta.name}, whose ids begin with {meta.prefix}x.")
    return str(id_)
