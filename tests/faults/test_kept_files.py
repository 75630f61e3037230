"""Texts and files that were kept and come back: cursors, headers, budgets, parts of an export.

Any of them is a value or an error of the library, and never a wrong answer.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Contacts
from vtiger_orm.dialects.errors import retry_after
from vtiger_orm.errors import ConfigError, VtigerError
from vtiger_orm.feed.cursors import start
from vtiger_orm.frames.export import export
from vtiger_orm.session import Budget
from vtiger_orm.session.budget import FilePurse
from vtiger_orm.session.limits import Limits, read_limits

from .test_parsers import values
from .world import World, make

NOW = datetime(2026, 11, 28, tzinfo=UTC)
HEADERS = (
    *("x-floodcontrol-minutelimit", "x-floodcontrol-remaining", "x-floodcontrol-reset"),
    *("x-ratelimit-dailylimit", "x-ratelimit-remaining", "x-ratelimit-reset"),
    *("date", "retry-after"),
)
odd_numbers = st.sampled_from(
    ["inf", "-1", "1e400", "9" * 400, "Fri, 99 Foo 9 99:99:99", "٣", "0x"]
)
texts = st.one_of(st.text(max_size=40), st.integers().map(str), st.floats().map(str), odd_numbers)


def as_cursor(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@given(
    st.one_of(
        st.text(max_size=60),
        st.binary(max_size=60).map(as_cursor),
        values.map(lambda value: as_cursor(json.dumps(value).encode())),
        values.map(lambda value: as_cursor(zlib.compress(json.dumps(value).encode()))),
        values.map(lambda value: as_cursor(json.dumps([1, "Contacts", value]).encode())),
        st.just(as_cursor(zlib.compress(b"[" * 1_000_000))),
        st.just(as_cursor(b"[" * 100_000)),
    )
)
def test_cursors(text: str) -> None:
    with contextlib.suppress(VtigerError):
        start(text, "Contacts")


@given(st.dictionaries(st.sampled_from(HEADERS), texts))
def test_headers(headers: dict[str, str]) -> None:
    found = read_limits(headers, NOW, Limits())
    for reset, most in ((found.minute_reset, 60), (found.daily_reset, 86_400)):
        assert reset is None or 0 <= (reset - NOW).total_seconds() <= most
    assert found.daily_remaining is None or found.daily_remaining >= 0
    wait = retry_after(headers)
    assert wait is None or 0 <= wait <= 86_400


@given(st.one_of(st.text(max_size=40), st.text("0123456789/,:?=& minutehourdayfile.", max_size=40)))
def test_budgets_as_text(text: str) -> None:
    with contextlib.suppress(ConfigError):
        Budget.parse(text)


@given(st.integers(0, 12_000), st.binary(min_size=1, max_size=200))
def test_budget_files_that_are_damaged(at: int, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "budget.db"
        purse = FilePurse({"minute": 5}, str(file), "crm.test")
        assert purse.take(1000.0) == 0
        whole = bytearray(file.read_bytes())
        whole[at % len(whole) : at % len(whole) + len(content)] = content
        file.write_bytes(whole)
        with contextlib.suppress(ConfigError):
            assert purse.take(1000.0) >= 0
            assert purse.left(1000.0)


@given(st.lists(st.tuples(*[st.one_of(st.text(max_size=5), st.integers(-9, 9), st.none())] * 2)))
def test_budget_files_of_somebody_else(rows: list[tuple[Any, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "budget.db"
        purse = FilePurse({"minute": 5}, str(file), "crm.test")
        with contextlib.closing(sqlite3.connect(file)) as connection:
            for part, calls in rows:
                with contextlib.suppress(sqlite3.Error):
                    told = ["crm.test", "minute", part, calls]
                    connection.execute("INSERT INTO spent VALUES (?, ?, ?, ?)", told)
            connection.commit()
        with contextlib.suppress(ConfigError):
            wait = purse.take(10.0)
            assert wait >= 0
            assert not math.isnan(wait)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = make("webservice", "sync")
    yield made
    made.close()


@given(
    st.dictionaries(st.integers(0, 4), st.one_of(st.binary(max_size=80), st.sampled_from("okLG"))),
)
def test_parts_of_an_export_that_are_damaged(world: World, parts: dict[int, bytes | str]) -> None:
    """Parts that are gone, cut, of another export or no parts: the file is whole in the end."""
    found = Contacts.objects.only("lastname")
    fields = found.selection.columns or ()
    with tempfile.TemporaryDirectory() as folder, world.session() as session:
        path = Path(folder) / "contacts.csv"

        def write(to: Path) -> str:
            export(found.selection, session, to, "csv", fields=fields, part_rows=4)
            return to.read_text()

        whole = write(Path(folder) / "whole.csv")
        left = path.with_name(f".{path.name}.parts")
        kept = broken_off(world, found, path, fields)
        for number, content in parts.items():
            part = left / f"{number:08}.arrow"
            if isinstance(content, bytes):
                part.write_bytes(content)
            elif content == "G":  # gone
                part.unlink(missing_ok=True)
            elif content == "L" and kept:  # a copy of another part
                part.write_bytes(kept[0])
        assert write(path) == whole


def broken_off(world: World, found: Any, path: Path, fields: Any) -> list[bytes]:
    """The parts of an export that met an error after two of them."""
    from .faults import answering

    with world.session() as session:
        world.crm.faults.next(answering("x"), operation="query", after=3, times=9)
        with pytest.raises(VtigerError):
            export(found.selection, session, path, "csv", fields=fields, part_rows=4)
        world.crm.faults.clear()
    parts = sorted(path.with_name(f".{path.name}.parts").glob("*.arrow"))
    return [each.read_bytes() for each in parts]
