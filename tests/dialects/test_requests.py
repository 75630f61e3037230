"""Calls become exactly the requests that a real server was seen to accept."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.sampling import sample
from vtiger_orm.calls.operations import (
    Call,
    Create,
    Delete,
    Describe,
    FilePart,
    ListTypes,
    Me,
    Operation,
    Query,
    QueryRelated,
    RelatedTypes,
    Retrieve,
    RetrieveRelated,
    Revise,
    Update,
)
from vtiger_orm.calls.urls import query_string, quote_value, quoted_length
from vtiger_orm.dialects import Auth, HttpRequest, Identity
from vtiger_orm.dialects.cloud import Cloud
from vtiger_orm.dialects.webservice import Webservice
from vtiger_orm.errors import InvalidValue, NotSupported

AUTH = Auth(Identity("19x1", "admin"), "<SESSION>")
BASIC = Auth(Identity("19x1", "admin"), "Basic " + base64.b64encode(b"admin:key").decode())
WEBSERVICE = Webservice("https://crm.test/crm")
CLOUD = Cloud("https://crm.test")


def parameters(request: HttpRequest) -> dict[str, Any]:
    query = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    found: dict[str, Any] = query | dict(request.form or {})
    if "element" in found:
        found["element"] = json.loads(found["element"])
    return found


RECORDED: list[tuple[str, Call[Any]]] = [
    ("query_contacts_keyset", Query("?", "Contacts")),
    ("query_count", Query("?", "Contacts")),
    ("error_describe_unknown", Describe("NoSuch")),
    ("retrieve_contact", Retrieve("?")),
    ("create_contact", Create("Contacts", {})),
    ("revise_contact", Revise("12x3242", {})),
    ("delete_contact", Delete("12x3242")),
    ("query_related", QueryRelated("?", "11x104", "Contacts")),
    ("retrieve_related_vehicles", RetrieveRelated("12x404", "Vehicles", "Vehicles")),
    ("listtypes_filter_image", ListTypes(("image",))),
    ("add_related", Operation("add_related", "POST", {})),
    ("sync_native", Operation("sync", "GET", {})),
]


def completed(call: Call[Any], params: dict[str, Any]) -> Call[Any]:
    """The call with what the recording says; names and places are the dialect's business."""
    match call:
        case Query(module=module):
            return Query(params["query"], module)
        case QueryRelated(id=id, label=label):
            return QueryRelated(params["query"], id, label)
        case Retrieve():
            return Retrieve(params["id"])
        case Create(module=module):
            return Create(module, params["element"])
        case Revise(id=id):
            rest = {name: value for name, value in params["element"].items() if name != "id"}
            return Revise(id, rest)
        case Operation(name=name, method=method):
            own = {"operation", "sessionName"}
            return Operation(name, method, {k: v for k, v in params.items() if k not in own})
    return call


@pytest.mark.parametrize(("name", "call"), RECORDED, ids=[name for name, _ in RECORDED])
def test_recorded_requests_are_made_again(name: str, call: Call[Any]) -> None:
    recorded = sample(name)
    request = WEBSERVICE.request(completed(call, recorded.params), AUTH)
    assert request.method == recorded.method
    assert (request.form is not None) == (recorded.where == "body")
    assert parameters(request) == recorded.params
    assert request.url.split("?")[0] == "https://crm.test/crm/webservice.php"


def test_update_carries_the_id_inside_its_element() -> None:
    request = WEBSERVICE.request(Update("12x1", {"lastname": "é", "id": "12x9"}), AUTH)
    assert request.form is not None
    assert request.form["element"] == '{"lastname":"é","id":"12x1"}'


def test_nested_values_travel_as_json_inside_the_element() -> None:
    call = Create("Quotes", {"subject": "x", "LineItems": [{"productid": "14x1", "quantity": "2"}]})
    for dialect, auth in ((WEBSERVICE, AUTH), (CLOUD, BASIC)):
        request = dialect.request(call, auth)
        assert parameters(request)["element"] == call.values


def test_a_file_travels_beside_the_form() -> None:
    part = FilePart("filename", "notes.txt", b"hello", "text/plain")
    for dialect, auth in ((WEBSERVICE, AUTH), (CLOUD, BASIC)):
        request = dialect.request(Create("Documents", {"notes_title": "x"}, file=part), auth)
        assert request.file is part
        assert request.form is not None
        assert request.form["elementType"] == "Documents"


