"""The plans of both ways, answer by answer, without a session: what is asked, what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generated.demo import Contacts
from tests.support.feeds import (
    BERLIN,
    HERE,
    NOON,
    PAGE,
    TOKYO,
    Sync,
    answer,
    asked_of,
    at,
    clock,
    crm_of,
    items_of,
    read,
    read_by_time,
    row,
    told,
    wall,
)
from tests.support.planned import careful, described, server
from vtiger_orm import MalformedAnswer, NotSupported, UnsupportedQuery
from vtiger_orm.calls.clock import ClockSource, ServerClock
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.refusals import Refusals
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.errors import Again, ApiError, Fate, Outcome, TransportError
from vtiger_orm.feed.by_sync import Refused, by_sync, uses_sync
from vtiger_orm.feed.by_time import by_time
from vtiger_orm.feed.changes import changes, check
from vtiger_orm.feed.cursors import MARGIN, Position, digest
from vtiger_orm.feed.request import FeedRequest
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.metadata.server import Server as Program
from vtiger_orm.metadata.server import ServerFamily

# By sync


def test_sync_is_asked_from_the_second_before_and_on_from_its_own_time() -> None:
    """It answers what changed later than it is told."""
    sync = Sync(
        answer(row(8, NOON), last=at(20), more=True),
        answer(row(9, at(21), at(21)), last=at(90), more=True),
        answer(last=at(300)),
    )
    pages, reached = read(sync, whose="user")
    seconds = int(NOON.timestamp())
    assert [each["modifiedTime"] for each in sync.asked] == [
        *(str(seconds - 1), str(seconds + 20), str(seconds + 90))
    ]
    assert {(each["elementType"], each["syncType"]) for each in sync.asked} == {
        ("Contacts", "user")
    }
    assert pages == [[("updated", "12x8")], [("created", "12x9")], []]
    assert reached.by_sync is True
    assert reached.time == at(91) - MARGIN


def test_no_time_before_the_first_second_is_asked_for() -> None:
    sync = Sync(answer())
    assert read(sync, Position("Contacts", ahead=None))[0] == [[]]
    assert sync.asked[0]["modifiedTime"] == "1"


@pytest.mark.parametrize("last", [None, at(-2), at(-1)])
def test_a_page_that_promises_more_without_moving_on_is_malformed(last: datetime | None) -> None:
    with pytest.raises(MalformedAnswer, match="does not move on"):
        read(Sync(answer(last=last, more=True)))
    assert read(Sync(answer(last=NOON, more=True), answer()))[0] == [[], []]


def test_rows_that_are_told_by_their_ids_are_read_each_once() -> None:
    full, half = row(8, at(1)), {"id": "12x9", "modifiedtime": wall(at(2))}
    there = [row(9, at(2)), row(10, at(3))]
    sync = Sync(answer("12x10", half, full, "12x10"), rows=there)
    assert read(sync)[0] == [[("updated", "12x8"), ("updated", "12x9"), ("updated", "12x10")]]
    assert len(sync.asked) == 2
    assert "('12x10','12x9')" in sync.asked[1].replace(", ", ","), sync.asked
    short = Sync(answer({"id": "12x8", "modifiedtime": wall(at(1)), "lastname": "a"}))
    assert read(short)[0] == [[("updated", "12x8")]]
    assert len(short.asked) == 1


def test_rows_that_are_told_by_their_ids_are_read_with_the_columns_in_use() -> None:
    fields = Contacts.meta.fields
    sync = Sync(answer("12x10"), rows=[row(10, at(3))])
    read(sync, columns=(fields["lastname"],))
    assert sync.asked[1].startswith("select id,lastname,modifiedtime,createdtime from Contacts")


def test_a_row_without_an_id_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        read(Sync(answer({"lastname": "a", "modifiedtime": wall(at(1)), "createdtime": ""})))


def test_deletions_come_first_and_once() -> None:
    """Known are those that were told since the time up to which everything is settled."""
    seen = {"12x3": (int(at(5).timestamp()), digest(None))}
    sync = Sync(answer(row(8, at(1)), last=at(60), deleted=["12x3", "12x4"]))
    pages, reached = read(sync, replace(HERE, seen=seen))
    assert pages == [[("deleted", "12x4"), ("updated", "12x8")]]
    assert reached.seen["12x4"] == (int(at(60).timestamp()), digest(None))
    assert read(Sync(answer(row(8, at(1)), deleted=["12x4"])))[1].seen["12x4"][0] == int(
        NOON.timestamp()
    )


def test_what_sync_answers_at_an_earlier_time_than_was_told_is_new() -> None:
    """The same wall may show an earlier time; what is not later than the place is told then."""
    sync = Sync(answer(row(7, NOON), row(8, NOON), row(6, at(-1)), last=at(60)))
    assert read(sync)[0] == [[("updated", "12x6"), ("updated", "12x8")]]


def test_times_of_rows_are_those_of_the_crms_wall() -> None:
    nine = timedelta(hours=9)
    rows = (
        row(7, NOON + nine),
        row(8, at(1) + nine, at(1) + nine),
        row(9, at(2) + nine, at(-3600) + nine),
    )
    position = replace(HERE, ahead=int(nine.total_seconds()))
    pages, reached = read(Sync(answer(*rows, last=at(9))), position, zone=TOKYO)
    assert pages == [[("created", "12x8"), ("updated", "12x9")]]
    assert reached.ahead == position.ahead
    assert reached.seen["12x8"][0] == int(at(1).timestamp())


def test_no_time_is_believed_while_the_zone_is_not_known() -> None:
    """Nor of a row that has none."""
    here = ServerClock(here=lambda: at(3600))
    env, facts = Environment(clock=here), ServerFacts(dialect="cloud", clock=here)
    sync = Sync(answer(row(7, NOON), last=at(60), deleted=["12x1"]))
    pages, _ = told(by_sync(FeedRequest(Contacts.meta, HERE), facts, env), sync)
    assert pages == [[("deleted", "12x1"), ("updated", "12x7")]]
    timeless = {**row(7, NOON), "modifiedtime": ""}
    assert read(Sync(answer(timeless, last=at(60))))[0] == [[("updated", "12x7")]]


@pytest.mark.parametrize("way", ["sync", "time"])
def test_changes_are_told_in_order_of_what_their_walls_mean(way: str) -> None:
    """Where the zone is believed wrongly the wall may show what it never shows there: 02:30 of
    that night is 01:30 UTC, and 03:10 is 01:10."""
    before = datetime(2026, 3, 29, tzinfo=UTC)
    walls = [before.replace(hour=2, minute=30), before.replace(hour=3, minute=10)]
    if way == "sync":
        position = Position("Contacts", before, ahead=3600)
        sync = Sync(answer(row(1, walls[0]), row(2, walls[1])))
        assert read(sync, position, zone=BERLIN)[0] == [[("created", "12x2"), ("created", "12x1")]]
    else:
        crm = crm_of(*((each - NOON).total_seconds() for each in walls))
        position = Position("Things", before, ahead=3600)
        assert read_by_time(crm, zone=BERLIN, position=position)[0] == [[2, 1]]


def test_a_record_is_created_once() -> None:
    """One that was told already, by its place or by what is remembered, was changed since."""
    early = at(5)
    position = replace(HERE, seen={"12x9": (int(early.timestamp()), "another state")})
    rows = row(7, at(20), NOON), row(9, at(20), early), row(10, at(20), early)
    assert read(Sync(answer(*rows, last=at(60))), position)[0] == [
        [("updated", "12x7"), ("updated", "12x9"), ("created", "12x10")]
    ]


def test_a_wall_that_shows_a_time_to_come_is_cut_to_what_sync_tells() -> None:
    _, reached = read(Sync(answer(row(8, at(90)), last=at(60), deleted=["12x1"])))
    assert reached.seen["12x8"][0] == int(at(60).timestamp())


@pytest.mark.parametrize(("deleted", "learnt"), [([], True), (["12x1"], False)])
def test_the_newest_row_and_the_time_of_sync_tell_the_zone(
    deleted: list[str], learnt: bool
) -> None:
    """Unless it is the time of a deletion."""
    here = ServerClock(here=lambda: at(3600))
    nine = timedelta(hours=9)
    rows = [row(8, at(1) + nine), row(9, at(2) + nine), row(10, NOON + nine)]
    env, facts = Environment(clock=here), ServerFacts(dialect="cloud", clock=here)
    sync = Sync(answer(*rows, last=at(2), deleted=deleted))
    told(by_sync(FeedRequest(Contacts.meta, HERE), facts, env), sync)
    assert here.zone.sure is learnt
    assert NOON.astimezone(here.zone.tz).utcoffset() == (nine if learnt else timedelta())


# Which way


@pytest.mark.parametrize(
    ("facts", "whose", "expected"),
    [
        ({"dialect": "cloud"}, "application", True),
        ({"dialect": "webservice"}, "application", False),
        ({"dialect": "webservice"}, "user", True),
        ({"dialect": "restfulapi"}, "user", False),
        ({"dialect": "cloud", "sync": False}, "user", False),
        ({"dialect": "cloud", "refused": True}, "user", False),
        ({"dialect": "webservice", "release": "8.0.0"}, "user", False),
        ({"dialect": "webservice", "release": "8.9.0"}, "user", False),
    ],
    ids=str,
)
def test_sync_is_used_where_it_tells_what_is_asked_for(
    facts: dict[str, Any], whose: Any, expected: bool
) -> None:
    release = facts.get("release")
    program = Program.known(ServerFamily.VTIGER, release) if release else Program()
    if "sync" in facts:
        program = replace(program, capabilities=Capabilities(sync=facts["sync"]))
    known = ServerFacts(dialect=facts["dialect"], server=program, refusals=Refusals())
    if facts.get("refused"):
        known.refusals._believed.add("GET sync")
    assert uses_sync(FeedRequest(Contacts.meta, HERE, whose), known) is expected


REFUSED = Outcome(Fate.REFUSED)
MISSING = Outcome(Fate.REFUSED, missing=True)


@pytest.mark.parametrize(
    ("outcome", "code", "whose", "without"),
    [
        (REFUSED, "ACCESS_DENIED", "application", True),
        (REFUSED, "ACCESS_DENIED", "userandgroup", False),
        (REFUSED, "", "application", False),
        (REFUSED, None, "application", False),
        (MISSING, "", "application", True),
        (Outcome(Fate.REFUSED, Again.LIMIT), "LIMIT", "application", False),
        (Outcome(Fate.UNKNOWN), "X", "application", False),
    ],
    ids=str,
)
def test_only_a_refusal_by_the_crm_itself_leads_to_another_way(
    outcome: Outcome, code: str | None, whose: Any, without: bool
) -> None:
    """One that says the operation is missing is remembered; one that works is over."""
    error = TransportError("no") if code is None else ApiError("no", code=code)
    error.outcome = outcome
    known = clock(at(3600))
    env, facts = Environment(clock=known), ServerFacts(dialect="cloud", clock=known)
    request = FeedRequest(Contacts.meta, HERE, whose)
    with pytest.raises(Refused if without else type(error)) as caught:
        told(by_sync(request, facts, env), lambda _: error)
    if without:
        assert caught.value.__cause__ is error
        assert str(caught.value) == str(error)
    assert bool(facts.refusals._first) is (outcome.missing and without)
    told(by_sync(request, facts, env), Sync(answer()))
    assert not facts.refusals._first


@pytest.mark.parametrize("way", ["sync", "time"])
def test_a_clock_that_the_first_answer_shows_set_back_is_gone_back_for(way: str) -> None:
    """It was 500 seconds ahead; what is asked again is asked from before it was set back."""
    here = ServerClock(UTC, here=lambda: at(3600))
    position = Position("Things" if way == "time" else "Contacts", NOON, after=7, clock=500)
    asked: list[str] = []

    def reply(call: Any) -> Any:
        here.heard(at(3600), at(3600), at(3600), ClockSource.LOGIN)
        asked.append(call.params["modifiedTime"] if way == "sync" else call.text)
        return answer() if way == "sync" else crm.perform(call)

    crm = crm_of()
    env, facts = careful(clock=here), ServerFacts(dialect="cloud", clock=here)
    if way == "sync":
        told(by_sync(FeedRequest(Contacts.meta, position), facts, env), reply)
        again = [int(NOON.timestamp()) - 1, int(at(-509).timestamp()) - 1]
        assert asked == list(map(str, again))
    else:
        told(by_time(asked_of(crm, position=position), env), reply)
        edges = [each for each in asked if "order by modifiedtime,id" in each]
        assert [each.partition(">= ")[2][:21] for each in edges] == [
            *("'2026-06-01 12:00:00'", "'2026-06-01 11:51:31'")
        ]


# Deletions by comparison, and both ways together


def test_ids_that_are_held_are_told_once_as_deleted_where_they_are_gone() -> None:
    crm = crm_of(1, 2, 3)
    crm.delete("Things", 2)
    held = ("40x9", "40x1", "40x2", "40x9")
    known = clock(at(9999))
    env = careful(page_size=PAGE, clock=known)
    request = asked_of(crm, deleted_among=held, position=Position("Things", at(501)))
    pages, _ = told(changes(request, ServerFacts(clock=known), env), crm.perform)
    assert pages == [[("deleted", "40x9"), ("deleted", "40x2")]]
    assert crm.log[-1].startswith("select id from Things where id in (")


@pytest.mark.parametrize("more", [{}, {"createdtime": "datetime"}], ids=str)
def test_columns_are_read_with_those_that_tell_of_the_change(more: dict[str, str]) -> None:
    kinds = {"name": "string", "modifiedtime": "datetime", **more}
    meta = server(described("Things", "40", kinds)).metas["Things"]
    request = FeedRequest(meta, Position("Things"), columns=(meta.by_wire["name"],))
    assert [each.wire for each in request.needed or ()] == ["name", "id", "modifiedtime", *more]


def test_a_feed_that_goes_on_by_time_says_so_in_its_cursors() -> None:
    """Deletions are told among the ids that are held, with cursors of the CRM's zone."""
    nine = 9 * 3600
    crm, known = crm_of(), clock(at(9999), TOKYO)
    position = Position("Things", NOON, ahead=nine, by_sync=True)
    request = asked_of(crm, position=position, deleted_among=("40x9",))
    env = careful(page_size=PAGE, zone=TOKYO, clock=known)
    pages, _ = items_of(changes(request, ServerFacts(clock=known), env), crm.perform)
    [[item]] = pages
    told_so = Position.decode(item["page"].cursor(1), "Things")
    assert (item["id"], told_so.by_sync, told_so.ahead) == ("40x9", False, nine)
    facts = ServerFacts(clock=known)
    with pytest.raises(NotSupported, match="tells deletions"):
        told(changes(replace(request, deleted_among=()), facts, env), crm.perform)


def test_no_feed_is_made_of_a_module_without_a_time() -> None:
    crm = server()
    request = FeedRequest(crm.metas["Owners"], Position("Owners"))
    with pytest.raises(UnsupportedQuery, match="no modifiedtime"):
        told(changes(request, ServerFacts(), careful()), crm.perform)


def test_a_module_without_a_readable_time_has_no_feed() -> None:
    meta = crm_of().metas["Things"]
    check(meta)
    with pytest.raises(UnsupportedQuery, match="no modifiedtime"):
        check(server().metas["Owners"])
    flaws = {"modifiedtime": Flaw.DENIED}
    module = described("Things", "40", {"modifiedtime": "datetime"}, flaws=flaws)
    with pytest.raises(UnsupportedQuery, match="no modifiedtime"):
        check(server(module).metas["Things"])
