"""Files given to an import, and the reports that it keeps: any bytes are rows or an error."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tests.faults.test_parsers import DEEP, values
from vtiger_orm.errors import ConfigError
from vtiger_orm.importing.file_report import FileReport, ImportedRow
from vtiger_orm.importing.sources import opened
from vtiger_orm.writing.report import Status

FACTS = {"file": "a", "module": "Contacts"}
NOW = datetime.now(UTC)
good = st.sampled_from(
    [
        {"line": 2, "status": "done", "created": True, "id": "12x5", "error": None},
        {"line": 3, "status": "unknown", "created": None, "id": None, "error": "lost"},
        {"sending": [2, 3], "until": NOW.isoformat()},
        {"finished": True},
    ]
)
damaged = st.builds(
    lambda line, name, value: {**line, name: value},
    good,
    st.sampled_from(["line", "status", "created", "sending", "until", "finished"]),
    st.one_of(values, st.sampled_from(["9999-12-31T00:00:00+00:00", "2026-01-01T00:00:00"])),
)
lines = st.one_of(
    *(each.map(lambda line: json.dumps(line).encode()) for each in (good, damaged, values)),
    st.binary(max_size=30),
    st.sampled_from(DEEP),
)


@given(content=st.lists(lines, max_size=5), ours=st.booleans())
def test_a_report_is_taken_up_or_refused(
    content: list[bytes], ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report"
        if ours:
            FileReport(path, FACTS)
        with path.open("ab") as file:
            file.write(b"\n".join(content))
        with contextlib.suppress(ConfigError):
            report = FileReport(path, FACTS)
            for number, row in report.rows.items():
                assert type(number) is int
                assert isinstance(row.status, Status)
            assert all((until - NOW).days <= 1 for until in report.doubts.values())
            report.note([ImportedRow(9, Status.DONE)], NOW)
            assert FileReport(path, FACTS).rows[9].settled


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "report"
    FileReport(path, FACTS)
    with path.open("a") as file:
        file.write('{"line": "2", "status": "done"}\n')
    with pytest.raises(ConfigError, match="line 2 is damaged"):
        FileReport(path, FACTS)


def _parquet(at: int) -> bytes:
    """A file of which one byte is another."""
    file = io.BytesIO()
    parquet.write_table(pa.table({"lastname": ["a", "b"], "email": ["x", None]}), file)
    content = bytearray(file.getvalue())
    content[at % len(content)] ^= 0xFF
    return bytes(content)


@given(
    content=st.one_of(
        st.binary(max_size=80),
        st.text('a,;\t"\r\n0{}[]:é\x00', max_size=40).map(str.encode),
        st.lists(lines, max_size=4).map(b"\n".join),
        st.just(b"PAR1" + bytes(40) + b"PAR1"),
        st.just(b"a\n" + b"x" * 200_000),
        st.integers(4, 300).map(_parquet),
    ),
    name=st.sampled_from(["people.csv", "people.jsonl", "people.parquet", "people.txt"]),
    encoding=st.sampled_from([None, "utf-8", "utf-16", "latin-1", "no such", "base64", "idna"]),
    separator=st.sampled_from([None, ",", "", "ab", "\n"]),
)
def test_a_file_is_rows_or_an_error(
    content: bytes, name: str, encoding: Any, separator: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        with contextlib.suppress(ConfigError):
            for row in opened(path, encoding, separator).rows():
                assert isinstance(row.line, int)
