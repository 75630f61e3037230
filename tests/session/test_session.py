"""Login, renewal, retry and errors, the same for blocking and for asynchronous code."""

from __future__ import annotations

import asyncio
import pickle
import threading
from typing import Any

import httpx
import pytest

from tests.support.drivers import Run
from tests.support.fake_server import FAST, KEY, USER, FakeServer, element, ok, refused, rows
from vtiger_orm.calls.operations import Create, Describe, Me, Operation, Query, Retrieve
from vtiger_orm.calls.plans import Plan, perform
from vtiger_orm.errors import (
    AccessDenied,
    ApiError,
    AuthError,
    ConfigError,
    DuplicateRecord,
    MalformedAnswer,
    NotSupported,
    ServerError,
    SessionExpired,
    VtigerError,
)
from vtiger_orm.session import RetryPolicy, Session

CREATE = Create("Contacts", {"lastname": "Lovelace"})
READ = Query("select id from Contacts;", "Contacts")


# Logging in


def test_nothing_is_sent_before_the_first_call(server: FakeServer, run: Run) -> None:
    session = server.session()
    assert server.requests == []
    server.script("query", rows(1))
    assert run(session, READ) == [{"id": "12x1"}]
    assert server.operations == ["query"]
    assert server.logins == 1
    run(session, READ)
    assert server.logins == 1


def test_the_login_tells_who_i_am_without_a_call(server: FakeServer, run: Run) -> None:
    me = run(server.session(), Me())
    assert (me["id"], me["user_name"], me["email1"]) == ("19x1", USER, "ada@example.com")
    assert server.operations == []


def test_a_challenge_spoilt_by_another_login_is_asked_for_again(
    server: FakeServer, run: Run
) -> None:
    server.script(
        "login", refused("INVALID_USER_CREDENTIALS"), refused("INVALID_AUTH_TOKEN", "expired")
    )
    run(server.session(), READ)
    assert (server.challenges, server.logins) == (3, 3)


def test_a_wrong_key_is_told_after_five_attempts(server: FakeServer, run: Run) -> None:
    server.always("login", refused("INVALID_USER_CREDENTIALS", "Invalid username or password"))
    with pytest.raises(AuthError, match="My Preferences") as caught:
        run(server.session(), READ)
    assert caught.value.code == "INVALID_USER_CREDENTIALS"
    assert server.challenges == 5


def test_an_unknown_user_is_an_authentication_error(server: FakeServer, run: Run) -> None:
    server.always("getchallenge", refused("ACCESS_DENIED", "username does not exists"))
    with pytest.raises(AuthError, match="VTIGER_USERNAME"):
        run(server.session(), READ)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "code",
    ["INVALID_SESSIONID", "SESSION_EXPIRED", "SESSION_LEFT_IDLE", "AUTHENTICATION_REQUIRED"],
)
def test_an_expired_session_is_renewed_once(server: FakeServer, run: Run, code: str) -> None:
    server.script("query", refused(code), rows(7))
    assert run(server.session(), READ) == [{"id": "12x7"}]
    assert server.logins == 2


def test_a_session_that_expires_at_once_again_is_told(server: FakeServer, run: Run) -> None:
    server.always("query", refused("INVALID_SESSIONID"))
    with pytest.raises(SessionExpired):
        run(server.session(), READ)
    assert server.operations == ["query", "query"]


def test_a_create_on_an_expired_session_is_sent_once_more(server: FakeServer, run: Run) -> None:
    server.script("create", refused("SESSION_LEFT_IDLE"), ok({"id": "12x9"}))
    assert run(server.session(), CREATE) == {"id": "12x9"}
    assert element(server.requests[-1][1]) == {"lastname": "Lovelace"}


def test_many_threads_share_one_login(server: FakeServer) -> None:
    session, errors = server.session(), []

    def work() -> None:
        try:
            session.run(perform(READ))
        except VtigerError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (server.logins, len(server.operations)) == (1, 12)


