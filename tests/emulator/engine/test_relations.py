"""Relations, and what the server gets wrong about them."""

from __future__ import annotations

import pytest

from vtiger_orm.emulator.profiles import CLOUD

from .conftest import Server, make

WRONG = "UNKOWN_ENTITY Relation specified is incorrect"


@pytest.fixture
def account(crm: Server) -> str:
    """An organisation with 154 contacts."""
    record: str = crm.create("Accounts", accountname="Crowd")["id"]
    number = int(record.split("x")[1])
    for position in range(154):
        crm.backdoor.insert("Contacts", lastname=f"C{position:03}", account_id=number)
    return record


def test_relatedtypes(crm: Server) -> None:
    answer = crm.call("relatedtypes", elementType="Contacts")
    assert answer["types"].count("Calendar") == 2
    assert answer["information"]["Activities"] == {
        "name": "Calendar",
        "label": "Activities",
        "isEntity": "1",
    }


@pytest.mark.parametrize("module", ["Groups", "Currency", "LineItem", "Tax"])
def test_relatedtypes_of_actors(crm: Server, module: str) -> None:
    assert crm.answer("relatedtypes", elementType=module) == "HTTP 500"


def test_relatedtypes_without_relations(crm: Server) -> None:
    answer = crm.call("relatedtypes", elementType="ModComments")
    assert answer["information"] == []


def test_first_hundred_only(crm: Server, account: str) -> None:
    rows = crm.call("retrieve_related", id=account, relatedType="Contacts", relatedLabel="Contacts")
    assert len(rows) == 100
    assert rows[0]["account_id"] == account
    assert "cf_853" in rows[0]


def test_query_related(crm: Server, account: str) -> None:
    def ask(query: str) -> object:
        return crm.answer("query_related", id=account, relatedLabel="Contacts", query=query)

    assert ask("select count(*) from Contacts") == [{"count": "154"}]
    page = ask("select id from Contacts WHERE id > '12x0' order by id limit 100,100")
    assert isinstance(page, list)
    assert len(page) == 54
    assert ask("select id from Contacts;") == WRONG
    assert ask("select id from Accounts") == WRONG
    assert ask("select id from Contacts where id > '12x0'") == (
        "QUERY_SYNTAX_ERROR Syntax Error on line 1: token 'WHERE' Unexpected WHERE(WHERE), "
        "expected one of: SEMICOLON"
    )
    assert "QUERY_SYNTAX_ERROR" in str(ask("select id from Contacts limit 5"))


def test_or_leaks(crm: Server, account: str) -> None:
    rows = crm.call(
        "query_related",
        id=account,
        relatedLabel="Contacts",
        query="select account_id from Contacts WHERE lastname = 'C001' or lastname like 'S%'",
    )
    related = [row for row in rows if row["account_id"] == account]
    assert len(related) == 1
    assert len(rows) > 1


def test_nothing_related(crm: Server) -> None:
    account = crm.create("Accounts", accountname="Alone")["id"]
    answer = crm.call(
        "query_related", id=account, relatedLabel="Contacts", query="select count(*) from Contacts"
    )
    assert answer == []


@pytest.mark.parametrize(
    ("related_type", "label"),
    [("Contacts", "Nope"), ("Events", "Activities"), ("contacts", "Contacts")],
)
def test_wrong_relation(crm: Server, account: str, related_type: str, label: str) -> None:
    assert (
        crm.answer("retrieve_related", id=account, relatedType=related_type, relatedLabel=label)
        == WRONG
    )


def test_unknown_record(crm: Server) -> None:
    params = {"relatedType": "Contacts", "relatedLabel": "Contacts"}
    assert crm.answer("retrieve_related", id="11x99999999", **params) == (
        "ACCESS_DENIED Permission to perform the operation is denied for name : "
    )
    assert crm.answer("retrieve_related", id="abc", **params) == (
        "ACCESS_DENIED Permission to perform the operation is denied for id"
    )


def test_many_to_many_from_both_ends(crm: Server) -> None:
    contact = crm.contact()["id"]
    vehicle = crm.create("Vehicles", vehiclename="Car", fuel="Diesel")["id"]
    for _ in range(2):
        assert crm.call(
            "add_related",
            sourceRecordId=contact,
            relatedRecordId=vehicle,
            relationIdLabel="Vehicles",
        ) == {"message": "successfull"}
    rows = crm.call("retrieve_related", id=contact, relatedType="Vehicles", relatedLabel="Vehicles")
    assert [row["id"] for row in rows] == [vehicle]
    back = crm.call("retrieve_related", id=vehicle, relatedType="Contacts", relatedLabel="Drivers")
    assert [row["id"] for row in back] == [contact]


