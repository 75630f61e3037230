"""The operations that only the Cloud has (CLOUD.md and the vendor's manuals)."""

from __future__ import annotations

import pytest

from vtiger_orm.emulator.profiles import CLOUD

from .conftest import Server, make


@pytest.fixture(scope="module")
def _cloud() -> tuple[Server, bytes]:
    server = make(CLOUD)
    return server, server.engine.snapshot()


@pytest.fixture
def cloud(_cloud: tuple[Server, bytes]) -> Server:
    server, state = _cloud
    server.engine.restore(state)
    return server


def test_me(cloud: Server) -> None:
    answer = cloud.as_user("euro").call("me")
    assert answer["id"] == "19x6"
    assert (answer["user_name"], answer["first_name"], answer["email1"], answer["time_zone"]) == (
        "euro",
        "Émile",
        "euro@example.com",
        "America/New_York",
    )
    assert not {"accesskey", "user_password"} & set(answer)
    assert cloud.as_user("restricted").call("me")["user_name"] == "restricted"


def test_decrypt(cloud: Server) -> None:
    record = cloud.contact(cf_853="secret")["id"]
    assert cloud.call("decrypt", id=record, fieldname="cf_853") == "secret"
    assert "ACCESS_DENIED" in cloud.answer("decrypt", id=record, fieldname="nosuch")
    assert "ACCESS_DENIED" in cloud.answer("decrypt", id="19x1", fieldname="accesskey")


def test_reopen(cloud: Server) -> None:
    ticket = cloud.create(
        "HelpDesk", ticket_title="T", ticketstatus="Closed", ticketpriorities="Low"
    )
    assert ticket["isclosed"] == 1
    assert cloud.call("reopen", id=ticket["id"]) == {"message": "Record reopened successfully."}
    again = cloud.call("retrieve", id=ticket["id"])
    assert (again["ticketstatus"], again["isclosed"]) == ("Open", 0)
    assert "ACCESS_DENIED" in cloud.answer("reopen", id=ticket["id"])


def test_tags(cloud: Server) -> None:
    one, two = cloud.contact()["id"], cloud.contact()["id"]
    for record in (one, two):
        assert cloud.call("tags_add", id=record, tags=["b", "a", "a"]) == {"message": "tags added"}
    assert cloud.call("tags_retrieve", id=one) == {"tags": ["a", "b"]}
    assert cloud.call("tags_delete", id=one, tags=["a"]) == {"message": "tags deleted"}
    assert cloud.call("tags_retrieve", id=one) == {"tags": ["b"]}
    cloud.call("tag_delete", id=one, tags=["b"], delete_all="1")
    assert cloud.call("tags_retrieve", id=two) == {"tags": ["a"]}


@pytest.mark.parametrize(
    ("search", "modules"),
    [
        ('{"Contacts": ["phone"]}', {"12"}),
        ('{"Contacts": ["mobile"]}', set()),
        ('["Contacts", "Leads"]', {"12", "10"}),
        ('{"Contacts"}', {"12"}),
        ("", {"12", "10"}),
    ],
)
def test_lookup(cloud: Server, search: str, modules: set[str]) -> None:
    cloud.contact(phone="+1 555 0199 777")
    cloud.create("Leads", lastname="L", phone="+1 555 0199 777")
    rows = cloud.call("lookup", type="phone", value="+1 555 0199 777", searchIn=search)
    assert {row["id"].split("x")[0] for row in rows} == modules
    assert all("label" in row for row in rows)
    assert cloud.call("lookup", type="phone", value="+1 555 0199", searchIn=search) == []


def test_lookup_of_an_unknown_kind(cloud: Server) -> None:
    assert "ACCESS_DENIED" in cloud.answer("lookup", type="fax", value="1")


def test_hierarchy(cloud: Server) -> None:
    top = cloud.create("Accounts", accountname="Top")["id"]
    middle = cloud.create("Accounts", accountname="Middle", account_id=top)["id"]
    low = cloud.create("Accounts", accountname="Low", account_id=middle)["id"]
    answer = cloud.call("get_account_hierarchy", id=middle)
    assert [(row["id"], row["level"], row["label"], row["current"]) for row in answer] == [
        (top, 1, "Parent Org", "false"),
        (middle, 2, "Org", "true"),
        (low, 3, "Org", "false"),
    ]
    cloud.revise(top, account_id=low)
    assert len(cloud.call("get_account_hierarchy", id=top)) == 3


