"""What is sent once more, what is not, and how long is waited for limits of calls."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.drivers import Run
from tests.support.fake_server import FakeServer, ok, refused, rows
from vtiger_orm.calls.operations import Call, Create, Delete, Query, Revise
from vtiger_orm.errors import (
    AccessDenied,
    ConnectionFailed,
    MalformedAnswer,
    RateLimited,
    ServerError,
    Timeout,
    TransportError,
    VtigerError,
)
from vtiger_orm.session import RetryPolicy

CREATE = Create("Contacts", {"lastname": "Lovelace"})
READ = Query("select id from Contacts;", "Contacts")


# Repeating


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("gone"),
        httpx.Response(502, text="<html>Bad Gateway</html>"),
        httpx.Response(500),
        httpx.Response(200),
        httpx.Response(200, content=b'{"success":true,"result":[{"id":"12x'),
    ],
    ids=["timeout", "refused", "dropped", "502", "500", "empty", "cut"],
)
@pytest.mark.parametrize(
    "call",
    [READ, Revise("12x1", {"lastname": "x"}), Delete("12x1")],
    ids=lambda each: each.operation,
)
def test_what_may_be_repeated_is(
    server: FakeServer, run: Run, failure: Any, call: Call[Any]
) -> None:
    good = {"query": [], "revise": {"id": "12x1"}, "delete": {"status": "successful"}}
    server.script(call.operation, failure, ok(good[call.operation]))
    assert run(server.session(), call) == good[call.operation]
    assert server.operations == [call.operation] * 2


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ReadTimeout("slow"), Timeout),
        (httpx.RemoteProtocolError("gone"), ConnectionFailed),
        (httpx.WriteError("gone"), ConnectionFailed),
        (httpx.Response(502), ServerError),
        (httpx.Response(500), ServerError),
        (httpx.Response(200), MalformedAnswer),
        (httpx.Response(200, text="Input array has 22 params, does not match"), MalformedAnswer),
    ],
)
def test_a_create_is_never_repeated(
    server: FakeServer, run: Run, failure: Any, error: type[VtigerError]
) -> None:
    server.always("create", failure)
    with pytest.raises(error) as caught:
        run(server.session(), CREATE)
    assert server.operations == ["create"]
    assert getattr(caught.value, "sent", True)


def test_a_create_that_never_left_is_sent_again(server: FakeServer, run: Run) -> None:
    server.script("create", httpx.ConnectError("refused"), ok({"id": "12x9"}))
    assert run(server.session(), CREATE) == {"id": "12x9"}


def test_a_server_that_cannot_be_reached_is_told(server: FakeServer, run: Run) -> None:
    server.always("query", httpx.ConnectError("Connection refused"))
    with pytest.raises(ConnectionFailed, match=r"crm\.test: Connection refused") as caught:
        run(server.session(), READ)
    assert not caught.value.sent
    assert len(server.operations) == 3


def test_an_empty_500_is_repeated_once_only(server: FakeServer, run: Run) -> None:
    server.always("query", httpx.Response(500))
    with pytest.raises(ServerError, match="empty answer"):
        run(server.session(), READ)
    assert len(server.operations) == 2


def test_a_delete_whose_answer_was_lost_does_not_claim_a_refusal(
    server: FakeServer, run: Run
) -> None:
    server.script("delete", httpx.ReadTimeout("slow"), refused("ACCESS_DENIED", "denied"))
    with pytest.raises(TransportError, match="in all likelihood"):
        run(server.session(), Delete("12x1"))


def test_a_plain_refusal_of_a_delete_stays_one(server: FakeServer, run: Run) -> None:
    server.script("delete", refused("ACCESS_DENIED", "denied"))
    with pytest.raises(AccessDenied):
        run(server.session(), Delete("12x1"))


def test_repeating_can_be_turned_off(server: FakeServer, run: Run) -> None:
    server.always("query", httpx.ReadTimeout("slow"))
    with pytest.raises(Timeout):
        run(server.session(retry=RetryPolicy(attempts=1)), READ)
    assert len(server.operations) == 1


def test_an_html_page_is_not_asked_for_again(server: FakeServer, run: Run) -> None:
    server.always("query", httpx.Response(404, text="<html>Not Found</html>"))
    with pytest.raises(MalformedAnswer, match="Is the url right"):
        run(server.session(), READ)
    assert len(server.operations) == 1


# Limits of calls


def test_429_waits_as_long_as_the_server_says(
    server: FakeServer, run: Run, pauses: list[float]
) -> None:
    limited = httpx.Response(429, headers={"Retry-After": "7"})
    server.script("query", limited, rows(1))
    assert run(server.session(), READ) == [{"id": "12x1"}]
    assert pauses
    assert max(pauses) == pytest.approx(7, abs=0.5)


def test_429_repeats_even_a_create(server: FakeServer, run: Run, pauses: list[float]) -> None:
    server.script("create", httpx.Response(429), ok({"id": "12x9"}))
    assert run(server.session(), CREATE) == {"id": "12x9"}
    assert len(pauses) == 1


def test_a_limit_for_hours_raises(server: FakeServer, run: Run, pauses: list[float]) -> None:
    server.always("query", httpx.Response(429, headers={"Retry-After": "7200"}))
    session = server.session()
    with pytest.raises(RateLimited) as caught:
        run(session, READ)
    assert caught.value.retry_after == 7200
    with pytest.raises(RateLimited):
        run(session, READ)
    assert pauses == []
    assert len(server.operations) == 1


def test_an_exhausted_minute_is_waited_for(
    server: FakeServer, run: Run, pauses: list[float]
) -> None:
    flood = {
        "X-FloodControl-MinuteLimit": "60",
        "X-FloodControl-Remaining": "0",
        "X-FloodControl-Reset": "12",
        "X-RateLimit-DailyLimit": "72000",
        "X-RateLimit-Remaining": "71000",
    }
    server.script("query", ok([], **flood), ok([]))
    session = server.session()
    run(session, READ)
    assert session.limits.minute_limit == 60
    assert session.limits.minute_remaining == 0
    assert session.limits.daily_remaining == 71000
    run(server.session(), READ)
    assert max(pauses) == pytest.approx(12, abs=0.5)
