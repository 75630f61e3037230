"""The rows of a file, each with the line that it begins in and what is wrong with it.

CSV: the first line names the columns; UTF-8 with or without a byte order mark, UTF-16 with one,
or the encoding that is named; separated by the one of ``, ; tab`` that the first line has most
of. JSON lines: an object a line. Parquet: rows are counted from 1.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from .._dataclass import dataclass
from ..errors import ConfigError, MissingExtra

_LONGEST_CELL: Final = 64 << 20
_SEPARATORS: Final = ",;\t"
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ROWS: Final = 1000
"""Rows of a Parquet file that are in memory together."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file."""

    line: int
    values: Mapping[str, Any]
    """By the name of the column."""
    wrong: str | None = None
    """Why the row cannot be read."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of rows."""

    columns: tuple[str, ...] | None
    """None where each row names its own."""
    rows: Callable[[], Iterator[FileRow]]
    place: str = "line"
    """What rows are counted in."""


def opened(path: Path, encoding: str | None = None, separator: str | None = None) -> TableFile:
    """The file's columns and rows; its kind is told by the end of its name.

    Raises `ConfigError` for a file that cannot be read, a kind that is not known, a separator
    that is none, an encoding that does not fit, and names of columns that are missing or there
    twice.
    """
    try:
        with path.open("rb"):
            return _of_its_kind(path, encoding, separator)
    except OSError as error:
        told = error.strerror or str(error)
        raise ConfigError(f"{path} cannot be read: {told}. Nothing was imported.") from error


def _of_its_kind(path: Path, encoding: str | None, separator: str | None) -> TableFile:
    match path.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            return _csv(path, encoding, separator)
        case ".jsonl" | ".ndjson":
            if encoding is not None:
                _check_name(encoding)
            return TableFile(None, lambda: _json_lines(path, encoding))
        case ".parquet":
            return _parquet(path)
        case _:
            raise ConfigError(
                f"{path.name}: what is imported is .csv, .jsonl or .parquet, told by the end of "
                "the name."
            )


# CSV


def _csv(path: Path, encoding: str | None, separator: str | None) -> TableFile:
    encoding = encoding or _encoding_of(path)
    if separator is not None and (len(separator) != 1 or separator in '"\r\n\0'):
        raise ConfigError(f"{separator!r} separates no cells: give one character, such as ;.")
    csv.field_size_limit(_LONGEST_CELL)
    _check_encoding(path, encoding)
    try:
        with path.open(encoding=encoding, newline="") as file:
            first = file.readline()
            file.seek(0)
            separator = separator or max(_SEPARATORS, key=first.count)
            header = next(csv.reader(file, delimiter=separator, strict=True), None)
    except csv.Error as error:
        raise ConfigError(f"{path.name}: the first line cannot be read: {error}.") from error
    if header is None:
        raise ConfigError(f"{path.name} is empty: its first line has to name the columns.")
    columns = tuple(name.strip() for name in header)
    _check_columns(path, columns)
    mark = separator
    return TableFile(columns, lambda: _csv_rows(path, encoding, mark, columns))


def _csv_rows(
    path: Path, encoding: str, separator: str, columns: Sequence[str]
) -> Iterator[FileRow]:
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        next(reader)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield FileRow(line, {}, f"its quotation marks do not fit: {error}.")
                continue
            if not any(cells):
                continue
            wrong = None
            if len(cells) != len(columns):
                wrong = f"it has {len(cells)} cells, and the first line names {len(columns)}."
            yield FileRow(line, dict(zip(columns, cells)), wrong)


def _encoding_of(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in _UTF16 else "utf-8-sig"


def _check_encoding(path: Path, encoding: str) -> None:
    """Read the file once, so that no row is sent of one whose end cannot be read."""
    _check_name(encoding)
    line = 0
    try:
        if encoding == "utf-8-sig":
            with path.open("rb") as content:
                for text in content:
                    line += 1
                    text.decode("utf-8")
        else:
            with path.open(encoding=encoding, newline="") as file:
                for _ in file:
                    line += 1
    except UnicodeError as error:
        raise ConfigError(
            f"{path.name} is not {encoding.removesuffix('-sig')}, see about line {max(1, line)}: "
            f"{error}. Nothing was imported. Name its encoding, for a file that Excel wrote: "
            "windows-1252."
        ) from error


def _check_name(encoding: str) -> None:
    """Python has encodings that are none of text, ``base64``, and takes any text for a name."""
    try:
        " ".encode(encoding)
    except (LookupError, ValueError) as error:
        raise ConfigError(
            f"There is no encoding {encoding!r}; write for example windows-1252."
        ) from error


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        shown = ", ".join(map(repr, twice))
        raise ConfigError(f"{path.name} has columns of the same name: {shown}.")


# JSON lines and Parquet


def _json_lines(path: Path, encoding: str | None) -> Iterator[FileRow]:
    encoding = encoding or "utf-8-sig"
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            try:
                text = content.decode(encoding).strip()
                found = json.loads(text, parse_float=Decimal) if text else None
            except (ValueError, RecursionError) as error:
                yield FileRow(line, {}, f"it is no JSON: {error}.")
                continue
            if isinstance(found, dict):
                yield FileRow(line, found)
            elif text:
                yield FileRow(line, {}, "it is no object of names and values.")


def _parquet(path: Path) -> TableFile:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingExtra("A Parquet file", "arrow") from error
    try:
        columns = tuple(parquet.read_schema(path).names)
    except (ArrowException, OSError, ValueError) as error:
        raise ConfigError(f"{path.name} is no Parquet file: {error}.") from error
    _check_columns(path, columns)

    def rows() -> Iterator[FileRow]:
        number = 0
        try:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=_ROWS):
                    for values in batch.to_pylist():
                        number += 1
                        yield FileRow(number, values)
        except (ArrowException, OSError, ValueError) as error:
            raise ConfigError(
                f"{path.name} is damaged after row {number}: {error}. What comes before was "
                "imported."
            ) from error

    return TableFile(columns, rows, "row")