def test_dependency(cloud: Server) -> None:
    answer = cloud.call(
        "picklist_dependency",
        module="HelpDesk",
        sourcefield="ticketpriorities",
        targetfield="ticketseverities",
    )
    assert answer["valuemapping"][-1] == {"sourcevalue": "Urgent", "targetvalues": ["Critical"]}
    cloud.backdoor.depend("HelpDesk", "ticketpriorities", "ticketstatus", {"Low": []})
    answer = cloud.call(
        "picklist_dependency",
        module="HelpDesk",
        sourcefield="ticketpriorities",
        targetfield="ticketstatus",
    )
    assert answer["valuemapping"] == [{"sourcevalue": "Low", "targetvalues": [""]}]
    assert "ACCESS_DENIED" in cloud.answer(
        "picklist_dependency", module="HelpDesk", sourcefield="nosuch", targetfield="ticketstatus"
    )


def values(cloud: Server, module: str, name: str) -> list[str]:
    fields = cloud.call("describe", elementType=module)["fields"]
    field = next(each for each in fields if each["name"] == name)
    return [each["value"] for each in field["type"]["picklistValues"]]


def test_picklists(cloud: Server) -> None:
    before = values(cloud, "HelpDesk", "ticketstatus")
    added = cloud.call(
        "add_picklist",
        elementType="HelpDesk",
        element={"fieldname": "ticketstatus", "values": ["Parked", "Later"]},
    )
    assert added == {"success": True, "result": {"id0": 5, "id1": 6}}
    assert values(cloud, "HelpDesk", "ticketstatus") == [*before, "Parked", "Later"]
    ticket = cloud.create(
        "HelpDesk", ticket_title="T", ticketstatus="Parked", ticketpriorities="Low"
    )["id"]
    assert cloud.call(
        "edit_picklist",
        elementType="HelpDesk",
        element={"fieldname": "ticketstatus", "current_value": "Parked", "new_value": "Frozen"},
    ) == {"success": True, "result": ["success", True]}
    assert cloud.call("retrieve", id=ticket)["ticketstatus"] == "Frozen"
    assert cloud.call(
        "delete_picklist",
        elementType="HelpDesk",
        element={
            "fieldname": "ticketstatus",
            "delete_values": ["Frozen", "Later"],
            "replace_with": "Open",
        },
    ) == {"success": True, "result": ["success", True]}
    assert values(cloud, "HelpDesk", "ticketstatus") == before
    assert cloud.call("retrieve", id=ticket)["ticketstatus"] == "Open"


def test_multiple_choices_are_renamed(cloud: Server) -> None:
    record = cloud.contact(cf_877="1st |##| abc")["id"]
    cloud.call(
        "edit_picklist",
        elementType="Contacts",
        element={"fieldname": "cf_877", "current_value": "abc", "new_value": "xyz"},
    )
    assert cloud.call("retrieve", id=record)["cf_877"] == "1st |##| xyz"


@pytest.mark.parametrize(
    ("operation", "element"),
    [
        ("add_picklist", {"fieldname": "ticketstatus"}),
        ("add_picklist", {"fieldname": "ticketstatus", "values": ["Open"]}),
        ("add_picklist", {"fieldname": "ticket_title", "values": ["x"]}),
        ("edit_picklist", {"fieldname": "ticketstatus", "current_value": "no", "new_value": "x"}),
        ("edit_picklist", {"fieldname": "ticketstatus", "current_value": "Open"}),
        ("delete_picklist", {"fieldname": "ticketstatus", "delete_values": ["Open"]}),
        ("delete_picklist", {"fieldname": "ticketstatus", "replace_with": "Open"}),
    ],
)
def test_picklist_errors(cloud: Server, operation: str, element: dict[str, object]) -> None:
    before = values(cloud, "HelpDesk", "ticketstatus")
    assert isinstance(cloud.answer(operation, elementType="HelpDesk", element=element), str)
    assert values(cloud, "HelpDesk", "ticketstatus") == before


def test_picklists_are_for_admins(cloud: Server) -> None:
    element = {"fieldname": "ticketstatus", "values": ["x"]}
    answer = cloud.as_user("sales").answer("add_picklist", elementType="HelpDesk", element=element)
    assert answer == "ACCESS_DENIED Permission to perform the operation is denied"


def test_edition_limits(cloud: Server) -> None:
    assert cloud.call("editionLimits", serviceName="DOCUMENT_UPLOAD_FILE_LIMIT") == {
        "serviceName": "DOCUMENT_UPLOAD_FILE_LIMIT",
        "limit": "50MB",
    }
    assert "ACCESS_DENIED" in cloud.answer("editionLimits", serviceName="NOSUCH")


def test_stock_operations_work_here(cloud: Server) -> None:
    """Individual taxes, sync and the rest do not crash as on PHP 8."""
    assert cloud.call("sync", modifiedTime="1", elementType="Contacts")["more"] is True


@pytest.mark.parametrize("module", ["Groups", "Currency", "Tax", "LineItem"])
def test_no_queries_of_actors(cloud: Server, module: str) -> None:
    assert cloud.query(f"select * from {module};") == (
        "ACCESS_DENIED Permission to perform the operation is denied"
    )
