"""What became of a call, for everything that can go wrong with it: one table for transport, login,
status and body, held against what a create, a record and a bulk make of it.

The decisions that a server could prove wrong are rows as well: see `DONE_AND_DENIED`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from generated.demo import Contacts, Users
from generated.demo._package import package
from tests.support.fake_server import FAST, FakeServer, ok, refused
from vtiger_orm import BulkReport, Fate, Outcome, OutcomeUnknown, SchemaMismatch, VtigerError
from vtiger_orm.calls.operations import Create, Revise
from vtiger_orm.calls.outcome import Again, outcome_of, tells_nothing
from vtiger_orm.calls.plans import perform
from vtiger_orm.dialects import Credentials, HttpResponse
from vtiger_orm.dialects.cloud import Cloud
from vtiger_orm.dialects.errors import _CLASSES as CODES
from vtiger_orm.dialects.webservice import Webservice
from vtiger_orm.session import RetryPolicy
from vtiger_orm.writing.report import Status

LEFT, REFUSED, UNKNOWN, UNDER_WAY = Fate.NEVER_LEFT, Fate.REFUSED, Fate.UNKNOWN, Fate.UNDER_WAY
CREATE = Create("Contacts", {"lastname": "Once"})
ONE_ATTEMPT = RetryPolicy(attempts=1)

pytestmark = pytest.mark.usefixtures("no_limits")


# Transport: every exception of httpx

TRANSPORT: dict[type[Exception], Fate] = {
    httpx.ConnectError: LEFT,
    httpx.ConnectTimeout: LEFT,
    httpx.CookieConflict: LEFT,
    httpx.InvalidURL: LEFT,
    httpx.PoolTimeout: LEFT,
    httpx.ProxyError: LEFT,
    httpx.UnsupportedProtocol: LEFT,
    # The connection was there: what lies between may have cut it while the CRM works on.
    httpx.CloseError: UNDER_WAY,
    httpx.DecodingError: UNDER_WAY,
    httpx.HTTPError: UNDER_WAY,
    httpx.HTTPStatusError: UNDER_WAY,
    httpx.LocalProtocolError: UNDER_WAY,
    httpx.NetworkError: UNDER_WAY,
    httpx.ProtocolError: UNDER_WAY,
    httpx.ReadError: UNDER_WAY,
    httpx.ReadTimeout: UNDER_WAY,
    httpx.RemoteProtocolError: UNDER_WAY,
    httpx.RequestError: UNDER_WAY,
    httpx.RequestNotRead: UNDER_WAY,
    httpx.ResponseNotRead: UNDER_WAY,
    httpx.StreamClosed: UNDER_WAY,
    httpx.StreamConsumed: UNDER_WAY,
    httpx.StreamError: UNDER_WAY,
    httpx.TimeoutException: UNDER_WAY,
    httpx.TooManyRedirects: UNDER_WAY,
    httpx.TransportError: UNDER_WAY,
    httpx.WriteError: UNDER_WAY,
    httpx.WriteTimeout: UNDER_WAY,
}


def exceptions_of_httpx() -> set[type[Exception]]:
    found = (each for each in vars(httpx).values() if isinstance(each, type))
    return {each for each in found if issubclass(each, Exception)}


def raised(kind: type[Exception]) -> Exception:
    if issubclass(kind, httpx.HTTPStatusError):
        request = httpx.Request("GET", "https://crm.test")
        return kind("status", request=request, response=httpx.Response(500, request=request))
    try:
        return kind("what httpx says")
    except TypeError:
        return kind()


def test_every_exception_of_httpx_has_its_row() -> None:
    assert set(TRANSPORT) == exceptions_of_httpx()


@pytest.mark.parametrize("kind", TRANSPORT, ids=lambda kind: kind.__name__)
def test_a_create_whose_transport_fails(kind: type[Exception]) -> None:
    expect(raised(kind), TRANSPORT[kind])


class _Cut(httpx.SyncByteStream):
    """The beginning of an answer, then an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"success":true,"result":{"id":'
        raise self.error


@pytest.mark.parametrize(
    ("status", "error", "fate"),
    [
        (200, httpx.RemoteProtocolError("incomplete"), UNKNOWN),
        (200, httpx.ReadError("reset"), UNKNOWN),
        (200, httpx.DecodingError("no gzip"), UNKNOWN),
        (500, httpx.RemoteProtocolError("incomplete"), UNKNOWN),
        (504, httpx.RemoteProtocolError("incomplete"), UNDER_WAY),
        (413, httpx.RemoteProtocolError("incomplete"), REFUSED),
        (404, httpx.RemoteProtocolError("incomplete"), REFUSED),
        (429, httpx.RemoteProtocolError("incomplete"), REFUSED),
        (200, httpx.ReadTimeout("stalled"), UNDER_WAY),
    ],
)
def test_an_answer_that_breaks_off_is_judged_by_its_status(
    status: int, error: Exception, fate: Fate
) -> None:
    told = expect(lambda given: httpx.Response(status, stream=_Cut(error)), fate)
    assert (outcome_of(told).again is Again.LIMIT) is (status == 429)
    assert not outcome_of(told).missing  # half an answer tells nothing of the operation


# Status: every number, where the body is not the API's

GIVEN_UP = {202, 408, 444, 460, 499}
NOT_TRIED = {501, 505, 511}
NOT_THERE = {404, 405, 501}


def by_status(status: int) -> Fate:
    if status in GIVEN_UP:
        return UNDER_WAY
    if 400 <= status < 500 or status in NOT_TRIED:
        return REFUSED
    return UNDER_WAY if 500 < status < 600 else UNKNOWN


def again_by_status(status: int) -> Again:
    if status == 429:
        return Again.LIMIT
    if status == 500:  # a fatal error of PHP, which comes again nearly always
        return Again.ONCE
    if status in (505, 511):  # what lies between asks for something else
        return Again.SETUP
    hopeless = by_status(status) is REFUSED or 300 <= status < 400
    return Again.NO if hopeless else Again.YES


@pytest.mark.parametrize("dialect", [Webservice("https://crm.test"), Cloud("https://crm.test")])
@pytest.mark.parametrize("body", [b"", b"<html>no answer</html>"], ids=["empty", "html"])
def test_every_status_without_an_answer_of_the_api(dialect: Any, body: bytes) -> None:
    for status in range(100, 1000):
        with pytest.raises(VtigerError) as caught:
            dialect.result(CREATE, HttpResponse(status, body=body))
        assert outcome_of(caught.value).fate is by_status(status), status
        key = status == 401 and dialect.name == "cloud"  # which has no login of its own
        again = Again.KEY if key else again_by_status(status)
        assert outcome_of(caught.value).again is again, status
        assert outcome_of(caught.value).missing is (status in NOT_THERE), status


@pytest.mark.parametrize("status", [200, 202, 302, 403, 404, 408, 413, 429, 500, 502, 503, 504])
def test_a_create_with_an_answer_that_is_not_the_apis(status: int) -> None:
    expect(httpx.Response(status, text="<html>by a proxy</html>"), by_status(status))


# Body: every code of the CRM in its own envelope

DOUBTFUL_CODES = {
    # The program stopped half-way; the record of an owner that does not exist is there.
    "DATABASE_QUERY_ERROR",
    "INTERNAL_SERVER_ERROR",
    "FAILED_TO_CREATE_RELATION",
    "LEAD_RELATEDLIST_UPDATE_FAILED",
    "FAILED_TO_MARK_LEAD_CONVERTED",
    "POTENTIAL_RELATEDLIST_UPDATE_FAILED",
    "FAILED_TO_MARK_POTENTIAL_CONVERTED",
}
MISSING_CODES = {"UNKNOWN_OPERATION", "OPERATION_NOT_SUPPORTED"}
UNLISTED_CODES = {"0", "", "MOON_PHASE", *MISSING_CODES}


@pytest.mark.parametrize("status", [200, 400, 403, 404])
@pytest.mark.parametrize("code", sorted({*CODES, *UNLISTED_CODES}))
def test_every_code_of_the_crm(code: str, status: int) -> None:
    answer = refused(code, "Duplicate" if code == "0" else "no", status)
    response = HttpResponse(status, body=answer.content)
    with pytest.raises(VtigerError) as caught:
        Webservice("https://crm.test").result(CREATE, response)
    expected = UNKNOWN if code in DOUBTFUL_CODES else REFUSED
    assert outcome_of(caught.value).fate is expected
    assert outcome_of(caught.value).missing is (
        code in MISSING_CODES or (not code and status in NOT_THERE)
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"success":true,"result":[]}',
        '{"success":true,"result":{"lastname":"no id"}}',
        '{"success":true,"result":{"id":"12x9"}}{"success":true,"result":{"id":"12x5"}}',
        'Notice: {"success":true,"result":{"id":"12x9"}}\n{"success":true,"result":{"id":"12x5"}}',
        '{"success":false,"error":{"code":"X"}}{"success":true,"result":{"id":"12x5"}}',
        '{"success":true,"result":{"id":"12x5","lastn',
        "Sorry! Attempt to access restricted file.",
    ],
)
def test_a_create_with_a_body_that_proves_nothing(body: str) -> None:
    expect(httpx.Response(200, text=body), UNKNOWN)


