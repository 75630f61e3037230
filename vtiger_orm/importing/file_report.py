"""The report of an import on disk: what became of each row, and what was under way.

Rows are noted before they are sent and when their outcome is known, so a run that ends anywhere
leaves a report by which the next one goes on. A line of JSON each; the last may be torn.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigError
from ..writing.report import Status

_FORMAT: Final = 1


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
            if number == 0 and isinstance(line, dict) and line.pop("import", None) == _FORMAT:
                facts = line
            elif facts is not None and isinstance(line, dict):
                finished = self._take(line) or finished
        if facts is None and self._path.stat().st_size:
            raise ConfigError(f"{self._path} is no report of an import, and is left alone.")
        return facts, finished

    def _take(self, line: dict[str, Any]) -> bool:
        if "sending" in line:
            until = datetime.fromisoformat(line["until"])
            self.doubts.update(dict.fromkeys(line["sending"], until))
        elif "line" in line:
            number, status = int(line["line"]), Status(line["status"])
            row = ImportedRow(number, status, line["created"], line["id"], line["error"])
            self.rows[number] = row
            self.doubts.pop(number, None)
            if status is Status.UNKNOWN:
                self.doubts[number] = datetime.fromisoformat(line["until"])
        return bool(line.get("finished"))

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
