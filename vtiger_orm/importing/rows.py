"""`import_file`: a file's rows into the CRM, a chunk at a time, each told apart."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from .._dataclass import dataclass
from ..calls.server import server_facts
from ..errors import ConfigError, DryRun, InvalidValue, VtigerError
from ..models.asking import runner_of
from ..models.writing import WritingQuerySet
from ..writing.bulk_upsert import Upsert, key_fields, row_key
from ..writing.report import BulkReport, RowOutcome, Status
from .columns import ColumnMap
from .file_report import FileReport, ImportedRow
from .sources import FileRow, opened

if TYPE_CHECKING:
    from ..models.record import Record

M = TypeVar("M", bound="Record")

AT_ONCE: Final = 50
"""Rows that are looked up, written and reported together."""


@dataclass(slots=True)
class Imported:
    """What became of a file's rows."""

    counts: Counter[Status] = field(default_factory=Counter)
    created: int = 0
    resumed: int = 0
    """Rows that an earlier run had settled."""
    adjusted: int = 0
    """Rows of which the CRM stored other values than were sent."""
    failed: list[ImportedRow] = field(default_factory=list)
    """Rows that were refused, or whose fate is not known."""
    pending: int = 0
    """Rows that a dry run would have written."""

    @property
    def ok(self) -> bool:
        return not self.failed


