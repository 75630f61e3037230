"""Vtiger 8.3.0: what the newest stock release answers where it differs from 8.0.0."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.engine.conftest import Server
from tests.emulator.engine.world import World
from vtiger_orm.emulator.engine.accounts import VIEW_ALL

from .conftest import Make, Open, Shop

INVALID_ID = "INVALID_ID_ATTRIBUTE Id specified is incorrect"
INTERNAL = "INTERNAL_SERVER_ERROR Unknown Error while processing request"
DENIED = "ACCESS_DENIED Permission to perform the operation is denied"


@pytest.fixture
def crm(on: Make) -> Server:
    return on("vtiger-8.3")


@pytest.fixture
def acme(crm: Server) -> str:
    """An account with two contacts; a third has none."""
    account: str = crm.create("Accounts", accountname="Acme")["id"]
    for name in ("a", "b"):
        crm.contact(lastname=name, account_id=account)
    crm.contact(lastname="c")
    return account


# -- counting ------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["Contacts", "Users", "Products", "Quotes", "Events"])
@pytest.mark.parametrize("rest", ["", " where id > '0x0'", " order by id limit 5"])
def test_modules_with_records_are_not_counted(
    crm: Server, acme: str, module: str, rest: str
) -> None:
    assert crm.query(f"select count(*) from {module}{rest};") == []


@pytest.mark.parametrize("module", ["Groups", "Currency", "DocumentFolders", "LineItem"])
def test_actors_are_counted(crm: Server, module: str) -> None:
    [row] = crm.query(f"select count(*) from {module};")
    assert row == {"count": str(len(crm.ids(f"select id from {module};")))}


def test_nothing_is_counted_in_query_related(crm: Server, acme: str) -> None:
    params: dict[str, Any] = {"id": acme, "relatedLabel": "Contacts"}
    assert len(crm.call("query_related", query="select id from Contacts", **params)) == 2
    assert crm.call("query_related", query="select count(*) from Contacts", **params) == []


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("lastname = 'zzq'", 1),
        ("lastname = nosuchword", 0),
        ("lastname = 'a' and email = 'x' or lastname = 'b'", 1),
    ],
)
@pytest.mark.parametrize("profile", ["vtiger-8.0", "vtiger-8.3"])
def test_a_row_proves_a_statement(on: Make, profile: str, condition: str, rows: int) -> None:
    crm = on(profile)
    crm.contact(lastname="a")
    found = crm.query(f"select id from Contacts where {condition} or id > '0x0' limit 1;")
    assert len(found) == rows
    assert crm.query("select id from Contacts order by nosuch limit 1;") == []


# -- ids -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "old", "new"),
    [
        ("account_id like '11x%'", 3, INVALID_ID),
        ("id like '12x%'", 3, INVALID_ID),
        ("id = 'abc'", 0, INVALID_ID),
        ("id = '12x'", 0, INVALID_ID),
        ("id = '407'", 0, 0),
        ("assigned_user_id = '1'", 0, 0),
        ("account_id = '11x0'", 1, 1),
        ("account_id != '11x0'", 2, 2),
        ("account_id > '11x0'", 2, 2),
        ("account_id >= '11x0'", 3, 3),
        ("assigned_user_id >= '19x0'", 3, 3),
        ("id > '0x0'", 3, 3),
        ("assigned_user_id like '19x%'", 3, INVALID_ID),
    ],
)
def test_ids_in_conditions(on: Make, condition: str, old: int, new: int | str) -> None:
    for profile, expected in (("vtiger-8.0", old), ("vtiger-8.3", new)):
        crm = on(profile)
        account = crm.create("Accounts", accountname="Acme")["id"]
        for given in (account, account, ""):
            crm.contact(account_id=given)
        rows = crm.query(f"select id from Contacts where {condition};")
        assert (len(rows) if isinstance(rows, list) else rows) == expected, profile


def test_ids_that_still_match(crm: Server, acme: str) -> None:
    contact = crm.ids("select id from Contacts order by id limit 1;")[0]
    number = contact.split("x")[1]
    assert crm.ids(f"select id from Contacts where id = '11x{number}';") == [contact]
    assert contact in crm.ids(f"select id from Contacts where id like '12x{number}%';")
    assert len(crm.ids(f"select id from Contacts where account_id in ('{acme}');")) == 2


@pytest.mark.parametrize(
    ("sent", "old"), [("12x", DENIED), ("12xabc", DENIED), ("abc", f"{DENIED} for id")]
)
def test_retrieve_of_what_is_no_id(on: Make, sent: str, old: str) -> None:
    assert on("vtiger-8.0").answer("retrieve", id=sent) == old
    assert on("vtiger-8.3").answer("retrieve", id=sent) == INVALID_ID


def test_add_related_with_a_source_that_is_no_id(on: Make) -> None:
    params = {"sourceRecordId": "abc", "relatedRecordId": "14x1", "relationIdLabel": "Products"}
    assert on("vtiger-8.0").answer("add_related", **params) == INTERNAL
    assert on("vtiger-8.3").answer("add_related", **params) == INVALID_ID


def test_dotted_names_cannot_be_read(crm: Server) -> None:
    query = "select id from Contacts where account_id.accountname = 'x';"
    assert crm.query(query) == INTERNAL


# -- blanks --------------------------------------------------------------------------------


def test_blanks_of_a_row_are_null(crm: Server) -> None:
    record = crm.contact()["id"]
    [row] = crm.query(f"select * from Contacts where id = '{record}';")
    names = ("account_id", "contact_id", "birthday", "support_start_date", "department")
    assert [row[name] for name in names] == [None, None, None, None, ""]


def test_references_of_a_record_are_null_and_dates_are_not(crm: Server) -> None:
    created = crm.contact()
    for record in (created, crm.call("retrieve", id=created["id"])):
        names = ("account_id", "contact_id", "birthday", "department")
        assert [record[name] for name in names] == [None, None, "", ""]


def test_update_log_and_downloads_are_null(crm: Server) -> None:
    status = {"ticketstatus": "Open", "ticketpriorities": "Low"}
    ticket = crm.create("HelpDesk", ticket_title="T", **status)["id"]
    assert crm.query(f"select * from HelpDesk where id = '{ticket}';")[0]["update_log"] is None
    assert crm.call("retrieve", id=ticket)["update_log"] is None
    document = crm.create("Documents", notes_title="D")["id"]
    [row] = crm.query(f"select * from Documents where id = '{document}';")
    assert row["filedownloadcount"] is None


def test_deleting_an_account_leaves_null(crm: Server, acme: str) -> None:
    crm.call("delete", id=acme)
    rows = crm.query("select lastname,account_id from Contacts order by lastname;")
    assert [row["account_id"] for row in rows] == [None, None, None]


def stock_fields(row: dict[str, Any]) -> dict[str, Any]:
    """Without the custom fields, which are others here."""
    return {name: value for name, value in row.items() if not name.startswith("cf_")}


@pytest.mark.parametrize("name", ["query-Contacts", "query-Potentials"])
def test_recorded_rows(crm: Server, name: str, recorded: Any) -> None:
    """Every value of every recorded row, null or text, comes back."""
    module = name.removeprefix("query-")
    expected = [stock_fields(row) for row in recorded("v830", name)["result"]]
    world = World(crm)
    for row in expected:
        world.add(module, {key: value or "" for key, value in row.items()})
    ids = ",".join(f"'{row['id']}'" for row in expected)
    names = [key for key in expected[0] if key != "id"]
    got = crm.query(f"select {','.join(names)} from {module} where id in ({ids}) order by id;")
    assert got == sorted(expected, key=lambda row: int(row["id"].split("x")[1]))


def test_recorded_record(crm: Server, recorded: Any) -> None:
    expected = stock_fields(recorded("v830", "retrieve-Contacts")["result"])
    World(crm).add("Contacts", {key: value or "" for key, value in expected.items()})
    got = crm.call("retrieve", id=expected["id"])
    assert {key: got[key] for key in expected} == expected


# -- inventory -----------------------------------------------------------------------------


@pytest.fixture
def shop(crm: Server) -> Shop:
    return Shop(crm)


def stored_quote(shop: Shop) -> str:
    """A quote with two items, as the CRM's own form makes it."""
    crm = shop.crm
    quote = crm.backdoor.insert(
        "Quotes",
        subject="Q",
        account_id=int(shop.account.split("x")[1]),
        hdnGrandTotal="25.00000000",
        hdnSubTotal="25.00000000",
        pre_tax_total="25.00000000",
        hdnTaxType="group",
    )
    for quantity, price in (("2", "10"), ("1", "5")):
        element = {"parent_id": quote, **shop.item(quantity, price)}
        crm.call("create", elementType="LineItem", element=element)
    return quote