async def test_many_tasks_and_threads_share_one_renewal(server: FakeServer) -> None:
    session = server.session()
    await session.arun(perform(READ))
    server.expire()
    tasks = [session.arun(perform(READ)) for _ in range(8)]
    threads = [asyncio.to_thread(session.run, perform(READ)) for _ in range(8)]
    await asyncio.gather(*tasks, *threads)
    assert server.logins == 2


def test_sessions_of_one_user_log_in_one_after_the_other(server: FakeServer) -> None:
    """Two challenges at once would spoil each other: a gate per process lets one through."""
    sessions = [server.session() for _ in range(8)]
    threads = [threading.Thread(target=each.run, args=[perform(READ)]) for each in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [name for name, _ in server.requests if name in ("getchallenge", "login")]
    assert names == ["getchallenge", "login"] * 8


async def test_a_cancelled_login_leaves_the_door_open(server: FakeServer) -> None:
    waiting = asyncio.Event()

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            waiting.set()
            await asyncio.sleep(60)
            raise AssertionError

    session = server.session(async_transport=Slow())
    task = asyncio.create_task(session.arun(perform(READ)))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(session.run, perform(READ))
    assert server.logins == 1


# Errors


def test_errors_carry_what_was_asked_and_by_whom(server: FakeServer, run: Run) -> None:
    server.script("query", refused("ACCESS_DENIED", "Permission to access '.x.' attribute denied."))
    with pytest.raises(AccessDenied, match="the field 'x' is hidden") as caught:
        run(server.session(), READ)
    error = caught.value
    assert (error.code, error.operation, error.module) == ("ACCESS_DENIED", "query", "Contacts")
    assert (error.user, error.status) == (USER, 200)


def test_the_integer_zero_is_a_duplicate(server: FakeServer, run: Run) -> None:
    server.script("create", refused(0, "Duplicate(s) detected!"))
    with pytest.raises(DuplicateRecord) as caught:
        run(server.session(), CREATE)
    assert caught.value.code == "0"


def test_unknown_codes_keep_their_text(server: FakeServer, run: Run) -> None:
    server.script("retrieve", refused("MOON_PHASE", "Wrong moon"))
    with pytest.raises(ApiError, match="MOON_PHASE: Wrong moon") as caught:
        run(server.session(), Retrieve("12x1"))
    assert type(caught.value) is ApiError


def test_one_answer_proves_no_lack_of_an_operation(server: FakeServer, run: Run) -> None:
    server.script("tags_add", httpx.Response(500), ok(None))
    session, call = server.session(), Operation("tags_add", "POST", {"id": "12x1"})
    with pytest.raises(NotSupported, match="tags_add"):
        run(session, call)
    run(session, call)
    assert server.operations == ["tags_add", "tags_add"]


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_outage_is_not_taken_for_an_operation_that_is_missing(
    server: FakeServer, run: Run, status: int
) -> None:
    server.always("sync", httpx.Response(status))
    with pytest.raises(ServerError, match=str(status)):
        run(server.session(), Operation("sync", "GET", {"modifiedTime": "1"}))


def test_a_query_that_was_refused_as_unknown_is_asked_again(server: FakeServer, run: Run) -> None:
    unknown = refused("UNKNOWN_OPERATION", "Unknown operation requested")
    server.script("query", *[unknown] * 3, ok([]))
    session = server.session()
    for _ in range(3):
        with pytest.raises(NotSupported):
            run(session, Query("select id from Contacts;"))
    assert run(session, Query("select id from Contacts;")) == []


def test_a_broken_read_of_php8_says_so(server: FakeServer, run: Run) -> None:
    server.always("sync", httpx.Response(500))
    with pytest.raises(NotSupported, match="PHP 8"):
        run(server.session(), Operation("sync", "GET", {"modifiedTime": "1"}))
    assert server.operations == ["sync"]


def test_a_result_of_the_wrong_shape_is_malformed(server: FakeServer, run: Run) -> None:
    server.always("describe", ok(["nothing"]))
    with pytest.raises(MalformedAnswer, match="not a record"):
        run(server.session(retry=RetryPolicy(attempts=1)), Describe("Contacts"))


# Counting, closing, settings


def test_calls_are_counted_without_logins(server: FakeServer, run: Run) -> None:
    session = server.session()
    server.script("query", httpx.ReadTimeout("slow"))
    with session.count_calls() as outer:
        run(session, READ)
        with session.count_calls() as inner:
            run(session, READ)
    assert (len(outer), len(inner)) == (3, 1)
    assert outer.operations == {"query": 3}
    assert outer.logins == 2


@pytest.mark.parametrize(("version", "count"), [("8.0.0", 0), ("7.5.0", 1)])
def test_logging_out_happens_where_it_works(version: str, count: int) -> None:
    server = FakeServer(version=version)
    with server.session() as session:
        session.run(perform(READ))
    assert server.operations.count("logout") == count


async def test_logging_out_happens_asynchronously_too() -> None:
    server = FakeServer(version="7.5.0")
    server.script("logout", httpx.ReadTimeout("slow"))
    async with server.session() as session:
        await session.arun(perform(READ))
    assert server.operations.count("logout") == 1


def test_a_closed_session_opens_again(server: FakeServer, run: Run) -> None:
    session = server.session()
    run(session, READ)
    session.close()
    session.close()
    run(session, READ)
    assert server.logins == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dialect": "soap"}, "no dialect 'soap'"),
        ({"timezone": "Mars/Olympus"}, "time zone 'Mars/Olympus'"),
        ({"server_timezone": "Mars/Olympus"}, "time zone 'Mars/Olympus'"),
        ({"timeout": 0}, "timeout must be"),
        ({"parallel": -1}, "parallel must be"),
    ],
)
def test_wrong_settings_are_told_at_once(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FakeServer().session(**settings)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("crm.example.com", "https://crm.example.com"),
        ("ftp://crm.example.com", "must start with https://"),
        ("https://ada:secret@crm.example.com", "holds a user name or password"),
        ("https://crm.example.com/?a=1", "without '[?]'"),
        ("", "must start with https://"),
        ("https://crm.example.com:port", "cannot be read"),
    ],
)
def test_wrong_addresses_are_told_without_their_password(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Session(url, USER, KEY)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "root", "dialect"),
    [
        ("https://CRM.example.com/", "https://crm.example.com", None),
        ("https://h/crm/webservice.php", "https://h/crm", "webservice"),
        ("https://h:8080/restapi/v1/vtiger/default/", "https://h:8080", "cloud"),
        ("https://h/index.php", "https://h", None),
        ("http://[::1]:9/x", "http://[::1]:9/x", None),
    ],
)
def test_addresses_of_the_api_itself_are_understood(
    url: str, root: str, dialect: str | None
) -> None:
    session = Session(url, USER, KEY)
    assert (session.url, session.dialect) == (root, dialect)


def test_missing_credentials_are_told() -> None:
    with pytest.raises(ConfigError, match="VTIGER_ACCESS_KEY"):
        Session("https://crm.test", USER, "")


def test_a_session_is_not_pickled(server: FakeServer) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(server.session())


# Plans


def test_errors_are_thrown_into_the_plan(server: FakeServer) -> None:
    def plan() -> Plan[str]:
        try:
            yield from perform(Retrieve("12x1"))
        except AccessDenied:
            yield from perform(READ)
            return "recovered"
        return "found"

    server.script("retrieve", refused("ACCESS_DENIED"))
    assert server.session().run(plan()) == "recovered"

    server.script("retrieve", refused("ACCESS_DENIED"))
    assert asyncio.run(server.session().arun(plan())) == "recovered"


def test_fast_policy_is_fast() -> None:
    assert FAST.backoff(1, 1.0) <= 0.002
