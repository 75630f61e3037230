"""What `check --live` says about a CRM that is no longer as it was pulled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.diff.compare import compare
from vtiger_codegen.diff.reports import headline

from tests.codegen.snapshots import DEMO, field, module, snapshot
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot


def drift(before: Snapshot, now: Snapshot) -> list[str]:
    return [headline(change) for change in compare(before, now).changes]


def told(before: ModuleSnapshot, now: ModuleSnapshot) -> list[str]:
    return drift(snapshot(before), snapshot(now))


def test_equal_snapshots_have_nothing_to_say() -> None:
    demo = Snapshot.load(DEMO)
    assert drift(demo, Snapshot.load(DEMO)) == []


def test_modules_come_and_go() -> None:
    before, now = snapshot(module("A"), module("B")), snapshot(module("A"), module("C"))
    assert drift(before, now) == ["B: gone", "C: new"]


def test_fields_come_and_go_as_a_whole() -> None:
    assert told(module("M", field("a")), module("M", field("b", "picklist", values=["x"]))) == [
        "M: field a: gone",
        "M: field b: new",
    ]


def test_facts_of_a_field_are_compared_one_by_one() -> None:
    before = module("M", field("a", "picklist", values={"x": "X", "y": "Y"}))
    now = module("M", field("a", "picklist", values={"x": "Ex", "z": "Z"}, mandatory=True))
    assert told(before, now) == [
        "M: field a mandatory: new",
        'M: field a value x: "X" -> "Ex"',
        "M: field a value y: gone",
        "M: field a value z: new",
    ]


def test_unknown_keys_count_and_text_cannot_command_a_terminal() -> None:
    before = module("M", block="One")
    now = module("M", field("\x1b[2J"), block="\x1b[31m\u202eTwo")
    assert told(before, now) == [
        'M: field "\\u001b[2J": new',
        'M: module block: "One" -> "\\u001b[31m\\u202eTwo"',
    ]


def test_relations_and_flaws_are_compared() -> None:
    before = module("M", field("a"), relations=[{"name": "N", "label": "L"}])
    now = module("M", field("a"), flaws={"a": "denied"})
    assert told(before, now) == ["M: field a flaw: new", "M: relation L: gone"]


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project that was just pulled from a CRM that is still there."""
    monkeypatch.chdir(tmp_path)
    crm = Crm()
    username, access_key = crm.credentials()
    monkeypatch.setenv("VTIGER_USERNAME", username)
    monkeypatch.setenv("VTIGER_ACCESS_KEY", access_key)
    with crm.serve() as server:
        monkeypatch.setenv("VTIGER_URL", server.url)
        (tmp_path / "pyproject.toml").write_text(
            '[tool.vtiger-orm]\ninclude = ["Vendors", "Groups"]\n'
        )
        assert run(["pull"]) == 0
        assert run(["generate"]) == 0
        yield tmp_path
    crm.close()


def test_check_live(live: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--live"]) == 0
    assert "agrees with the CRM" in capsys.readouterr().out
    known = Snapshot.load(live / "vtiger-schema")
    raw = known.modules["Vendors"].to_json()
    raw["describe"]["fields"] = [
        each for each in raw["describe"]["fields"] if each["name"] != "website"
    ]
    known.modules["Vendors"] = ModuleSnapshot.model_validate(raw)
    known.save(live / "vtiger-schema")
    assert run(["check", "--live"]) == 1
    out = capsys.readouterr()
    assert "Vendors: field website: new" in out.err
    assert "vtiger-orm pull" in out.err


def test_check_live_talks_to_the_crm_as_pull_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Crm(profile="cloud") as crm, crm.serve() as server:
        username, access_key = crm.credentials()
        monkeypatch.setenv("VTIGER_USERNAME", username)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", access_key)
        monkeypatch.setenv("VTIGER_URL", server.url)
        (tmp_path / "pyproject.toml").write_text('[tool.vtiger-orm]\ninclude = ["Vendors"]\n')
        assert run(["pull", "--dialect", "cloud"]) == 0
        assert run(["generate"]) == 0
        assert run(["check", "--live"]) == 0, capsys.readouterr().err
