"""The RestfulApi module as it really is, on a Vtiger 8.0: lists and rows."""

from __future__ import annotations

import pytest

from tests.emulator.http.test_restfulapi import Api
from vtiger_orm.emulator import Crm

from .conftest import quote


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


def test_tags_are_told_by_webservice_alone(crm: Crm, api: Api) -> None:
    record = crm.create("Contacts", {"lastname": "x"})["id"]
    crm.engine.backdoor.set(record, tags="red")
    assert crm.run("retrieve", id=record)["tags"] == "red"
    assert api.get(f"Contacts/{record[3:]}")["tags"] == ""


def test_datetimes_are_utc_whatever_zone_the_user_has(crm: Crm) -> None:
    crm.engine.accounts.add_user("tokyo", time_zone="Asia/Tokyo")
    record = crm.create("Contacts", {"lastname": "x"})["id"]
    crm.engine.backdoor.set(record, modifiedtime="2026-03-29 01:30:00")
    for name in ("admin", "tokyo"):
        crm.clock.advance(seconds=1)
        api = Api(crm)
        api.token = api.http.get(f"auth/{crm.credentials(name)[1]}").json()["result"]
        row = api.get(f"Contacts/{record[3:]}")
        assert row["modifiedtime"] == "2026-03-29 01:30:00"
        assert row["createdtime"] == crm.engine.backdoor.get(record, "createdtime")
        for moment, found in (("20260329013000", 1), ("20260329103000", 0)):
            criteria = f"CE.modifiedtime:eq:{moment}"
            assert len(api.index(module="Contacts", criteria=criteria).json()["result"]) == found


def test_a_number_is_a_user_s_or_a_group_s_never_both(crm: Crm, api: Api) -> None:
    for name in ("b", "c"):
        crm.engine.accounts.add_user(name)
    users = [each["id"] for each in crm.run("query", query="select id from Users;")]
    groups = [each["id"] for each in crm.run("query", query="select id from Groups;")]
    assert (len(users), len(groups)) == (3, 3)
    numbers = [id_.split("x")[1] for id_ in (*users, *groups)]
    assert len(set(numbers)) == len(numbers)
    for id_ in (users[-1], groups[0]):
        record = crm.create("Contacts", {"lastname": "x", "assigned_user_id": id_})["id"]
        assert api.get(f"Contacts/{record[3:]}")["assigned_user_id"] == id_.split("x")[1]


def test_labels_of_picklists_are_french_and_keys_are_right(crm: Crm) -> None:
    crm.engine.accounts.add_user("english", language="en_us")
    for name in ("admin", "english"):
        crm.clock.advance(seconds=1)
        api = Api(crm)
        api.token = api.http.get(f"auth/{crm.credentials(name)[1]}").json()["result"]
        values = api.get("Accounts/picklist/rating")["values"]
        described = crm.engine.schema.modules["Accounts"].fields["rating"].raw["type"]
        assert list(values) == [each["value"] for each in described["picklistValues"]]
        assert (values["Acquired"], values["Active"]) == ("Acquis", "Actif")
