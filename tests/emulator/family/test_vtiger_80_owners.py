"""Vtiger 8.0: what an owner is taken for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from .conftest import Make

SORRY = "text: Sorry! Attempt to access restricted file."
CANNOT = "ACCESS_DENIED Cannot assign record to the given user"


@pytest.fixture
def crm(on: Make) -> Server:
    return on("vtiger-8.0")


@pytest.fixture
def second(crm: Server) -> Server:
    """An administrator who is not user 1."""
    crm.engine.accounts.add_user("second", admin=True)
    return crm.as_user("second")


def mine(crm: Server) -> str:
    user = crm.engine.user(crm.user)
    assert user is not None
    return user.wire_id


@pytest.mark.parametrize("sent", ["admin", "1", "999", "19x", "R & D", True, "19x0", "0", 0])
def test_what_means_oneself(second: Server, sent: Any) -> None:
    record = second.contact(assigned_user_id=sent)
    assert record["assigned_user_id"] == mine(second)
    assert second.revise(record["id"], assigned_user_id=sent)["assigned_user_id"] == mine(second)


@pytest.mark.parametrize("sent", ["11x1", "21x1", "19x1x2", "19x1 "])
def test_only_what_stands_between_the_first_two_x_counts(second: Server, sent: str) -> None:
    record = second.contact(assigned_user_id=sent)
    assert record["assigned_user_id"] == "19x1"


@pytest.mark.parametrize("sent", ["19xabc", "19x٣"])
def test_what_is_no_number_is_owner_zero(crm: Server, sent: str) -> None:
    assert crm.create("Vendors", vendorname="V", assigned_user_id=sent)["assigned_user_id"] == "0"


@pytest.mark.parametrize(
    ("module", "element"),
    [
        ("Vendors", {"vendorname": "V"}),
        ("Accounts", {"accountname": "A"}),
        ("Leads", {"lastname": "L"}),
        ("Products", {"productname": "P"}),
        ("Documents", {"notes_title": "D"}),
        ("Project", {"projectname": "P"}),
    ],
)
@pytest.mark.parametrize("sent", ["19x999", "20x999"])
def test_an_owner_that_does_not_exist_is_stored(
    crm: Server, module: str, element: dict[str, str], sent: str
) -> None:
    record = crm.create(module, **element, assigned_user_id=sent)
    assert record["assigned_user_id"] == "999"
    assert crm.call("retrieve", id=record["id"])["assigned_user_id"] == "999"
    [row] = crm.query(f"select assigned_user_id from {module};")
    assert row["assigned_user_id"] == "999"


@pytest.mark.parametrize(
    ("module", "element"),
    [
        ("Contacts", {"lastname": "L"}),
        ("HelpDesk", {"ticket_title": "T", "ticketstatus": "Open", "ticketpriorities": "Low"}),
        (
            "Potentials",
            {"potentialname": "P", "sales_stage": "Prospecting", "closingdate": "2026-12-31"},
        ),
    ],
)
def test_where_workflows_run_it_is_stored_and_then_the_server_stops(
    crm: Server, module: str, element: dict[str, str]
) -> None:
    whole = {**element, "assigned_user_id": "19x999"}
    assert crm.answer("create", elementType=module, element=whole) == SORRY
    [row] = crm.query(f"select assigned_user_id from {module};")
    assert row["assigned_user_id"] == "999"
    record = crm.create(module, **element)["id"]
    change = {"id": record, "assigned_user_id": "19x999", "description": "changed as well"}
    assert crm.answer("revise", element=change) == SORRY
    stored = crm.call("retrieve", id=record)
    assert (stored["assigned_user_id"], stored["description"]) == ("999", "changed as well")
    assert crm.call("delete", id=record) == {"status": "successful"}


def test_a_list_is_a_fatal(crm: Server) -> None:
    element = {"lastname": "L", "assigned_user_id": ["19x1"]}
    assert crm.answer("create", elementType="Contacts", element=element) == "HTTP 500"
    assert crm.ids("select id from Contacts;") == []


@pytest.fixture
def plain(crm: Server) -> Server:
    group = crm.engine.accounts.add_group("Own")
    crm.engine.accounts.add_group("Other")
    crm.engine.accounts.add_user("plain", groups=(group,))
    return crm.as_user("plain")


@pytest.mark.parametrize("sent", ["1", "admin", "19x", "19xabc", "11x1", "19x999", "20x2"])
def test_others_may_assign_to_users_and_their_groups_only(plain: Server, sent: str) -> None:
    element = {"lastname": "L", "assigned_user_id": sent}
    assert plain.answer("create", elementType="Contacts", element=element) == CANNOT
    assert plain.ids("select id from Contacts;") == []
    record = plain.contact(assigned_user_id=mine(plain))["id"]
    assert plain.answer("revise", element={"id": record, "assigned_user_id": sent}) == CANNOT


@pytest.mark.parametrize("sent", ["", None])
def test_a_blank_owner_is_missing(plain: Server, sent: Any) -> None:
    element = {"lastname": "L", "assigned_user_id": sent}
    assert plain.answer("create", elementType="Contacts", element=element) == (
        "MANDATORY_FIELDS_MISSING assigned_user_id does not have a value"
    )


def test_what_others_may_assign_to(plain: Server) -> None:
    user = plain.engine.user("plain")
    assert user is not None
    [group] = user.groups
    for sent in ("19x1", mine(plain), f"20x{group}"):
        assert plain.contact(assigned_user_id=sent)["assigned_user_id"] == sent


def test_references_to_users_are_tested_alike(plain: Server) -> None:
    element = {"lastname": "L", "assigned_user_id": mine(plain), "cf_user_con": "19x999"}
    assert plain.answer("create", elementType="Contacts", element=element) == CANNOT
    assert plain.contact(assigned_user_id=mine(plain), cf_user_con="19x1")["cf_user_con"] == "19x1"
