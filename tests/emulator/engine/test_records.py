"""Create, retrieve, update, revise, delete."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Server

DENIED = "ACCESS_DENIED Permission to perform the operation is denied"


def test_update_merges(crm: Server) -> None:
    record = crm.contact(title="CEO", phone="1", birthday="1990-01-01")["id"]
    answer = crm.call(
        "update",
        element={"id": record, "lastname": "New", "assigned_user_id": "19x1", "phone": ""},
    )
    assert (answer["lastname"], answer["title"], answer["birthday"], answer["phone"]) == (
        "New",
        "CEO",
        "1990-01-01",
        "",
    )


def test_update_needs_the_mandatory_fields(crm: Server) -> None:
    record = crm.contact()["id"]
    assert crm.answer(
        "update", element={"id": record, "title": "x", "assigned_user_id": "19x1"}
    ) == ("MANDATORY_FIELDS_MISSING lastname does not have a value")


@pytest.mark.parametrize(
    ("module", "element", "damaged"),
    [
        ("Contacts", {"lastname": "x"}, True),
        ("Accounts", {"accountname": "damage"}, True),
        ("Leads", {"lastname": "x"}, True),
        (
            "Potentials",
            {"potentialname": "x", "closingdate": "2025-01-01", "sales_stage": "Prospecting"},
            False,
        ),
    ],
)
def test_update_damages_the_description(
    crm: Server, module: str, element: dict[str, Any], damaged: bool
) -> None:
    text = "R&D <x> é"
    record = crm.create(module, description=text, **element)["id"]
    whole = {"id": record, "assigned_user_id": "19x1", **element}
    once = crm.call("update", element=whole)["description"]
    twice = crm.call("update", element=whole)["description"]
    if damaged:
        assert once == "R&amp;D &lt;x&gt; &eacute;"
        assert twice.startswith("R&amp;amp;D")
        assert crm.count(module, f"id = '{record}' and description = '{text}'") == 0
    else:
        assert once == twice == text
    sent = crm.call("update", element={**whole, "description": text})
    assert sent["description"] == text
    assert crm.revise(record, assigned_user_id="19x1")["description"] == text


def test_description_is_spared_where_another_field_equals_it(crm: Server) -> None:
    record = crm.contact(description="R&D", title="R&D")["id"]
    element = {"id": record, "lastname": "x", "assigned_user_id": "19x1"}
    assert crm.call("update", element=element)["description"] == "R&D"


def test_update_does_not_clear_a_reference(crm: Server) -> None:
    account = crm.create("Accounts", accountname="Kept")["id"]
    record = crm.contact(account_id=account)["id"]
    whole = {"id": record, "lastname": "x", "assigned_user_id": "19x1"}
    assert crm.call("update", element={**whole, "account_id": ""})["account_id"] == account
    assert crm.call("update", element={**whole, "account_id": None})["account_id"] == ""


@pytest.mark.parametrize("blank", ["", None])
def test_revise_clears(crm: Server, blank: str | None) -> None:
    account = crm.create("Accounts", accountname="Gone")["id"]
    record = crm.contact(
        account_id=account,
        title="x",
        birthday="1990-01-01",
        cf_dt_con="2020-01-01 00:00:00",
        cf_869="abc",
        cf_877="1st",
        cf_855="5",
        cf_873="1",
    )["id"]
    fields = ("account_id", "title", "birthday", "cf_869", "cf_877", "cf_855", "cf_873")
    answer = crm.revise(record, **dict.fromkeys(fields, blank))
    assert [answer[name] for name in fields] == ["", "", "", "", "", "0.000", "0"]


def test_revise_refuses_blank_mandatory(crm: Server) -> None:
    record = crm.contact()["id"]
    for blank in ("", None):
        assert crm.answer("revise", element={"id": record, "lastname": blank}) == (
            "MANDATORY_FIELDS_MISSING lastname does not have a value"
        )


def test_modifiedtime_moves_even_without_change(crm: Server) -> None:
    record = crm.contact(title="x")
    crm.clock.forward(90)
    answer = crm.revise(record["id"], title="x", modifiedtime="2000-01-01 00:00:00")
    assert answer["modifiedtime"] == "2026-11-22 01:30:46"
    assert answer["createdtime"] == record["createdtime"]


def test_delete(crm: Server) -> None:
    record = crm.contact()["id"]
    assert crm.call("delete", id=record) == {"status": "successful"}
    for operation, params in (
        ("delete", {"id": record}),
        ("retrieve", {"id": record}),
        ("revise", {"element": {"id": record, "title": "x"}}),
        ("update", {"element": {"id": record, "lastname": "x", "assigned_user_id": "19x1"}}),
    ):
        assert crm.answer(operation, **params) == DENIED
    assert crm.ids(f"select id from Contacts where id = '{record}';") == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("12x99999999", DENIED),
        ("99x1", f"{DENIED} for id"),
        ("abc", f"{DENIED} for id"),
        ("", f"{DENIED} for id"),
        ("12", f"{DENIED} for id"),
        ("12x", DENIED),
        ("12xabc", DENIED),
    ],
)
def test_bad_ids(crm: Server, text: str, answer: str) -> None:
    assert crm.answer("retrieve", id=text) == answer


def test_id_of_another_module(crm: Server) -> None:
    number = crm.contact()["id"].split("x")[1]
    assert crm.answer("retrieve", id=f"11x{number}") == (
        "INVALID_ID_ATTRIBUTE Id specified is incorrect"
    )


@pytest.mark.parametrize("tail", ["x4", "' or '1"])
def test_loose_ids_are_echoed(crm: Server, tail: str) -> None:
    record = crm.contact()["id"]
    assert crm.call("retrieve", id=record + tail)["id"] == record + tail


def test_unknown_and_hidden_modules(crm: Server) -> None:
    assert crm.answer("create", elementType="NoSuch", element={}) == DENIED
    assert crm.as_user("restricted").answer("create", elementType="Leads", element={}) == DENIED


def test_read_only_module(crm: Server) -> None:
    answer = crm.as_user("restricted").answer(
        "create", elementType="Products", element={"productname": "x", "assigned_user_id": "19x5"}
    )
    assert answer == "ACCESS_DENIED Permission to write is denied"


def test_delete_not_allowed(crm: Server) -> None:
    account = crm.ids("select id from Accounts limit 1;")[0]
    assert crm.as_user("restricted").answer("delete", id=account) == (
        "ACCESS_DENIED Permission to read given object is denied"
    )


def test_private_record(crm: Server) -> None:
    ticket = crm.ids("select id from HelpDesk where assigned_user_id = '19x7' limit 1;")[0]
    assert crm.as_user("restricted").answer("retrieve", id=ticket) == (
        "ACCESS_DENIED Permission to read given object is denied"
    )


def test_duplicates(crm: Server) -> None:
    crm.create("Accounts", accountname="Unique")
    again = {"accountname": "uNIQUE", "assigned_user_id": "19x1"}
    assert crm.answer("create", elementType="Accounts", element=again) == "0 Duplicate(s) detected!"
    other = crm.create("Accounts", accountname="Other")["id"]
    answer = crm.answer("revise", element={"id": other, "accountname": "Unique"})
    assert answer == "0 Duplicate(s) detected!"
    assert crm.revise(other, accountname="Other")["accountname"] == "Other"
    crm.contact(email="same@example.com")
    crm.contact(email="same@example.com")


def test_code_of_a_duplicate_is_a_number(crm: Server) -> None:
    from vtiger_orm.emulator.engine import CrmError

    crm.create("Accounts", accountname="Twice")
    with pytest.raises(CrmError) as caught:
        crm.create("Accounts", accountname="Twice")
    assert caught.value.code == 0


def test_records_share_one_counter(crm: Server) -> None:
    first = crm.contact()["id"].split("x")[1]
    second = crm.create("Accounts", accountname="Next")["id"].split("x")[1]
    assert int(second) == int(first) + 1


def test_record_numbers(crm: Server) -> None:
    numbers = [crm.contact()["contact_no"] for _ in range(2)]
    assert numbers[0].startswith("CON")
    assert int(numbers[1][3:]) == int(numbers[0][3:]) + 1


def test_users_cannot_be_created(crm: Server) -> None:
    element = {
        "user_name": "new",
        "user_password": "x",
        "confirm_password": "x",
        "last_name": "New",
        "email1": "new@example.com",
        "roleid": "H2",
    }
    assert crm.answer("create", elementType="Users", element=element) == f"{DENIED} for id"


def test_users_can_be_changed(crm: Server) -> None:
    answer = crm.revise("19x7", first_name="Sam")
    assert answer["first_name"] == "Sam"
    user = crm.engine.user("sales")
    assert user is not None
    assert user.first_name == "Sam"


def test_groups(crm: Server) -> None:
    group = crm.call("create", elementType="Groups", element={"groupname": "New group"})
    assert group["id"].startswith("20x")
    assert group["groupid"] == group["id"][3:]
    assert crm.contact(assigned_user_id=group["id"])["assigned_user_id"] == group["id"]


def test_other_actors(crm: Server) -> None:
    assert crm.answer(
        "create", elementType="DocumentFolders", element={"foldername": "F"}
    ).startswith("MANDATORY_FIELDS_MISSING createdby")
    assert crm.answer("create", elementType="Currency", element={"currency_name": "F"}).startswith(
        "MANDATORY_FIELDS_MISSING defaultid"
    )
    assert crm.call("retrieve", id="22x1")["folderid"] == "1"
    assert crm.call("retrieve", id="34x2")["taxid"] == "2"
    for record in ("21x1", "23x1"):
        assert crm.call("retrieve", id=record)["id"] == record
    assert (
        crm.as_user("sales").answer("create", elementType="Groups", element={"groupname": "x"})
        == "ACCESS_DENIED Permission to write is denied"
    )


def test_comments(crm: Server) -> None:
    contact = crm.contact()["id"]
    comment = crm.as_user("sales").create("ModComments", commentcontent="Hi", related_to=contact)
    assert comment["creator"] == "19x7"
    assert crm.answer(
        "create", elementType="ModComments", element={"commentcontent": "x"}
    ).startswith("MANDATORY_FIELDS_MISSING")
