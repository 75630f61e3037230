"""What a reading of NULL rows proves about a field, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.planned import Server, careful, select, server
from vtiger_orm.calls.environment import Consistency
from vtiger_orm.calls.operations import Row
from vtiger_orm.calls.plans import Rows, RowStream
from vtiger_orm.conditions.q import Q
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.errors import MalformedAnswer
from vtiger_orm.planner.branches import ALWAYS, Comparison
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.planner.null_rows import ask_null_free, has_null, noted, null_rows
from vtiger_orm.planner.streams import everything

BLANK: Row = {"id": "10x1", "name": ""}
FILLED: Row = {"id": "10x2", "name": "n"}


def stream(pages: Sequence[Sequence[Row]]) -> RowStream:
    for page in pages:
        yield Rows(page)


@pytest.mark.parametrize(
    ("first", "found", "proved"),
    [
        ([FILLED], [], True),
        ([], [], True),
        ([FILLED], [[BLANK]], None),
        ([FILLED], [[BLANK], []], None),
        ([FILLED, BLANK], [], None),
    ],
)
def test_a_field_has_no_null_only_where_no_row_is_blank(
    first: list[Row], found: list[list[Row]], proved: bool | None
) -> None:
    env = careful()
    what = compiled(Selection(server().metas["Things"]), env)
    assert list(noted(stream(found), what, "name", first)) == [Rows(page) for page in found]
    assert env.knowledge.null_free("Things", "name") is proved


@pytest.mark.parametrize("wire", ["day", "moment", "hour"])
def test_that_no_date_or_time_is_null_is_not_remembered(wire: str) -> None:
    """A user empties one, and then it is."""
    env = careful()
    assert (
        list(noted(stream([]), compiled(Selection(server().metas["Things"]), env), wire, [])) == []
    )
    assert env.knowledge.null_free("Things", wire) is None


def test_what_a_range_of_ids_shows_is_not_believed_of_the_module() -> None:
    crm = server()
    crm.insert("Things", 1, name=None, note="b")
    for number in range(2, 9):
        crm.insert("Things", number, name="a", note="b")
    env = careful()
    what = compiled(select(crm, ~Q(name="x") & ~Q(note="x")), env)
    crm.run(ask_null_free(what.within(Comparison("id", ">", "40x1"))))
    assert [env.knowledge.null_free("Things", name) for name in ("name", "note")] == [None, None]


@pytest.mark.parametrize("consistency", ["normal", "strict"])
def test_dates_are_not_asked_about_and_nothing_is_where_nothing_is_believed(
    consistency: Consistency,
) -> None:
    crm = server()
    crm.insert("Things", 1, name="a", day="2024-01-01")
    env = careful(consistency=consistency)
    day = date(2023, 1, 1)
    crm.run(ask_null_free(compiled(select(crm, ~Q(day=day) & ~Q(name="x")), env)))
    assert not any("day" in text for text in crm.log)
    assert bool(crm.log) is (consistency == "normal")
    assert env.knowledge.null_free("Things", "day") is None


@pytest.mark.parametrize(("lost", "there"), [(0, True), (907, False)])
def test_whether_any_reference_is_null_is_no_matter_of_deleted_records(
    lost: int, there: bool
) -> None:
    """A reference to a deleted record reads as blank and is none."""
    crm = server()
    crm.insert("Things", 1, parent=lost, name="a")
    crm.insert("Things", 2, parent=907, name="b")
    what = compiled(select(crm), careful())
    named = ((Comparison("name", "=", "a"),),)
    assert crm.run(has_null(what, ["parent"], named)) is there
    assert crm.run(has_null(what, ["name"], named)) is False
    crm.log.clear()
    assert crm.run(has_null(what, ["parent"], ((Comparison("name", "=", "c"),),))) is False
    assert not any("parent >" in text for text in crm.log), "of no row nothing is asked"


# Which rows are read

PAGE = 5


def holding(*runs: tuple[str | None, str | None, int]) -> Server:
    """Records in runs of so many, each with this name and day; a reference is never blank."""
    crm, number = server(page_cap=PAGE), 0
    for name, day, length in runs:
        for _ in range(length):
            number += 1
            crm.insert("Things", number, name=name, day=day, note="x")
    return crm


def read(crm: Server, fields: list[str], *, descending: bool = False) -> list[int]:
    crm.log.clear()
    what = compiled(select(crm), careful(page_size=PAGE))
    rows = crm.run(everything(null_rows(what, fields, ALWAYS, descending=descending)))
    return [int(row["id"].split("x")[1]) for row in rows]


RUNS = st.lists(
    st.tuples(
        st.sampled_from([None, "", "b"]), st.sampled_from([None, "2024-01-01"]), st.integers(1, 9)
    ),
    max_size=7,
)


@given(RUNS, st.sampled_from([["name"], ["day"], ["name", "day"]]), st.booleans())
def test_law_every_null_row_is_read_and_no_row_that_holds_anything(
    runs: Any, fields: list[str], descending: bool
) -> None:
    """In the order of ids; empty ones may be among them, since they read alike."""
    crm = holding(*runs)
    found = read(crm, fields, descending=descending)
    said = [run for run in runs for _ in range(run[2])]
    values = {n: [row[name == "day"] for name in fields] for n, row in enumerate(said, 1)}
    null = {n for n, row in values.items() if all(each is None for each in row)}
    blank = {n for n, row in values.items() if not any(row)}
    assert null <= set(found) <= blank
    assert found == sorted(set(found), reverse=descending)


@pytest.mark.parametrize("null", [0, 1, 4, 5, 7, 10, 17, 40])
@pytest.mark.parametrize("descending", [False, True])
def test_empty_rows_behind_are_not_walked_through(null: int, descending: bool) -> None:
    """Where ids do not show the border: of at most as many again is asked, and a page."""
    empty = ("", None, 300)
    runs = [(None, None, null), empty]
    crm = holding(*(reversed(runs) if descending else runs))
    found = read(crm, ["name"], descending=descending)
    assert null <= len(found) <= 2 * null + PAGE * (null > 0)
    pages = len(found) // PAGE + 1
    assert len(crm.log) <= pages + pages.bit_length() + 1


def test_where_no_value_is_empty_the_border_is_not_asked_for() -> None:
    crm = holding(("b", None, 12), ("b", "2024-01-01", 3))
    assert read(crm, ["day"]) == list(range(1, 13))
    assert not any("count" in text for text in crm.log)


def test_that_no_field_holds_null_is_learnt_by_two_calls_and_known_then() -> None:
    crm = holding(("b", None, 3))
    env = careful()
    what = compiled(select(crm, ~Q(name="x") & ~Q(note="x")), env)
    crm.run(ask_null_free(what))
    assert len(crm.log) == 2
    assert [env.knowledge.null_free("Things", each) for each in ("name", "note")] == [True, True]
    crm.run(ask_null_free(what))
    assert len(crm.log) == 2
    assert env.knowledge.null_free("Owners", "name") is None


@pytest.mark.parametrize("descending", [False, True])
def test_pages_that_stand_still_are_refused(descending: bool) -> None:
    crm = holding((None, None, 3 * PAGE))
    query, first = crm.query, list[Row]()

    def same(text: str) -> list[Row]:
        if "count(" in text:
            return query(text)
        assert len(crm.log) < 9
        first.extend(() if first else query(text))
        crm.log.append(text)
        return list(first)

    crm.query = same  # type: ignore[method-assign]
    with pytest.raises(MalformedAnswer, match="Things"):
        read(crm, ["day"], descending=descending)


def test_references_to_deleted_records_are_not_read_as_null() -> None:
    """They read as blank too, and sort behind NULL: in the same page or in others."""
    crm = server(page_cap=PAGE)
    for number in range(1, 3 + PAGE):
        crm.insert("Things", number, name="a", parent=None if number < 3 else 907)
    assert read(crm, ["parent"]) == [1, 2]


def test_a_page_of_one_row_that_was_swallowed_ends_nothing() -> None:
    """What proves the end asks for two rows: one could only be the last one again."""
    crm = holding((None, None, 3))
    query, asked = crm.query, 0

    def swallowed(text: str) -> list[Row]:
        nonlocal asked
        asked += 1
        return [] if asked == 2 else query(text)

    crm.query = swallowed  # type: ignore[method-assign]
    what = compiled(select(crm), careful(page_size=1))
    assert len(crm.run(everything(null_rows(what, ["day"], ALWAYS)))) == 3


def test_whether_any_row_is_null_is_asked_of_one_row() -> None:
    crm = holding((None, None, 7))
    assert crm.run(has_null(compiled(select(crm), careful()), ["day"], ALWAYS)) is True
    assert "limit 1;" in crm.log[0], crm.log


def test_a_row_is_null_in_all_of_several_fields_or_in_none() -> None:
    crm = holding((None, "2024-01-01", 3))
    what = compiled(select(crm), careful())
    assert crm.run(has_null(what, ["name", "day"], ALWAYS)) is False


@pytest.mark.parametrize("null", [(), (1,), (1, 2), (4 * PAGE - 1,)])
def test_where_nothing_is_null_the_values_that_read_as_blank_prove_it(
    null: tuple[int, ...],
) -> None:
    """They are at the head of the rows by the field; with NULL there, others stand before them."""
    crm = server(page_cap=PAGE)
    for number in range(1, 4 * PAGE):
        crm.insert("Things", number, parent=None if number in null else 0)
    selection = select(crm, Q(parent=None))
    first = replace(selection, stop=PAGE)
    assert crm.ids(first, careful(page_size=PAGE)) == [f"40x{n}" for n in range(1, PAGE + 1)]
    assert (len(crm.log) == 2) is (not null)
    assert len(crm.ids(selection, careful(page_size=PAGE))) == 4 * PAGE - 1


def test_rows_come_with_the_columns_that_are_asked_for() -> None:
    crm = server()
    crm.insert("Things", 1, name=None, whole=4)
    what = compiled(select(crm), careful()).reading(())
    (row,) = crm.run(everything(null_rows(what, ["name"], ALWAYS, ["whole"])))
    assert row["whole"] == "4"


def test_a_short_page_behind_a_full_one_ends_nothing() -> None:
    """It was cut at a size that nobody chooses: behind other rows that is no end."""
    crm = server(page_cap=7)
    for number in range(1, 21):
        crm.insert("Things", number, name=None)
    what = compiled(select(crm), careful(page_size=100)).within(Comparison("id", ">", "40x1"))
    rows = crm.run(everything(null_rows(what, ["name"], ALWAYS)))
    assert [row["id"] for row in rows] == [f"40x{number}" for number in range(2, 21)]
