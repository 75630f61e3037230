"""Vtiger 8.0: texts that one request decodes because it has seen their encoding before."""

from __future__ import annotations

import pytest

from tests.emulator.engine.conftest import Server

from .conftest import Make


@pytest.fixture
def crm(on: Make) -> Server:
    return on("vtiger-8.0")


def names(crm: Server, query: str) -> list[str]:
    return [row["lastname"] for row in crm.query(query)]


def test_in_the_rows_of_a_query(crm: Server) -> None:
    crm.contact(lastname="R&D zq")
    crm.contact(lastname="R&amp;D zq")
    ascending = "select lastname from Contacts order by id;"
    assert names(crm, ascending) == ["R&D zq", "R&D zq"]
    assert names(crm, ascending.replace("id;", "id desc;")) == ["R&amp;D zq", "R&D zq"]
    for text in ("R&D zq", "R&amp;D zq"):
        assert names(crm, f"select lastname from Contacts where lastname = '{text}';") == [text]
        assert names(crm, f"select lastname from Contacts where lastname like '{text}';") == [text]


def test_within_one_row(crm: Server) -> None:
    record = crm.contact(firstname="R&D zq", lastname="R&amp;D zq")
    for answer in (
        record,
        crm.call("retrieve", id=record["id"]),
        *crm.query("select firstname,lastname from Contacts;"),
    ):
        assert (answer["firstname"], answer["lastname"]) == ("R&D zq", "R&D zq")
    [row] = crm.query("select lastname,firstname from Contacts;")
    assert (row["firstname"], row["lastname"]) == ("R&D zq", "R&amp;D zq")
    assert crm.backdoor.get(record["id"], "lastname") == "R&amp;D zq"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a&amp;b", "a&b"),
        ("&eacute;", "é"),
        ("&lt;script&gt;", "<script>"),
        ("&copy;", "©"),
        ("&#039;", "'"),
        ("a&nbsp;b", "a\xa0b"),
        ("&&amp;", "&&amp;"),
        ("a&amp;b é", "a&amp;b é"),
        ("a&amp;b <i>", "a&amp;b <i>"),
    ],
)
@pytest.mark.parametrize("module", ["Contacts", "Leads"])
def test_the_label_counts_as_read_before(crm: Server, module: str, sent: str, shown: str) -> None:
    created = crm.create(module, lastname=sent, company=sent)
    record = created["id"]
    revised = crm.revise(record, lastname=sent)
    element = {"id": record, "lastname": sent, "assigned_user_id": "19x1"}
    for answer in (created, revised, crm.call("update", element=element)):
        assert answer["lastname"] == shown
    assert crm.call("retrieve", id=record)["lastname"] == sent
    assert crm.backdoor.get(record, "lastname") == sent


def test_other_fields_with_that_text_are_hit_as_well(crm: Server) -> None:
    assert crm.contact(lastname="a&amp;b", department="a&amp;b")["department"] == "a&b"


def test_another_label_does_no_harm(crm: Server) -> None:
    assert crm.contact(firstname="x", lastname="a&amp;b")["lastname"] == "a&amp;b"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("<script>a</script>", "&lt;script&gt;a&lt;/script&gt;"),
        ("<script>", "<script>"),
        ("<img onerror=>", "<img onerror=>"),
        ("<style>x</style>", "<style>x</style>"),
        ("<iframe>", "<iframe>"),
        ("<!-- -->", "<!-- -->"),
    ],
)
def test_scripts_are_stored_encoded(crm: Server, sent: str, stored: str) -> None:
    created = crm.contact(lastname=sent)
    assert created["lastname"] == sent
    assert crm.call("retrieve", id=created["id"])["lastname"] == stored
    assert names(crm, "select lastname from Contacts;") == [stored]


@pytest.mark.parametrize(
    ("module", "name", "sent", "label"),
    [
        ("Contacts", "lastname", "n" * 200, "n" * 200),
        ("Contacts", "lastname", "0", " 0"),
        ("Contacts", "lastname", False, " 0"),
        ("Contacts", "lastname", " ", " "),
        ("Contacts", "lastname", 1e20, "1.0E+20"),
        ("Accounts", "accountname", "0", "-"),
        ("Vendors", "vendorname", " ", "-"),
    ],
)
def test_labels_of_odd_names(crm: Server, module: str, name: str, sent: object, label: str) -> None:
    assert crm.create(module, **{name: sent})["label"] == label
