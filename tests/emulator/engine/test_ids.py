"""Ids, references and owners in a query."""

from __future__ import annotations

import pytest

from .conftest import Server

NOT_AN_ID = "INVALID_ID_ATTRIBUTE Id specified is incorrect"


@pytest.fixture
def contact(crm: Server) -> str:
    record: str = crm.contact(account_id=crm.ids("select id from Accounts limit 1;")[0])["id"]
    return record


def test_prefix_of_an_id_is_ignored(crm: Server, contact: str) -> None:
    number = contact.split("x")[1]
    for written in (f"'12x{number}'", f"12x{number}", f"'11x{number}'", f"'99x{number}'"):
        assert crm.ids(f"select id from Contacts where id = {written};") == [contact]
    assert crm.ids(f"select id from Contacts where id = 'x{number}';") == [contact]
    assert crm.ids(f"select id from Contacts where id in (12x{number},12x0);") == [contact]


def test_operators_on_ids(crm: Server, contact: str) -> None:
    number = int(contact.split("x")[1])
    below = crm.count("Contacts", f"id < '{contact}'") or 0
    assert below + 1 == crm.count("Contacts", f"id <= '{contact}'")
    assert crm.count("Contacts", f"id != '{contact}'") == (crm.count("Contacts") or 0) - 1
    assert contact in crm.ids(f"select id from Contacts where id like '12x{number // 10}%';")


def test_reference(crm: Server, contact: str) -> None:
    account = crm.query(f"select account_id from Contacts where id = '{contact}';")[0]["account_id"]
    number = account.split("x")[1]
    counts = {crm.count("Contacts", f"account_id = '{p}x{number}'") for p in ("11", "12", "99")}
    assert len(counts) == 1
    assert counts != {0}
    assert crm.query("select id from Contacts where account_id = '104';") == NOT_AN_ID
    assert crm.query("select id from Contacts where account_id = 'Acme';") == NOT_AN_ID
    assert crm.query("select id from Contacts where account_id in ('11x1','2');") == NOT_AN_ID


def test_empty_and_set_references(crm: Server) -> None:
    zero = crm.count("Contacts", "account_id = '11x0'") or 0
    there = crm.count("Contacts", "account_id > '11x0'") or 0
    assert zero
    assert there == crm.count("Contacts", "account_id != '11x0'")
    assert zero + there == crm.count("Contacts", "account_id like '11x%'")
    assert zero + there == crm.count("Contacts")


def test_owner(crm: Server) -> None:
    """Users and groups share one range of numbers; the prefix is ignored."""
    assert crm.count("Contacts", "assigned_user_id = '19x1'") == crm.count(
        "Contacts", "assigned_user_id = '20x1'"
    )
    both = crm.count("Contacts", "assigned_user_id in ('19x1','20x8')") or 0
    one = crm.count("Contacts", "assigned_user_id = '19x1'") or 0
    group = crm.count("Contacts", "assigned_user_id = '20x8'") or 0
    assert both == one + group
    assert group
    owners = {row["assigned_user_id"][:2] for row in crm.query("select * from Contacts limit 99;")}
    assert owners == {"19", "20"}


def test_reference_to_a_deleted_record(crm: Server) -> None:
    """It reads empty, but the number is still there for a filter."""
    boss = crm.contact(lastname="Doomed")["id"]
    contact = crm.contact(contact_id=boss)["id"]
    before = crm.count("Contacts", "contact_id > '12x0'")
    crm.call("delete", id=boss)
    assert crm.call("retrieve", id=contact)["contact_id"] == ""
    rows = crm.query(f"select contact_id from Contacts where contact_id = '{boss}';")
    assert [row["contact_id"] for row in rows] == [""]
    assert crm.count("Contacts", "contact_id > '12x0'") == before


def test_reference_to_a_hidden_module_reads_empty(crm: Server) -> None:
    lead = crm.create("Leads", lastname="L")["id"]
    contact = crm.contact(cf_refn_con=lead)["id"]
    assert crm.call("retrieve", id=contact)["cf_refn_con"] == lead
    restricted = crm.as_user("restricted")
    assert restricted.call("retrieve", id=contact)["cf_refn_con"] == ""


def test_role_of_a_user(crm: Server) -> None:
    """Kept as text: only LIKE works, and the wire shows nothing."""
    crm.backdoor.set("19x1", roleid="H2")
    assert crm.ids("select id from Users where roleid like 'xH2';") == ["19x1"]
    assert crm.query("select roleid from Users where id = '19x1';")[0]["roleid"] == ""
