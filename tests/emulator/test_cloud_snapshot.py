"""What the Cloud described is served as it was described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from vtiger_codegen.live.pull import pull_into

import vtiger_orm.emulator
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.session import Session
from vtiger_orm.testing.factory import fill

DEMO = Path(vtiger_orm.emulator.__file__).parent / "demo"
PREFIXES = {"Contacts": "4", "Accounts": "3", "Leads": "2"}


def cloud_shaped(module: str) -> dict[str, Any]:
    """A module of the demo as the Cloud's manuals and samples show their own."""
    content: dict[str, Any] = json.loads((DEMO / "modules" / f"{module}.json").read_text("utf-8"))
    describe = content["describe"]
    describe["idPrefix"] = PREFIXES[module]
    describe["labelFields"] = ["lastname", "firstname"] if module != "Accounts" else "accountname"
    describe["createable"] = "1"
    describe["inactivefields"] = [{"name": "gone", "label": "Gone", "type": {"name": "string"}}]
    describe["blocks"] = [{"id": 7, "label": "Basics"}]
    for position, field in enumerate(describe["fields"]):
        if field["name"] == "id":
            continue  # has nothing of the following
        field["quickcreate"] = position % 2 == 0
        field["summaryfield"] = position % 3 == 0
        field["headerfield"] = "1" if position % 5 == 0 else None
        field["data"] = {"extended": position} if position % 4 == 0 else None
        field["default"] = None
        if position % 7 == 0:
            del field["data"], field["quickcreate"]
        kind = field["type"]
        if kind["name"] == "string":
            kind["length"] = str(20 + position)
        if kind["name"] == "date":
            kind["format"] = "dd-mm-yyyy"
        for value in kind.get("picklistValues", ()):
            value["color"] = "#00ff00"
    content["relations"] = [
        {
            "name": name,
            "label": label,
            "isEntity": flag,
            "relation_id": str(number),
            "translated_label": f"{label} (de)",
            "actions": actions,
        }
        for name, label, flag, number, actions in (
            ("Contacts", "Contacts", "1", 41, "ADD,SELECT"),
            ("Leads", "Prospects", True, 42, ""),
            ("Unpulled", "Of a module that was left out", 1, 43, "add"),
        )
    ]
    content["flaws"] = {}
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot as `pull` writes it."""
    instance = json.loads((DEMO / "instance.json").read_text("utf-8"))
    instance.update(dialect="cloud", version=None, api_version=None, prefixes=PREFIXES)
    instance["types"] = {
        name: {"isEntity": True, "label": f"{name} (de)", "singular": name, "icon": "x"}
        for name in PREFIXES
    }
    instance["capabilities"] |= {"serialised_sessions": False, "url_budget": 8000}
    modules = {name: cloud_shaped(name) for name in PREFIXES}
    snapshot = Snapshot.model_validate({"instance": instance, "modules": modules})
    target = tmp_path_factory.mktemp("cloud") / "schema"
    snapshot.save(target)
    return target


def files(folder: Path) -> dict[str, Any]:
    return {each.name: json.loads(each.read_text("utf-8")) for each in folder.rglob("*.json")}


def test_serving_and_pulling_it_changes_nothing(folder: Path, tmp_path: Path) -> None:
    with Crm(folder, data=lambda crm: fill(crm, 3)) as crm:
        assert crm.profile.cloud
        session = Session(crm.url, *crm.credentials(), dialect="cloud", transport=crm.transport())
        with session:
            pull_into(tmp_path / "pulled", session)
    before, after = files(folder), files(tmp_path / "pulled")
    assert after.keys() == before.keys()
    for name in PREFIXES:
        for part in ("describe", "relations"):
            assert after[f"{name}.json"][part] == before[f"{name}.json"][part]
    known, found = before["instance.json"], after["instance.json"]
    for fact in ("dialect", "version", "prefixes", "types", "skipped"):
        assert found[fact] == known[fact]


def test_a_user_who_may_less_sees_less(folder: Path) -> None:
    with Crm(folder) as crm:
        crm.engine.accounts.add_user("eve")
        crm.engine.accounts.restrict("eve", "hidden module", "Leads")
        crm.engine.accounts.restrict("eve", "readonly module", "Contacts")
        described = crm.run("describe", user="eve", elementType="Contacts")
        assert (described["createable"], described["updateable"]) == (False, False)
        related = crm.run("relatedtypes", user="eve", elementType="Contacts")
        assert related["types"] == ["Contacts", "Unpulled"]


def test_pages_are_as_large_as_they_were(folder: Path) -> None:
    snapshot = Snapshot.load(folder)
    able = snapshot.instance.capabilities.model_copy(update={"page_size": 5})
    instance = snapshot.instance.model_copy(update={"capabilities": able})
    with Crm(Snapshot(instance=instance, modules=snapshot.modules)) as crm:
        for number in range(8):
            crm.create("Leads", {"lastname": str(number)})
        assert len(crm.run("query", query="select id from Leads;")) == 5


def test_what_another_server_described_is_made_to_look_like_the_cloud() -> None:
    """And what it has of the Cloud's own is kept."""
    snapshot = Snapshot.load(DEMO)
    raw = json.loads(json.dumps(snapshot.modules["Leads"].to_json()))
    raw["describe"]["fields"][0] |= {"quickcreate": "mine", "data": 5}
    modules = {**snapshot.modules, "Leads": type(snapshot.modules["Leads"]).model_validate(raw)}
    with Crm(Snapshot(instance=snapshot.instance, modules=modules), profile="cloud") as crm:
        name = raw["describe"]["fields"][0]["name"]
        fields = {each["name"]: each for each in crm.run("describe", elementType="Leads")["fields"]}
        first = fields.pop(name)
        second = next(iter(fields.values()))
        assert (first["quickcreate"], first["data"]) == ("mine", 5)
        assert second.keys() >= {"quickcreate", "summaryfield", "headerfield", "data", "default"}
        name, key = crm.credentials()
        with httpx.Client(base_url=crm.url, transport=crm.transport(), auth=(name, key)) as client:
            answer = client.get("/restapi/v1/vtiger/default/me")
        assert answer.headers["X-Vtiger-Version"] == "8.0.0"


def test_the_version_is_not_told_where_it_was_not_told(folder: Path) -> None:
    with (
        Crm(folder) as crm,
        httpx.Client(base_url=crm.url, transport=crm.transport(), auth=crm.credentials()) as client,
    ):
        answer = client.get("/restapi/v1/vtiger/default/me")
    assert answer.status_code == 200
    assert "X-Vtiger-Version" not in answer.headers
