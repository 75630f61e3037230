"""The same session against a whole CRM over sockets: both drivers, both dialects, real faults."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.support.fake_server import FAST
from vtiger_orm.calls.operations import Call, Create, Delete, Query, Retrieve, Row
from vtiger_orm.calls.plans import Plan, Rows, RowStream, perform, perform_all
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import (
    DroppedConnection,
    ExpiredSession,
    Html,
    LostAnswer,
    RateLimited,
    ServerError,
    TextBefore,
    TruncatedBody,
)
from vtiger_orm.emulator.profiles import profile_named
from vtiger_orm.errors import (
    AccessDenied,
    AuthError,
    ConfigError,
    ConnectionFailed,
    MalformedAnswer,
    MandatoryMissing,
    SchemaMismatch,
    Timeout,
    TransportError,
)
from vtiger_orm.package import Package
from vtiger_orm.session import Session, drivers

Run = Callable[[Session, Call[Any]], Any]
COUNT = Query("select count(*) from Contacts;", "Contacts")
IDS = Query("select id from Contacts order by id limit 3;", "Contacts")


def run_sync(session: Session, call: Call[Any]) -> Any:
    return session.run(perform(call))


def run_async(session: Session, call: Call[Any]) -> Any:
    async def work() -> Any:
        async with session:
            return await session.arun(perform(call))

    return asyncio.run(work())


@pytest.fixture(params=[run_sync, run_async], ids=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Crm, str]]:
    crm = Crm(profile="cloud")
    with crm.serve() as server:
        yield crm, server.url
    crm.close()


@pytest.fixture
def crm(served: tuple[Crm, str]) -> Iterator[Crm]:
    crm, _ = served
    yield crm
    crm.reset()


@pytest.fixture(params=["webservice", "cloud"])
def session(request: pytest.FixtureRequest, crm: Crm, served: tuple[Crm, str]) -> Session:
    return open_session(crm, served[1], dialect=request.param)


def open_session(crm: Crm, url: str, **settings: Any) -> Session:
    settings.setdefault("retry", FAST)
    return Session(url, *crm.credentials(), **settings)


def test_reading_and_writing(session: Session, run: Run) -> None:
    before = int(run(session, COUNT)[0]["count"])
    me = session.identify().user_id
    made = run(session, Create("Contacts", {"lastname": "Zoë & O'Neil", "assigned_user_id": me}))
    assert made["lastname"] == "Zoë & O'Neil"
    assert run(session, Retrieve(made["id"]))["lastname"] == "Zoë & O'Neil"
    assert int(run(session, COUNT)[0]["count"]) == before + 1
    assert run(session, Delete(made["id"])) == {"status": "successful"}


def test_two_dialects_tell_the_same(crm: Crm, served: tuple[Crm, str], run: Run) -> None:
    answers = [
        run(open_session(crm, served[1], dialect=dialect), IDS)
        for dialect in ("webservice", "cloud", "auto")
    ]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    "fault",
    [
        DroppedConnection(),
        LostAnswer(),
        TruncatedBody(),
        TruncatedBody(honest=True),
        Html(),
        ServerError(),
        RateLimited(retry_after=0.01),
        RateLimited(),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_read_survives(crm: Crm, session: Session, run: Run, fault: Any) -> None:
    session.run(perform(COUNT))
    crm.faults.next(fault, operation="query")
    assert len(run(session, IDS)) == 3
    assert crm.faults.pending == []


def test_warnings_of_php_before_the_answer_do_no_harm(crm: Crm, session: Session, run: Run) -> None:
    crm.faults.next(TextBefore(), operation="query")
    assert len(run(session, IDS)) == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LostAnswer(), ConnectionFailed),
        (DroppedConnection(), ConnectionFailed),
        (TruncatedBody(), MalformedAnswer),
        (TruncatedBody(honest=True), MalformedAnswer),
    ],
    ids=["lost", "dropped", "cut", "cut honestly"],
)
def test_a_create_is_sent_once(
    crm: Crm, session: Session, run: Run, fault: Any, error: type[TransportError]
) -> None:
    values = {"lastname": "Once", "assigned_user_id": session.identify().user_id}
    rule = crm.faults.next(fault, operation="create")
    with crm.count_calls() as calls, pytest.raises(error) as caught:
        run(session, Create("Contacts", values))
    assert caught.value.sent
    assert rule.struck == 1
    assert calls.operations["create"] == 1


@pytest.mark.parametrize("code", ["INVALID_SESSIONID", "SESSION_LEFT_IDLE", "SESSION_EXPIRED"])
def test_an_expired_session_is_renewed(
    crm: Crm, served: tuple[Crm, str], run: Run, code: str
) -> None:
    session = open_session(crm, served[1], dialect="webservice")
    session.run(perform(COUNT))
    crm.faults.next(ExpiredSession(code), operation="query")
    assert len(run(session, IDS)) == 3


def test_a_session_left_idle_is_renewed(crm: Crm, served: tuple[Crm, str], run: Run) -> None:
    session = open_session(crm, served[1], dialect="webservice")
    session.run(perform(COUNT))
    crm.sessions.end_all()
    assert len(run(session, IDS)) == 3


def test_many_sessions_of_one_user_at_once(crm: Crm, served: tuple[Crm, str]) -> None:
    """Two challenges of one user at the same moment spoil each other on a real server."""
    sessions = [open_session(crm, served[1], dialect="webservice") for _ in range(8)]
    failures: list[BaseException] = []

    def work(session: Session) -> None:
        try:
            session.run(perform(COUNT))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[each]) for each in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


async def test_many_tasks_on_one_session(session: Session) -> None:
    async with session:
        answers = await asyncio.gather(*(session.arun(perform(IDS)) for _ in range(12)))
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("dialect", ["webservice", "cloud"])
async def test_batches_in_parallel(crm: Crm, served: tuple[Crm, str], dialect: str) -> None:
    def plan() -> Plan[list[Any]]:
        rows = yield from perform(IDS)
        found = yield from perform_all([Retrieve(row["id"]) for row in rows] * 4)
        return [row["id"] for row in found]

    session = open_session(crm, served[1], dialect=dialect, parallel=3)
    expected = [row["id"] for row in await asyncio.to_thread(session.run, perform(IDS))] * 4
    assert await session.arun(plan()) == expected
    assert await asyncio.to_thread(session.run, plan()) == expected
    await session.aclose()


def test_errors_that_are_only_in_the_status_line(run: Run) -> None:
    profile = replace(profile_named("cloud"), error_body=False)
    with Crm(data=None, profile=profile) as crm, crm.serve() as server:
        session = open_session(crm, server.url, dialect="cloud")
        with pytest.raises(AccessDenied, match="nosuch"):
            run(session, Query("select nosuch from Contacts;", "Contacts"))
        with pytest.raises(MandatoryMissing, match="does not have a value"):
            run(session, Create("Contacts", {"firstname": "Ada"}))
        wrong = Session(server.url, "admin", "wrong", dialect="cloud", retry=FAST)
        with pytest.raises(AuthError):
            run(wrong, COUNT)


def test_a_wrong_key(crm: Crm, served: tuple[Crm, str], run: Run) -> None:
    for dialect in ("webservice", "cloud"):
        session = Session(served[1], "admin", "wrong", dialect=dialect, retry=FAST)
        with pytest.raises(AuthError, match="access key"):
            run(session, COUNT)


def test_a_slow_server(crm: Crm, served: tuple[Crm, str], run: Run) -> None:
    from vtiger_orm.emulator.faults import Latency

    session = open_session(crm, served[1], dialect="cloud", timeout=0.2)
    session.identify()
    crm.faults.next(Latency(2.0), operation="query", times=3)
    with pytest.raises(Timeout, match=r"within 0\.2 seconds"):
        run(session, COUNT)


def test_nobody_listens(run: Run) -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    session = Session(f"http://127.0.0.1:{port}", "a", "k", retry=FAST)
    with pytest.raises(ConnectionFailed, match=r"no connection to 127.*reachable from") as caught:
        run(session, COUNT)
    assert not caught.value.sent


def test_no_tls_there(served: tuple[Crm, str], run: Run) -> None:
    address = served[1].replace("http://", "https://")
    session = Session(address, "a", "k", retry=FAST)
    with pytest.raises(ConnectionFailed, match="should the address begin with http://"):
        run(session, COUNT)


def test_no_crm_there(crm: Crm, served: tuple[Crm, str], run: Run) -> None:
    crm.faults.always(Html(status=404, title="404 Not Found"), operation=("listtypes", "me"))
    session = open_session(crm, served[1])
    with pytest.raises(ConfigError, match="No Vtiger API was found"):
        run(session, COUNT)


# Is it the package's CRM?


def package(**changes: Any) -> Package:
    facts: dict[str, Any] = {
        "format": 1,
        "generator": "0",
        "dialect": "webservice",
        "version": "8.0.0",
        "modules": {"Contacts": ("contacts", "12"), "Users": ("users", "19")},
    }
    return Package("crm_package", **(facts | changes))


def test_the_right_crm_is_accepted(crm: Crm, served: tuple[Crm, str], run: Run) -> None:
    session = open_session(crm, served[1], dialect="webservice", package=package())
    assert len(run(session, IDS)) == 3


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"modules": {"Contacts": ("contacts", "12"), "Users": ("users", "5")}}, "Ids of Users"),
        ({"modules": {"Contacts": ("contacts", "99")}}, "Ids of Contacts begin with 12x"),
    ],
)
def test_another_crm_is_refused(
    crm: Crm, served: tuple[Crm, str], run: Run, changes: dict[str, Any], text: str
) -> None:
    crm_package = package(**changes)
    session = open_session(crm, served[1], dialect="webservice", package=crm_package)
    with pytest.raises(SchemaMismatch, match=text):
        run(session, IDS)


def test_another_release_is_told_and_tried(
    crm: Crm, served: tuple[Crm, str], run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Most likely it is the same CRM after an upgrade, or somebody tries one. What was proved of
    the release before is not believed."""
    older = package(version="7.5.0", capabilities={"precedence": "sql", "sync": True})
    session = open_session(crm, served[1], dialect="webservice", package=older)
    assert session.environment.precedence_known
    assert len(run(session, IDS)) == 3
    assert "was generated from Vtiger CRM 7.5.0" in caplog.text
    assert str(session.server) == "Vtiger CRM 8.0.0"
    assert not session.environment.precedence_known
    assert session.capabilities.sync is False


