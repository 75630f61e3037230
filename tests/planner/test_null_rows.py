"""What a reading of NULL rows proves about a field, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from tests.support.planned import careful, select, server
from vtiger_orm.calls.environment import Consistency
from vtiger_orm.calls.operations import Row
from vtiger_orm.calls.plans import Rows, RowStream
from vtiger_orm.conditions.q import Q
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.planner.branches import Comparison
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.planner.null_rows import ask_null_free, has_null, noted

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
