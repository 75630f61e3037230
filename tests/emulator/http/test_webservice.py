"""``/webservice.php``: login, sessions, where parameters are read, what errors look like."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from vtiger_orm.emulator import Crm, Request


def error(answer: Any) -> tuple[Any, str]:
    assert answer["success"] is False
    return answer["error"]["code"], answer["error"]["message"]


class TestLogin:
    def test_challenge_and_login(self, wire: Any) -> None:
        challenge = wire.get("/webservice.php", operation="getchallenge", username="admin").json()
        result = challenge["result"]
        assert result["expireTime"] - result["serverTime"] == 300
        login = wire.login(token=result["token"])["result"]
        assert login["userId"] == "19x1"
        assert (login["version"], login["vtigerVersion"]) == ("0.22", "8.0.0")
        assert " ".join(login) == (
            "username first_name last_name email time_zone hour_format date_format is_admin "
            "call_duration other_event_duration sessionName userId version vtigerVersion"
        )

    def test_who_may_ask_for_a_challenge(self, wire: Any) -> None:
        unknown = wire.get("/webservice.php", operation="getchallenge", username="nouser")
        assert error(unknown.json()) == ("ACCESS_DENIED", "username does not exists")
        nobody = wire.get("/webservice.php", operation="getchallenge")
        assert error(nobody.json()) == ("ACCESS_DENIED", "No username given")

    def test_a_challenge_by_post_reads_the_url(self, wire: Any) -> None:
        answer = wire.post("/webservice.php?operation=getchallenge&username=admin").json()
        assert answer["success"] is True

    def test_one_token_serves_several_logins(self, wire: Any) -> None:
        token = wire.challenge()
        sessions = {wire.login(token=token)["result"]["sessionName"] for _ in range(4)}
        assert len(sessions) == 4
        for wire.session in sessions:
            assert wire.ask("listtypes")["success"] is True

    def test_a_new_challenge_destroys_the_former(self, wire: Any) -> None:
        first, second = wire.challenge(), wire.challenge()
        assert error(wire.login(token=first))[0] == "INVALID_USER_CREDENTIALS"
        assert wire.login(token=second)["success"] is True

    def test_challenges_of_different_users_do_not_race(self, wire: Any) -> None:
        token = wire.challenge("admin")
        for user in wire.crm.users()[1:]:
            wire.challenge(user.name)
        assert wire.login(token=token)["success"] is True

    def test_refused_logins(self, wire: Any) -> None:
        assert error(wire.login(token="x")) == (
            "INVALID_AUTH_TOKEN",
            "Specified token is invalid or expired",
        )
        token = wire.challenge()
        assert error(wire.login(token=token, key="wrong")) == (
            "INVALID_USER_CREDENTIALS",
            "Invalid username or password",
        )
        by_get = wire.get("/webservice.php", operation="login", username="admin", accessKey="x")
        assert error(by_get.json())[0] == "INVALID_AUTH_TOKEN"
        misspelt = wire.post("/webservice.php", operation="login", username="admin", accesskey="x")
        assert error(misspelt.json())[0] == "INVALID_USER_CREDENTIALS"

    def test_a_token_lives_300_seconds(self, wire: Any) -> None:
        token = wire.challenge()
        wire.crm.clock.advance(301)
        assert error(wire.login(token=token))[0] == "INVALID_AUTH_TOKEN"


class TestSessions:
    @pytest.mark.parametrize("session", ["", "null", "NULL"])
    def test_no_session(self, wire: Any, session: str) -> None:
        wire.session = session
        assert error(wire.ask("listtypes")) == ("AUTHENTICATION_REQUIRED", "Authencation required")

    def test_an_unknown_session(self, wire: Any) -> None:
        wire.session = "garbage"
        assert error(wire.ask("listtypes")) == (
            "INVALID_SESSIONID",
            "Session Identifier provided is Invalid",
        )

    def test_idle_and_old_sessions_end(self, wire: Any) -> None:
        wire.logged_in()
        for _ in range(4):
            wire.crm.clock.advance(minutes=29)
            assert wire.ask("listtypes")["success"] is True
        wire.crm.clock.advance(minutes=31)
        assert error(wire.ask("listtypes"))[0] == "SESSION_LEFT_IDLE"
        wire.logged_in()
        for _ in range(24 * 4):
            wire.crm.clock.advance(minutes=15)
            wire.ask("listtypes")
        wire.crm.clock.advance(minutes=1)
        assert error(wire.ask("listtypes"))[0] == "SESSION_EXPIRED"

    def test_idle_expiry_can_be_switched_off(self, wire: Any) -> None:
        wire.crm.sessions.idle = None
        wire.logged_in().crm.clock.advance(hours=23)
        assert wire.ask("listtypes")["success"] is True

    def test_extendsession(self, wire: Any) -> None:
        wire.logged_in()
        facts = {"userId": "19x1", "version": "0.22", "vtigerVersion": "8.0.0"}
        expected = {"sessionName": wire.session, **facts}
        assert wire.tell("extendsession")["result"] == expected
        cookie = {"Cookie": f"a=b; PHPSESSID={wire.session}"}
        answer = wire.post("/webservice.php", cookie, operation="extendsession").json()
        assert answer["result"] == expected
        assert error(wire.ask("extendsession"))[0] == "AUTHENTICATION_REQUIRED"

    def test_logout_crashes_on_php_8_and_the_session_stays(self, wire: Any) -> None:
        wire.logged_in()
        answer = wire.post("/webservice.php", operation="logout", sessionName=wire.session)
        assert (answer.status, answer.body) == (500, b"")
        assert wire.ask("listtypes")["success"] is True

    def test_logout_works_on_php_7(self, wire7: Any) -> None:
        wire7.logged_in()
        assert wire7.tell("logout")["result"] == {"message": "successfull"}
        assert error(wire7.ask("listtypes"))[0] == "INVALID_SESSIONID"

    def test_a_session_takes_its_user_along(self, wire: Any) -> None:
        wire.logged_in()
        assert wire.crm.sessions.user(wire.session) == "admin"


class TestParameters:
    def test_get_operations_read_only_the_url(self, wire: Any) -> None:
        wire.logged_in()
        in_body = wire.tell("query", query="select id from Contacts limit 1;")
        assert error(in_body) == (
            "ACCESS_DENIED",
            "Permission to perform the operation is denied for query",
        )
        answer = wire.post(
            "/webservice.php?query=select%20id%20from%20Contacts%3B",
            operation="query",
            sessionName=wire.session,
        )
        assert answer.json() == {"success": True, "result": []}

    def test_post_operations_read_only_the_body(self, wire: Any) -> None:
        wire.logged_in()
        answer = wire.ask("create", elementType="Contacts", element='{"lastname":"x"}')
        assert error(answer)[0] == "ACCESS_DENIED"
        assert wire.rows("select id from Contacts;") == []

    def test_the_operation_is_known_in_any_case(self, wire: Any) -> None:
        assert wire.logged_in().ask("ListTypes")["success"] is True

    @pytest.mark.parametrize(
        "operation", ["nosuch", "", "me", "tags_add", "delete_related", "lookup", "decrypt"]
    )
    def test_an_unknown_operation_is_a_crash(self, wire: Any, operation: str) -> None:
        wire.logged_in()
        answer = wire.get("/webservice.php", operation=operation, sessionName=wire.session)
        assert (answer.status, answer.body) == (500, b"")
        assert answer.header("Content-Type") == "text/html; charset=UTF-8"

    def test_a_json_body_is_a_crash(self, wire: Any) -> None:
        body = json.dumps({"operation": "listtypes"}).encode()
        header = (("Content-Type", "application/json"),)
        answer = wire.crm.handle(Request("POST", "/webservice.php", header, body))
        assert (answer.status, answer.body) == (500, b"")

    def test_an_array_where_a_text_is_meant(self, wire: Any, wire7: Any) -> None:
        path = "/webservice.php?operation=listtypes&fieldTypeList[]=image&sessionName="
        assert wire.logged_in().get(path + wire.session).status == 500
        assert wire7.logged_in().get(path + wire7.session).json()["success"] is True

    def test_broken_operations_need_a_session_before_they_crash(self, wire: Any) -> None:
        assert error(wire.ask("sync"))[0] == "AUTHENTICATION_REQUIRED"
        wire.logged_in()
        answer = wire.get("/webservice.php", operation="sync", sessionName=wire.session)
        assert (answer.status, answer.body) == (500, b"")

    def test_too_long_a_url_ends_the_connection(self, wire: Any) -> None:
        assert wire.get("/webservice.php?" + "x" * 75_000).delivery.dropped is False
        assert wire.get("/webservice.php?" + "x" * 86_000).delivery.dropped is True

    def test_the_crm_may_live_in_a_folder(self, wire: Any) -> None:
        answer = wire.get("/crm/v8/webservice.php", operation="getchallenge", username="admin")
        assert answer.json()["success"] is True


class TestAnswers:
    def test_success_is_json_with_status_200(self, wire: Any) -> None:
        wire.logged_in()
        answer = wire.get("/webservice.php", operation="listtypes", sessionName=wire.session)
        assert (answer.status, answer.header("content-type")) == (200, "application/json")
        assert answer.header("date").endswith("GMT")
        assert answer.delivery.keep_alive is False

    def test_errors_have_status_200_too(self, wire: Any) -> None:
        wire.logged_in()
        answer = wire.get("/webservice.php", operation="query", sessionName=wire.session)
        assert answer.status == 200
        assert answer.json()["error"]["code"] == "ACCESS_DENIED"

    def test_plain_text_instead_of_json(self, wire: Any) -> None:
        wire.logged_in()
        element = json.dumps({"lastname": "x", "assigned_user_id": "19x99"})
        answer = wire.post(
            "/webservice.php",
            operation="create",
            sessionName=wire.session,
            elementType="Contacts",
            element=element,
        )
        assert answer.status == 200
        assert answer.body == b"Sorry! Attempt to access restricted file."
        assert answer.header("content-type") == "text/html; charset=UTF-8"

    def test_other_doors_are_closed_on_a_stock_server(self, wire: Any) -> None:
        assert wire.get("/restapi/v1/vtiger/default/me").status == 404
        assert wire.get("/").status == 404

    def test_records_come_and_go(self, wire: Any) -> None:
        wire.logged_in()
        made = wire.create("Contacts", lastname="Größe/客")
        assert made["lastname"] == "Größe/客"
        rows = wire.rows("select lastname from Contacts;")
        assert rows == [{"lastname": "Größe/客", "id": made["id"]}]
        assert wire.tell("delete", id=made["id"])["result"] == {"status": "successful"}
        assert error(wire.ask("retrieve", id=made["id"]))[0] == "ACCESS_DENIED"


def test_the_same_over_a_socket(crm: Crm, wire: Any) -> None:
    wire.logged_in()
    with crm.serve() as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        params = {"operation": "listtypes", "sessionName": wire.session}
        for _ in range(3):
            answer = client.get("/webservice.php", params=params)
            assert answer.json()["success"] is True
            assert answer.headers["connection"] == "close"
            assert answer.headers["content-type"] == "application/json"
