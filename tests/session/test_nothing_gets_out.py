"""No key, session id or proof of one gets out by an error, a log or a repr."""

from __future__ import annotations

import base64
import hashlib
import logging
import pickle
import traceback
from typing import Any

import httpx
import pytest

from tests.support.drivers import Run
from tests.support.fake_server import KEY, USER, FakeServer, refused
from vtiger_orm.calls.operations import Query

READ = Query("select id from Contacts;", "Contacts")


def failing_answers() -> list[Any]:
    echo = f"<b>bad</b> sessionName=canary-session-1&accessKey={KEY} PHPSESSID=canary-session-1"
    return [
        httpx.Response(200, text=echo),
        httpx.Response(500, text=echo),
        httpx.Response(404, text=echo),
        httpx.Response(302, headers={"location": "https://h/?sessionName=canary-session-1"}),
        refused("ACCESS_DENIED", f"denied for {KEY} in canary-session-1"),
        httpx.ConnectError(f"cannot reach {KEY}"),
        httpx.ReadTimeout("slow"),
        RuntimeError("a bug"),
    ]


@pytest.mark.parametrize("number", range(len(failing_answers())))
def test_no_secret_gets_out(
    number: int, run: Run, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in messages, tracebacks with the values of variables, logs or reprs."""
    caplog.set_level(logging.DEBUG)
    server = FakeServer()
    server.always("query", failing_answers()[number])
    session = server.session()
    texts = [repr(session)]
    try:
        run(session, READ)
    except Exception as error:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
        own = [
            line
            for line in frames.format()
            if "/tests/" not in line and "site-packages" not in line
        ]
        texts += [str(error), repr(error), *own]
    texts += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    texts += [*capsys.readouterr()]
    assert server.logins
    assert_harmless(texts)


@pytest.mark.parametrize("dialect", ["webservice", "cloud"])
@pytest.mark.parametrize("operation", ["getchallenge", "login", "me"])
@pytest.mark.parametrize("number", range(len(failing_answers())))
def test_no_secret_gets_out_of_a_login(
    number: int, operation: str, dialect: str, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = FakeServer()
    answer = failing_answers()[number]
    if isinstance(answer, httpx.Response):  # there is no session yet that it could know
        answer = httpx.Response(
            answer.status_code, content=answer.content.replace(b"canary-session-1", b"nothing")
        )
    server.always(operation, answer)
    session = server.session(dialect=dialect)
    texts = []
    try:
        run(session, READ)
    except Exception as error:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
        texts += [
            line
            for line in frames.format()
            if "/tests/" not in line and "site-packages" not in line
        ]
        texts += [str(error), repr(error), repr(pickle.dumps(error)), repr(vars(error))]
    texts += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    assert_harmless(texts)


def assert_harmless(texts: list[str]) -> None:
    proofs = [hashlib.md5(f"token{n}{KEY}".encode()).hexdigest() for n in range(1, 9)]
    basic = base64.b64encode(f"{USER}:{KEY}".encode()).decode()
    for text in texts:
        assert not any(proof in text for proof in proofs)
        assert basic not in text
        assert KEY not in text
        assert "canary-session" not in text
        assert "token1" not in text
