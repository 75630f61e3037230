"""``/modules/RestfulApi/*``: tokens, both URL styles, the filter and its mistakes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from vtiger_orm.emulator import Crm

ROOT = "/modules/RestfulApi"
NULLS = {"code": None, "message": None, "title": None}
"""The error of a refused login or token."""
BLANKS = {"code": "", "message": "", "title": ""}
"""The error of a request that makes no sense."""


class Api:
    """A client of the module; paths are appended to its address."""

    def __init__(self, crm: Crm, client: str = "127.0.0.1") -> None:
        self.crm = crm
        self.http = httpx.Client(
            transport=crm.transport(client=client), base_url=f"{crm.url}{ROOT}/"
        )
        self.token = ""

    def login(self) -> Api:
        self.token = self.http.get(f"auth/{self.crm.credentials()[1]}").json()["result"]
        return self

    def get(self, path: str) -> Any:
        return self.http.get(f"{path}/{self.token}").json()["result"]

    def index(self, method: str = "GET", data: Any = None, **params: str) -> httpx.Response:
        params = {"token": self.token, **params}
        return self.http.request(method, "index.php", params=params, data=data)


@pytest.fixture
def api(crm: Crm) -> Api:
    crm.clock.freeze()
    for number in range(3):
        crm.create(
            "Accounts",
            {
                "accountname": f"Account {number}",
                "website": "www.example.com",
                "employees": str(number * 10),
                "bill_city": "Champs & <Marne>",
            },
        )
        crm.clock.advance(1)
    return Api(crm).login()


def names(rows: Any) -> list[str]:
    return [row["accountname"] for row in rows]


class TestTokens:
    def test_by_key_in_both_styles(self, crm: Crm) -> None:
        key = crm.credentials()[1]
        for path in (f"auth/{key}", f"index.php?module=Auth&key={key}"):
            answer = Api(crm).http.get(path)
            assert answer.status_code == 200
            assert len(answer.json()["result"]) == 32
            assert answer.headers["access-control-allow-origin"] == "*"

    def test_by_password_in_both_styles(self, crm: Crm) -> None:
        crm.passwords["admin"] = "pass word"
        for path in (
            "auth/admin/pass%20word",
            "index.php?module=Auth&login=admin&password=pass+word",
        ):
            assert len(Api(crm).http.get(path).json()["result"]) == 32

    @pytest.mark.parametrize("path", ["auth/wrong", "auth/admin/wrong"])
    def test_a_refused_login_has_an_empty_code(self, crm: Crm, path: str) -> None:
        answer = Api(crm).http.get(path)
        assert answer.status_code == 200
        assert answer.json() == {"success": False, "error": NULLS}

    def test_no_token_and_a_wrong_one(self, api: Api) -> None:
        missing = api.http.get("index.php?module=Accounts")
        assert (missing.status_code, missing.json()["error"]["code"]) == (200, "TOKEN_NOT_FOUND")
        wrong = api.http.get(f"Accounts/{'0' * 32}")
        assert (wrong.status_code, wrong.json()["error"]) == (200, NULLS)

    def test_a_token_is_bound_to_the_address(self, api: Api) -> None:
        other = Api(api.crm, client="10.0.0.9")
        answer = other.http.get(f"Accounts/{api.token}")
        assert answer.json()["error"] == NULLS

    def test_it_lives_one_hour_from_each_use(self, api: Api) -> None:
        for _ in range(3):
            api.crm.clock.advance(minutes=59)
            assert len(api.get("Accounts")) == 3
        api.crm.clock.advance(minutes=61)
        answer = api.http.get(f"Accounts/{api.token}")
        assert answer.json()["error"] == NULLS


class TestReading:
    def test_one_record_in_both_styles(self, api: Api) -> None:
        row = api.get("Accounts/1")
        assert row == api.index(module="Accounts", id="1").json()["result"]
        assert row["accountname"] == "Account 0"
        assert (row["record_id"], row["record_module"]) == ("1", "Accounts")
        assert row["assigned_user_id"] == "1"
        assert row["account_id"] == "0"
        assert row["bill_city"] == "Champs &amp; &lt;Marne&gt;"
        assert row["api_date_now"] == api.crm.clock().strftime("%Y-%m-%d %H:%M:%S")
        assert "id" not in row

    def test_a_record_that_is_not_there(self, api: Api) -> None:
        assert api.get("Accounts/99") is None
        assert api.get("Contacts/1") is None

    def test_an_unknown_module(self, api: Api) -> None:
        answer = api.http.get(f"NoSuch/{api.token}")
        assert answer.status_code == 200
        assert answer.json() == {"success": False, "error": BLANKS}

    def test_a_page_has_20_rows_unless_told_otherwise(self, api: Api) -> None:
        for number in range(130):
            api.crm.create("Leads", {"lastname": f"Lead {number}"})
        assert len(api.get("Leads")) == 20
        assert len(api.get("Leads/start/0/length/125")) == 125
        assert len(api.get("Leads/start/120/length/50")) == 10
        assert len(api.get("Leads/length/0")) == 20
        assert api.http.get(f"Leads/start/0/length/x/{api.token}").status_code == 500

    def test_pages_and_order(self, api: Api) -> None:
        assert names(api.get("Accounts")) == ["Account 0", "Account 1", "Account 2"]
        order = quote("vtiger_account.accountname DESC")
        assert names(api.get(f"Accounts/start/0/length/2/order/{order}")) == [
            "Account 2",
            "Account 1",
        ]
        rows = api.index(module="Accounts", order="CE.createdtime DESC", length="1")
        assert names(rows.json()["result"]) == ["Account 2"]
        mixed = "vtiger_account.website DESC, vtiger_account.employees ASC"
        rows = api.index(module="Accounts", order=mixed)
        assert names(rows.json()["result"]) == ["Account 0", "Account 1", "Account 2"]

    @pytest.mark.parametrize(
        ("criteria", "expected"),
        [
            ("vtiger_account.accountname:account 1", [1]),
            ("vtiger_account.accountname:Account 1;vtiger_account.website:www.example.com", [1]),
            ("vtiger_account.accountname:Account 1;vtiger_account.website:other", []),
            ("vtiger_account.accountname:neq:Account 1", [0, 2]),
            ("vtiger_account.employees:gt:5", [1, 2]),
            ("vtiger_account.employees:gte:10", [1, 2]),
            ("vtiger_account.employees:lt:10", [0]),
            ("vtiger_account.employees:lte:10", [0, 1]),
            ("vtiger_account.accountname:eq:Account 2", [2]),
            # like falls through to =
            ("vtiger_account.accountname:like:Account%", []),
            ("vtiger_account.accountname:like:Account 2", [2]),
            # an empty value and 0 make the whole filter false
            ("vtiger_account.employees:0", []),
            ("vtiger_account.employees:eq:", []),
            ("vtiger_account.website:", []),
            # a part without a colon is ignored
            ("nonsense", [0, 1, 2]),
            # what follows a second colon is lost
            ("vtiger_account.website:eq:www.example.com:8080", [0, 1, 2]),
            ("CE.smownerid:1", [0, 1, 2]),
            ("vtiger_account.accountid:2", [1]),
        ],
    )
    def test_criteria(self, api: Api, criteria: str, expected: list[int]) -> None:
        rows = api.index(module="Accounts", criteria=criteria).json()["result"]
        assert names(rows) == [f"Account {number}" for number in expected]
        if "%" not in criteria:
            assert api.get(f"Accounts/criteria/{quote(criteria)}") == rows

    def test_a_slash_in_a_value_makes_parameters_of_it(self, api: Api) -> None:
        escaped = api.index(module="Accounts", criteria=r"vtiger_account.website:a\/b")
        assert escaped.json()["result"] == []
        eaten = api.index(module="Accounts", criteria="vtiger_account.website:a/b")
        assert len(eaten.json()["result"]) == 3  # the filter is gone

    def test_picklists(self, api: Api) -> None:
        values = api.get("Accounts/picklist/rating")["values"]
        assert values["Acquired"] == "Acquis"
        assert api.get("Accounts/picklist/nosuch") == {"values": []}
        both = api.get("Accounts/picklist/rating/picklistdep/1")
        assert both == {"values": values, "dependencies": []}

    def test_picklist_dependencies(self) -> None:
        with Crm() as crm:  # the demo has one
            both = Api(crm).login().get("HelpDesk/picklist/ticketpriorities/picklistdep/1")
        dependencies = both["dependencies"]
        assert set(dependencies) == {*both["values"], "__DEFAULT__"}
        allowed = [set(each["ticketseverities"]) for each in dependencies.values()]
        assert all(each <= set(dependencies["__DEFAULT__"]["ticketseverities"]) for each in allowed)


class TestWriting:
    def test_create(self, api: Api) -> None:
        data = {"accountname": "New <b>one</b> ", "phone": "+33", "bill_street": r"a\/b"}
        answer = api.index("POST", data, module="Accounts")
        assert answer.status_code == 200
        number = answer.json()["result"]
        assert isinstance(number, int)
        record = api.crm.run("retrieve", id=f"11x{number}")
        assert (record["accountname"], record["bill_street"]) == ("New one", "a/b")
        assert record["assigned_user_id"] == "19x1"

    def test_create_with_json_and_without_mandatory_fields(self, api: Api) -> None:
        answer = api.http.post(f"Contacts/{api.token}", json={"firstname": "Ada", "account_id": 2})
        assert answer.status_code == 200
        record = api.crm.run("retrieve", id=f"12x{answer.json()['result']}")
        assert (record["firstname"], record["account_id"]) == ("Ada", "11x2")

    def test_an_unescaped_slash_loses_the_value(self, api: Api) -> None:
        data = {"accountname": "Slash", "website": "http://example.com/page"}
        number = api.index("POST", data, module="Accounts").json()["result"]
        assert api.crm.run("retrieve", id=f"11x{number}")["website"] == ""

    def test_update_by_put_and_by_post(self, api: Api) -> None:
        put = api.http.put(f"Accounts/1/{api.token}", data={"phone": "1"})
        assert (put.status_code, put.json()["result"]) == (200, "1")
        post = api.index("POST", {"fax": "2"}, module="Accounts", id="1")
        assert (post.status_code, post.json()["result"]) == (200, "1")
        record = api.crm.run("retrieve", id="11x1")
        assert (record["accountname"], record["phone"], record["fax"]) == ("Account 0", "1", "2")
        nothing = api.http.put(f"Accounts/99/{api.token}", data={"phone": "1"})
        assert nothing.json() == {"success": True, "result": False}

    def test_delete(self, api: Api) -> None:
        for expected in (True, False):
            answer = api.http.delete(f"Accounts/1/{api.token}")
            assert answer.json() == {"success": True, "result": expected}
        assert len(api.get("Accounts")) == 2

    def test_what_has_no_record_to_act_on(self, api: Api) -> None:
        for method in ("PUT", "DELETE"):
            answer = api.index(method, module="Accounts")
            assert answer.status_code == 200
            assert answer.json()["error"] == BLANKS
        assert api.index("PATCH", module="Accounts").json()["error"] == BLANKS

    def test_duplicates_stop_php(self, api: Api) -> None:
        answer = api.index("POST", {"accountname": "Account 0"}, module="Accounts")
        assert (answer.status_code, answer.content) == (500, b"")

    def test_line_items(self, api: Api) -> None:
        product = api.crm.create("Products", {"productname": "Lamp"})["id"].partition("x")[2]
        items = (
            f'[{{"hdnProductId": "{product}", "qty": 2, "listPrice": 50,'
            ' "discount_percentage": 10}]'
        )
        data = {
            "subject": "Offer",
            "account_id": "1",
            "quotestage": "Created",
            "bill_street": "x",
            "ship_street": "x",
            "items": items,
            "subtotal": "90",
            "total": "90",
        }
        answer = api.index("POST", data, module="Quotes")
        quote_ = api.crm.run("retrieve", id=f"4x{answer.json()['result']}")
        assert [item["quantity"] for item in quote_["LineItems"]] == ["2.000"]
        assert float(quote_["hdnGrandTotal"]) == 90


def test_secrets_of_the_path_are_not_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="vtiger_orm.emulator"):
        api.login()
        api.get("Accounts")
    assert api.crm.credentials()[1] not in caplog.text
    assert api.token not in caplog.text
    assert "retrieve" in caplog.text
