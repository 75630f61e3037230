"""Vtiger 8.0: durations and reminders of events and todos."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from .conftest import Make


@pytest.fixture
def crm(on: Make) -> Server:
    return on("vtiger-8.0")


EVENT = {
    "subject": "E",
    "activitytype": "Call",
    "eventstatus": "Planned",
    "date_start": "2026-03-01",
    "time_start": "10:00",
    "due_date": "2026-03-01",
    "time_end": "11:00",
    "duration_hours": "77",
}
TASK = {
    "subject": "T",
    "activitytype": "Task",
    "taskstatus": "Not Started",
    "date_start": "2026-03-01",
    "time_start": "10:00",
    "due_date": "2026-03-01",
}


@pytest.mark.parametrize(
    ("changes", "hours", "minutes"),
    [
        ({}, "1", "0"),
        ({"time_end": "12:15"}, "2", "15"),
        ({"time_end": "10:29:59"}, "0", "29"),
        ({"time_end": "09:00"}, "-1", "0"),
        ({"time_end": "08:30"}, "-1", "-30"),
        ({"due_date": "2026-03-02"}, "25", "0"),
        ({"time_start": "9:5"}, "1", "55"),
        ({"time_end": "24:00"}, "14", "0"),
    ],
)
def test_durations_are_worked_out(
    crm: Server, changes: dict[str, str], hours: str, minutes: str
) -> None:
    event = crm.create("Events", **{**EVENT, **changes})
    assert (event["duration_hours"], event["duration_minutes"]) == (hours, minutes)
    again = crm.revise(event["id"], duration_hours="9", duration_minutes="9", location="x")
    assert (again["duration_hours"], again["duration_minutes"]) == (hours, minutes)


@pytest.mark.parametrize(("due", "hours"), [("2026-03-01", "14"), ("2026-03-04", "86")])
def test_a_todo_ends_at_midnight(crm: Server, due: str, hours: str) -> None:
    todo = crm.create("Calendar", **{**TASK, "due_date": due})
    assert (todo["duration_hours"], todo["duration_minutes"]) == (hours, "0")


def test_the_last_day_there_is(crm: Server) -> None:
    last = {"date_start": "9999-12-31", "due_date": "9999-12-31"}
    assert crm.create("Calendar", **{**TASK, **last})["duration_hours"] == "14"
    assert crm.create("Events", **{**EVENT, **last, "time_end": "11:00"})["duration_hours"] == "1"


@pytest.mark.parametrize("end", ["25:00", "abc"])
def test_an_end_that_is_no_time_counts_as_1970(crm: Server, end: str) -> None:
    event = crm.create("Events", **{**EVENT, "time_end": end})
    assert int(event["duration_hours"]) < -490_000
    assert event["duration_minutes"] == "0"
    assert event["time_end"] == end


@pytest.mark.parametrize("start", ["25:00", "abc", "23:60", "9"])
def test_a_start_that_is_no_time_is_an_error_afterwards(crm: Server, start: str) -> None:
    element = {**EVENT, "time_start": start, "assigned_user_id": "19x1"}
    answer = crm.answer("create", elementType="Events", element=element)
    assert answer == "INTERNAL_SERVER_ERROR Unknown Error while processing request"
    [row] = crm.query("select time_start from Events;")
    assert row["time_start"] == start
    assert crm.call("retrieve", id=row["id"])["subject"] == "E"
    assert crm.call("delete", id=row["id"]) == {"status": "successful"}


@pytest.mark.parametrize("clock", ["10:00", "11:00 PM"])
def test_times_are_returned_as_sent(crm: Server, clock: str) -> None:
    event = crm.create("Events", **{**EVENT, "time_start": clock, "time_end": clock})
    assert (event["time_start"], event["time_end"]) == (clock, clock)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        *((3600, "61"), (5400, "90"), (60, "1"), (59, "1"), (90000, "1501")),
        *((0, "0"), (-60, "-1"), ("5400", "90")),
    ],
)
def test_reminders_are_sent_in_seconds_and_answered_in_minutes(
    crm: Server, sent: Any, answered: str
) -> None:
    event = crm.create("Events", **EVENT, reminder_time=sent)
    assert event["reminder_time"] == answered
    assert crm.revise(event["id"], reminder_time=sent)["reminder_time"] == answered


def test_a_change_without_the_reminder_removes_it(crm: Server) -> None:
    event = crm.create("Events", **EVENT, reminder_time=5400)
    assert crm.revise(event["id"], location="x")["reminder_time"] == ""
    assert crm.call("retrieve", id=event["id"])["reminder_time"] == ""


def test_reminders_left_out(crm: Server) -> None:
    assert crm.create("Events", **EVENT)["reminder_time"] == "0"
    assert crm.create("Calendar", **TASK, reminder_time=3600)["reminder_time"] == ""
