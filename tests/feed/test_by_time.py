"""The plan by time, answer by answer, without a session: which windows are read, what is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generated.demo import Contacts
from tests.support.feeds import (
    HERE,
    NOON,
    PAGE,
    TOKYO,
    asked_of,
    at,
    clock,
    crm_of,
    items_of,
    read_by_time,
    told,
    wall,
)
from tests.support.planned import careful, described, server
from vtiger_orm import MalformedAnswer, NotSupported
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Me, Row
from vtiger_orm.feed.by_time import MOST_WINDOW, by_time
from vtiger_orm.feed.cursors import EPOCH, MARGIN, Position, digest
from vtiger_orm.feed.request import Beginning, FeedRequest


def test_whose_records_without_sync_is_asked_of_their_owner() -> None:
    def nobody(call: Any) -> Any:
        if isinstance(call, Me):
            return {"id": "19x5"}
        asked.append(call.text)
        return []

    asked: list[str] = []
    env = Environment(clock=clock(at(3600)))
    told(by_time(FeedRequest(Contacts.meta, HERE, "user"), env), nobody)
    assert asked
    assert all("assigned_user_id = '19x5'" in each for each in asked[:1])
    with pytest.raises(NotSupported, match="userandgroup"):
        told(by_time(FeedRequest(Contacts.meta, HERE, "userandgroup"), env), nobody)


START = "select id,name,modifiedtime,createdtime from Things where modifiedtime"
TIMES = "select id,modifiedtime from Things where modifiedtime"


def test_a_window_is_read_with_the_calls_that_its_edge_proves() -> None:
    """The edge tells how many changes it has, so no call proves its end; what is not settled
    is read without an edge, and its end is proved."""
    crm = crm_of(1, 2, 2, 3, 500)
    pages, reached = read_by_time(crm, window=2)
    assert pages == [[1, 2, 3], [4, 5]]
    of_a_page = [each for each in crm.log if each.endswith(("limit 5;", ",5;"))]
    assert len(crm.log) == len(of_a_page) + 2, "what proves that an edge has no more behind it"
    assert of_a_page == [
        f"{TIMES} >= '2026-06-01 12:00:00' order by modifiedtime,id limit 1,5;",
        f"{TIMES} >= '2026-06-01 12:00:00' order by modifiedtime desc limit 5;",
        f"{START} >= '2026-06-01 12:00:00' and modifiedtime <= '2026-06-01 12:00:02'"
        " order by id limit 5;",
        f"{TIMES} > '2026-06-01 12:00:02' order by modifiedtime,id limit 3,5;",
        f"{START} > '2026-06-01 12:00:02' order by id limit 5;",
    ]
    assert (reached.time, reached.after) == (at(501) - MARGIN, 0)
    assert {id_: second - int(NOON.timestamp()) for id_, (second, _) in reached.seen.items()} == {
        "40x5": 500
    }


@pytest.mark.parametrize("alike", [1, 3])
def test_a_window_of_several_pages_needs_no_call_to_prove_its_end(alike: int) -> None:
    """As many changes as stand before the edge, and those of its second."""
    crm = crm_of(*range(1, 7), *[7] * alike, 8, 500)
    assert read_by_time(crm, window=7)[0][0] == list(range(1, 7 + alike))
    assert sum("<= '2026-06-01 12:00:07'" in each for each in crm.log) == 2


def test_windows_grow_up_to_a_bound_and_leave_room_in_their_last_page() -> None:
    crm = crm_of(*range(1, 99), 1000)
    sizes = [len(page) for page in read_by_time(crm, window=2)[0]]
    assert sizes == [2, 4, 8, *[2 * MOST_WINDOW] * 5, 99 - 14 - 5 * 2 * MOST_WINDOW]
    assert [len(page) for page in read_by_time(crm, window=5)[0]] == [4, 9, 19, 39, 28]
    assert [len(page) for page in read_by_time(crm_of(1, 2, 500), window=1)[0]] == [1, 2]


@pytest.mark.parametrize(("newest", "pages"), [(42, [[1, 2], [3]]), (41, [[1, 2, 3]])])
def test_a_window_may_end_with_the_last_second_that_is_settled(
    newest: int, pages: list[list[int]]
) -> None:
    assert read_by_time(crm_of(1, 2, newest), window=2)[0] == pages


def test_where_nothing_changed_nothing_is_handed_out_and_the_place_is_kept() -> None:
    for crm in (crm_of(), crm_of(-1, -2)):
        pages, reached = read_by_time(crm, window=2)
        assert pages == []
        assert (reached.time, reached.after, reached.seen) == (NOON, 0, {})


def test_what_was_told_is_passed_over_also_where_a_whole_window_was() -> None:
    crm = crm_of(1, 2, 3, 4, 500)
    late = int(at(500).timestamp())
    seen = {each["id"]: (late, digest(each)) for each in crm.everything("Things")}
    position = Position("Things", at(2), dict(list(seen.items())[2:4]), after=1)
    pages, _ = read_by_time(crm, window=2, position=position)
    assert pages == [[2], [5]]
    assert read_by_time(crm, window=2, position=Position("Things", NOON, seen))[0] == []


def test_nothing_is_settled_before_the_first_second_of_all() -> None:
    beginning = Beginning(FeedRequest(Contacts.meta, HERE), clock(at(3600)))
    for newest in (datetime.min.replace(tzinfo=UTC), EPOCH, EPOCH + MARGIN):
        assert beginning.settled(newest) == EPOCH
    assert beginning.settled(EPOCH + MARGIN + timedelta(seconds=1)) > EPOCH


def test_bounds_are_times_of_the_wall() -> None:
    nine = 9 * 3600
    crm = crm_of(nine + 1, nine + 2, nine + 500)
    position = Position("Things", NOON, ahead=nine)
    pages, reached = read_by_time(crm, window=1, zone=TOKYO, position=position)
    assert pages == [[1], [2, 3]]
    assert f"{TIMES} >= '2026-06-01 21:00:00'" in crm.log[0]
    assert any("<= '2026-06-01 21:00:01'" in each for each in crm.log)
    assert reached.time == at(501) - MARGIN
    assert reached.ahead == nine


def test_a_change_without_a_time_comes_first_and_counts_as_late_as_it_was_read() -> None:
    crm = crm_of(1, 1, 2)
    query = crm.query

    def timeless(text: str) -> list[Row]:
        return [
            {**row, "modifiedtime": ""} if row.get("id") == "40x2" else row for row in query(text)
        ]

    crm.query = timeless  # type: ignore[method-assign]
    pages, reached = read_by_time(crm, window=9)
    assert pages == [[2, 1, 3]]
    assert reached.seen["40x2"][0] == int(at(2).timestamp())


def test_in_a_zone_bounds_kinds_and_cursors_are_of_its_wall() -> None:
    nine = 9 * 3600
    times = {"modifiedtime": "datetime", "createdtime": "datetime"}
    crm = server(described("Things", "40", {"name": "string", **times}), page_cap=PAGE)
    for number, seconds in enumerate((1, 500, 501), 1):
        stamps = {"modifiedtime": wall(at(nine + seconds)), "createdtime": wall(at(nine - 60))}
        crm.insert("Things", number, name="n", **stamps)
    request = asked_of(crm, window=1, position=Position("Things", NOON, ahead=nine))
    env = careful(page_size=PAGE, zone=TOKYO, clock=clock(at(9999), TOKYO))
    pages, _ = items_of(by_time(request, env), crm.perform)
    assert [[str(each["kind"]) for each in page] for page in pages] == [
        ["updated"],
        ["updated"] * 2,
    ]
    cursors = [each["page"].cursor(1) for page in pages for each in page]
    assert {Position.decode(each, "Things").ahead for each in cursors} == {nine}
    assert not any("12:00:0" in text for text in crm.log)


def test_a_row_without_a_time_in_a_window_counts_as_late_as_its_end() -> None:
    crm = crm_of(1, 1, 2, 500)
    query = crm.query
    crm.query = lambda text: [  # type: ignore[method-assign]
        {**row, "modifiedtime": ""} if row.get("id") == "40x2" else row for row in query(text)
    ]
    env = careful(page_size=PAGE, clock=clock(at(9999)))
    pages, _ = items_of(by_time(asked_of(crm, window=3), env), crm.perform)
    assert [[each["id"] for each in page] for page in pages] == [["40x2", "40x1", "40x3"], ["40x4"]]
    first = Position.decode(pages[0][0]["page"].cursor(1), "Things")
    assert first.seen["40x2"][0] == int(at(2).timestamp())


def test_where_no_row_has_a_time_the_place_is_kept() -> None:
    crm = crm_of(1)
    query = crm.query
    crm.query = lambda text: [{**row, "modifiedtime": ""} for row in query(text)]  # type: ignore[method-assign]
    pages, reached = read_by_time(crm, window=9)
    assert pages == [[1]]
    assert reached.seen["40x1"][0] == int(NOON.timestamp())


def test_an_edge_without_a_time_is_malformed() -> None:
    crm = crm_of(1, 2, 3)
    query = crm.query
    crm.query = lambda text: [{**row, "modifiedtime": "soon"} for row in query(text)]  # type: ignore[method-assign]
    with pytest.raises(MalformedAnswer, match="'soon', which is no time"):
        read_by_time(crm, window=1)


def test_where_all_was_deleted_behind_its_edge_nothing_is_told() -> None:
    crm = crm_of(1, 2)

    def delete(text: str) -> None:
        if "desc" in text:
            crm.delete("Things", 1)
            crm.delete("Things", 2)

    crm.before = delete
    assert read_by_time(crm, window=1)[0] == []


def test_pages_may_hold_one_row() -> None:
    assert read_by_time(crm_of(1, 2, 500), window=1, page_size=1)[0] == [[1], [2], [3]]


def test_only_the_columns_in_use_are_read() -> None:
    crm = crm_of(1)
    read_by_time(crm, columns=())
    assert any(each.startswith("select id,modifiedtime,createdtime from") for each in crm.log)
    assert not any("name" in each for each in crm.log)


def test_whose_records_holds_for_every_window() -> None:
    times = {"modifiedtime": "datetime", "createdtime": "datetime"}
    module = described("Things", "40", {"assigned_user_id": "owner", **times})
    crm = server(module, page_cap=PAGE)
    for number, (owner, seconds) in enumerate([(5, 1), (6, 2), (5, 3), (6, 400), (5, 500)], 1):
        stamps = {"modifiedtime": wall(at(seconds)), "createdtime": wall(at(-9999))}
        crm.insert("Things", number, assigned_user_id=owner, **stamps)
    env = careful(page_size=PAGE, clock=clock(at(9999)))
    plan = by_time(asked_of(crm, window=1, whose="user"), env)
    told(plan, lambda call: {"id": "19x5"} if isinstance(call, Me) else crm.perform(call))
    assert len(crm.log) > 4
    assert all("assigned_user_id = '19x5'" in each for each in crm.log), crm.log
    with pytest.raises(NotSupported, match="cannot be narrowed"):
        read_by_time(crm_of(1), whose="user")
