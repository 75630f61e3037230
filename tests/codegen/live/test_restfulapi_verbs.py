"""The command line by way of the RestfulApi module: verbs of records take it, and those that have
the CRM described say why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vtiger_codegen.cli import run

from vtiger_orm.dialects.restfulapi import RestfulApi
from vtiger_orm.emulator import Crm

Shown = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Crm, str]]:
    with Crm(profile="restfulapi") as crm:
        account = crm.create("Accounts", {"accountname": "Home"})["id"]
        for number in range(5):
            crm.create("Contacts", {"lastname": f"ZZ{number}", "account_id": account})
        with crm.serve() as server:
            yield crm, server.url


@pytest.fixture(scope="module")
def project(served: tuple[Crm, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pulled by webservice.php; the settings name the module for records."""
    crm, url = served
    username, access_key = crm.credentials()
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(RestfulApi, "login_spacing", 0.0)
        patch.setenv("VTIGER_ALLOW_HTTP", "1")
        patch.setenv("VTIGER_USERNAME", username)
        patch.setenv("VTIGER_ACCESS_KEY", access_key)
        settings = f'[tool.vtiger-orm]\nurl = "{url}"\ndialect = "restfulapi"\n'
        (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
        modules = ("Accounts", "Assets", "Contacts", "Vehicles", "Vendors")
        assert run(["pull", *(f"--include={each}" for each in modules)]) == 0
        assert run(["generate"]) == 0
        yield folder


def shown(crm: Crm, capsys: Shown, *words: str, code: int = 0) -> str:
    """What a verb prints; its records come by the module, unless the words say otherwise."""
    capsys.readouterr()
    with crm.count_calls() as calls:
        assert run(list(words)) == code, capsys.readouterr().err
    faces = {each.call.face for each in calls}
    assert ("restfulapi" in faces) is ("webservice" not in words)
    return capsys.readouterr().out


def test_reading_answers_as_webservice_does(
    served: tuple[Crm, str], project: Path, capsys: Shown
) -> None:
    crm, _ = served
    asked = [
        "query",
        "Contacts",
        "--where",
        "lastname__startswith=ZZ",
        "--fields",
        "lastname,account_id",
    ]
    by_module = shown(crm, capsys, *asked, "--format", "json")
    assert len(json.loads(by_module)) == 5
    other = ["--dialect", "webservice"]
    assert by_module == shown(crm, capsys, *asked, "--format", "json", *other)
    for words in (["--count"], ["--group-by", "account"]):
        same = ["query", "Assets", *words]
        assert shown(crm, capsys, *same) == shown(crm, capsys, *same, *other)
    assert run([*asked, "--explain"]) == 0
    assert "lists with criteria" in capsys.readouterr().out


def test_what_is_not_told_is_not_shown_as_blank(
    served: tuple[Crm, str], project: Path, capsys: Shown
) -> None:
    crm, _ = served
    told = shown(crm, capsys, "query", "Assets", "--where", "product__isnull=false", "--limit", "3")
    assert "assetname" in told  # nobody named the product, of which the module was not pulled
    for fields in ("assetname,tags", "assetname,product"):
        for verb in (["query", "Assets", "--limit", "3"], ["export", "Assets"]):
            shown(crm, capsys, *verb, "--fields", fields, code=1)


def test_files_and_databases_are_filled(
    served: tuple[Crm, str], project: Path, capsys: Shown
) -> None:
    crm, _ = served
    found: list[list[dict[str, Any]]] = []
    for dialect in ("restfulapi", "webservice"):
        words = [
            "--format",
            "jsonl",
            "--to",
            dialect,
            "--dialect",
            dialect,
            "-w",
            "lastname__startswith=ZZ",
        ]
        shown(crm, capsys, "export", "Contacts", *words)
        lines = (project / dialect / "Contacts.jsonl").read_text().splitlines()
        found.append([json.loads(line) for line in lines])
    assert found[0] == found[1]
    assert [each["lastname"] for each in found[0]] == [f"ZZ{number}" for number in range(5)]
    for first in (True, False):
        words = ["sync", "Vehicles", "Vendors", "--to", "sqlite:///crm.db", "--json"]
        told = json.loads(shown(crm, capsys, *words))
        assert [each["loaded"] > 0 for each in told] == [first, first]


def test_all_modules_are_those_that_the_module_lists(
    served: tuple[Crm, str], project: Path, capsys: Shown
) -> None:
    """References to what was not pulled cannot be told; Events are not even tried."""
    crm, _ = served
    included = [f"--include={each}" for each in ("Assets", "Events", "Vendors")]
    assert run(["pull", "--schema", "some", *included]) == 0
    words = ["sync", "--schema", "some", "--to", "sqlite:///all.db", "--json"]
    errors = {
        each["module"]: each["error"] for each in json.loads(shown(crm, capsys, *words, code=1))
    }
    assert errors.keys() == {"Assets", "Vendors"}
    assert errors["Vendors"] is None
    assert "which it is could not be asked" in errors["Assets"]


def test_rows_are_imported(served: tuple[Crm, str], project: Path, capsys: Shown) -> None:
    crm, _ = served
    (project / "people.csv").write_text("lastname,department\nZZ1,Sales\nZZ4,\nNew,Sales\n")
    words = ["import", "people.csv", "--module", "Contacts", "--key", "lastname"]
    assert shown(crm, capsys, *words, "--dry-run").startswith("1 would be created, 1 would be")
    assert shown(crm, capsys, *words) == "1 created, 1 changed, 1 unchanged.\n"
    assert shown(crm, capsys, *words) == "3 unchanged.\n"
    which = "department = 'Sales' and lastname in ('ZZ1', 'New')"
    rows = crm.run("query", query=f"select lastname,account_id from Contacts where {which};")
    assert sorted((each["lastname"], bool(each["account_id"])) for each in rows) == [
        ("New", False),
        ("ZZ1", True),
    ]


def test_a_shell_is_opened(served: tuple[Crm, str], project: Path, capsys: Shown) -> None:
    crm, _ = served
    words = "print(Contacts.objects.get(lastname='ZZ3').account_id.fetch().accountname)"
    assert shown(crm, capsys, "shell", "--command", words) == "Home\n"


@pytest.mark.parametrize("verb", [["whoami"], ["doctor"], ["limits"]])
def test_what_describes_the_crm_says_why_not(project: Path, capsys: Shown, verb: list[str]) -> None:
    assert run([*verb, "--dialect", "restfulapi"]) != 0
    told = " ".join("".join(capsys.readouterr()).split())
    assert "RestfulApi module tells nothing about modules and fields" in told
    assert "query, export, import, sync and shell" in told
    assert run(verb) == 0  # the settings are for records