CLOUD_WIRE: list[tuple[Call[Any], str, str, dict[str, Any]]] = [
    (ListTypes(), "GET", "listtypes", {"fieldTypeList": "null"}),
    (ListTypes(("grid",)), "GET", "listtypes", {"fieldTypeList": '["grid"]'}),
    (Describe("Contacts"), "GET", "describe", {"elementType": "Contacts"}),
    (RelatedTypes("Contacts"), "GET", "relatedtypes", {"elementType": "Contacts"}),
    (Query("select id from Contacts;"), "GET", "query", {"query": "select id from Contacts;"}),
    (Retrieve("4x1"), "GET", "retrieve", {"id": "4x1"}),
    (Delete("4x1"), "POST", "delete", {"id": "4x1"}),
    (Revise("4x1", {"a": "b"}), "POST", "revise", {"element": {"id": "4x1", "a": "b"}}),
    (
        Operation("lookup", "GET", {"type": "phone", "searchIn": {"Contacts": ["mobile"]}}),
        "GET",
        "lookup",
        {"type": "phone", "searchIn": '{"Contacts":["mobile"]}'},
    ),
    (
        Operation("tags_add", "POST", {"id": "4x1", "tags": ["a", "b"]}),
        "POST",
        "tags_add",
        {"id": "4x1", "tags": '["a","b"]'},
    ),
]


@pytest.mark.parametrize(
    ("call", "method", "path", "expected"), CLOUD_WIRE, ids=lambda each: str(each)[:30]
)
def test_cloud_requests_have_the_manuals_form(
    call: Call[Any], method: str, path: str, expected: dict[str, Any]
) -> None:
    request = CLOUD.request(call, BASIC)
    assert request.method == method
    assert urlsplit(request.url).path == f"/restapi/v1/vtiger/default/{path}"
    assert parameters(request) == expected
    assert request.headers["Authorization"] == "Basic YWRtaW46a2V5"


def test_an_unknown_kind_of_call_is_refused() -> None:
    class Odd(Call[Any]):
        operation = "odd"

    with pytest.raises(NotSupported, match="Odd"):
        WEBSERVICE.request(Odd(), AUTH)


def test_what_the_login_told_needs_no_request() -> None:
    auth = Auth(Identity("19x1", "admin", facts={"id": "19x1"}), "s")
    assert WEBSERVICE.answer(Me(), auth) == {"id": "19x1"}
    assert CLOUD.answer(Me(), auth) == {"id": "19x1"}
    assert WEBSERVICE.answer(Describe("Contacts"), auth) is None


def test_nothing_secret_in_reprs() -> None:
    request = WEBSERVICE.request(Create("Contacts", {"lastname": "x"}), AUTH)
    reading = WEBSERVICE.request(Query("select id from Contacts;"), AUTH)
    basic = CLOUD.request(Retrieve("4x1"), BASIC)
    for shown in map(repr, (request, reading, basic, AUTH, BASIC)):
        assert "SESSION" not in shown
        assert "YWRtaW46a2V5" not in shown


@given(text=st.text() | st.text("+ %&;#<>'\"(),é😀\n\0a1_.-~*!=:/?@$"))
def test_a_value_is_encoded_as_python_does(text: str) -> None:
    assert quote_value(text) == quote_plus(text, safe="(),'*!=:/?@$~")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidValue, match="U\\+D83D"):
        quote_value("Smith \ud83d")


@given(st.text(max_size=60))
def test_any_text_survives_the_address(text: str) -> None:
    assert dict(parse_qsl(query_string({"query": text}), keep_blank_values=True)) == {"query": text}
    assert quoted_length(text) == len(quote_value(text))


@given(st.text(max_size=60))
def test_the_http_library_sends_addresses_as_they_are(text: str) -> None:
    """The planner counts bytes: what goes over the wire must be what was counted."""
    query = query_string({"query": text})
    request = httpx.Request("GET", f"https://crm.test/webservice.php?{query}")
    assert request.url.raw_path.decode() == f"/webservice.php?{query}"


def test_the_overhead_covers_the_whole_request_line() -> None:
    statement = "select id from Contacts where lastname = 'O''Neil & Söhne';"
    for dialect, auth in ((WEBSERVICE, AUTH), (CLOUD, BASIC)):
        request = dialect.request(Query(statement), auth)
        path = request.url.removeprefix("https://crm.test")
        line = f"GET {path} HTTP/1.1\r\n"
        assert len(line) <= dialect.overhead + quoted_length(statement)


def test_lists_of_ids_stay_lean() -> None:
    ids = ",".join(f"'12x{number}'" for number in range(1000, 1500))
    statement = f"select id from Contacts where id in ({ids});"
    assert quoted_length(statement) < 1.05 * len(statement)
