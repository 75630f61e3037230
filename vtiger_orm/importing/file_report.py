"""The report of an import on disk: what became of each row, and what was under way.

Rows are noted before they are sent and when their outcome is known, so a run that ends anywhere
leaves a report by which the next one goes on. A line of JSON each; the last may be torn.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from .._dataclass import dataclass
from ..errors import ConfigError
from ..writing.report import Status

_FORMAT: Final = 1
_LONGEST_DOUBT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """What became of one row of a file."""

    line: int
    status: Status
    created: bool | None = None
    """Whether it made a record; None where that is not known, or nothing was written."""
    id: str | None = None
    error: str | None = None

    @property
    def settled(self) -> bool:
        return self.status in (Status.DONE, Status.UNCHANGED)


class FileReport:
    """Reads what an earlier run left, and takes down what this one does."""

    def __init__(self, path: Path, facts: Mapping[str, object]) -> None:
        """`facts` tell what is imported, and how. Raises `ConfigError` where the file is the
        report of another import that was not finished, or something else."""
        self._path = path
        self.rows: dict[int, ImportedRow] = {}
        """What is known of rows from an earlier run of this import."""
        self.doubts: dict[int, datetime] = {}
        """Rows that were under way when it ended, and until when the CRM may be at work on
        them."""
        told, finished = self._read()
        if told is not None and dict(facts) != told and not finished:
            raise ConfigError(
                f"{path} is the report of another import that is not finished: of another file, "
                "module, key or mapping. Finish that one, or name another report."
            )
        if told is None or finished:
            self.rows, self.doubts = {}, {}
            path.write_text("", encoding="utf-8")
            self._append({"import": _FORMAT, **facts})
        else:
            self._end_torn_line()

    def sending(self, lines: Iterable[int], until: datetime) -> None:
        """These rows are about to be sent."""
        self._append({"sending": list(lines), "until": until.isoformat()})

    def note(self, rows: Iterable[ImportedRow], until: datetime) -> None:
        """What became of rows; the CRM may be at work on those that are unknown until then."""
        self._append(*(_line(row, until) for row in rows))

    def finish(self) -> None:
        """Everything is told: the same import begins anew."""
        self._append({"finished": True})

    def _read(self) -> tuple[dict[str, Any] | None, bool]:
        facts: dict[str, Any] | None = None
        finished = False
        if not self._path.exists():
            return None, False
        for number, text in enumerate(self._path.read_bytes().split(b"\n")):
            try:
                line = json.loads(text)
            except ValueError:
                continue  # torn when a run was killed
            except RecursionError:
                line = None
            if number == 0 and isinstance(line, dict) and line.pop("import", None) == _FORMAT:
                facts = line
            elif facts is not None:
                finished = self._taken(number, line) or finished
        if facts is None and self._path.stat().st_size:
            raise ConfigError(f"{self._path} is no report of an import, and is left alone.")
        return facts, finished

    def _taken(self, number: int, line: object) -> bool:
        """Whether the line says that everything is told. Raises `ConfigError` for one that no
        import wrote: what it said of its rows is not known, and they might be sent twice."""
        try:
            if not isinstance(line, dict):
                raise TypeError("it is no object of names and values")
            return self._take(line)
        except (LookupError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{self._path}: line {number + 1} is damaged, so it is not known which rows were "
                "sent. See in the CRM which are there, and name another report for the others."
            ) from error

    def _take(self, line: dict[str, Any]) -> bool:
        if "sending" in line:
            until = _moment(line["until"])
            self.doubts.update({_number(each): until for each in line["sending"]})
        elif "line" in line:
            number, status = _number(line["line"]), Status(line["status"])
            told = (line[name] for name in ("created", "id", "error"))
            row = ImportedRow(number, status, *told)
            self.rows[number] = row
            self.doubts.pop(number, None)
            if status is Status.UNKNOWN:
                self.doubts[number] = _moment(line["until"])
        return line["finished"] is True if "finished" in line else False

    def _end_torn_line(self) -> None:
        with self._path.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")

    def _append(self, *lines: Mapping[str, object]) -> None:
        with self._path.open("ab") as file:
            for line in lines:
                file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no number of a line")
    return value


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no moment")
    found = datetime.fromisoformat(value)
    if found.tzinfo is None or found - datetime.now(UTC) > _LONGEST_DOUBT:
        raise ValueError(f"{value!r} is no moment that an import notes")
    return found


def _line(row: ImportedRow, until: datetime) -> dict[str, object]:
    told: dict[str, object] = {
        "line": row.line,
        "status": str(row.status),
        "created": row.created,
        "id": row.id,
        "error": row.error,
    }
    if row.status is Status.UNKNOWN:
        told["until"] = until.isoformat()
    return told
