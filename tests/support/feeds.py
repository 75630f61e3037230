"""The plans of a feed performed without a session, by sync and by time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from generated.demo import Contacts
from tests.support.planned import Server, careful, described, server
from vtiger_orm.calls.clock import ClockSource, ServerClock
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Operation, Query, Row
from vtiger_orm.calls.plans import Rows
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.feed.by_sync import by_sync
from vtiger_orm.feed.by_time import by_time
from vtiger_orm.feed.cursors import Position
from vtiger_orm.feed.request import FeedRequest

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def wall(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def clock(now: datetime, zone: Any = UTC) -> ServerClock:
    """One that is known to the second."""
    found = ServerClock(zone, here=lambda: now)
    found.heard(now, now, now, ClockSource.LOGIN)
    return found


def items_of(plan: Any, reply: Callable[[Any], Any]) -> tuple[list[list[Row]], Any]:
    """What a plan hands out, page by page, and what it returns."""
    pages: list[list[Row]] = []
    answer: Any = None
    while True:
        try:
            step = plan.throw(answer) if isinstance(answer, Exception) else plan.send(answer)
        except StopIteration as end:
            return pages, end.value
        call = step
        if isinstance(step, Rows):
            pages.append(list(step.rows))
            call = step.ahead
        answer = None if call is None else reply(call)


def told(plan: Any, reply: Callable[[Any], Any]) -> tuple[list[list[tuple[str, str]]], Any]:
    """The kinds and ids of what a plan hands out, page by page, and what it returns."""
    pages, result = items_of(plan, reply)
    return [[(str(each["kind"]), each["id"]) for each in page] for page in pages], result


class Sync:
    """Answers of sync, one after the other, and rows by their ids."""

    def __init__(self, *answers: Any, rows: Sequence[Row] = ()) -> None:
        self.answers, self.rows = list(answers), rows
        self.asked: list[Any] = []

    def __call__(self, call: Any) -> Any:
        if isinstance(call, Operation):
            self.asked.append(call.params)
            return self.answers.pop(0)
        assert isinstance(call, Query)
        self.asked.append(call.text)
        return [row for row in self.rows if f"'{row['id']}'" in call.text]


def row(number: int, changed: datetime, created: datetime | None = None, **more: Any) -> Row:
    times = {"modifiedtime": wall(changed), "createdtime": wall(created or at(-9999))}
    return {"id": f"12x{number}", "lastname": "a", **times, **more}


def answer(
    *updated: Any, last: datetime | None = None, deleted: Sequence[str] = (), more: bool = False
) -> Row:
    time = None if last is None else int(last.timestamp())
    return {"updated": list(updated), "deleted": [*deleted], "lastModifiedTime": time, "more": more}


HERE = Position("Contacts", NOON, after=7)


def read(
    sync: Sync, position: Position = HERE, *, zone: Any = UTC, **how: Any
) -> tuple[Any, Position]:
    known = clock(at(3600), zone)
    env, facts = Environment(clock=known), ServerFacts(dialect="cloud", clock=known)
    pages, reached = told(by_sync(FeedRequest(Contacts.meta, position, **how), facts, env), sync)
    assert not sync.answers
    return pages, reached


PAGE = 5


def crm_of(*changed: float) -> Server:
    """Records that changed at these seconds."""
    times = {"modifiedtime": "datetime", "createdtime": "datetime"}
    crm = server(described("Things", "40", {"name": "string", **times}), page_cap=PAGE)
    for number, seconds in enumerate(changed, 1):
        stamps = {"modifiedtime": wall(at(seconds)), "createdtime": wall(at(-9999))}
        crm.insert("Things", number, name="n", **stamps)
    return crm


def asked_of(crm: Server, **how: Any) -> FeedRequest:
    return FeedRequest(crm.metas["Things"], **{"position": Position("Things", NOON), **how})


def read_by_time(
    crm: Server, *, zone: Any = UTC, page_size: int = PAGE, **how: Any
) -> tuple[list[list[int]], Position]:
    """The numbers of the records, page by page."""
    crm.log.clear()
    env = careful(page_size=page_size, zone=zone, clock=clock(at(9999), zone))
    pages, reached = told(by_time(asked_of(crm, **how), env), crm.perform)
    return [[int(id_.split("x")[1]) for _, id_ in page] for page in pages], reached
