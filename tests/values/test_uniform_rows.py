"""Rows held as columns are the rows that a list of them would be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Contacts
from vtiger_orm.columns.reading import ColumnReader
from vtiger_orm.records.handle import columns_of, load
from vtiger_orm.values.uniform_rows import (
    UniformRows,
    WireRow,
    column_of,
    column_or_none,
    joined,
    rows_where,
    without_keys,
)
from vtiger_orm.values.zones import rows_in_utc

KEYS = ["id", "lastname", "leadsource", "modifiedtime", "birthday", "cf_unknown"]
CELLS: st.SearchStrategy[str | None] = st.sampled_from(
    ["", "12x1", "12x2", "Web", "2024-10-27 02:30:00", "2024-02-30", " x", "1", None]
)


@st.composite
def tables(draw: st.DrawFn, least: int = 0) -> list[WireRow]:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
    return [{key: draw(CELLS) for key in keys} for _ in range(draw(st.integers(least, 4)))]


def uniform(rows: Sequence[WireRow]) -> UniformRows:
    """The same rows as columns; there are some."""
    return UniformRows({key: tuple(row[key] for row in rows) for key in rows[0]})


@given(rows=tables(least=1), start=st.integers(-5, 5), stop=st.none() | st.integers(-5, 5))
def test_as_a_list(rows: list[WireRow], start: int, stop: int | None) -> None:
    found = uniform(rows)
    assert len(found) == len(rows)
    assert list(found) == rows
    assert found == rows
    assert rows == found
    assert found == uniform(rows)
    assert found != [*rows, rows[0]]
    assert found[start:stop] == rows[start:stop]
    assert bool(found[start:stop]) == bool(rows[start:stop])
    assert found[-1] == rows[-1]
    assert rows[0] in found
    assert repr(found) == repr(rows)
    with pytest.raises(IndexError):
        found[len(rows)]
    with pytest.raises(TypeError):
        hash(found)


@given(rows=tables(least=1), wanted=st.sets(CELLS), hidden=st.sets(st.sampled_from(KEYS)))
def test_what_is_taken_of_them(
    rows: list[WireRow], wanted: set[str | None], hidden: set[str]
) -> None:
    found, key = uniform(rows), next(iter(rows[0]))
    chosen = rows_where(found, key, lambda value: value in wanted)
    assert chosen == rows_where(rows, key, lambda value: value in wanted)
    assert without_keys(found, hidden) == without_keys(rows, hidden)
    assert list(column_of(found, key)) == column_of(rows, key)
    assert list(column_or_none(found, "id")) == column_or_none(rows, "id")
    with pytest.raises(KeyError):
        column_of(found, "no such key")


@given(pages=st.lists(st.tuples(tables(least=1), st.booleans()), max_size=4))
def test_pages_in_a_row(pages: list[tuple[list[WireRow], bool]]) -> None:
    found = [uniform(rows) if tight else rows for rows, tight in pages]
    assert joined(found) == [row for rows, _ in pages for row in rows]


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin")])
@given(rows=tables(least=1))
def test_records_columns_and_moments(zone: tzinfo, rows: list[WireRow]) -> None:
    found, fields = uniform(rows), list(Contacts.meta.fields.values())
    assert rows_in_utc(found, fields, zone) == rows_in_utc(rows, fields, zone)
    as_records = [(each.model_dump(), each.raw, each.extra) for each in load(Contacts, found, None)]
    assert as_records == [
        (each.model_dump(), each.raw, each.extra) for each in load(Contacts, rows, None)
    ]
    names = ("lastname", "birthday")
    assert columns_of(Contacts, found, names, None) == columns_of(Contacts, rows, names, None)
    reads = ColumnReader([Contacts.meta.fields["lastname"]], zone, "null")
    assert _told(reads, found) == _told(reads, rows)


def _told(reads: ColumnReader, rows: Sequence[WireRow]) -> Any:
    try:
        return reads.read(rows)
    except Exception as error:
        return type(error), str(error)