INVENTORY_CREATE = "v830-inventory-create"


def test_recorded_creates_are_refused(shop: Shop, recorded: Any) -> None:
    """34 forms of creating were tried: the answers are the recorded ones, nothing is stored."""
    crm = shop.crm
    quote = stored_quote(shop)
    vendor = crm.create("Vendors", vendorname="V")["id"]
    new = {
        "11x657": shop.account,
        "11x662": shop.account,
        "2x660": vendor,
        "4x595": quote,
        "14x658": shop.product,
        "14x663": shop.product,
    }
    tried = 0
    for exchange in recorded("", INVENTORY_CREATE):
        operation = exchange["request"]["operation"]
        if operation in ("mobile.saverecord", "convertlead", "delete", "retrieve", "query"):
            continue
        if "33x" in json.dumps(exchange["request"]):
            continue
        text = json.dumps(exchange["request"])
        for old, own in new.items():
            text = text.replace(f'"{old}"', f'"{own}"').replace(f'\\"{old}\\"', f'\\"{own}\\"')
        params = json.loads(text)
        params.pop("operation")
        answer = crm.answer(operation, **params)
        expected = exchange["answer"]
        if exchange["status"] == 500:
            assert answer == "HTTP 500", params
        elif expected["success"]:
            assert isinstance(answer, dict), params
        else:
            assert answer == f"{expected['error']['code']} {expected['error']['message']}", params
        tried += 1
    assert tried > 25
    assert crm.ids("select id from Quotes;") == [quote]
    assert not crm.ids("select id from Invoice;") + crm.ids("select id from SalesOrder;")


