"""The RestfulApi module as it really is, on 8.0: answers, tokens, rights, no mends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.http.test_restfulapi import BLANKS, NULLS, Api
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.accounts import (
    HIDDEN_FIELD,
    HIDDEN_MODULE,
    READONLY_FIELD,
    READONLY_MODULE,
)
from vtiger_orm.emulator.profiles import RESTFULAPI


def test_every_answer_is_http_200_as_text_json(api: Api) -> None:
    for answer in (
        api.index(module="Accounts"),
        api.index(module="NoSuch"),
        api.index(module="accounts"),
        api.index("PATCH", module="Accounts"),
        api.index("OPTIONS", module="Accounts"),
        api.http.get("index.php?module=Auth"),
        api.http.get("index.php?module=Accounts"),
        api.http.get(f"Accounts/{'0' * 32}"),
        api.index("POST", {"lastname": "x"}, module="Contacts"),
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/json"


@pytest.mark.parametrize("request_", ["NoSuch", "accounts", "Groups"])
def test_an_unknown_module_has_blanks(api: Api, request_: str) -> None:
    assert api.index(module=request_).json()["error"] == BLANKS


def test_a_request_without_sense_has_blanks(api: Api) -> None:
    assert api.index("PATCH", module="Accounts").json()["error"] == BLANKS
    assert api.http.get("index.php?module=Auth").json()["error"] == BLANKS


def test_refused_tokens_have_nulls(crm: Crm, api: Api) -> None:
    def refused(client: str = "127.0.0.1", token: str = api.token) -> Any:
        return Api(crm, client).http.get(f"Accounts/{token}").json()["error"]

    assert refused(token="0" * 32) == NULLS
    assert refused(client="127.0.0.2") == NULLS
    crm.clock.advance(hours=1, seconds=1)
    assert refused() == NULLS
    token = api.login().token
    crm.tokens.end(token)
    assert refused(token=token) == NULLS
    missing = api.http.get("index.php?module=Accounts").json()["error"]
    assert missing["code"] == "TOKEN_NOT_FOUND"


def test_a_fork_tells_the_code_of_a_refused_token() -> None:
    with Crm(data=None, profile=replace(RESTFULAPI, restfulapi_fork=True)) as crm:
        answer = Api(crm).http.get(f"Accounts/{'0' * 32}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (200, "INVALID_TOKEN")


def test_logins_of_one_second_share_a_token(crm: Crm) -> None:
    crm.engine.accounts.add_user("second")
    first = Api(crm).login().token
    key = crm.credentials("second")[1]
    assert Api(crm).http.get(f"auth/{key}").json()["result"] == first
    assert Api(crm, "10.0.0.9").login().token != first
    crm.clock.advance(seconds=1)
    assert Api(crm).http.get(f"auth/{key}").json()["result"] != first
    api = Api(crm)
    api.token = first
    made = api.index("POST", {"lastname": "whose"}, module="Contacts").json()["result"]
    assert crm.run("retrieve", id=f"12x{made}")["assigned_user_id"] == "19x1"  # who was first


def test_the_module_lists_everybody_s_tokens(crm: Crm, api: Api) -> None:
    crm.clock.advance(seconds=5)
    crm.engine.accounts.add_user("second")
    other = Api(crm, "10.0.0.9")
    other.token = other.http.get(f"auth/{crm.credentials('second')[1]}").json()["result"]
    rows = other.index(module="RestfulApi").json()["result"]
    assert [row["token"] for row in rows] == [api.token, other.token]
    criteria = f"vtiger_restfulapi.token:{other.token}"
    [row] = other.index(module="RestfulApi", criteria=criteria).json()["result"]
    second = crm.user("second").number
    assert (row["user_id"], row["ip"], row["calls"]) == (str(second), "10.0.0.9", "2")
    assert row["expiration_date"] > row["api_date_now"]


def test_logins_and_calls_are_in_the_change_history(crm: Crm, api: Api) -> None:
    """Of a login and five calls, six entries with fifteen fields were counted."""
    for _ in range(5):
        crm.clock.advance(seconds=1)
        api.index(module="Contacts")
    [row] = crm.tokens.rows()
    assert (row.calls, row.entries, row.details) == (5, 6, 15)


def test_records_of_logins_stay_for_ever(crm: Crm, api: Api) -> None:
    """Also those whose hour is over: the module lists them all."""
    for _ in range(2):
        crm.clock.advance(hours=2)
        api.login()
    rows = api.index(module="RestfulApi").json()["result"]
    assert len(rows) == 3
    assert [row["expiration_date"] < row["api_date_now"] for row in rows] == [True, True, False]


def test_ids_are_numbers_when_made_and_text_when_changed(api: Api) -> None:
    made = api.index("POST", {"lastname": "x"}, module="Contacts").json()["result"]
    assert isinstance(made, int)
    changed = api.http.put(f"Contacts/{made}/{api.token}", data={"phone": "1"}).json()["result"]
    assert changed == str(made)


@pytest.fixture
def restricted(crm: Crm) -> Api:
    accounts = crm.engine.accounts
    accounts.add_user("restricted")
    for module in ("Vendors", "Leads"):
        accounts.restrict("restricted", HIDDEN_MODULE, module)
    accounts.restrict("restricted", HIDDEN_FIELD, "Contacts", "mobile")
    accounts.restrict("restricted", READONLY_FIELD, "Contacts", "fax")
    accounts.set_private("Contacts")
    api = Api(crm)
    crm.clock.advance(seconds=1)
    api.token = api.http.get(f"auth/{crm.credentials('restricted')[1]}").json()["result"]
    return api


def test_rights_are_ignored(crm: Crm, restricted: Api) -> None:
    crm.create("Contacts", {"lastname": "private", "mobile": "1", "fax": "2"})
    [row] = restricted.index(module="Contacts").json()["result"]
    assert (row["lastname"], row["mobile"]) == ("private", "1")
    made = restricted.index("POST", {"vendorname": "V"}, module="Vendors").json()["result"]
    assert restricted.get(f"Vendors/{made}")["vendorname"] == "V"
    assert restricted.http.delete(f"Vendors/{made}/{restricted.token}").json()["result"] is True


def test_a_module_that_may_only_be_read_is_written(crm: Crm, restricted: Api) -> None:
    crm.engine.accounts.restrict("restricted", READONLY_MODULE, "Products")
    record = crm.create("Products", {"productname": "P"})["id"]
    bare = record.partition("x")[2]
    answer = restricted.http.put(f"Products/{bare}/{restricted.token}", data={"website": "w"})
    assert answer.json()["result"] == bare
    assert crm.engine.backdoor.get(record, "website") == "w"
    answer = restricted.http.delete(f"Products/{bare}/{restricted.token}")
    assert answer.json()["result"] is True
    assert restricted.get(f"Products/{bare}") is None


def test_only_hidden_and_locked_fields_are_dropped(crm: Crm, restricted: Api) -> None:
    data = {"lastname": "x", "mobile": "1", "fax": "2", "phone": "3"}
    made = restricted.index("POST", data, module="Contacts").json()["result"]
    record = crm.run("retrieve", id=f"12x{made}")
    assert (record["mobile"], record["fax"], record["phone"]) == ("", "", "3")


def opened(mends: Any) -> Crm:
    return Crm(data=None, profile=replace(RESTFULAPI, restfulapi_mends=mends))


def test_without_any_mend_login_is_a_fatal() -> None:
    with Crm(data=None, profile="restfulapi-unmended") as crm:
        answer = Api(crm).http.get(f"auth/{crm.credentials()[1]}")
        assert (answer.status_code, answer.content) == (500, b"")


def test_with_a_mended_login_every_token_is_a_fatal() -> None:
    with opened("login") as crm:
        api = Api(crm).login()
        answer = api.index(module="Contacts")
        assert (answer.status_code, answer.content) == (500, b"")


def test_then_rows_hold_nothing() -> None:
    with opened("login and token") as crm:
        crm.create("Contacts", {"lastname": "x"})
        api = Api(crm).login()
        assert api.index(module="Contacts").json()["result"] == [{"changed": ["api_date_now"]}]
        assert api.index("PATCH", module="Contacts").status_code == 500
        assert api.index("POST", module="Contacts").status_code == 500