def test_a_patch_of_the_crm_is_no_other_crm(crm: Crm, served: tuple[Crm, str], run: Run) -> None:
    patched = package(version="8.0.7")
    session = open_session(crm, served[1], dialect="webservice", package=patched)
    assert len(run(session, IDS)) == 3


# Reading ahead


def slower_and_slower(crm: Crm) -> RowStream:
    """The second answer takes half a second; the rows of the first are there before."""
    rows = yield from perform(IDS)
    crm.latency = 0.5
    rows = cast("list[Row]", (yield Rows(rows, ahead=IDS)))
    yield Rows(rows)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_rows_come_when_the_next_request_is_sent_not_when_it_is_answered(
    crm: Crm, session: Session, monkeypatch: pytest.MonkeyPatch, asynchronous: bool
) -> None:
    monkeypatch.setattr(drivers, "HANDOVER_SECONDS", 30.0)
    monkeypatch.setattr(crm, "latency", 0.0)
    moments: list[float] = []

    async def work() -> None:
        async for _ in session.astream(slower_and_slower(crm)):
            moments.append(time.perf_counter())

    if asynchronous:
        asyncio.run(work())
    else:
        moments.extend(time.perf_counter() for _ in session.stream(slower_and_slower(crm)))
    first, second = moments
    assert second - first > 0.4


# Processes, loops, leftovers


def _in_child(session: Session, queue: Any) -> None:
    queue.put(session.run(perform(COUNT)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_logs_in_anew(crm: Crm, served: tuple[Crm, str]) -> None:
    session = open_session(crm, served[1], dialect="webservice")
    expected = session.run(perform(COUNT))
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with crm.count_calls() as calls, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = context.Process(target=_in_child, args=[session, queue])
        child.start()
        assert queue.get(timeout=20) == expected
        child.join(20)
    assert calls.logins == 2
    assert session.run(perform(COUNT)) == expected


def test_one_session_in_several_loops(session: Session) -> None:
    answers = [asyncio.run(session.arun(perform(IDS))) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]


def test_a_loop_leaves_no_open_socket(crm: Crm, served: tuple[Crm, str]) -> None:
    session = open_session(crm, served[1], dialect="cloud")

    async def work() -> None:
        await asyncio.gather(*(session.arun(perform(IDS)) for _ in range(5)))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(work())
        gc.collect()
    assert [each for each in caught if issubclass(each.category, ResourceWarning)] == []