def test_a_change_of_items_is_stored_without_totals(shop: Shop) -> None:
    quote = stored_quote(shop)
    items = [shop.item("5", "3")]
    for more in ({}, {"hdnTaxType": "group"}):
        answer = shop.crm.answer("revise", element={"id": quote, "LineItems": items, **more})
        assert answer == "HTTP 500"
        assert [(row["quantity"], row["listprice"]) for row in shop.items(quote)] == [
            ("5.000", "3.00000000")
        ]
        record = shop.crm.call("retrieve", id=quote)
        for name in ("hdnGrandTotal", "hdnSubTotal", "pre_tax_total"):
            assert record[name] == "0.00000000"


def test_a_change_of_the_header_keeps_items_and_totals(shop: Shop) -> None:
    quote = stored_quote(shop)
    answer = shop.crm.revise(quote, quotestage="Delivered")
    assert len(answer["LineItems"]) == 2
    assert answer["LineItems"][0]["parent_id"] == quote
    assert answer["hdnGrandTotal"] == "25.00000000"
    answer = shop.crm.revise(quote, hdnSubTotal="99", hdnGrandTotal="99")
    assert (answer["hdnGrandTotal"], answer["pre_tax_total"]) == ("99.00000000", "25.00000000")
    assert len(shop.items(quote)) == 2


def test_single_items_are_kept_up_without_touching_totals(shop: Shop) -> None:
    quote = stored_quote(shop)
    first, second = shop.items(quote)
    shop.crm.revise(first["id"], quantity="7")
    assert shop.items(quote)[0]["quantity"] == "7.000"
    assert shop.crm.answer("delete", id=first["id"]) == "HTTP 500"
    [left] = shop.items(quote)
    assert left["listprice"] == second["listprice"]
    assert shop.crm.call("retrieve", id=quote)["hdnGrandTotal"] == "25.00000000"


# -- texts on their way --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (r'"C:\\u00e9"', None),
        (r'"\u0022"', None),
        (r'"\u005c"', None),
        (r'"C:\\users"', r"C:\users"),
        (r'"\\\u0075"', r"\u"),
        (r'"\u00e9"', "é"),
        (r'"e \ud83d\ude00"', "e ??"),
        ('"e \U0001f600"', "e ????"),
    ],
)
def test_escapes_are_replaced_before_the_element_is_read(
    crm: Server, sent: str, stored: str | None
) -> None:
    element = f'{{"lastname":"T","assigned_user_id":"19x1","department":{sent}}}'
    answer = crm.answer("create", elementType="Contacts", element=element)
    if stored is None:
        assert answer == INTERNAL
        assert crm.ids("select id from Contacts;") == []
    else:
        assert answer["department"] == stored


def test_an_element_that_is_no_json(on: Make) -> None:
    old, new = on("vtiger-8.0"), on("vtiger-8.3")
    assert str(old.answer("create", elementType="Contacts", element="{x")).startswith("MANDATORY")
    assert old.answer("revise", element="{x") == f"{DENIED} for id"
    assert new.answer("create", elementType="Contacts", element="{x") == INTERNAL
    assert new.answer("revise", element="{x") == INTERNAL


