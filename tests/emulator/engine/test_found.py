"""Rows come out of the database as JSON, and are the same as if they came value by value."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import example, given
from hypothesis import strategies as st

from vtiger_orm.emulator.engine.found import FoundRows, read, selected

VALUES = (
    st.none() | st.text() | st.sampled_from(["a\x00b", "\x7f\x1f", '\\"/', "😀é\u2028", "12x1"])
)


@given(st.lists(VALUES, min_size=1, max_size=12), st.sampled_from([1, 9, 30]), st.integers(0, 3))
@example(["x", None], 100, 2)
def test_values_of_rows(values: list[str | None], times: int, number: int) -> None:
    row = values * times
    sql = f"SELECT {selected(['?'] * len(row))} FROM (VALUES (1), (2), (3)) LIMIT ?"
    with closing(sqlite3.connect(":memory:")) as connection:
        found = read(connection.execute(sql, [*row, number]))
    assert [list(each) for each in found] == [row] * number


def test_of_equal_names_the_last_one_counts() -> None:
    found = FoundRows(("id", "a", "id"), [["1", "x", "2"]])
    assert found.rows() == [{"id": "2", "a": "x"}]
    assert found.column("id") == ["2"]
    assert len(found) == 1
