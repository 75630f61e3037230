"""Listtypes and describe, for every user, and against every recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vtiger_orm.emulator.engine import Engine, Schema
from vtiger_orm.emulator.profiles import CLOUD
from vtiger_orm.metadata.describe import DescribeAnswer, ListTypesAnswer
from vtiger_orm.metadata.snapshot import Instance, ModuleSnapshot, Snapshot

from .conftest import Server, make

RECORDED = Path(__file__).parents[2] / "recordings"


def recorded(folder: str, module: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RECORDED / folder / f"{module}.json").read_text("utf-8"))
    return content


MODULES = sorted(path.stem for path in (RECORDED / "describe").glob("*.json"))


def by_name(fields: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in fields}


@pytest.mark.parametrize("module", MODULES)
def test_describe_as_recorded(crm: Server, module: str) -> None:
    """Nothing is added, dropped or changed but the order of the fields."""
    got = crm.call("describe", elementType=module)
    want = recorded("describe", module)["result"]
    assert by_name(got.pop("fields")) == by_name(want.pop("fields"))
    assert got == want


@pytest.mark.parametrize("module", MODULES)
def test_relatedtypes_as_recorded(crm: Server, module: str) -> None:
    want = recorded("relatedtypes", module)
    if want.get("status") == 500:
        assert crm.answer("relatedtypes", elementType=module) == "HTTP 500"
        return
    got = crm.call("relatedtypes", elementType=module)
    assert got["information"] == want["result"]["information"]


def test_listtypes_as_recorded(crm: Server) -> None:
    want = json.loads((RECORDED / "listtypes.json").read_text("utf-8"))["result"]
    got = crm.call("listtypes")
    assert sorted(got["types"]) == sorted(want["types"])
    assert got["information"] == want["information"]
    assert ListTypesAnswer.model_validate(got).types == got["types"]


def test_listtypes_of_the_restricted_user(crm: Server) -> None:
    want = json.loads((RECORDED / "listtypes-restricted.json").read_text("utf-8"))["result"]
    got = crm.as_user("restricted").call("listtypes")
    assert sorted(got["types"]) == sorted(want["types"])


@pytest.mark.parametrize("module", MODULES)
def test_describe_of_the_restricted_user(crm: Server, module: str) -> None:
    sample = recorded("describe-restricted", module)
    if not sample["success"]:
        error = f"{sample['error']['code']} {sample['error']['message']}"
        assert crm.as_user("restricted").answer("describe", elementType=module) == error
        return
    got = crm.as_user("restricted").call("describe", elementType=module)
    want = sample["result"]
    for key in ("createable", "updateable", "deleteable", "retrieveable"):
        assert got[key] == want[key], key
    fields, expected = by_name(got["fields"]), by_name(want["fields"])
    assert set(fields) == set(expected)
    for name, field in fields.items():
        assert field["editable"] == expected[name]["editable"], name
        assert field["type"].get("refersTo") == expected[name]["type"].get("refersTo"), name


def test_role_based_values(crm: Server) -> None:
    fields = by_name(crm.as_user("restricted").call("describe", elementType="Accounts")["fields"])
    values = {each["value"] for each in fields["industry"]["type"]["picklistValues"]}
    assert "Apparel" in values
    assert not {"Banking", "Energy"} & values


def test_date_format_is_the_users(crm: Server) -> None:
    fields = by_name(crm.as_user("euro").call("describe", elementType="Contacts")["fields"])
    assert fields["birthday"]["type"]["format"] == "mm-dd-yyyy"


def test_refused(crm: Server) -> None:
    denied = "ACCESS_DENIED Permission to perform the operation is denied"
    for name in ("NoSuch", "contacts", ""):
        assert crm.answer("describe", elementType=name) == f"{denied} for name : {name}"
    assert crm.as_user("restricted").answer("describe", elementType="Leads") == denied


def test_field_types_filter(crm: Server) -> None:
    assert crm.call("listtypes", fieldTypeList='["image"]')["types"] == ["Contacts", "Products"]
    assert crm.call("listtypes", fieldTypeList='["grid"]') == {"types": [], "information": []}
    assert len(crm.call("listtypes", fieldTypeList="null")["types"]) == 36


def test_array_form_is_the_clouds(crm: Server) -> None:
    admin = crm.engine.user("admin")
    assert admin is not None
    params = {"fieldTypeList": ["image"]}
    with pytest.raises(Exception, match="array"):
        crm.engine.call(admin, "listtypes", params)
    cloud = make(CLOUD, demo=False)
    user = cloud.engine.user("admin")
    assert user is not None
    assert cloud.engine.call(user, "listtypes", params)["types"] == ["Contacts", "Products"]


def test_cloud_shape() -> None:
    crm = make(CLOUD, demo=False)
    answer = crm.call("describe", elementType="Contacts")
    assert answer["inactivefields"] == []
    for field in answer["fields"]:
        assert {"quickcreate", "summaryfield", "headerfield", "data", "default"} <= set(field)
    fields = {each.name: each for each in DescribeAnswer.model_validate(answer).fields}
    assert fields["firstname"].type.length == 40
    record = crm.contact()
    assert record["isclosed"] == 0
    assert record["url"].endswith(f"module=Contacts&id={record['id'].split('x')[1]}")
    assert crm.query("select id from Contacts;") == [{"id": record["id"], "isclosed": "0"}]


def snapshot_of(*describes: dict[str, Any]) -> Snapshot:
    modules = {
        each["name"]: ModuleSnapshot.model_validate({"describe": each}) for each in describes
    }
    prefixes = {name: each.describe.id_prefix for name, each in modules.items()}
    return Snapshot(instance=Instance(dialect="webservice", prefixes=prefixes), modules=modules)


def test_any_schema() -> None:
    """A CRM of one module with awkward names, pulled by somebody who may not see users."""
    describe = {
        "name": "Gadgets",
        "label": "Gadgets",
        "idPrefix": "19",
        "isEntity": True,
        "labelFields": "title",
        "fields": [
            {"name": "title", "mandatory": True, "type": {"name": "string"}},
            {"name": 'odd "name" & more', "type": {"name": "string"}},
            {"name": "select", "type": {"name": "integer"}},
            {"name": "assigned_user_id", "type": {"name": "owner"}},
            {"name": "future", "type": {"name": "hologram"}},
            {"name": "Title", "type": {"name": "string"}},
            {"name": "id", "type": {"name": "autogenerated"}},
        ],
    }
    with Engine(Schema.of(snapshot_of(describe))) as engine:
        admin = engine.user("admin")
        assert admin is not None
        assert admin.wire_id == "20x1"
        assert engine.call(admin, "listtypes", {})["types"] == ["Gadgets"]
        element = {"title": "T", "select": "5", "future": "f", "assigned_user_id": admin.wire_id}
        record = engine.call(
            admin, "create", {"elementType": "Gadgets", "element": json.dumps(element)}
        )
        assert record["select"] == "5"
        assert record["future"] == "f"
        rows = engine.call(admin, "query", {"query": "select * from Gadgets where title = 'T';"})
        assert rows[0]["id"] == record["id"]
        with pytest.raises(Exception, match="Users"):
            engine.call(admin, "query", {"query": "select id from Users;"})