def import_file(
    path: str | os.PathLike[str],
    objects: WritingQuerySet[M],
    key: str | Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    report: str | os.PathLike[str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    told: Callable[[ImportedRow], None] = lambda row: None,
    waiting: Callable[[float, int], None] = lambda seconds, rows: None,
) -> Imported:
    """Bring each row of a CSV, JSON lines or Parquet file into the CRM, found by its key.

    ``import_file("people.csv", Contacts.objects, key="email")`` does what
    `bulk_update_or_create` does with the rows: records that are as the row says are left alone,
    others are changed, missing ones made. Columns are fields by attribute, wire name or label;
    `columns` says so of others, ``{"Mail": "email", "Remarks": ""}``, nothing leaves a column
    out. An empty cell is blank. Numbers, days and moments are text as in ISO 8601, several
    choices are separated by ``|##|``.

    A row that is wrong is in `Imported.failed` with its line and the reason, and the others go
    on. With a `report`, the name of a file, a run that was broken off is gone on with by the same
    call: what is settled is passed over, and a row whose fate is not known is looked for once the
    CRM can no longer be at work on it, for which the call waits (`waiting` is told the seconds).
    A finished import begins anew.

    Raises `ConfigError` for a file, key or column that cannot be used, before anything is sent,
    and the error that keeps the CRM out of reach. In a session with ``dry_run=True`` nothing is
    sent.
    """
    source = Path(path)
    file = opened(source, encoding, separator)
    meta = objects.model.meta
    fields = ColumnMap(meta, columns or {})
    if file.columns is not None:
        fields.check(file.columns)
    names = [each.name for each in key_fields(meta, key)]
    if file.columns is not None:
        _check_key(names, [each for name in file.columns if (each := fields.field(name))])
    facts = {
        "file": _fingerprint(source),
        "module": meta.name,
        "key": names,
        "columns": dict(columns or {}),
    }
    kept = FileReport(Path(report), facts) if report is not None else None
    run = _Run(objects, names, fields, kept, told)
    for chunk in _chunks(file.rows()):
        run.take(chunk)
    if run.late:
        seconds = max(0.0, (run.until - datetime.now(UTC)).total_seconds())
        waiting(seconds, len(run.late))
        time.sleep(seconds)
        for at in range(0, len(run.late), AT_ONCE):
            run.write(run.late[at : at + AT_ONCE])
    if kept is not None and not run.done.counts[Status.UNKNOWN]:
        kept.finish()
    return run.done


class _Run(Generic[M]):
    """One run over a file."""

    def __init__(
        self,
        objects: WritingQuerySet[M],
        key: Sequence[str],
        columns: ColumnMap,
        report: FileReport | None,
        told: Callable[[ImportedRow], None],
    ) -> None:
        self._objects = objects
        self._key = key
        self._fields = key_fields(objects.model.meta, key)
        self._columns = columns
        self._report = report
        self._told = told
        self._lines: dict[bytes, int] = {}
        """A mark of each key that was met -> its line."""
        self.late: list[tuple[int, dict[str, object]]] = []
        """Rows that the CRM may still be at work on."""
        self.until = datetime.now(UTC)
        self.done = Imported()

    def take(self, rows: Iterable[FileRow]) -> None:
        """Write a chunk of rows, but those that are settled or in doubt."""
        ready: list[tuple[int, dict[str, object]]] = []
        wrong: list[ImportedRow] = []
        for row in rows:
            try:
                values = self._checked(row)
            except VtigerError as error:
                wrong.append(ImportedRow(row.line, Status.FAILED, error=str(error)))
                continue
            known = self._report.rows.get(row.line) if self._report is not None else None
            if known is not None and known.settled:
                self.done.resumed += 1
                self.done.counts[known.status] += 1
            elif self._report is not None and row.line in self._report.doubts:
                self.until = max(self.until, self._report.doubts[row.line])
                self.late.append((row.line, values))
            else:
                ready.append((row.line, values))
        self.write(ready, wrong)

    def write(
        self, rows: Sequence[tuple[int, dict[str, object]]], wrong: Sequence[ImportedRow] = ()
    ) -> None:
        """Send these rows, and tell of them and of those that are wrong in the order of the file.

        Raises the error that kept rows from being sent, where the CRM is out of reach.
        """
        if not rows:
            self._take_down(wrong)
            return
        facts = server_facts(runner_of(self._objects))
        until = datetime.now(UTC) + timedelta(seconds=facts.longest_work)
        if self._report is not None:
            self._report.sending((line for line, _ in rows), until)
        report: BulkReport[Upsert[M]] = BulkReport(Upsert(values) for _, values in rows)
        try:
            self._objects.bulk_update_or_create(report, self._key)
        finally:
            told = [*wrong, *self._outcomes(rows, report)]
            self._take_down(sorted(told, key=lambda row: row.line))
        if any(not isinstance(row.error, DryRun) for row in report.pending):
            raise _stopped(rows[0][0], report)

    def _checked(self, row: FileRow) -> dict[str, object]:
        if row.wrong is not None:
            raise InvalidValue(row.wrong)
        values = self._columns.values(row)
        missing = [name for name in self._key if name not in values]
        if missing:
            raise InvalidValue(f"It has no {', '.join(missing)}, which its record is found by.")
        key = row_key(Upsert(values), self._objects.model, self._fields)
        mark = hashlib.blake2b(repr(key).encode("utf-8", "replace"), digest_size=12).digest()
        first = self._lines.setdefault(mark, row.line)
        if first != row.line:
            raise InvalidValue(
                f"It has the key of line {first}: which of the two the record shall be like cannot "
                "be told."
            )
        return values

    def _outcomes(
        self,
        rows: Sequence[tuple[int, dict[str, object]]],
        report: BulkReport[Upsert[M]],
    ) -> Iterator[ImportedRow]:
        for (line, _), row in zip(rows, report):
            if row.status is Status.PENDING and isinstance(row.error, DryRun):
                self.done.pending += 1
                self.done.created += bool(row.item.created)
            elif row.status is not Status.PENDING:
                self.done.created += row.status is Status.DONE and bool(row.item.created)
                self.done.adjusted += bool(row.adjusted)
            yield _outcome(line, row)

    def _take_down(self, outcomes: Iterable[ImportedRow]) -> None:
        rows = list(outcomes)
        for row in rows:
            self.done.counts[row.status] += 1
            if row.status in (Status.FAILED, Status.UNKNOWN):
                self.done.failed.append(row)
                self._told(row)
        if self._report is not None:
            facts = server_facts(runner_of(self._objects))
            self._report.note(rows, datetime.now(UTC) + timedelta(seconds=facts.longest_work))


def _outcome(line: int, row: RowOutcome[Upsert[M]]) -> ImportedRow:
    id = str(row.item.record.id) if row.settled and row.item.record is not None else None
    error = str(row.error) if row.error is not None else None
    if row.status is Status.UNKNOWN and error is None:
        error = "It was sent, and no answer came: the record may have been written."
    created = row.item.created if row.settled else None
    return ImportedRow(line, row.status, created, id, error)


def _stopped(line: int, report: BulkReport[Upsert[M]]) -> VtigerError:
    """Why rows were not sent: nothing of a round got through."""
    errors = [row.error for row in (*report.pending, *report.unknown) if row.error is not None]
    return errors[0] if errors else VtigerError(f"The import stopped at line {line} or behind it.")


def _check_key(names: Sequence[str], there: Iterable[object]) -> None:
    found = {getattr(each, "name", None) for each in there}
    missing = [name for name in names if name not in found]
    if missing:
        raise ConfigError(f"The file has no column for the key: {', '.join(missing)}.")


def _chunks(rows: Iterator[FileRow]) -> Iterator[list[FileRow]]:
    waiting: list[FileRow] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) >= AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
