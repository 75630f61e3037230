"""Picklist dependencies: named in the settings, asked by `pull`, kept, and on the site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from vtiger_codegen.cli import cli, run
from vtiger_codegen.naming.assignment import NamingRules
from vtiger_codegen.naming.lock import NamesLock
from vtiger_codegen.site.facts import crm_facts
from vtiger_codegen.site.pages import pages

from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.snapshot import Snapshot

SETTINGS = """\
[tool.vtiger-orm]
include = ["Leads"]

[tool.vtiger-orm.modules.Leads]
dependencies = {{ leadsource = ["{target}"] }}
"""


@pytest.fixture
def crm(request: pytest.FixtureRequest) -> Iterator[Crm]:
    with Crm(data=None, profile=getattr(request, "param", "cloud")) as made:
        allowed = {"Cold Call": ["Cold", "Hot"], "Partner": []}
        made.engine.backdoor.depend("Leads", "leadsource", "leadstatus", allowed)
        yield made


@pytest.fixture
def project(crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with crm.serve() as server:
        name, key = crm.credentials()
        monkeypatch.chdir(tmp_path)
        for variable, value in (("URL", server.url), ("USERNAME", name), ("ACCESS_KEY", key)):
            monkeypatch.setenv(f"VTIGER_{variable}", value)
        yield tmp_path


def test_they_are_asked_kept_and_shown(project: Path) -> None:
    (project / "pyproject.toml").write_text(SETTINGS.format(target="leadstatus"))
    assert run(["pull", "--dialect", "cloud"]) == 0
    snapshot = Snapshot.load("vtiger-schema")
    told = {"leadsource": {"leadstatus": {"Cold Call": ["Cold", "Hot"], "Partner": []}}}
    assert snapshot.modules["Leads"].dependencies == told
    snapshot.save("again")
    again = Path("again/modules/Leads.json").read_bytes()
    assert again == Path("vtiger-schema/modules/Leads.json").read_bytes()
    crm = crm_facts(snapshot, NamesLock(), NamingRules())
    page = {str(path): text for path, text in pages(crm, "CRM", cli).items()}["modules/leads.html"]
    rows = page.partition('id="picklist-leadsource"')[2].partition("</details>")[0]
    assert '<th scope="row">Cold Call</th><td>Cold, Hot</td>' in rows
    assert '<th scope="row">Partner</th><td>blank only</td>' in rows


@pytest.mark.parametrize(
    ("crm", "target", "cause"),
    [("cloud", "lastname", "is not a picklist"), ("stock-8.0-php8", "leadstatus", "leadstatus")],
    indirect=["crm"],
)
def test_what_cannot_be_asked_is_an_error_that_names_the_setting(
    project: Path, target: str, cause: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(SETTINGS.format(target=target))
    assert run(["pull"]) == 1
    told = capsys.readouterr().err
    assert "[tool.vtiger-orm.modules.Leads] dependencies: leadsource" in told
    assert cause in told
    assert not (project / "vtiger-schema").exists()


def test_a_change_of_them_is_told(
    crm: Crm, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(SETTINGS.format(target="leadstatus"))
    assert run(["pull", "--dialect", "cloud"]) == 0
    assert run(["diff", "--live"]) == 0
    crm.engine.backdoor.depend("Leads", "leadsource", "leadstatus", {"Cold Call": ["Cold"]})
    capsys.readouterr()
    assert run(["diff", "--live"]) == 1
    told = capsys.readouterr().out
    assert 'leadsource dependency leadstatus Cold Call: ["Cold", "Hot"] -> ["Cold"]' in told


def test_a_snapshot_without_them_is_as_before(tmp_path: Path) -> None:
    source = Path(__file__).parents[3] / "vtiger_orm/emulator/demo"
    snapshot = Snapshot.load(source)
    assert not any(each.dependencies for each in snapshot)
    snapshot.save(tmp_path)
    assert "dependencies" not in json.loads((tmp_path / "modules/Leads.json").read_text())