def test_more_than_one_answer_is_told_as_such() -> None:
    two = '{"success":true,"result":{"id":"12x9"}}\n{"success":true,"result":{"id":"12x5"}}'
    error = expect(httpx.Response(200, text=two), UNKNOWN)
    assert "more than one answer" in str(error)


def test_text_after_the_answer_is_no_second_one() -> None:
    server = FakeServer()
    text = '{"success":true,"result":{"id":"12x5"}}\n<!-- {"success" -->'
    server.always("create", httpx.Response(200, text=text))
    assert server.session().run(perform(CREATE)) == {"id": "12x5"}


# Login

LOGIN_FAILS: dict[str, Any] = {
    "dropped": httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "timeout": httpx.ReadTimeout("slow"),
    "maintenance": httpx.Response(503, text="<html>back soon</html>"),
    "fatal": httpx.Response(500),
    "not there": httpx.Response(404, text="<html>not found</html>"),
    "redirect": httpx.Response(302, headers={"location": "https://elsewhere.test/"}),
    "no answer": httpx.Response(200, text="<html>login page</html>"),
    "key refused": refused("INVALID_USER_CREDENTIALS"),
    "failed": refused("INTERNAL_SERVER_ERROR"),
    "limited": httpx.Response(429, headers={"Retry-After": "7200"}),
}