def test_control_characters_stand_in_the_answer_as_they_are(wired: Open) -> None:
    for profile, expected in (("vtiger-8.0", b'"a\\u0001b"'), ("vtiger-8.3", b'"a\x01b"')):
        wire = wired(profile).logged_in()
        record = wire.crm.create("Contacts", {"lastname": "a\x01b"})
        wire.crm.engine.backdoor.set(record["id"], description="C:\\u0001")
        answer = wire.get(
            "/webservice.php",
            operation="query",
            sessionName=wire.session,
            query="select lastname,description from Contacts;",
        )
        assert expected in answer.body
        assert b'"C:\\\\u0001"' in answer.body
        if profile == "vtiger-8.3":
            with pytest.raises(ValueError, match="control character"):
                answer.json()
        rows = json.loads(answer.body, strict=False)["result"]
        assert rows[0]["lastname"] == "a\x01b"


# -- what users see ------------------------------------------------------------------------


def test_ordinary_users_see_no_modules(crm: Server) -> None:
    crm.engine.accounts.add_user("plain")
    plain = crm.as_user("plain")
    assert plain.call("listtypes")["types"] == [
        *("Groups", "Currency", "DocumentFolders", "CompanyDetails", "LineItem", "Tax"),
        "ProductTaxes",
    ]
    assert plain.answer("describe", elementType="Contacts") == DENIED
    assert plain.query("select id from Contacts;") == DENIED
    crm.engine.accounts.restrict("plain", VIEW_ALL, "")
    assert "Contacts" in plain.call("listtypes")["types"]
    assert plain.query("select id from Contacts;") == []


def test_activities_are_thinned_after_the_limit(crm: Server) -> None:
    number = crm.engine.accounts.add_user("plain")
    crm.engine.accounts.restrict("plain", VIEW_ALL, "")
    for module in ("Events", "Contacts"):
        crm.engine.accounts.set_private(module)
    moments = {"date_start": "2026-01-01", "due_date": "2026-01-01", "time_start": "10:00"}
    for position in range(25):
        owner = f"19x{number}" if position % 5 in (1, 3) else "19x1"
        crm.create(
            "Events",
            subject=f"E{position}",
            activitytype="Call",
            eventstatus="Planned",
            time_end="11:00",
            duration_hours="1",
            assigned_user_id=owner,
            **moments,
        )
        crm.contact(assigned_user_id=owner)
    plain = crm.as_user("plain")
    assert len(plain.ids("select id from Events order by id limit 100;")) == 10
    assert plain.ids("select id from Events order by id limit 1;") == []
    assert len(plain.ids("select id from Contacts order by id limit 10;")) == 10


@pytest.mark.parametrize(
    ("profile", "told"),
    [("vtiger-7.5", True), ("vtiger-8.0", True), ("vtiger-8.2", False), ("vtiger-8.3", False)],
)
def test_secrets_of_users(on: Make, profile: str, told: bool) -> None:
    crm = on(profile)
    secrets = {"accesskey", "user_password", "confirm_password"}
    [row] = crm.query("select * from Users;")
    for record in (row, crm.call("retrieve", id="19x1")):
        assert secrets & record.keys() == (secrets if told else set())


# -- sessions ------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["vtiger-8.0", "vtiger-8.2", "vtiger-8.3"])
def test_what_php_8_breaks(wired: Open, profile: str) -> None:
    wire = wired(profile).logged_in()
    for operation in ("retrieve_inventory", "files_retrieve", "sync", "me", "tags_retrieve"):
        answer = wire.get("/webservice.php", operation=operation, sessionName=wire.session, id="x")
        assert (answer.status, answer.body) == (500, b"")
    for operation in ("convertlead", "logout", "nosuchop"):
        answer = wire.post("/webservice.php", operation=operation, sessionName=wire.session)
        assert (answer.status, answer.body) == (500, b"")
    assert wire.rows("select id from Contacts;") == []  # the session is still there


@pytest.mark.parametrize("version", ["7.5.0", "8.0.0", "8.2.0", "8.3.0"])
def test_login_tells_the_version(wired: Open, version: str) -> None:
    facts = wired(f"vtiger-{version.removesuffix('.0')}").login()["result"]
    assert (facts["vtigerVersion"], facts["version"]) == (version, "0.22")
    assert {"time_zone", "is_admin", "first_name"} <= facts.keys()
    assert "tagVersion" not in facts


def test_what_nobody_measured_is_refused_as_such(wired: Open) -> None:
    wire = wired("vtiger-8.3").logged_in()
    answer = wire.post("/webservice.php", operation="mobile.saverecord", sessionName=wire.session)
    assert answer.status == 501
    assert answer.body == b"not measured on vtiger-8.3: the operation mobile.saverecord"
    answer = wire.get(
        "/webservice.php",
        operation="query",
        sessionName=wire.session,
        query="select accesskey from Users;",
    )
    assert answer.body == b"not measured on vtiger-8.3: selecting accesskey of Users by its name"
