"""The formats of tables on disk: Parquet, Arrow, CSV, JSON lines."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias, get_args

import pyarrow as pa
from pyarrow import ipc, parquet

FileFormat: TypeAlias = Literal["parquet", "csv", "jsonl", "arrow"]
FORMATS: Final[tuple[FileFormat, ...]] = get_args(FileFormat)

Write: TypeAlias = Callable[[pa.RecordBatch], None]


@contextmanager
def writer(style: FileFormat, path: Path, schema: pa.Schema) -> Iterator[Write]:
    """What appends a batch to the new file; it is on disk when the block ends.

    Parquet and Arrow are compressed with zstd. CSV and JSON lines are UTF-8; numbers with
    decimals, days and moments (with their offset) are text there, a multi-select is a list in
    JSON and separated by `` |##| `` in CSV, blank is `null` or nothing.
    """
    with path.open("wb") as sink:
        if style in ("parquet", "arrow"):
            with binary_writer(style, sink, schema) as write:
                yield write
        elif style == "csv":
            yield _csv(sink, schema)
        else:
            yield _jsonl(sink)
        sink.flush()
        os.fsync(sink.fileno())


@contextmanager
def binary_writer(style: str, sink: Any, schema: pa.Schema) -> Iterator[Write]:
    """Parquet, or else Arrow, into an open file."""
    out: Any
    if style == "parquet":
        out = parquet.ParquetWriter(sink, schema, compression="zstd")
    else:
        out = ipc.new_file(sink, schema, options=ipc.IpcWriteOptions(compression="zstd"))
    with out:
        yield out.write_batch


def _csv(sink: IO[bytes], schema: pa.Schema) -> Write:
    lines = csv.writer(_Encoded(sink), lineterminator="\n")
    lines.writerow(schema.names)

    def write(batch: pa.RecordBatch) -> None:
        columns = [column.to_pylist() for column in batch.columns]
        lines.writerows([_text(value) for value in row] for row in zip(*columns))

    return write


def _jsonl(sink: IO[bytes]) -> Write:
    def write(batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            line = json.dumps(row, ensure_ascii=False, default=_text)
            sink.write(line.encode("utf-8") + b"\n")

    return write


def _text(value: Any) -> object:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return " |##| ".join(value)
        case Decimal():
            return format(value, "f")
        case datetime() | date() | time():
            return value.isoformat()
    return value


class _Encoded:
    """A text file over a binary one, without a buffer of its own."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink

    def write(self, text: str) -> None:
        self._sink.write(text.encode("utf-8"))