@pytest.mark.parametrize("operation", ["getchallenge", "login"])
@pytest.mark.parametrize("fault", LOGIN_FAILS)
def test_a_login_that_fails_before_a_create(operation: str, fault: str) -> None:
    server = FakeServer()
    server.always(operation, LOGIN_FAILS[fault])
    with server.session(package=package):
        contact, *others = (
            Contacts(lastname=name, assigned_user_id=Users.ref("19x1")) for name in "abc"
        )
        with pytest.raises(VtigerError) as caught:
            contact.save()
        assert not contact.crm.in_doubt
        with pytest.raises(VtigerError):
            contact.save()
        report = Contacts.objects.bulk_create(others)
        assert [each.status for each in report] == [Status.PENDING, Status.PENDING]
    assert "create" not in server.operations
    assert outcome_of(caught.value).fate is LEFT
    assert not outcome_of(caught.value).missing


@pytest.mark.parametrize("fault", LOGIN_FAILS)
def test_a_renewal_that_fails_leaves_nothing_either(fault: str) -> None:
    """The create was refused with the old session, and did not leave with a new one."""
    server = FakeServer()
    session = server.session()
    session.identify()
    server.expire()
    server.always("login", LOGIN_FAILS[fault])
    with pytest.raises(VtigerError, match="create itself was not sent") as caught:
        session.run(perform(CREATE))
    assert outcome_of(caught.value).fate is LEFT
    assert tells_nothing(caught.value)
    assert server.operations == ["create"]


def test_the_doubt_of_an_earlier_attempt_stays() -> None:
    """Sent, lost, sent again, session expired, no login: the first one may have been done."""
    server = FakeServer()
    session = server.session()
    session.identify()
    server.script("revise", httpx.ReadTimeout("slow"), refused("INVALID_SESSIONID"))
    server.always("login", httpx.Response(503))
    with pytest.raises(VtigerError) as caught:
        session.run(perform(Revise("12x1", {"lastname": "x"})))
    outcome = outcome_of(caught.value)
    assert outcome.fate is UNDER_WAY
    assert outcome.until is not None