def test_add_related_says_success_whatever_it_does(crm: Server) -> None:
    contact = crm.contact()["id"]
    product = crm.create("Products", productname="P")["id"]
    for target, label in ((product, "Nope"), ("14x99999999", "Products")):
        assert crm.call(
            "add_related",
            sourceRecordId=contact,
            relatedRecordId=target,
            relationIdLabel=label,
        ) == {"message": "successfull"}
    assert (
        crm.call("retrieve_related", id=contact, relatedType="Products", relatedLabel="Products")
        == []
    )
    crm.call("add_related", sourceRecordId=contact, relatedRecordId=product)
    assert crm.call("retrieve_related", id=contact, relatedType="Products", relatedLabel="Products")


def test_add_related_does_not_set_references(crm: Server) -> None:
    account = crm.create("Accounts", accountname="A")["id"]
    contact = crm.contact()["id"]
    crm.call(
        "add_related",
        sourceRecordId=account,
        relatedRecordId=contact,
        relationIdLabel="Contacts",
    )
    assert crm.call("retrieve", id=contact)["account_id"] == ""
    assert (
        crm.call("retrieve_related", id=account, relatedType="Contacts", relatedLabel="Contacts")
        == []
    )


@pytest.mark.parametrize("source", ["", "abc", "12x99999999"])
def test_add_related_with_a_bad_source(crm: Server, source: str) -> None:
    assert crm.answer("add_related", sourceRecordId=source, relatedRecordId="14x1") == (
        "INTERNAL_SERVER_ERROR Unknown Error while processing request"
    )


def test_documents_are_listed_while_they_are_active(crm: Server) -> None:
    contact = crm.contact()["id"]
    documents = [
        crm.create("Documents", notes_title=title, filestatus=status)["id"]
        for title, status in (("active", "1"), ("not", "0"))
    ]
    for document in documents:
        crm.call(
            "add_related",
            sourceRecordId=contact,
            relatedRecordId=document,
            relationIdLabel="Documents",
        )

    def listed() -> list[str]:
        params = {"id": contact, "relatedLabel": "Documents"}
        rows = crm.call("retrieve_related", relatedType="Documents", **params)
        asked = crm.call("query_related", query="select id from Documents", **params)
        [count] = crm.call("query_related", query="select count(*) from Documents", **params)
        ids = [row["id"] for row in rows]
        assert sorted(row["id"] for row in asked) == sorted(ids)
        assert count == {"count": str(len(ids))}
        return sorted(ids)

    assert listed() == documents[:1]
    crm.revise(documents[1], filestatus="1")
    assert listed() == documents


def test_activities_of_a_contact(crm: Server) -> None:
    contact = crm.contact()["id"]
    common = {"date_start": "2024-01-01", "time_start": "10:00", "due_date": "2024-01-01"}
    for status in ("Not Started", "Completed"):
        crm.create(
            "Calendar",
            subject=status,
            activitytype="Task",
            taskstatus=status,
            contact_id=contact,
            **common,
        )
    params = {"id": contact, "relatedType": "Calendar"}
    opened = crm.call("retrieve_related", relatedLabel="Activities", **params)
    done = crm.call("retrieve_related", relatedLabel="Activity History", **params)
    assert [row["subject"] for row in opened] == ["Not Started"]
    assert [row["subject"] for row in done] == ["Completed"]


def test_quotes_of_a_product(crm: Server) -> None:
    item = crm.query("select productid,parent_id from LineItem where parent_id > '4x0';")
    quotes = set(crm.ids("select id from Quotes;"))
    row = next(each for each in item if each["parent_id"] in quotes)
    module = "Products" if row["productid"].startswith("14x") else "Services"
    rows = crm.call(
        "retrieve_related", id=row["productid"], relatedType="Quotes", relatedLabel="Quotes"
    )
    assert module
    assert row["parent_id"] in {each["id"] for each in rows}


def test_relations_in_the_cloud() -> None:
    crm = make(CLOUD, demo=False)
    information = crm.call("relatedtypes", elementType="Contacts")["information"]
    for key, relation in information.items():
        assert relation["relation_id"] == key
        assert {"translated_label", "actions"} <= set(relation)
    contact = crm.contact()["id"]
    vehicle = crm.create("Vehicles", vehiclename="Car", fuel="Diesel")["id"]
    link = {"sourceRecordId": contact, "relatedRecordId": vehicle}
    assert crm.call("add_related", relationIdLabel="Vehicles", **link) == {"message": "successful"}
    params = {"id": contact, "relatedType": "Vehicles", "relatedLabel": "Vehicles"}
    assert len(crm.call("retrieve_related", **params)) == 1
    assert crm.call("delete_related", **link) == {"status": "successful"}
    assert crm.call("retrieve_related", **params) == []
