"""Answers become results or errors: recorded ones, damaged ones, and the Cloud's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.sampling import sample
from vtiger_orm import errors
from vtiger_orm.calls.operations import (
    Call,
    Create,
    Delete,
    Describe,
    ListTypes,
    Operation,
    Query,
    Retrieve,
    RetrieveRelated,
)
from vtiger_orm.dialects import Credentials, HttpRequest, HttpResponse, detect, dialect_named
from vtiger_orm.dialects.base import Auth
from vtiger_orm.dialects.cloud import Cloud
from vtiger_orm.dialects.detection import Detection
from vtiger_orm.dialects.errors import Asked, api_error, retry_after
from vtiger_orm.dialects.redaction import excerpt, redact
from vtiger_orm.dialects.webservice import Webservice
from vtiger_orm.errors import VtigerError

WEBSERVICE = Webservice("https://crm.test")
CLOUD = Cloud("https://crm.test")
READ = Query("select id from Contacts;", "Contacts")
CREATE = Create("Contacts", {})


def failure(call: Call[Any], response: HttpResponse, dialect: Any = WEBSERVICE) -> VtigerError:
    with pytest.raises(VtigerError) as caught:
        dialect.result(call, response)
    return caught.value


# Recorded


@pytest.mark.parametrize(
    ("name", "call", "kind", "text"),
    [
        ("error_bad_session", ListTypes(), errors.SessionExpired, "does not know the session"),
        ("error_no_session", ListTypes(), errors.SessionExpired, "no session"),
        ("error_describe_unknown", Describe("NoSuch"), errors.AccessDenied, "module 'NoSuch'"),
        ("error_query_unknown_field", READ, errors.AccessDenied, "the field 'nosuch'"),
        ("error_query_unknown_field_where", READ, errors.AccessDenied, "the field 'nosuch'"),
        ("error_query_unknown_module", READ, errors.AccessDenied, "case counts"),
        ("error_query_syntax_no_semicolon", READ, errors.QuerySyntax, "could not read"),
        ("error_query_empty_literal", READ, errors.ServerError, "empty literal"),
        ("error_query_in_post_body", READ, errors.AccessDenied, "No statement reached"),
        ("error_query_reference_not_id", READ, errors.NotFound, "not of the form"),
        ("error_create_missing_mandatory", CREATE, errors.MandatoryMissing, "lastname"),
        ("error_create_bad_reference", CREATE, errors.ReferenceInvalid, "account_id"),
        ("error_create_bad_decimal", CREATE, errors.ServerError, "HTTP 500"),
        ("error_create_unknown_owner", CREATE, errors.ServerError, "an owner"),
        ("error_delete_again", Delete("12x1"), errors.AccessDenied, "deleted or never existed"),
        ("error_retrieve_wrong_module", Retrieve("11x4"), errors.NotFound, "another module"),
        (
            "retrieve_related_bad_label",
            RetrieveRelated("12x1", "x", "y"),
            errors.NotFound,
            "exact case",
        ),
        ("error_unknown_operation", Operation("nosuch"), errors.ServerError, "empty answer"),
        ("sync_native", Operation("sync"), errors.NotSupported, "PHP 8"),
        ("files_retrieve_native", Operation("files_retrieve"), errors.NotSupported, "PHP 8"),
        ("convertlead_native", Operation("convertlead", "POST"), errors.ServerError, "PHP 8"),
        ("restricted_error_readonly_module", CREATE, errors.AccessDenied, "is read-only"),
    ],
)
def test_recorded_errors(name: str, call: Call[Any], kind: type[VtigerError], text: str) -> None:
    error = failure(call, sample(name).answer)
    assert type(error) is kind
    assert text in str(error)
    if isinstance(error, errors.ApiError) and name != "error_create_bad_decimal":
        assert error.operation == call.operation


def test_a_module_that_cannot_be_queried_is_not_called_a_deleted_record() -> None:
    text = "Permission to perform the operation is denied"
    error = api_error(Asked.of(READ), "ACCESS_DENIED", text)
    assert "the CRM answers no queries about it" in str(error)
    assert "deleted" not in str(error)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("query_count", READ),
        ("query_contacts_keyset", READ),
        ("query_count_silent_sql_error", READ),
        ("create_contact", CREATE),
        ("delete_contact", Delete("12x1")),
        ("listtypes_filter_image", ListTypes(("image",))),
        ("add_related", Operation("add_related", "POST")),
    ],
)
def test_recorded_results(name: str, call: Call[Any]) -> None:
    recorded = sample(name)
    assert WEBSERVICE.result(call, recorded.answer) == recorded.result


def test_the_recorded_login() -> None:
    def answer(name: str) -> HttpResponse:
        return sample(name).answer

    flow = WEBSERVICE.login(Credentials("admin", "key"), 2)
    challenge = next(flow)
    assert (challenge.method, challenge.operation) == ("GET", "getchallenge")
    first = flow.send(answer("getchallenge"))
    assert first.form is not None
    # md5("<TOKEN>" + "key")
    assert first.form["accessKey"] == "60a098230ab9a285a32139872b6eb2a8"
    assert flow.send(answer("login")).form == first.form
    with pytest.raises(StopIteration) as done:
        flow.send(answer("login"))
    auths: tuple[Auth, ...] = done.value.value
    assert len(auths) == 2
    identity = auths[0].identity
    assert (identity.user_id, identity.version) == ("19x1", "8.0.0")
    assert identity.facts["time_zone"] == "UTC"


@pytest.mark.parametrize(
    ("name", "text"),
    [("login_bad_key", "My Preferences"), ("getchallenge_unknown_user", "VTIGER_USERNAME")],
)
def test_recorded_refusals_of_a_login(name: str, text: str) -> None:
    flow = WEBSERVICE.login(Credentials("admin", "key"))
    next(flow)
    if name == "login_bad_key":
        flow.send(sample("getchallenge").answer)
    with pytest.raises(errors.AuthError, match=text):
        flow.send(sample(name).answer)


# Codes


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("SESSION_EXPIRED", errors.SessionExpired),
        ("SESSION_LEFT_IDLE", errors.SessionExpired),
        ("AUTHENTICATION_FAILURE", errors.AuthError),
        ("ACCESSKEY_UNDEFINED", errors.AuthError),
        ("RECORD_NOT_FOUND", errors.NotFound),
        ("UNKOWN_ENTITY", errors.NotFound),
        ("DATABASE_QUERY_ERROR", errors.ServerError),
        ("UNKNOWN_OPERATION", errors.NotSupported),
        ("OPERATION_NOT_SUPPORTED", errors.NotSupported),
        ("LEAD_ALREADY_CONVERTED", errors.ValidationFailed),
        ("FAILED_TO_CREATE_RELATION", errors.ServerError),
        ("CURRENCY_INACTIVE", errors.ValidationFailed),
        ("PASSWORD_NOT_STRONG", errors.ValidationFailed),
        ("DUPLICATE_RECORD_FOUND", errors.DuplicateRecord),
        (0, errors.DuplicateRecord),
        ("0", errors.DuplicateRecord),
        ("TOO_MANY_REQUESTS", errors.RateLimited),
        ("SOMETHING_NEW", errors.ApiError),
        ("", errors.ApiError),
        (None, errors.ApiError),
    ],
)
def test_each_code_has_its_class(code: Any, kind: type[VtigerError]) -> None:
    content = {"success": False, "error": {"code": code, "message": "Duplicate(s) detected!"}}
    for status in (200, 400):
        error = failure(CREATE, HttpResponse(status, body=json.dumps(content).encode()))
        assert isinstance(error, kind)
        if kind is errors.ApiError:
            assert type(error) is kind
        if isinstance(error, errors.ApiError):
            assert error.code == str(code if code is not None else "")
            assert error.module == "Contacts"


@pytest.mark.parametrize("error", ["broken", None, [], ["x"]])
def test_errors_of_odd_shapes_are_errors(error: Any) -> None:
    content = {"success": False, "error": error}
    found = failure(CREATE, HttpResponse(200, body=json.dumps(content).encode()))
    assert isinstance(found, errors.ApiError)


# Bodies


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"success":true,"result":[{"id":"12x1"}]}', "text/html"),
        (b'\xef\xbb\xbf{"success":true,"result":[{"id":"12x1"}]}', ""),
        (b'  \r\n{"success":true,"result":[{"id":"12x1"}]}\n', "application/json"),
        (
            b'<br />\n<b>Warning</b>: x {"a":1} in y\n{"success":true,"result":[{"id":"12x1"}]}',
            "text/html",
        ),
        (b'{"success":true,"result":[{"id":"12x1"}]}<!-- slow -->', "text/html"),
        (b'{"success":true,"result":{"1":{"id":"12x1"}}}', ""),
        (b'{"success":1,"result":[{"id":"12x1"}]}', ""),
        (b'{"success":"true","result":[{"id":"12x1"}]}', ""),
    ],
)
def test_json_is_found_whatever_surrounds_it(body: bytes, content_type: str) -> None:
    for status in (200, 500):
        response = HttpResponse(status, headers={"content-type": content_type}, body=body)
        assert WEBSERVICE.result(READ, response) == [{"id": "12x1"}]
        assert CLOUD.result(READ, response) == [{"id": "12x1"}]


@pytest.mark.parametrize("success", [b"0", b'"0"', b'"false"', b"false"])
def test_a_failure_may_be_told_as_a_number_or_a_text(success: bytes) -> None:
    body = b'{"success":' + success + b',"error":{"code":"ACCESS_DENIED","message":"no"}}'
    assert isinstance(failure(READ, HttpResponse(200, body=body)), errors.AccessDenied)


def test_bytes_that_are_not_utf8_are_latin_1() -> None:
    body = '{"success":true,"result":[{"id":"12x1","lastname":"Groß Müller"}]}'.encode()
    for each in (body, body.replace("ü".encode(), b"\xfc")):
        found = WEBSERVICE.result(READ, HttpResponse(200, body=each))
        assert found == [{"id": "12x1", "lastname": "Groß Müller"}]


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (200, b"", errors.MalformedAnswer, "empty answer"),
        (200, b"   ", errors.MalformedAnswer, "empty answer"),
        (200, b'{"success":true,"result":[{"id"', errors.MalformedAnswer, "cut off"),
        (200, b"[1, 2]", errors.MalformedAnswer, "cut off or damaged"),
        (200, b"<html><h1>Login</h1></html>", errors.MalformedAnswer, "'Login'"),
        (200, b"Input array has 22 params, does not", errors.MalformedAnswer, "text field"),
        (200, b'{"success":true,"result":5}', errors.MalformedAnswer, "list of records"),
        (200, b'{"success":true,"result":[5]}', errors.MalformedAnswer, "list of records"),
        (200, b'{"success":"yes"}', errors.MalformedAnswer, "damaged"),
        (301, b"", errors.MalformedAnswer, "https://other/crm"),
        (404, b"<h1>Not Found</h1>", errors.MalformedAnswer, "Is the url right"),
        (500, b"", errors.ServerError, "PHP"),
        (503, b"<h1>Maintenance</h1>", errors.ServerError, "Maintenance"),
        (429, b"", errors.RateLimited, "limit of calls"),
        (200, b"\xff\xfe\x00garbage", errors.MalformedAnswer, "not the API's"),
    ],
)
def test_unusable_answers(status: int, body: bytes, kind: type[VtigerError], text: str) -> None:
    headers = {"location": "https://other/crm?sessionName=abc", "retry-after": "5"}
    for dialect in (WEBSERVICE, CLOUD):
        error = failure(READ, HttpResponse(status, headers=headers, body=body), dialect)
        assert type(error) is kind
        assert text in str(error)
        assert "abc" not in str(error)


# The Cloud


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "MANDATORY_FIELDS_MISSING", errors.MandatoryMissing),
        (400, "lastname does not have a value", errors.MandatoryMissing),
        (400, "Duplicate(s) detected!", errors.DuplicateRecord),
        (403, "Permission to perform the operation is denied", errors.AccessDenied),
        (403, "Forbidden", errors.AccessDenied),
        (404, "Record you are trying to access is not found", errors.NotFound),
        (401, "Invalid authentication information", errors.AuthError),
        (401, "Unauthorized", errors.AuthError),
        (400, "Bad Request", errors.ApiError),
        (400, "Something of its own", errors.ApiError),
        (500, "Unknown Error while processing request", errors.ServerError),
        (429, "Too Many Requests", errors.RateLimited),
        (501, "Unknown operation requested", errors.NotSupported),
    ],
)
def test_the_cloud_explains_itself_in_the_status_line(
    status: int, reason: str, kind: type[VtigerError]
) -> None:
    error = failure(CREATE, HttpResponse(status, reason), CLOUD)
    assert isinstance(error, kind)
    if kind is errors.ApiError:
        assert type(error) is kind
    if reason not in ("Forbidden", "Unauthorized", "Bad Request", "Too Many Requests"):
        assert reason in str(error)


def test_the_body_counts_more_than_the_status_line() -> None:
    body = b'{"success":false,"error":{"code":"REFERENCE_INVALID","message":"account_id"}}'
    error = failure(CREATE, HttpResponse(400, "Duplicate(s) detected!", body=body), CLOUD)
    assert isinstance(error, errors.ReferenceInvalid)


def test_the_cloud_login_is_one_question() -> None:
    flow = CLOUD.login(Credentials("ada@example.com", "key"))
    request = next(flow)
    assert request.url.endswith("/me")
    me = {"id": "19x5", "user_name": "ada", "accesskey": "secret", "time_zone": "UTC"}
    body = json.dumps({"success": True, "result": me}).encode()
    with pytest.raises(StopIteration) as done:
        flow.send(HttpResponse(200, headers={"x-vtiger-version": "9.1"}, body=body))
    (auth,) = done.value.value
    assert (auth.identity.user_id, auth.identity.version) == ("19x5", "9.1")
    assert "accesskey" not in auth.identity.facts


# Waiting


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        (
            {
                "retry-after": "Sun, 22 Nov 2026 10:00:30 GMT",
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            30.0,
        ),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


# Telling dialects apart


def outcome(flow: Detection, *answers: HttpResponse) -> tuple[list[HttpRequest], str]:
    asked = [next(flow)]
    for answer in answers:
        try:
            asked.append(flow.send(answer))
        except StopIteration as done:
            return asked, done.value.name
    raise AssertionError("still asking")


NO_SESSION = sample("error_no_session").answer
NOT_FOUND = HttpResponse(404, "Not Found", {"content-type": "text/html"}, b"<h1>Not Found</h1>")
UNAUTHORISED = HttpResponse(401, "Authorization Required")


def test_a_stock_server_is_found_with_one_request() -> None:
    asked, name = outcome(detect("https://crm.test"), NO_SESSION)
    assert name == "webservice"
    assert [request.url for request in asked] == [
        "https://crm.test/webservice.php?operation=listtypes"
    ]


def test_a_cloud_instance_is_asked_for_its_rest_endpoint_first() -> None:
    asked, name = outcome(detect("https://acme.od2.vtiger.com"), UNAUTHORISED)
    assert name == "cloud"
    assert not asked[0].headers


def test_a_cloud_instance_under_another_name_is_found_second() -> None:
    assert outcome(detect("https://crm.test"), NOT_FOUND, UNAUTHORISED)[1] == "cloud"
    header = HttpResponse(400, "Bad Request", {"x-vtiger-version": "9"})
    assert outcome(detect("https://crm.test"), NOT_FOUND, header)[1] == "cloud"


def test_neither_is_told_with_what_was_seen() -> None:
    with pytest.raises(errors.ConfigError) as caught:
        outcome(detect("https://crm.test/x"), NOT_FOUND, NOT_FOUND)
    message = str(caught.value)
    assert "/x/webservice.php: HTTP 404 'Not Found'" in message
    assert "dialect='webservice'" in message


def test_dialects_have_names() -> None:
    assert dialect_named("cloud", "https://h").name == "cloud"
    with pytest.raises(errors.ConfigError, match="soap"):
        dialect_named("soap", "https://h")


def test_logging_out_only_where_it_works() -> None:
    def auth(version: str | None) -> Auth:
        flow = WEBSERVICE.login(Credentials("a", "k"))
        next(flow)
        flow.send(sample("getchallenge").answer)
        result = {"sessionName": "s", "userId": "19x1", "vtigerVersion": version}
        body = json.dumps({"success": True, "result": result}).encode()
        with pytest.raises(StopIteration) as done:
            flow.send(HttpResponse(200, body=body))
        found: Auth = done.value.value[0]
        return found

    assert WEBSERVICE.logout(auth("8.0.0")) is None
    assert WEBSERVICE.logout(auth(None)) is None
    request = WEBSERVICE.logout(auth("7.4.0"))
    assert request is not None
    assert request.form == {"operation": "logout", "sessionName": "s"}


# Redaction


@pytest.mark.parametrize(
    "text",
    [
        "?sessionName=S3CRET&x=1",
        '"accessKey": "S3CRET"',
        "PHPSESSID=S3CRET; path=/",
        "Authorization: Basic S3CRET",
        "password = 'S3CRET'",
        "known S3CRET here",
    ],
)
def test_secrets_are_replaced(text: str) -> None:
    assert "S3CRET" not in redact(text, ["S3CRET"] if "known" in text else [])


def test_syntax_errors_keep_their_token() -> None:
    text = "Syntax Error on line 1: token 'x' Unexpected T(x)"
    assert redact(text) == text


def test_excerpts_are_one_printable_line() -> None:
    page = b"<html><script>var a='x'</script><body>\x1b[31mBad\n\tGateway</body></html>"
    assert excerpt(page) == "[31mBad Gateway"
    assert len(excerpt(b"x" * 10_000)) == 160
