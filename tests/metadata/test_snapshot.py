"""The snapshot folder: every recorded CRM loads, nothing of it is lost, damage is noticed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from vtiger_orm.errors import SnapshotError
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.interpret import UnknownFieldType, module_meta
from vtiger_orm.metadata.kinds import Family, Kind
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.metadata.snapshot import Instance, ModuleSnapshot, Snapshot

RECORDINGS = Path(__file__).parent.parent / "recordings"


def recorded(folder: str, name: str) -> Any:
    return json.loads((RECORDINGS / folder / f"{name}.json").read_text(encoding="utf-8"))


def recorded_modules(folder: str) -> list[str]:
    """Modules the user of that recording may see; the others answered with an error."""
    files = sorted((RECORDINGS / folder).glob("*.json"))
    return [file.stem for file in files if recorded(folder, file.stem).get("success")]


def recorded_module(folder: str, name: str) -> ModuleSnapshot:
    related = recorded("relatedtypes", name).get("result", {}).get("information", {})
    values = list(related.values()) if isinstance(related, dict) else related
    return ModuleSnapshot.model_validate(
        {"describe": recorded(folder, name)["result"], "relations": values}
    )


def snapshot(folder: str = "describe") -> Snapshot:
    modules = {name: recorded_module(folder, name) for name in recorded_modules(folder)}
    return Snapshot(
        instance=Instance(
            dialect="webservice",
            version="8.0.0",
            prefixes={name: each.describe.id_prefix for name, each in modules.items()},
        ),
        modules=modules,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.mark.parametrize(("folder", "count"), [("describe", 36), ("describe-restricted", 30)])
def test_every_recorded_module_survives_a_round_trip(
    folder: str, count: int, tmp_path: Path
) -> None:
    first = snapshot(folder)
    assert len(first.modules) == count
    first.save(tmp_path / "a")
    again = Snapshot.load(tmp_path / "a")
    again.save(tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    for name in recorded_modules(folder):
        raw = recorded(folder, name)["result"]
        kept = dict(again.modules[name].raw)
        assert kept.pop("fields") == raw.pop("fields")
        assert kept == raw
        assert module_meta(again.modules[name]).prefix == raw["idPrefix"]


def test_the_order_of_fields_is_a_list_and_changes_nothing_else() -> None:
    raw = recorded("describe", "Contacts")["result"]
    turned = raw | {"fields": raw["fields"][::-1]}
    related = [{"label": label, "name": "Quotes"} for label in ("b", "a")]
    one, two = (
        ModuleSnapshot.model_validate({"describe": each, "relations": relations})
        for each, relations in ((raw, related), (turned, related[::-1]))
    )
    here, there = one.to_json(), two.to_json()
    assert here.pop("order") == [*(each["name"] for each in raw["fields"]), "b", "a"]
    assert there.pop("order") == [*(each["name"] for each in turned["fields"]), "a", "b"]
    assert json.dumps(here, sort_keys=True) == json.dumps(there, sort_keys=True)
    again = ModuleSnapshot.model_validate(two.to_json())
    assert again.to_json() == two.to_json()
    assert [each["name"] for each in again.raw["fields"]] == [
        each["name"] for each in turned["fields"]
    ]


@pytest.mark.parametrize("order", [None, [], ["lastname"], ["nosuch", 7, None], "text", {"a": 1}])
def test_a_snapshot_without_that_list_is_read_as_well(order: object) -> None:
    content = ModuleSnapshot.model_validate(
        {"describe": recorded("describe", "Contacts")["result"]}
    ).to_json()
    names = {each["name"] for each in content["describe"]["fields"]}
    del content["order"]
    if order is not None:
        content["order"] = order
    read = ModuleSnapshot.model_validate(content)
    assert {each.name for each in read.describe.fields} == names
    if order == ["lastname"]:
        assert read.describe.fields[0].name == "lastname"


def test_the_cloud_shape_loads_and_keeps_what_is_unknown() -> None:
    describe = {
        "name": "Contacts",
        "label": "Contacts",
        "createable": True,
        "updateable": True,
        "deleteable": True,
        "retrieveable": True,
        "idPrefix": 4,
        "isEntity": True,
        "allowDuplicates": True,
        "labelFields": ["firstname", "lastname"],
        "inactivefields": [{"name": "fax"}],
        "fields": [
            {
                "name": "lastname",
                "label": "Last Name",
                "mandatory": "1",
                "quickcreate": True,
                "summaryfield": True,
                "headerfield": False,
                "default": "",
                "type": {"name": "string", "length": 80},
                "isunique": False,
                "nullable": True,
                "editable": True,
                "data": {"x": 1},
            },
            {"name": "grid", "label": "Grid", "type": {"name": "grid"}},
        ],
    }
    relation = {
        "name": "Potentials",
        "label": "Deals",
        "translated_label": "Deals",
        "isEntity": "1",
        "relation_id": 7,
        "actions": "ADD, select",
    }
    module = ModuleSnapshot.model_validate({"describe": describe, "relations": [relation]})
    with pytest.warns(UnknownFieldType, match=r"Contacts\.grid has the unknown type 'grid'"):
        meta = module_meta(module)
    assert meta.prefix == "4"
    assert meta.fields["lastname"].mandatory
    assert meta.fields["lastname"].length == 80
    assert meta.fields["grid"].kind is Kind.TEXT
    assert meta.label_fields == ("lastname",)
    assert meta.relations[0].actions == ("add", "select")
    written = module.to_json()
    assert written["describe"]["inactivefields"] == [{"name": "fax"}]
    assert written["describe"]["fields"][1]["data"] == {"x": 1}
    assert written["relations"] == [relation]


def test_flags_sent_as_text_are_read_and_kept() -> None:
    module = recorded_module("describe", "Products")
    assert module_meta(module).fields["tax1"].editable
    (raw,) = [each for each in module.to_json()["describe"]["fields"] if each["name"] == "tax1"]
    assert (raw["editable"], raw["mandatory"]) == ("1", "")


def test_secrets_of_users_are_no_fields() -> None:
    meta = module_meta(recorded_module("describe", "Users"))
    assert not {"accesskey", "user_password", "confirm_password"} & set(meta.by_wire)
    assert not [each for each in meta.fields.values() if each.family is Family.SECRET]


def test_names_and_flaws_reach_the_facts() -> None:
    raw = recorded("describe", "Contacts")["result"]
    module = ModuleSnapshot.model_validate({"describe": raw, "flaws": {"fax": "denied"}})
    meta = module_meta(module, {"lastname": "family_name"})
    assert meta.fields["family_name"].wire == "lastname"
    assert meta.by_wire["fax"].flaw is Flaw.DENIED
    assert not meta.by_wire["fax"].selectable


def test_awkward_wire_names_become_identifiers() -> None:
    meta = module_meta(recorded_module("describe", "Invoice"))
    assert meta.by_wire["shipping_&_handling"].name == "shipping___handling"
    assert all(name.isidentifier() for name in meta.fields)


def test_files_of_others_stay_and_stale_modules_go(tmp_path: Path) -> None:
    full = snapshot()
    full.save(tmp_path)
    (tmp_path / "names.lock").write_text("{}")
    fewer = full.model_copy(
        update={
            "modules": {"Contacts": full.modules["Contacts"]},
            "instance": full.instance.model_copy(update={"prefixes": {"Contacts": "12"}}),
        }
    )
    fewer.save(tmp_path)
    assert set(files(tmp_path)) == {
        "names.lock",
        "instance.json",
        "observed.json",
        "modules/Contacts.json",
    }


def test_a_failure_while_writing_leaves_the_former_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot().save(tmp_path)
    before = files(tmp_path)

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "modules" and self.parent.name.startswith(".staging-"):
            raise OSError("disk full")
        return rename(self, target)

    rename = Path.rename
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="disk full"):
        snapshot("describe-restricted").save(tmp_path)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "", " a", "a.b", "a;b", "a%b", "a\n", "x" * 101, "ß" * 40]
)
def test_hostile_module_names_become_no_files(name: str, tmp_path: Path) -> None:
    module = recorded_module("describe", "Contacts")
    bad = Snapshot(instance=Instance(dialect="cloud"), modules={name: module})
    with pytest.raises(SnapshotError, match="file name"):
        bad.save(tmp_path / "deep" / "snapshot")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Größe", "Gr%C3%B6%C3%9Fe"),
        ("My Module", "My%20Module"),
        ("客户", "%E5%AE%A2%E6%88%B7"),
        ("CON", "%43ON"),
        ("lpt1", "%6Cpt1"),
        ("a-b_2", "a%2Db_2"),
    ],
)
def test_module_names_in_any_script_have_files(name: str, stem: str, tmp_path: Path) -> None:
    described = {"name": name, "idPrefix": "7", "fields": []}
    whole = Snapshot(
        instance=Instance(dialect="cloud", prefixes={name: "7"}),
        modules={name: ModuleSnapshot.model_validate({"describe": described})},
    )
    whole.save(tmp_path)
    assert [file.stem for file in (tmp_path / "modules").iterdir()] == [stem]
    assert list(Snapshot.load(tmp_path).modules) == [name]


def test_names_that_differ_by_case_only_are_refused(tmp_path: Path) -> None:
    module = recorded_module("describe", "Contacts")
    both = Snapshot(
        instance=Instance(dialect="cloud"), modules={"Contacts": module, "contacts": module}
    )
    with pytest.raises(SnapshotError, match="Contacts and contacts"):
        both.save(tmp_path)


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="vtiger-orm pull"):
        Snapshot.load(tmp_path)
    snapshot().save(tmp_path)
    instance = tmp_path / "instance.json"
    content = json.loads(instance.read_text())

    instance.write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(SnapshotError, match="format 99"):
        Snapshot.load(tmp_path)

    instance.write_text(json.dumps(content | {"prefixes": {"Contacts": "12 or 1"}}))
    with pytest.raises(SnapshotError, match="not a number"):
        Snapshot.load(tmp_path)

    instance.write_text(json.dumps(content))
    (tmp_path / "modules" / "Accounts.json").rename(tmp_path / "modules" / "Other.json")
    with pytest.raises(SnapshotError, match="describes 'Accounts'"):
        Snapshot.load(tmp_path)

    (tmp_path / "modules" / "Other.json").unlink()
    with pytest.raises(SnapshotError, match=r"belong together \(Accounts\)"):
        Snapshot.load(tmp_path)

    (tmp_path / "modules" / "Assets.json").write_text("{")
    with pytest.raises(SnapshotError, match=r"Assets\.json cannot be read"):
        Snapshot.load(tmp_path)


def test_what_depends_on_user_and_records_is_in_a_file_of_its_own(tmp_path: Path) -> None:
    one = snapshot()
    other = one.model_copy(deep=True)
    for module in other.modules.values():
        for field in module.raw["fields"]:
            if field["type"]["name"] == "date":
                field["type"]["format"] = "dd-mm-yyyy"
    other.modules["Contacts"].flaws["fax"] = Flaw.ABSENT
    other.instance = other.instance.model_copy(update={"capabilities": Capabilities(sync=True)})
    one.save(tmp_path / "one")
    other.save(tmp_path / "other")
    written, again = files(tmp_path / "one"), files(tmp_path / "other")
    assert {name for name in written if written[name] != again[name]} == {"observed.json"}
    loaded = Snapshot.load(tmp_path / "other")
    assert loaded.modules["Contacts"].flaws == {"fax": Flaw.ABSENT}
    assert loaded.instance.capabilities.sync is True
    (birthday,) = (x for x in loaded.modules["Contacts"].raw["fields"] if x["name"] == "birthday")
    assert birthday["type"]["format"] == "dd-mm-yyyy"
    (tmp_path / "other" / "observed.json").unlink()
    with pytest.raises(SnapshotError, match=r"observed\.json cannot be read.*Pull the snapshot"):
        Snapshot.load(tmp_path / "other")


def test_dates_of_different_formats_stay_as_they_are(tmp_path: Path) -> None:
    dates = [
        {"name": "a", "type": {"name": "date", "format": "yyyy-mm-dd"}},
        {"name": "b", "type": {"name": "date"}},
    ]
    described = {"name": "M", "idPrefix": "1", "fields": dates}
    module = ModuleSnapshot.model_validate({"describe": described})
    instance = Instance(dialect="cloud", prefixes={"M": "1"})
    Snapshot(instance=instance, modules={"M": module}).save(tmp_path)
    assert Snapshot.load(tmp_path).modules["M"].raw == described


def test_the_first_format_is_still_read(tmp_path: Path) -> None:
    """As an earlier release wrote it: everything in two kinds of files."""
    new = snapshot()
    new.modules["Contacts"].flaws["fax"] = Flaw.DENIED
    instance = new.instance.model_dump(mode="json", by_alias=True) | {"format": 1}
    (tmp_path / "modules").mkdir()
    (tmp_path / "instance.json").write_text(json.dumps(instance))
    for name, module in new.modules.items():
        (tmp_path / "modules" / f"{name}.json").write_text(json.dumps(module.to_json()))
    old = Snapshot.load(tmp_path)
    assert old.instance == new.instance
    assert [each.to_json() for each in old] == [each.to_json() for each in new]
    new.save(tmp_path / "new")
    old.save(tmp_path / "old")
    assert files(tmp_path / "new") == files(tmp_path / "old")


def test_recorded_kinds_are_all_known() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownFieldType)
        for folder in ("describe", "describe-restricted"):
            for name in recorded_modules(folder):
                module_meta(recorded_module(folder, name))
