"""Records to a file: streamed, resumable, complete or no file at all.

Rows come in the order of their ids and are put aside in parts. A part is renamed into place once
it is on disk and names the last id that it holds, so an export that was broken off at any moment
goes on behind it. The file itself is made of the parts at the end, and renamed into place.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from .._dataclass import dataclass
from ..calls.plans import Plan, RowStream
from ..calls.protocols import Runner
from ..columns.naming import Naming, column_names
from ..conditions.tree import Compare, Order, Selection, all_of
from ..errors import ConfigError, MissingExtra, UnsupportedQuery
from ..metadata.module import FieldMeta
from ..models.related_conditions import narrowed
from ..planner import plan_count, plan_rows

try:
    import pyarrow as pa
    from pyarrow import ipc

    from ..columns.arrow import Batches
    from .files import FileFormat, writer
except ImportError as _missing:
    raise MissingExtra("An export", "arrow") from _missing

PART_ROWS: Final = 10_000
"""Rows of a part: as much is read again, at most, after a break."""


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export has come."""

    module: str
    rows: int
    total: int | None
    """How many there were when it began; None where the CRM cannot count."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished export."""

    path: Path
    rows: int
    resumed: int
    """Rows that an earlier, broken run had left behind."""


def export(
    selection: Selection,
    runner: Runner,
    path: Path,
    style: FileFormat,
    *,
    fields: Sequence[FieldMeta],
    naming: Naming = "attribute",
    part_rows: int = PART_ROWS,
    told: Callable[[ExportProgress], None] = lambda progress: None,
) -> Exported:
    """Write the records of the selection to a file, in the order of their ids.

    A run of the same question after a break goes on where the last part ended; of another
    question it begins anew. Raises `UnsupportedQuery` for an order or a slice, `ConfigError` for
    a path that is no place for a file, `Unreadable` for a value that its type does not allow.
    """
    if selection.order or selection.start or selection.stop is not None:
        raise UnsupportedQuery(
            "An export has the order of ids, which lets it go on after a break: leave order and "
            "slice out."
        )
    if path.is_symlink() or path.is_dir():
        raise ConfigError(f"{path} is no file that could be replaced. Name another one.")
    selection = selection.as_table(fields)
    parts = _Parts(path, _fingerprint(selection, style, naming), column_names(fields, naming))
    resumed = parts.rows
    total = runner.run(_count(selection, runner))
    told(ExportProgress(selection.module.name, parts.rows, total))
    batches = Batches(fields, runner.environment.zone)
    waiting: list[pa.RecordBatch] = []
    waiting_rows, last = 0, parts.last
    for rows in runner.stream(_rows(selection, parts.last, runner)):
        waiting.append(batches.of(rows))
        waiting_rows, last = waiting_rows + len(rows), rows[-1]["id"]
        told(ExportProgress(selection.module.name, parts.rows + waiting_rows, total))
        if waiting_rows >= part_rows:
            parts.add(waiting, batches.schema, last)
            waiting, waiting_rows = [], 0
    if waiting or not parts.rows:
        parts.add(waiting, batches.schema, last)
    parts.finish(style)
    return Exported(path, parts.rows, resumed)


def _count(selection: Selection, runner: Runner) -> Plan[int | None]:
    plain = yield from narrowed(selection, runner)
    if not runner.environment.can_count:
        return None
    return (yield from plan_count(plain, runner.environment))


def _rows(selection: Selection, last: str | None, runner: Runner) -> RowStream:
    plain = yield from narrowed(selection, runner)
    if last is not None:
        behind = Compare(selection.module.id, ">", last)
        plain = replace(plain, where=all_of(plain.where, behind))
    by_id = replace(plain, order=(Order(selection.module.id),))  # also where several sessions read
    yield from plan_rows(by_id, runner.environment)


def _fingerprint(selection: Selection, style: str, naming: str) -> str:
    columns = [(each.wire, each.kind) for each in selection.columns or ()]
    told = json.dumps([str(selection), columns, style, naming])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


class _Parts:
    """The folder of parts beside the file to be made."""

    def __init__(self, path: Path, fingerprint: str, names: list[str]) -> None:
        self._path = path
        self._names = names
        self._fingerprint = fingerprint.encode()
        self._folder = path.with_name(f".{path.name}.parts")
        self._files: list[Path] = []
        self.rows = 0
        self.last: str | None = None
        if self._folder.is_symlink():
            raise ConfigError(f"{self._folder} is a link, and nothing is written through it.")
        for file in sorted(self._folder.glob("*.arrow")):
            if not self._take(file):
                self._forget()
                break
        self._folder.mkdir(parents=True, exist_ok=True)

    def _take(self, file: Path) -> bool:
        """Whether the part belongs to this export, and is the next one."""
        try:
            with ipc.open_file(str(file)) as reader:
                told = reader.schema.metadata or {}
                rows = reader.read_all().num_rows
        except (pa.ArrowException, OSError):
            return False
        if told.get(b"export") != self._fingerprint or told.get(b"part") != self._number:
            return False
        self._files.append(file)
        self.rows += rows
        self.last = told.get(b"last", b"").decode() or self.last
        return True

    @property
    def _number(self) -> bytes:
        """Of the next part: one that is missing would take its rows with it."""
        return str(len(self._files)).encode()

    def _forget(self) -> None:
        self._files, self.rows, self.last = [], 0, None
        for file in self._folder.glob("*.arrow*"):
            file.unlink()

    def add(self, batches: list[pa.RecordBatch], schema: pa.Schema, last: str | None) -> None:
        file = self._folder / f"{len(self._files):08}.arrow"
        staged = file.with_suffix(".arrow-staged")
        told = {
            b"export": self._fingerprint,
            b"part": self._number,
            b"last": (last or "").encode(),
        }
        options = ipc.IpcWriteOptions(compression="zstd")
        with (
            open(staged, "wb") as sink,  # noqa: PTH123  (a part of this folder)
            ipc.new_file(sink, schema.with_metadata(told), options=options) as out,
        ):
            for batch in batches:
                out.write_batch(batch.replace_schema_metadata(told))
            out.close()
            sink.flush()
            os.fsync(sink.fileno())
        staged.replace(file)
        self._files.append(file)
        self.rows += sum(batch.num_rows for batch in batches)
        self.last = last

    def finish(self, style: FileFormat) -> None:
        """Make the file of the parts, and forget them."""
        staged = self._folder / "whole"
        with writer(style, staged, self._schema()) as write:
            for batch in self._batches():
                write(batch.rename_columns(self._names).replace_schema_metadata(None))
        staged.replace(self._path)
        shutil.rmtree(self._folder)

    def _schema(self) -> pa.Schema:
        with ipc.open_file(str(self._files[0])) as reader:
            schema = reader.schema.remove_metadata()
        return pa.schema([field.with_name(name) for field, name in zip(schema, self._names)])

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """One of each part: pages would make tiny row groups."""
        for file in self._files:
            with ipc.open_file(str(file)) as reader:
                yield from reader.read_all().combine_chunks().to_batches()


def leftovers(path: Path) -> bool:
    """Whether a broken export of this file can go on."""
    with suppress(OSError):
        return any(path.with_name(f".{path.name}.parts").glob("*.arrow"))
    return False
