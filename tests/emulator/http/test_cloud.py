"""``/restapi/v1/vtiger/default/*``: Basic authentication, status line, limits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.profiles import CLOUD

ROOT = "/restapi/v1/vtiger/default"


@pytest.fixture
def rest(cloud: Crm) -> Any:
    """An httpx client of the Cloud face, logged in as the administrator."""
    return client(cloud)


def client(crm: Crm) -> httpx.Client:
    return httpx.Client(
        transport=crm.transport(), base_url=f"{crm.url}{ROOT}/", auth=crm.credentials()
    )


def create(rest: httpx.Client, module: str, **element: str) -> Any:
    values = json.dumps({"assigned_user_id": "19x1", **element})
    answer = rest.post("create", data={"elementType": module, "element": values})
    assert answer.status_code == 200, answer.reason_phrase
    return answer.json()["result"]


class TestAuthentication:
    @pytest.mark.parametrize("auth", [None, ("admin", "wrong"), ("nobody", "x"), ("", "")])
    def test_refused(self, cloud: Crm, auth: tuple[str, str] | None) -> None:
        with httpx.Client(transport=cloud.transport(), auth=auth) as http:
            answer = http.get(f"{cloud.url}{ROOT}/me")
        assert answer.status_code == 401
        assert answer.reason_phrase == "Invalid authentication information"
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert answer.json()["error"]["code"] == "ACCESS_DENIED"

    @pytest.mark.parametrize("header", ["Basic ???", "Bearer x", "Basic", "Basic /w=="])
    def test_garbage(self, cloud: Crm, header: str) -> None:
        with httpx.Client(transport=cloud.transport()) as http:
            headers = {"Authorization": header}
            assert http.get(f"{cloud.url}{ROOT}/me", headers=headers).status_code == 401

    def test_no_session_is_needed(self, rest: httpx.Client) -> None:
        assert rest.get("me").json()["result"]["id"] == "19x1"


class TestRequests:
    def test_parameters_are_read_from_the_url_and_the_body(self, rest: httpx.Client) -> None:
        element = json.dumps({"lastname": "Url", "assigned_user_id": "19x1"})
        answer = rest.post("create", params={"elementType": "Contacts", "element": element})
        assert answer.json()["result"]["lastname"] == "Url"
        assert create(rest, "Contacts", lastname="Body")["lastname"] == "Body"

    @pytest.mark.parametrize("value", ["null", '["image"]'])
    def test_json_encoded_parameters(self, rest: httpx.Client, value: str) -> None:
        result = rest.get("listtypes", params={"fieldTypeList": value}).json()["result"]
        assert ("Accounts" in result["types"]) == (value == "null")

    def test_the_php_form_of_a_list(self, rest: httpx.Client) -> None:
        result = rest.get("listtypes", params={"fieldTypeList[]": "image"}).json()["result"]
        assert "Contacts" in result["types"]
        assert "Accounts" not in result["types"]

    def test_methods_count(self, rest: httpx.Client) -> None:
        answer = rest.get("create", params={"elementType": "Contacts", "element": "{}"})
        assert (answer.status_code, answer.reason_phrase) == (405, "Method Not Allowed")

    @pytest.mark.parametrize("operation", ["nosuch", "", "login", "getchallenge"])
    def test_unknown_operations(self, rest: httpx.Client, operation: str) -> None:
        answer = rest.get(operation)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "UNKNOWN_OPERATION"

    def test_the_connection_is_kept(self, cloud: Crm) -> None:
        with cloud.serve() as server, httpx.Client(trust_env=False) as http:
            url = f"{server.url}{ROOT}/me"
            for _ in range(3):
                answer = http.get(url, auth=cloud.credentials())
                assert answer.status_code == 200
                assert "close" not in answer.headers.get("connection", "")


class TestErrors:
    def test_the_message_is_in_the_status_line(self, cloud: Crm) -> None:
        with cloud.serve() as server, httpx.Client(trust_env=False) as http:
            answer = http.get(
                f"{server.url}{ROOT}/retrieve", params={"id": "12x99"}, auth=cloud.credentials()
            )
        assert answer.status_code == 400
        assert answer.reason_phrase == "Permission to perform the operation is denied"
        assert answer.json() == {
            "success": False,
            "error": {
                "message": "Permission to perform the operation is denied",
                "code": "ACCESS_DENIED",
            },
        }

    def test_the_body_can_be_empty(self) -> None:
        with Crm(data=None, profile=replace(CLOUD, error_body=False)) as crm:
            answer = client(crm).get("retrieve", params={"id": "12x99"})
        assert (answer.status_code, answer.content) == (400, b"")
        assert answer.reason_phrase == "Permission to perform the operation is denied"

    def test_duplicates_have_a_code_of_their_own(self, rest: httpx.Client) -> None:
        create(rest, "Accounts", accountname="Acme")
        element = json.dumps({"accountname": "ACME", "assigned_user_id": "19x1"})
        answer = rest.post("create", data={"elementType": "Accounts", "element": element})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "DUPLICATE_RECORD_FOUND"

    def test_what_crashes_is_500(self, rest: httpx.Client) -> None:
        element = json.dumps({"lastname": "x", "assigned_user_id": "19x99"})
        answer = rest.post("create", data={"elementType": "Contacts", "element": element})
        assert (answer.status_code, answer.content) == (500, b"")


class TestLimits:
    def test_headers_count_down(self, cloud: Crm, rest: httpx.Client) -> None:
        cloud.limits.minute, cloud.limits.day = 60, 24_000
        cloud.clock.freeze()
        first, second = rest.get("me").headers, rest.get("me").headers
        assert first["x-floodcontrol-minutelimit"] == "60"
        assert first["x-ratelimit-dailylimit"] == "24000"
        for name in ("x-floodcontrol-remaining", "x-ratelimit-remaining"):
            assert int(first[name]) - int(second[name]) == 1
        reset = int(first["x-floodcontrol-reset"])
        assert 0 < reset - cloud.clock.timestamp() <= 60
        assert first["x-vtiger-version"] == "8.0.0"

    def test_one_call_too_many(self, cloud: Crm, rest: httpx.Client) -> None:
        cloud.limits.minute = 2
        cloud.clock.freeze()
        assert [rest.get("me").status_code for _ in range(3)] == [200, 200, 429]
        refused = rest.get("me")
        assert refused.headers["x-floodcontrol-remaining"] == "0"
        wait = int(refused.headers["retry-after"])
        assert 0 < wait <= 60
        cloud.clock.advance(wait)
        assert rest.get("me").status_code == 200

    def test_without_the_header_that_says_when(self, cloud: Crm, rest: httpx.Client) -> None:
        cloud.limits.minute, cloud.limits.retry_after = 0, False
        answer = rest.get("me")
        assert answer.status_code == 429
        assert "retry-after" not in answer.headers

    def test_a_refused_login_costs_nothing(self, cloud: Crm) -> None:
        cloud.limits.minute = 1
        with httpx.Client(transport=cloud.transport()) as http:
            for _ in range(3):
                assert http.get(f"{cloud.url}{ROOT}/me", auth=("admin", "x")).status_code == 401
        assert cloud.limits.used_minute == 0


def test_a_cloud_has_sessions_as_well(cloud: Crm) -> None:
    with httpx.Client(transport=cloud.transport()) as http:
        params = {"operation": "getchallenge", "username": "admin"}
        answer = http.get(f"{cloud.url}/webservice.php", params=params)
    assert answer.json()["success"] is True


class TestEveryOperation:
    """What other tests do not send: the wire form of each operation of the manual."""

    def test_picklists(self, rest: httpx.Client) -> None:
        def tell(operation: str, **element: object) -> Any:
            data = {"elementType": "Contacts", "element": json.dumps(element)}
            return rest.post(operation, data=data).json()["result"]

        added = tell("add_picklist", fieldname="leadsource", values=["Newspaper"])
        assert added["success"] is True
        assert list(added["result"]) == ["id0"]
        assert "Newspaper" in leadsources(rest)
        nested_twice = {"success": True, "result": ["success", True]}
        edited = tell(
            "edit_picklist", fieldname="leadsource", current_value="Newspaper", new_value="Press"
        )
        assert edited == nested_twice
        assert "Press" in leadsources(rest)
        deleted = tell(
            "delete_picklist", fieldname="leadsource", delete_values=["Press"], replace_with="Other"
        )
        assert deleted == nested_twice
        assert "Press" not in leadsources(rest)

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_edition_limits(self, rest: httpx.Client, method: str) -> None:
        params = {"serviceName": "DOCUMENT_UPLOAD_FILE_LIMIT"}
        answer = rest.request(method, "editionLimits", params=params)
        assert answer.json()["result"] == {
            "serviceName": "DOCUMENT_UPLOAD_FILE_LIMIT",
            "limit": "50MB",
        }

    def test_a_document_is_uploaded_and_read_back(self, rest: httpx.Client) -> None:
        element = {"notes_title": "x", "filelocationtype": "I", "assigned_user_id": "19x1"}
        answer = rest.post(
            "create",
            data={"elementType": "Documents", "element": json.dumps(element)},
            files={"filename": ("hello ü & co.txt", b"hello", "text/plain")},
        )
        document = answer.json()["result"]
        assert (document["filename"], document["filesize"]) == ("hello_ü___co.txt", "5")
        attachment = document["imageattachmentids"]
        (file,) = rest.get("files_retrieve", params={"id": attachment}).json()["result"]
        assert (file["filename"], file["filecontents"]) == ("hello_ü_co.txt", "aGVsbG8=")

    def test_tags_by_both_names(self, rest: httpx.Client) -> None:
        contact = create(rest, "Contacts", lastname="x")["id"]
        rest.post("tags_add", data={"id": contact, "tags": '["a", "b", "c"]'})
        for operation in ("tag_delete", "tags_delete"):
            form = {"id": contact, "tags": '["a"]', "delete_all": "0"}
            assert rest.post(operation, data=form).json()["result"] == {"message": "tags deleted"}
        for method in ("GET", "POST"):
            tags = rest.request(method, "tags_retrieve", params={"id": contact}).json()["result"]
            assert sorted(tags["tags"]) == ["b", "c"]

    @pytest.mark.parametrize(
        "search", ['{"Contacts": ["email"]}', '["Contacts"]', '{"Contacts"}', ""]
    )
    def test_lookup_in_every_spelling(self, rest: httpx.Client, search: str) -> None:
        made = create(rest, "Contacts", lastname="x", email="ada@example.com")
        params = {"type": "email", "value": "ada@example.com", "searchIn": search}
        rows = rest.get("lookup", params=params).json()["result"]
        assert [row["id"] for row in rows] == [made["id"]]

    def test_decrypt_answers_the_bare_value(self, rest: httpx.Client) -> None:
        made = create(rest, "Contacts", lastname="Secretname")
        params = {"id": made["id"], "fieldname": "lastname"}
        assert rest.get("decrypt", params=params).json()["result"] == "Secretname"


def leadsources(rest: httpx.Client) -> list[str]:
    fields = rest.get("describe", params={"elementType": "Contacts"}).json()["result"]["fields"]
    (field,) = [each for each in fields if each["name"] == "leadsource"]
    return [each["value"] for each in field["type"]["picklistValues"]]
