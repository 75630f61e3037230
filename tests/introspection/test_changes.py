"""What a pull says about a CRM that was pulled before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.naming.lock import load_lock

from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

Out = pytest.CaptureFixture[str]
LOCK = Path("vtiger-schema") / "names.lock"


@pytest.fixture(scope="module")
def crm() -> Iterator[tuple[Crm, str]]:
    with Crm() as crm, crm.serve() as server:
        yield crm, server.url


@pytest.fixture
def become(
    crm: tuple[Crm, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str | None], None]:
    """Be another user of the CRM, in a project of Contacts, Leads and Vendors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.vtiger-orm]\ninclude = ["Contacts", "Leads", "Vendors"]\n'
    )
    monkeypatch.setenv("VTIGER_URL", crm[1])

    def become(user: str | None) -> None:
        username, access_key = crm[0].credentials(user)
        monkeypatch.setenv("VTIGER_USERNAME", username)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", access_key)

    become(None)
    return become


def rewrite(change: Callable[[dict[str, Any]], None]) -> None:
    """Make the snapshot of Vendors another one than the CRM's."""
    known = Snapshot.load("vtiger-schema")
    raw = known.modules["Vendors"].to_json()
    change(raw["describe"])
    known.modules["Vendors"] = ModuleSnapshot.model_validate(raw)
    known.save("vtiger-schema")


def test_what_changed_is_told_and_graded(become: Callable[..., None], capsys: Out) -> None:
    assert run(["pull"]) == 0
    assert " changed" not in capsys.readouterr().out
    assert run(["pull"]) == 0
    assert "  Nothing changed.\n" in capsys.readouterr().out

    def other(describe: dict[str, Any]) -> None:
        describe["createable"] = False
        for each in describe["fields"]:
            if each["name"] == "website":
                each["name"] = "cf_7"

    rewrite(other)
    assert run(["pull"]) == 0
    told = capsys.readouterr().out
    assert "  breaking  Vendors: field cf_7: gone" in told
    assert "  safe      Vendors: module createable: false -> true" in told
    assert "  --rename Vendors.cf_7=website" in told
    rewrite(other)
    assert run(["pull", "--rename", "Vendors.cf_7=website"]) == 0
    assert 'caution   Vendors: field website: renamed, was "cf_7"' in capsys.readouterr().out
    assert load_lock(LOCK).renamed.fields == {"Vendors": {"cf_7": "website"}}


def test_many_changes_are_cut_short(become: Callable[..., None], capsys: Out) -> None:
    assert run(["pull"]) == 0

    def empty(describe: dict[str, Any]) -> None:
        describe["fields"] = [each for each in describe["fields"] if each["name"] == "id"]
        describe["fields"] += [
            {"name": f"cf_{number}", "label": "x", "type": {"name": "skype"}}
            for number in range(40)
        ]

    rewrite(empty)
    capsys.readouterr()
    assert run(["pull"]) == 0
    assert "lines more: vtiger-orm diff shows all of them." in capsys.readouterr().out


def test_a_lesser_user_writes_nothing(become: Callable[..., None], capsys: Out) -> None:
    assert run(["pull"]) == 0
    before = Snapshot.load("vtiger-schema")
    become("restricted")
    capsys.readouterr()
    assert run(["pull"]) == 1
    told = capsys.readouterr().err
    assert "would lose" in told
    assert "2 modules (Leads, Vendors) and 5 fields (Contacts.birthday, " in told
    assert "restricted is no administrator" in told
    assert "--allow-loss" in told
    assert Snapshot.load("vtiger-schema") == before
    assert run(["diff", "--live"]) == 2
    assert "Not seen: 2 modules (Leads, Vendors)" in capsys.readouterr().err
    assert run(["pull", "--allow-loss"]) == 0
    assert Snapshot.load("vtiger-schema").modules.keys() == {"Contacts"}


@pytest.mark.parametrize("answer", [True, False])
def test_a_terminal_is_asked(
    become: Callable[..., None], monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    assert run(["pull"]) == 0
    become("restricted")
    asked: list[str] = []

    def confirm(text: str, **options: object) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    assert run(["pull"]) == (0 if answer else 130)
    assert asked == ["Write it all the same?"]
    assert ("Leads" in Snapshot.load("vtiger-schema").modules) is not answer


def test_two_users_who_see_the_same_write_the_same(
    crm: tuple[Crm, str], become: Callable[..., None], tmp_path: Path
) -> None:
    """Whatever their date format, and also when the CRM has been emptied."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.vtiger-orm]\ninclude = ["Contacts", "Potentials"]\n'
    )
    assert run(["pull"]) == 0
    first = {file: file.read_bytes() for file in Path("vtiger-schema").rglob("*.json")}
    users = crm[0].users()
    admin = next(user for user in users if user.is_admin)
    known = Snapshot.load("vtiger-schema")
    dates = [
        each["type"]["format"]
        for each in known.modules["Potentials"].raw["fields"]
        if each["type"]["name"] == "date"
    ]
    assert set(dates) == {admin.date_format}
    for module in known.modules.values():
        for each in module.raw["fields"]:
            if each["type"]["name"] == "date":
                each["type"]["format"] = "dd.mm.yyyy"
    known.save("vtiger-schema")
    second = {file: file.read_bytes() for file in Path("vtiger-schema").rglob("*.json")}
    assert {file.name for file in first if first[file] != second[file]} == {"observed.json"}
    assert run(["diff", "--live"]) == 0


def test_a_damaged_snapshot_is_told_and_replaced(become: Callable[..., None], capsys: Out) -> None:
    assert run(["pull"]) == 0
    (Path("vtiger-schema") / "modules" / "Leads.json").write_text("{")
    capsys.readouterr()
    assert run(["pull"]) == 0
    assert "What changed cannot be told" in capsys.readouterr().err
    assert "Leads" in Snapshot.load("vtiger-schema").modules


def test_a_pattern_that_fits_nothing_writes_nothing(
    become: Callable[..., None], capsys: Out
) -> None:
    assert run(["pull", "--exclude", "Leeds"]) == 1
    assert "exclude 'Leeds' fits no module that the CRM showed. Did you mean \"Leads\"?" in (
        capsys.readouterr().err
    )
    assert not Path("vtiger-schema").exists()


@pytest.mark.parametrize(
    ("pulled", "told"),
    [("8.2.0", True), ("8.3.0", True), ("7.5.0", True), ("8.0.9", False), ("8.0.0", False)],
)
def test_what_was_found_out_on_another_release_is_told(
    become: Callable[..., None], capsys: Out, pulled: str, told: bool
) -> None:
    assert run(["pull"]) == 0
    assert run(["generate"]) == 0
    known = Snapshot.load("vtiger-schema")
    known.instance = known.instance.model_copy(update={"version": pulled})
    known.save("vtiger-schema")
    assert run(["generate"]) == 0
    capsys.readouterr()
    assert run(["check", "--live"]) == (0 if pulled == "8.0.0" else 1)
    said = " ".join(capsys.readouterr().err.split())
    message = f"found out on Vtiger CRM {pulled}; it is Vtiger CRM 8.0.0 now"
    assert (message in said) is told