@pytest.mark.parametrize(
    ("first", "second", "fate"),
    [
        (httpx.ReadTimeout("slow"), httpx.ConnectError("gone"), UNDER_WAY),
        (httpx.ReadTimeout("slow"), refused("ACCESS_DENIED"), UNDER_WAY),
        (httpx.ConnectError("gone"), refused("ACCESS_DENIED"), REFUSED),
        (httpx.ConnectError("gone"), httpx.Response(500), UNKNOWN),
        (httpx.Response(500), httpx.ReadTimeout("slow"), UNDER_WAY),
        (httpx.Response(200, text="<html>"), refused("MANDATORY_FIELDS_MISSING"), UNKNOWN),
    ],
)
def test_attempts_add_up(first: Any, second: Any, fate: Fate) -> None:
    server = FakeServer()
    server.script("revise", first, second)
    server.always("revise", second)
    with pytest.raises(VtigerError) as caught:
        server.session().run(perform(Revise("12x1", {"lastname": "x"})))
    assert outcome_of(caught.value).fate is fate


# A create that was done, and answered as if it was not

DONE_AND_DENIED = {
    "session ended": refused("INVALID_SESSIONID"),
    "no session": refused("AUTHENTICATION_REQUIRED"),
    "limit": httpx.Response(429, headers={"Retry-After": "0.001"}),
}


@pytest.mark.parametrize("fault", DONE_AND_DENIED)
def test_a_refusal_by_session_or_limit_is_believed(fault: str) -> None:
    """Decided: a server looks at session and limit before it does anything, so these creates are
    sent again. One that works first and denies afterwards would get a second record."""
    server = FakeServer()
    server.script("create", DONE_AND_DENIED[fault], ok({"id": "12x2"}))
    assert server.session().run(perform(CREATE)) == {"id": "12x2"}
    assert server.operations == ["create", "create"]


# What everybody makes of it


def expect(answer: Any, fate: Fate) -> VtigerError:
    """A create that meets this answer: its outcome, and what call, record and bulk make of it."""
    server = FakeServer()
    server.always("create", answer)
    policy = FAST if fate is not LEFT else ONE_ATTEMPT
    with pytest.raises(VtigerError) as caught:
        server.session(retry=policy, max_wait=0.1).run(perform(CREATE))
    outcome = caught.value.outcome
    assert outcome is not None
    assert outcome.fate is fate
    assert (outcome.until is not None) is (fate is UNDER_WAY)
    doubtful = fate in (UNKNOWN, UNDER_WAY)
    if doubtful:
        assert server.operations == ["create"]

    with server.session(package=package, retry=ONE_ATTEMPT):
        contact = Contacts(lastname="x", assigned_user_id=Users.ref("19x1"))
        with pytest.raises(VtigerError) as saved:
            contact.save()
        assert isinstance(saved.value, OutcomeUnknown) is doubtful
        assert contact.crm.in_doubt is doubtful
        if doubtful:
            assert str(caught.value).rstrip(".") in str(saved.value)  # the server's own words
            assert saved.value.outcome is not None
            assert saved.value.outcome.fate is fate
        report = Contacts.objects.bulk_create(
            [Contacts(lastname="y", assigned_user_id=Users.ref("19x1"))]
        )
        assert report[0].status is status_of(outcome)
    return caught.value


def status_of(outcome: Outcome) -> Status:
    if outcome.fate in (UNKNOWN, UNDER_WAY):
        return Status.UNKNOWN
    unsent = outcome.fate is LEFT or outcome.again is Again.LIMIT
    return Status.PENDING if unsent else Status.FAILED


def test_an_outcome_says_what_it_means() -> None:
    assert {each for each in Fate if Outcome(each).undone} == {LEFT, REFUSED}
    for one, two in itertools.product(Fate, Fate):
        both = Outcome(two).after(Outcome(one))
        assert both.undone is (Outcome(one).undone and Outcome(two).undone)


def test_credentials_are_no_part_of_an_outcome() -> None:
    assert "secret-key" not in repr(Credentials("admin", "secret-key"))


def test_a_bulk_on_another_crm_is_told_and_leaves_nothing_in_doubt() -> None:
    server = FakeServer()
    server.user_id = "5x1"
    people = [Contacts(lastname=name, assigned_user_id=Users.ref("19x1")) for name in "ab"]
    report = BulkReport(people)
    with server.session(package=package), pytest.raises(SchemaMismatch, match="Ids of Users"):
        Contacts.objects.bulk_create(report)
    assert [each.status for each in report] == [Status.PENDING, Status.PENDING]
    assert not any(each.crm.in_doubt for each in people)
    assert "create" not in server.operations
