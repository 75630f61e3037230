"""The RestfulApi module as it really is, on a Vtiger 8.0."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.http.test_restfulapi import BLANKS, NULLS, Api
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.accounts import HIDDEN_FIELD, HIDDEN_MODULE, READONLY_FIELD
from vtiger_orm.emulator.profiles import RESTFULAPI


@pytest.fixture(scope="session")
def _template() -> Iterator[Crm]:
    with Crm(data=None, profile="restfulapi") as crm:
        yield crm


@pytest.fixture
def crm(_template: Crm) -> Iterator[Crm]:
    with _template.copy() as crm:
        crm.clock.freeze()
        yield crm


@pytest.fixture
def api(crm: Crm) -> Api:
    return Api(crm).login()


def number(record: dict[str, Any]) -> str:
    return str(record["id"]).partition("x")[2]


# -- answers and tokens --------------------------------------------------------------------


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


def test_ids_are_numbers_when_made_and_text_when_changed(api: Api) -> None:
    made = api.index("POST", {"lastname": "x"}, module="Contacts").json()["result"]
    assert isinstance(made, int)
    changed = api.http.put(f"Contacts/{made}/{api.token}", data={"phone": "1"}).json()["result"]
    assert changed == str(made)


# -- rights --------------------------------------------------------------------------------


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


def test_only_hidden_and_locked_fields_are_dropped(crm: Crm, restricted: Api) -> None:
    data = {"lastname": "x", "mobile": "1", "fax": "2", "phone": "3"}
    made = restricted.index("POST", data, module="Contacts").json()["result"]
    record = crm.run("retrieve", id=f"12x{made}")
    assert (record["mobile"], record["fax"], record["phone"]) == ("", "", "3")


# -- lists ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {"criteria": "vtiger_account.nosuch:1"},
        {"criteria": "nosuch.accountname:1"},
        {"criteria": "vtiger_crmentity.smownerid:1"},
        {"order": "vtiger_account.nosuch"},
        {"length": "abc"},
        {"length": "-5"},
    ],
)
def test_an_sql_error_is_a_fatal(api: Api, params: dict[str, str]) -> None:
    answer = api.index(module="Accounts", **params)
    assert (answer.status_code, answer.content) == (500, b"")


def test_other_sql_is_not_made_up(api: Api) -> None:
    answer = api.index(module="Accounts", criteria="upper(vtiger_account.accountname):X")
    assert answer.status_code == 501
    assert answer.text.startswith("not measured on restfulapi: ")


def test_20_rows_in_the_order_of_creation(crm: Crm, api: Api) -> None:
    for position in range(25):
        crm.create("Leads", {"lastname": f"L{position:02}"})
        crm.clock.advance(seconds=1)
    for params in ({}, {"length": "0"}):
        rows = api.index(module="Leads", **params).json()["result"]
        assert [row["lastname"] for row in rows] == [f"L{position:02}" for position in range(20)]


def quote(crm: Crm, items: int) -> str:
    account = crm.create("Accounts", {"accountname": f"Acme {items}"})["id"]
    product = crm.create("Products", {"productname": "Pen"})["id"]
    item = {"productid": product, "quantity": "1", "listprice": "10"}
    element = {
        "subject": f"Q{items}",
        "quotestage": "Created",
        "account_id": account,
        "bill_street": "b",
        "ship_street": "s",
        "productid": product,
        "hdnTaxType": "group",
        "LineItems": [item] * items,
    }
    return number(crm.create("Quotes", element))


def test_a_row_for_each_line_item(crm: Crm, api: Api) -> None:
    ids = [quote(crm, items) for items in (2, 1, 3)]
    rows = api.index(module="Quotes").json()["result"]
    assert [row["record_id"] for row in rows] == [ids[0]] * 2 + [ids[1]] + [ids[2]] * 3
    page = api.index(module="Quotes", start="1", length="2").json()["result"]
    assert [row["record_id"] for row in page] == ids[:2]
    criteria = "coalesce(vtiger_inventoryproductrel.sequence_no,1):eq:1"
    once = api.index(module="Quotes", criteria=criteria).json()["result"]
    assert [row["record_id"] for row in once] == ids


def test_activities(crm: Crm, api: Api) -> None:
    common = {
        "assigned_user_id": "19x1",
        "date_start": "2026-01-01",
        "time_start": "10:00",
        "due_date": "2026-01-01",
    }
    todo = {"activitytype": "Task", "taskstatus": "Not Started"}
    crm.create("Calendar", {"subject": "todo", **todo, **common})
    event = {"activitytype": "Call", "time_end": "11:00", "duration_hours": "1"}
    crm.create("Events", {"subject": "event", "eventstatus": "Planned", **event, **common})
    both = [row["subject"] for row in api.index(module="Calendar").json()["result"]]
    assert both == ["todo", "event"]
    criteria = "T.activitytype:eq:Task"
    [row] = api.index(module="Calendar", criteria=criteria).json()["result"]
    assert row["subject"] == "todo"
    table = api.index(module="Calendar", criteria="vtiger_activity.activitytype:Task")
    assert table.status_code == 500
    emails = api.index(module="Emails").json()["result"]
    assert [row["subject"] for row in emails] == both
    assert api.index(module="Events").status_code == 500


def test_users_are_looked_for_among_records(crm: Crm, api: Api) -> None:
    for name in ("b", "c", "d"):
        crm.engine.accounts.add_user(name)
    assert len(crm.users()) == 4
    numbers = {each.number for each in crm.users()}
    crm.create("Leads", {"lastname": "1"})
    shown = {int(row["record_id"]) for row in api.index(module="Users").json()["result"]}
    assert shown == numbers & {1}


def test_converted_leads_are_listed(crm: Crm, api: Api) -> None:
    from vtiger_orm.emulator.engine.store import CONVERTED

    lead = crm.create("Leads", {"lastname": "L"})["id"]
    store = crm.engine.store
    store.set_state(crm.engine.schema.modules["Leads"], int(lead.split("x")[1]), CONVERTED)
    assert len(api.index(module="Leads").json()["result"]) == 1


def test_aliases_and_custom_fields(crm: Crm, api: Api) -> None:
    for position in range(3):
        crm.create("Contacts", {"lastname": f"C{position}", "cf_853": f"v{position}"})
    for criteria in ("T.lastname:C1", "vtiger_contactdetails.lastname:C1"):
        [row] = api.index(module="Contacts", criteria=criteria).json()["result"]
        assert row["lastname"] == "C1"
    [row] = api.index(module="Contacts", criteria="vtiger_contactscf.cf_853:v2").json()["result"]
    assert row["lastname"] == "C2"
    rows = api.index(module="Contacts", order="T.lastname DESC").json()["result"]
    assert [row["lastname"] for row in rows] == ["C2", "C1", "C0"]


@pytest.mark.parametrize(
    ("operator", "found"),
    [("gte", [1, 2]), ("lt", [0]), ("eq", [1]), ("neq", [0, 2])],
)
def test_fourteen_digits_are_a_moment(crm: Crm, api: Api, operator: str, found: list[int]) -> None:
    moments = []
    for position in range(3):
        crm.create("Contacts", {"lastname": f"C{position}"})
        moments.append(crm.clock().strftime("%Y%m%d%H%M%S"))
        crm.clock.advance(seconds=1)
    criteria = f"CE.modifiedtime:{operator}:{moments[1]}"
    rows = api.index(module="Contacts", criteria=criteria).json()["result"]
    assert [row["lastname"] for row in rows] == [f"C{position}" for position in found]


def test_a_value_is_cut_at_its_colon(crm: Crm, api: Api) -> None:
    crm.create("Contacts", {"lastname": "C"})
    moment = crm.clock().strftime("%Y-%m-%d %H")
    criteria = f"CE.modifiedtime:gte:{moment}:59:59"
    assert len(api.index(module="Contacts", criteria=criteria).json()["result"]) == 1


def test_comparison_is_the_database_s(crm: Crm, api: Api) -> None:
    crm.create("Contacts", {"lastname": "SMITH"})
    record = crm.create("Contacts", {"lastname": "none"})["id"]
    crm.engine.backdoor.set(record, department=None)
    rows = api.index(module="Contacts", criteria="T.lastname:smith").json()["result"]
    assert [row["lastname"] for row in rows] == ["SMITH"]
    rows = api.index(module="Contacts", criteria="T.department:neq:x").json()["result"]
    assert [row["lastname"] for row in rows] == ["SMITH"]


# -- rows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("a & b", "a &amp; b"),
        ("a &amp; b", "a &amp; b"),
        ("<i> \"q\" 's'", "&lt;i&gt; &quot;q&quot; &#039;s&#039;"),
        ("one\r\ntwo", "one\ntwo"),
    ],
)
def test_texts_have_entities(crm: Crm, api: Api, stored: str, shown: str) -> None:
    record = crm.create("Contacts", {"lastname": "x"})["id"]
    crm.engine.backdoor.set(record, description=stored)
    assert api.get(f"Contacts/{record[3:]}")["description"] == shown


def test_keys_of_a_row(crm: Crm, api: Api) -> None:
    account = crm.create("Accounts", {"accountname": "Acme"})["id"]
    boss = crm.create("Contacts", {"lastname": "Boss"})["id"]
    record = crm.create("Contacts", {"lastname": "x", "account_id": account, "contact_id": boss})[
        "id"
    ]
    crm.run("delete", id=boss)
    row = api.get(f"Contacts/{record[3:]}")
    assert {"label", "tags", "source", "starred", "record_id", "record_module"} <= row.keys()
    assert (row["label"], row["tags"], row["record_module"]) == ("x", "", "Contacts")
    assert (row["account_id"], row["assigned_user_id"]) == (account[3:], "1")
    assert row["contact_id"] == boss[3:]  # of a deleted record, still there


# -- writing -------------------------------------------------------------------------------


def totals(crm: Crm, record: str) -> tuple[int, str]:
    stored = crm.run("retrieve", id=f"4x{record}")
    return len(stored["LineItems"]), stored["hdnGrandTotal"]


@pytest.mark.parametrize(
    ("method", "url", "body", "kept"),
    [
        ("PUT", {}, {}, False),
        ("PUT", {"ajxaction": "DETAILVIEW"}, {}, True),
        ("PUT", {}, {"ajxaction": "DETAILVIEW"}, False),
        ("POST", {}, {}, False),
        ("POST", {"ajxaction": "DETAILVIEW"}, {}, True),
        ("POST", {}, {"ajxaction": "DETAILVIEW"}, True),
    ],
)
def test_saving_an_offer(
    crm: Crm, api: Api, method: str, url: dict[str, str], body: dict[str, str], kept: bool
) -> None:
    record = quote(crm, 2)
    data = {"subject": "changed", **body}
    answer = api.index(method, data, module="Quotes", id=record, **url)
    assert answer.json()["result"] == record
    assert crm.run("retrieve", id=f"4x{record}")["subject"] == "changed"
    assert totals(crm, record) == ((2, "20.00000000") if kept else (0, "0.00000000"))


def items(crm: Crm, comment: str = "c") -> str:
    product = number(crm.create("Products", {"productname": "Pen"}))
    item = {"hdnProductId": product, "qty": 2, "listPrice": 10, "comment": comment}
    return json.dumps([item])


def test_creating_with_items_computes_nothing(crm: Crm, api: Api) -> None:
    data = {"subject": "Q", "quotestage": "Created", "items": items(crm)}
    made = api.index("POST", data, module="Quotes").json()["result"]
    assert totals(crm, str(made)) == (1, "0.00000000")
    assert crm.engine.backdoor.get(f"4x{made}", "hdnTaxType") is None
    more = {"subtotal": "20", "total": "23.80", "taxtype": "group"}
    made = api.index("POST", {**data, **more}, module="Quotes").json()["result"]
    stored = crm.run("retrieve", id=f"4x{made}")
    names = ("hdnSubTotal", "hdnGrandTotal", "pre_tax_total", "hdnTaxType")
    assert [stored[name] for name in names] == [
        *("20.00000000", "23.80000000", "0.00000000", "group"),
    ]


def test_a_slash_in_items_loses_them(crm: Crm, api: Api) -> None:
    data = {"subject": "Q", "items": items(crm, "a/b")}
    made = api.index("POST", data, module="Quotes").json()["result"]
    assert totals(crm, str(made))[0] == 0
    data["items"] = items(crm, r"a\/b").replace("\\\\/", "\\/")
    made = api.index("POST", data, module="Quotes").json()["result"]
    assert crm.run("retrieve", id=f"4x{made}")["LineItems"][0]["comment"] == "a/b"


@pytest.mark.parametrize(
    ("module", "element"),
    [
        ("Contacts", {"lastname": "x"}),
        ("Accounts", {"accountname": "x"}),
        ("Products", {"productname": "x"}),
    ],
)
def test_a_description_that_is_not_sent_is_damaged(
    crm: Crm, api: Api, module: str, element: dict[str, str]
) -> None:
    record = crm.create(module, {**element, "description": "it's é"})["id"]

    def stored() -> str:
        return str(crm.engine.backdoor.get(record, "description"))

    bare = record.split("x")[1]
    api.http.put(f"{module}/{bare}/{api.token}", data={"phone": "1", "productcode": "1"})
    assert stored() == "it&#039;s &eacute;"
    api.http.put(f"{module}/{bare}/{api.token}", data={"phone": "2", "productcode": "1"})
    assert stored() == "it&amp;#039;s &amp;eacute;"
    api.http.put(f"{module}/{bare}/{api.token}", data={"description": "it's"})
    assert stored() == "it's"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("&lt;b&gt;", "<b>"),
        ("a&nbsp;b", "a\xa0b"),
        ("a&amp;b", "a&b"),
        ("a&lt;b", "a<b"),
        ("&#32;x&#32;", " x "),
        ("&lt;b&gt;x&lt;/b&gt;", ""),
        ("a <i>b</i>", "a b"),
        (" x ", "x"),
    ],
)
def test_values_are_decoded(crm: Crm, api: Api, sent: str, stored: str) -> None:
    made = api.index("POST", {"lastname": "x", "department": sent}, module="Contacts").json()
    assert crm.run("retrieve", id=f"12x{made['result']}")["department"] == stored


def test_numbers_are_read_as_the_user_writes_them(crm: Crm) -> None:
    accounts = crm.engine.accounts
    comma: Any = {"currency_decimal_separator": ",", "currency_grouping_separator": "."}
    accounts.add_user("comma", **comma)
    currency = crm.engine.schema.modules["Currency"]
    crm.engine.store.insert(currency, 2, {"currency_name": "Euro", "conversion_rate": "0.91000"})
    accounts.add_user("euro", currency_id=2, **comma)
    for position, (name, sent, stored) in enumerate(
        (("admin", "77.25", 77.25), ("comma", "77.25", 7725.0), ("euro", "100.00", 10989.01)),
    ):
        crm.clock.advance(seconds=1)
        api = Api(crm)
        api.token = api.http.get(f"auth/{crm.credentials(name)[1]}").json()["result"]
        data = {"accountname": f"A{position}", "annual_revenue": sent}
        made = api.index("POST", data, module="Accounts").json()["result"]
        kept = float(crm.engine.backdoor.get(f"11x{made}", "annual_revenue"))
        assert kept == pytest.approx(stored, abs=0.01)
        row = api.get(f"Accounts/{made}")
        assert float(row["annual_revenue"]) == kept  # reading never converts


def test_nothing_is_checked(crm: Crm, api: Api) -> None:
    made = api.index("POST", {"phone": "1"}, module="Vendors").json()["result"]
    assert crm.run("retrieve", id=f"2x{made}")["vendorname"] == ""
    data = {"lastname": "x", "assigned_user_id": "999"}
    made = api.index("POST", data, module="Contacts").json()["result"]
    assert api.get(f"Contacts/{made}")["assigned_user_id"] == "999"


def test_deleting_only_sets_the_flag(crm: Crm, api: Api) -> None:
    account = crm.create("Accounts", {"accountname": "A"})["id"]
    contact = crm.create("Contacts", {"lastname": "x", "account_id": account})["id"]
    before = crm.engine.backdoor.get(account, "modifiedtime")
    crm.clock.advance(minutes=1)
    assert api.http.delete(f"Accounts/{account[3:]}/{api.token}").json()["result"] is True
    assert crm.engine.backdoor.get(account, "modifiedtime") == before
    assert crm.engine.backdoor.get(contact, "account_id") == int(account[3:])


def test_numbers_of_other_modules(crm: Crm, api: Api) -> None:
    contact = crm.create("Contacts", {"lastname": "x"})["id"][3:]
    assert api.get(f"Accounts/{contact}") is None
    assert api.http.delete(f"Accounts/{contact}/{api.token}").json()["result"] is False
    put = api.http.put(f"Accounts/{contact}/{api.token}", data={"phone": "1"})
    assert put.json() == {"success": True, "result": False}


def test_duplicates_are_a_fatal(crm: Crm, api: Api) -> None:
    crm.create("Accounts", {"accountname": "A"})
    answer = api.index("POST", {"accountname": "a"}, module="Accounts")
    assert (answer.status_code, answer.content) == (500, b"")


def test_an_unknown_picklist(api: Api) -> None:
    assert api.get("Contacts/picklist/nosuch") == {"values": []}


# -- a module that was not mended ----------------------------------------------------------


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
