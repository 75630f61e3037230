"""coreBOS: envelope, sessions, modules and records."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from ..conftest import Open

REQUIRED = {"code": "AUTHENTICATION_REQUIRED", "message": "Authentication required"}
DENIED = "ACCESS_DENIED Permission to perform the operation is denied"
SQL = "DATABASE_QUERY_ERROR Database error while performing requested operation"


# -- sessions ------------------------------------------------------------------------------


def test_every_answer_has_a_third_key(wired: Open) -> None:
    wire = wired("corebos").logged_in()
    wire.crm.create("Contacts", {"lastname": "é"})
    answer = wire.ask("query", query="select lastname from Contacts limit 1")
    assert list(answer) == ["success", "result", "moreinfo"]
    assert answer["moreinfo"] == {"totalrows": "1"}
    assert wire.ask("listtypes")["moreinfo"] is None
    refused = wire.ask("nosuchop")
    assert refused["moreinfo"] is None
    raw = wire.get(
        "/webservice.php",
        operation="query",
        sessionName=wire.session,
        query="select lastname from Contacts limit 1",
    )
    assert b"\\u00e9" in raw.body


def test_login_tells_little(wired: Open) -> None:
    facts = wired("corebos").login()["result"]
    assert set(facts) == {"sessionName", "userId", "version", "vtigerVersion"}
    assert (facts["version"], facts["vtigerVersion"]) == ("0.22", "5.5.0")


def test_login_with_the_password(wired: Open) -> None:
    wire = wired("corebos")
    wire.crm.passwords["admin"] = "secret"
    token = wire.challenge()
    answer = wire.post(
        "/webservice.php", operation="login", username="admin", accessKey=f"{token}secret"
    )
    assert answer.json()["success"] is True
    assert wire.login(key="wrong")["error"]["code"] == "INVALID_USER_CREDENTIALS"


def test_a_challenge_lives_two_hours_and_is_shared(wired: Open) -> None:
    wire = wired("corebos")
    wire.crm.clock.freeze()

    def challenge() -> Any:
        answer = wire.get("/webservice.php", operation="getchallenge", username="admin")
        return answer.json()["result"]

    first = challenge()
    assert first["expireTime"] - first["serverTime"] == 7200
    wire.crm.clock.advance(minutes=10)
    again = challenge()
    assert again["token"] == first["token"]
    assert again["expireTime"] == str(first["expireTime"])
    assert wire.login(token=first["token"])["success"]
    assert wire.login(token=first["token"])["success"]


def test_the_recorded_session(wired: Open, recorded: Any) -> None:
    wire = wired("corebos")
    session = wire.login()["result"]["sessionName"]
    ended = False
    for position, exchange in enumerate(recorded("corebos", "session")):
        params = dict(exchange["request"])
        if position == 3:
            params["accessKey"] = hashlib.md5(b"wrong").hexdigest()
        if "sessionName" in params:
            params["sessionName"] = "0" * 20 if position == 11 else session
        headers = {"Cookie": "abc=def"} if exchange.get("cookie") else {}
        send = wire.get if exchange["method"] == "GET" else wire.post
        answer = send("/webservice.php", headers, **params).json()
        if exchange["answer"]["success"]:
            assert answer["success"], position
            ended = ended or params["operation"] == "logout"
        else:
            assert answer == exchange["answer"], position
    assert ended


@pytest.mark.parametrize("session", ["", "nosuchsession"])
def test_a_bad_session_is_none(wired: Open, session: str) -> None:
    wire = wired("corebos")
    wire.session = session
    assert wire.ask("listtypes")["error"] == REQUIRED


def test_an_expired_session_is_none(wired: Open) -> None:
    wire = wired("corebos").logged_in()
    wire.crm.clock.advance(hours=30)
    assert wire.ask("listtypes")["error"] == REQUIRED


def test_either_method_will_do(wired: Open) -> None:
    wire = wired("corebos").logged_in()
    asked = wire.tell("query", query="select id from Contacts")
    assert asked["success"]
    element = '{"lastname":"x","assigned_user_id":"19x1"}'
    made = wire.ask("create", elementType="Contacts", element=element)
    assert made["result"]["lastname"] == "x"


@pytest.mark.parametrize(
    "operation",
    [
        *("relatedtypes", "retrieve_related", "query_related", "add_related", "delete_related"),
        *("files_retrieve", "retrieve_inventory", "me", "tags_add", "lookup", "nosuchop"),
    ],
)
def test_unknown_operations(wired: Open, operation: str) -> None:
    wire = wired("corebos").logged_in()
    assert wire.ask(operation)["error"] == {
        "code": "UNKNOWN_OPERATION",
        "message": "Unknown operation requested",
    }


@pytest.mark.parametrize("operation", ["getReferenceValue", "showqueryfromwsdoquery"])
def test_operations_that_nobody_measured(wired: Open, operation: str) -> None:
    wire = wired("corebos").logged_in()
    answer = wire.get("/webservice.php", operation=operation, sessionName=wire.session)
    assert (answer.status, answer.body) == (
        501,
        f"not measured on corebos: the operation {operation.lower()}".encode(),
    )


def test_failures_without_an_error(wired: Open) -> None:
    wire = wired("corebos").logged_in()
    rows = [{"elementType": "Contacts", "referenceId": "a", "element": {"firstname": "x"}}]
    answer = wire.tell("MassCreate", elements=rows)
    assert (answer["success"], set(answer)) == (False, {"success", "result", "moreinfo"})
    assert answer["result"]["success_creates"] == []


# -- modules -------------------------------------------------------------------------------


def test_modules(crm: Server, recorded: Any) -> None:
    types = crm.call("listtypes")["types"]
    assert types == recorded("corebos", "listtypes")["types"]
    assert len(types) == 51
    assert not {"Calendar", "Events", "LineItem", "Tax", "ProductTaxes"} & set(types)
    with pytest.raises(Exception, match="not measured on corebos: the module cbMap"):
        crm.call("describe", elementType="cbMap")


def test_describe(crm: Server) -> None:
    answer = crm.call("describe", elementType="Contacts")
    assert {"label_raw", "filterFields", "relatedModules"} <= answer.keys()
    assert "allowDuplicates" not in answer
    field = answer["fields"][0]
    assert {"label_raw", "uitype", "typeofdata", "sequence", "displaytype"} <= field.keys()
    assert "isunique" not in field
    assert answer["idPrefix"] == "12"
    currency = crm.call("describe", elementType="Currency")["fields"]
    assert {"name": "char"} in [field["type"] for field in currency]
    assert "assignto" in next(
        field["type"] for field in answer["fields"] if field["name"] == "assigned_user_id"
    )


@pytest.mark.parametrize("module", ["Accounts", "Potentials", "Leads", "HelpDesk", "Products"])
def test_other_modules_have_the_shape(crm: Server, module: str) -> None:
    answer = crm.call("describe", elementType=module)
    names = {field["name"] for field in answer["fields"]}
    assert "created_user_id" in names
    assert not {"source", "starred", "tags"} & names
    assert all("label_raw" in field and "isunique" not in field for field in answer["fields"])


# -- records -------------------------------------------------------------------------------


EXPANDED = {"modifiedbyename", "created_user_idename", "assigned_user_idename"}


def own(record: dict[str, Any]) -> list[str]:
    return [name for name in record if not name.startswith("cf_")]


def test_keys_of_records(crm: Server, recorded: Any) -> None:
    made = crm.contact(birthday="")
    whole = crm.call("retrieve", id=made["id"])
    assert own(whole) == list(recorded("corebos", "retrieve-Contacts")["result"])
    assert [name for name in own(whole) if name not in EXPANDED] == own(made)
    assert "label" not in made
    [row] = crm.query("select * from Contacts")
    assert own(row) == list(recorded("corebos", "query-Contacts")["result"][0])
    assert own(crm.revise(made["id"], title="x")) == own(whole)


def test_keys_of_quotes(crm: Server, recorded: Any) -> None:
    account = crm.create("Accounts", accountname="Acme")["id"]
    product = crm.create("Products", productname="P")["id"]
    quote = crm.create(
        "Quotes",
        subject="Q",
        quotestage="Created",
        account_id=account,
        bill_street="b",
        ship_street="s",
        pdoInformation=[{"productid": product, "qty": 1, "listprice": 1}],
    )
    whole = crm.call("retrieve", id=quote["id"])
    expected = list(recorded("corebos", "retrieve-Quotes")["result"])
    assert set(expected) - set(whole) <= {"contact_idename", "pdoInformation"}
    assert whole["account_idename"] == {
        "module": "Accounts",
        "reference": "Acme",
        "cbuuid": crm.call("retrieve", id=account)["cbuuid"],
    }
    assert len(whole["cbuuid"]) == 40


@pytest.mark.parametrize(
    ("wire", "answer"),
    [
        ("12x99999999", "INVALID_ID_ATTRIBUTE Id specified is incorrect"),
        ("99x1", f"{DENIED} for id: 99"),
        ("abc", f"{DENIED} for id: 0"),
        ("", f"{DENIED} for id: 0"),
    ],
)
def test_retrieve_of_what_is_not_there(crm: Server, wire: str, answer: str) -> None:
    assert crm.answer("retrieve", id=wire) == answer


def test_retrieve_of_what_is_gone(crm: Server) -> None:
    record = crm.contact()["id"]
    assert crm.call("retrieve", id=record.split("x")[1])["id"] == record
    assert crm.answer("retrieve", id=f"11x{record.split('x')[1]}").startswith("INVALID_ID")
    crm.call("delete", id=record)
    assert crm.answer("retrieve", id=record) == DENIED


def test_refusals_of_writes(crm: Server) -> None:
    def refused(**element: Any) -> Any:
        whole = {"lastname": "x", "assigned_user_id": "19x1", **element}
        return crm.answer("create", elementType="Contacts", element=whole)

    assert refused(lastname="") == (
        "MANDATORY_FIELDS_MISSING Last Name (lastname) does not have a value"
    )
    assert refused(account_id="99999") == f"{DENIED} for id: 0"
    assert refused(account_id="12x1").startswith("REFERENCE_INVALID")
    assert refused(title=["x"]) == "HTTP 500"
    assert crm.query("select id from Contacts") == []
    assert crm.answer("create", elementType="Events", element={}) == DENIED


def test_what_is_not_refused(crm: Server) -> None:
    crm.create("Accounts", accountname="Twice")
    assert crm.create("Accounts", accountname="Twice")["accountname"] == "Twice"
    assert crm.contact(salutationtype="NoSuch")["salutationtype"] == "NoSuch"
    assert crm.contact()["contact_no"] == ""


def test_update_does_not_encode(crm: Server) -> None:
    record = crm.contact(description="R&D <x> é")["id"]
    crm.call("update", element={"id": record, "lastname": "y", "assigned_user_id": "19x1"})
    assert crm.call("retrieve", id=record)["description"] == "R&D <x> é"


def test_one_change_leaves_the_rest(crm: Server) -> None:
    record = crm.contact(birthday="1990-01-01", title="t", phone="1", description="d")
    after = crm.revise(record["id"], department="x")
    changed = {name for name in record if record[name] != after[name]}
    assert changed <= {"department", "modifiedtime"}


def test_others_see_only_themselves_among_users(crm: Server) -> None:
    zoe = crm.engine.accounts.add_user("zoe")
    rows = crm.as_user("zoe").query("select id,user_name from Users")
    assert [(row["id"], row["user_name"]) for row in rows] == [(f"19x{zoe}", "zoe")]
    record = crm.contact()["id"]
    assert crm.as_user("zoe").revise(record, title="zoe was here")["title"] == "zoe was here"


def test_converting(crm: Server) -> None:
    crm.create("Accounts", accountname="Taken")

    def convert(**entities: Any) -> Any:
        lead = crm.create("Leads", lastname="L", company="C")["id"]
        whole = {name: {"create": True, "name": name, **each} for name, each in entities.items()}
        element = {"leadId": lead, "assignedTo": "19x1", "entities": whole}
        return crm.answer("convertlead", element=element)

    made = convert(Accounts={"accountname": "Free"}, Contacts={"lastname": "L"})
    assert set(made) == {"Accounts", "Contacts"}
    assert convert(Accounts={"accountname": "Taken"}) == (
        "VALIDATION_FAILED Validation failed (Organizations) Organization Name Already Exists!"
    )
    assert convert(Accounts={"accountname": "Other"}, Potentials={}).endswith(
        "Sales Stage is required<br />"
    )


def test_the_demo_lives_here_too() -> None:
    from vtiger_orm.emulator import Crm

    with Crm(profile="corebos") as crm:
        [count] = crm.run("query", query="select count(*) from InventoryDetails")
        assert int(count["count"]) > 100
        quote = crm.run("query", query="select id from Quotes limit 1")[0]["id"]
        assert crm.run("retrieve", id=quote)["pdoInformation"]
