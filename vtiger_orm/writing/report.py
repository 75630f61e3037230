"""What became of each row of a bulk write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar, overload

from .._dataclass import dataclass
from .._writes import Adjustment
from ..errors import VtigerError

T = TypeVar("T")


class Status(StrEnum):
    """How far one row has come."""

    PENDING = "pending"
    """Not sent."""
    DONE = "done"
    UNCHANGED = "unchanged"
    """Nothing to write."""
    FAILED = "failed"
    """Refused: by the CRM, or by the rules before anything was sent."""
    UNKNOWN = "unknown"
    """Sent, and the answer was lost: it may or may not have been written."""


@dataclass(slots=True)
class RowOutcome(Generic[T]):
    """One row: what was to be written, and what became of it."""

    item: T
    """The record, or the id where only ids were given."""
    status: Status = Status.PENDING
    error: VtigerError | None = None
    """Why it failed or is unknown; its `outcome` tells what became of the call."""
    adjusted: tuple[Adjustment, ...] = ()
    """What the CRM stored otherwise, or does not show, of a row that is done."""

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to do for this row when the write is resumed."""
        return self.status in (Status.DONE, Status.UNCHANGED)


class BulkReport(Sequence[RowOutcome[T]]):
    """One outcome for each row, in the order given.

    Give it to the same method again to go on: rows that are done are left alone, refused rows
    and those not sent are tried, and a create whose answer was lost is first searched for where
    the model has an external id; without one it stays unknown until `record.crm.resolve()`.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self._outcomes: list[RowOutcome[T]] = [RowOutcome(item) for item in items]

    @property
    def counts(self) -> Counter[Status]:
        """Status -> number of rows."""
        return Counter(each.status for each in self._outcomes)

    @property
    def ok(self) -> bool:
        """Whether every row is written, or needed no writing."""
        return all(each.settled for each in self._outcomes)

    def of(self, *statuses: Status) -> list[RowOutcome[T]]:
        """The outcomes that have one of these statuses."""
        return [each for each in self._outcomes if each.status in statuses]

    @property
    def done(self) -> list[RowOutcome[T]]:
        return self.of(Status.DONE)

    @property
    def adjusted(self) -> list[RowOutcome[T]]:
        """The rows that are done, but not as they were sent."""
        return [each for each in self._outcomes if each.adjusted]

    @property
    def failed(self) -> list[RowOutcome[T]]:
        return self.of(Status.FAILED)

    @property
    def unknown(self) -> list[RowOutcome[T]]:
        return self.of(Status.UNKNOWN)

    @property
    def pending(self) -> list[RowOutcome[T]]:
        return self.of(Status.PENDING)

    @property
    def items(self) -> list[T]:
        """What was to be written, in order."""
        return [each.item for each in self._outcomes]

    def raise_for_errors(self) -> None:
        """Raise `BulkError` unless `ok`."""
        if not self.ok:
            raise BulkError(self)

    @overload
    def __getitem__(self, index: int) -> RowOutcome[T]: ...
    @overload
    def __getitem__(self, index: slice) -> list[RowOutcome[T]]: ...
    def __getitem__(self, index: int | slice) -> RowOutcome[T] | list[RowOutcome[T]]:
        return self._outcomes[index]

    def __len__(self) -> int:
        return len(self._outcomes)

    def __iter__(self) -> Iterator[RowOutcome[T]]:
        return iter(self._outcomes)

    def __repr__(self) -> str:
        return f"<BulkReport of {len(self)}: {self.summary()}>"

    def summary(self) -> str:
        """``97 done (1 adjusted), 2 failed, 1 unknown``."""
        counts = self.counts
        shown = {status: f"{counts[status]} {status}" for status in _SHOWN if counts[status]}
        adjusted = len(self.adjusted)
        if adjusted:
            shown[Status.DONE] += f" ({adjusted} adjusted)"
        return ", ".join(shown.values()) or "nothing to do"


_SHOWN = (Status.DONE, Status.UNCHANGED, Status.FAILED, Status.UNKNOWN, Status.PENDING)

ProgressCallback: TypeAlias = Callable[[BulkReport[Any]], object]
"""Called after each round of calls with the report as it is then."""


class BulkError(VtigerError):
    """Some rows were not written, or in strict mode not as they were sent; `report` tells of
    each."""

    def __init__(self, report: BulkReport[Any]) -> None:
        self.report = report
        first = next((each.error for each in report if each.error is not None), None)
        cure = (
            "Every row is written: correct the values that the CRM changed, or accept them."
            if report.ok
            else "The report can be given to the same method again to go on."
        )
        told = [f"Of {len(report)} rows: {report.summary()}.", cure]
        if first is not None:
            told.append(f"First error: {first}")
        super().__init__(" ".join(told))
