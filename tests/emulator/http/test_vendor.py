"""Other people's clients against the embedded CRM, over real HTTP, with every operation they have.

`vtiger_cloudsdk_restapi` is the vendor's own client of the Cloud, `vtigerpy` one of the session
API. Neither knows that it does not talk to a real Vtiger.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import vtiger_cloudsdk_restapi
import vtigerpy

from vtiger_orm.emulator import Crm
from vtiger_orm.testing import Factory

# Both clients leave their sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def sdk(cloud: Crm) -> Iterator[Any]:
    with cloud.serve() as server:
        yield vtiger_cloudsdk_restapi.Client(server.url, *cloud.credentials())


@pytest.fixture
def make(cloud: Crm) -> Factory:
    return Factory(cloud)


class TestVendorsClient:
    def test_who_am_i(self, sdk: Any) -> None:
        assert sdk.me()["user_name"] == "admin"
        assert sdk.myid() == "19x1"

    def test_types(self, sdk: Any) -> None:
        everything, images = sdk.list_types(), sdk.list_types("image")
        assert "Contacts" in images["types"]
        assert set(images["types"]) < set(everything["types"])
        described = sdk.describe("Contacts")
        assert (described["name"], described["idPrefix"]) == ("Contacts", "12")

    def test_the_life_of_a_record(self, sdk: Any) -> None:
        values = {"lastname": "O'Neil & Söhne/客", "assigned_user_id": sdk.myid()}
        made = sdk.create("Contacts", values)
        assert sdk.retrieve(made["id"])["lastname"] == values["lastname"]
        query = "select id from Contacts where lastname = 'O''Neil & Söhne/客';"
        assert [row["id"] for row in sdk.query(query)] == [made["id"]]
        revised = sdk.revise({"id": made["id"], "department": "Sales"})
        assert (revised["department"], revised["lastname"]) == ("Sales", values["lastname"])
        updated = sdk.update({**values, "id": made["id"], "title": "CEO"})
        assert updated["title"] == "CEO"
        assert sdk.delete(made["id"]) == {"status": "successful"}
        with pytest.raises(BaseException, match="Permission to perform the operation is denied"):
            sdk.retrieve(made["id"])

    def test_relations(self, sdk: Any, make: Factory) -> None:
        assert "Contacts" in sdk.related_types("Accounts")["types"]
        contact, vehicle = make("Contacts")["id"], make("Vehicles")["id"]
        assert sdk.add_related(contact, vehicle, "Vehicles") == {"message": "successful"}
        (row,) = sdk.retrieve_related(contact, "Vehicles", "Vehicles")
        assert row["id"] == vehicle
        query = "select id from Vehicles WHERE id > '36x0' order by id"
        assert [row["id"] for row in sdk.query_related(contact, "Vehicles", query)] == [vehicle]
        assert sdk.delete_related(contact, vehicle)["status"] == "successful"
        assert sdk.retrieve_related(contact, "Vehicles", "Vehicles") == []

    def test_tags(self, sdk: Any, make: Factory) -> None:
        contact = make("Contacts")["id"]
        assert sdk.tags_add(contact, ["one", "two"]) == {"message": "tags added"}
        sdk.tags_add(contact, "three")
        assert sorted(sdk.tags_retrieve(contact)) == ["one", "three", "two"]
        assert sdk.tags_delete(contact, ["one"]) == {"message": "tags deleted"}
        assert sorted(sdk.tags_retrieve(contact)) == ["three", "two"]

    def test_sync(self, sdk: Any, make: Factory) -> None:
        before = int(time.time()) - 60
        lead, gone = make("Leads")["id"], make("Leads")["id"]
        sdk.delete(gone)
        changes = sdk.sync(before, "Leads", "application")
        ids = [each if isinstance(each, str) else each["id"] for each in changes["updated"]]
        assert ids == [lead]
        assert changes["deleted"] == [gone]
        assert changes["more"] is False

    def test_a_lead_is_converted(self, sdk: Any, make: Factory) -> None:
        lead = make("Leads", lastname="Smith", company="Smith Ltd")
        result = sdk.convert_lead(
            lead["id"],
            create_potential={"potentialname": "Deal", "closingdate": "2030-01-01"}
            | {"sales_stage": "Prospecting"},
            create_contact={"lastname": "Smith"},
            create_account={"accountname": "Smith Ltd"},
        )
        assert set(result) == {"Accounts", "Contacts", "Potentials"}
        assert sdk.retrieve(result["Contacts"])["lastname"] == "Smith"

    def test_files(self, sdk: Any, cloud: Crm, make: Factory) -> None:
        from vtiger_orm.emulator.engine import UploadedFile

        upload = UploadedFile("filename", "hello.txt", "text/plain", b"hello file\n")
        element = {"notes_title": "x", "filelocationtype": "I", "assigned_user_id": "19x1"}
        params = {"elementType": "Documents", "element": json.dumps(element)}
        document = cloud.engine.call(cloud.user(), "create", params, [upload])
        found = sdk.image(document["imageattachmentids"])
        file = found[0] if isinstance(found, list) else found
        assert base64.b64decode(file["filecontents"]) == b"hello file\n"

    def test_reopen_and_hierarchy(self, sdk: Any, make: Factory) -> None:
        parent = make("Accounts", accountname="Parent")
        child = make("Accounts", accountname="Child", account_id=parent)
        tree = sdk.account_hierarchy(child["id"])
        assert [(each["name"], each["current"]) for each in tree] == [
            ("Parent", "false"),
            ("Child", "true"),
        ]
        ticket = make("HelpDesk", ticketstatus="Closed")["id"]
        assert "successfully" in sdk.reopen(ticket)["message"]
        assert sdk.retrieve(ticket)["ticketstatus"] != "Closed"

    def test_any_other_operation(self, sdk: Any, make: Factory) -> None:
        contact = make("Contacts", email="ada@example.com")
        params = {"type": "email", "value": "ada@example.com", "searchIn": ["Contacts"]}
        (row,) = sdk.api("get", "/lookup", params)
        assert row["id"] == contact["id"]

    def test_wrong_credentials(self, cloud: Crm) -> None:
        with cloud.serve() as server:
            stranger = vtiger_cloudsdk_restapi.Client(server.url, "admin", "wrong")
            with pytest.raises(BaseException, match="Invalid authentication information"):
                stranger.me()


class TestVtigerpy:
    @pytest.fixture
    def api(self, crm: Crm) -> Iterator[Any]:
        with crm.serve() as server:
            yield vtigerpy.Vtiger(server.url, *crm.credentials())

    def test_login_and_the_life_of_a_record(self, api: Any) -> None:
        element = json.dumps({"lastname": "Größe", "assigned_user_id": "19x1"})
        made = api.post("create", elementType="Contacts", element=element).json()["result"]
        rows = api.get("query", query="select lastname from Contacts;").json()["result"]
        assert rows == [{"lastname": "Größe", "id": made["id"]}]
        element = json.dumps({"id": made["id"], "title": "CEO"})
        assert api.post("revise", element=element).json()["result"]["title"] == "CEO"
        assert api.get("retrieve", id=made["id"]).json()["result"]["title"] == "CEO"
        assert api.get("describe", elementType="Contacts").json()["result"]["idPrefix"] == "12"
        assert "Contacts" in api.get("listtypes").json()["result"]["types"]
        deleted = api.post("delete", id=made["id"]).json()["result"]
        assert deleted == {"status": "successful"}

    def test_what_a_stock_server_cannot_do(self, api: Any) -> None:
        assert api.get("sync", modifiedTime="1", elementType="Contacts").status_code == 500
        assert api.post("logout").status_code == 500
        assert api.get("listtypes").json()["success"] is True

    def test_a_session_that_exists_already(self, crm: Crm) -> None:
        with crm.serve() as server:
            name = crm.sessions.open("admin")
            api = vtigerpy.Vtiger(server.url, "admin", "unused", sessionName=name)
            assert api.get("listtypes").json()["success"] is True

    def test_wrong_credentials(self, crm: Crm) -> None:
        with crm.serve() as server, pytest.raises(Exception, match="INVALID_USER_CREDENTIALS"):
            vtigerpy.Vtiger(server.url, "admin", "wrong")
