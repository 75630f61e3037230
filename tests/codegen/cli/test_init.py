"""`vtiger-orm init`: from an address to a typed package, and the workflow that keeps it true."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from vtiger_codegen.cli import run

from vtiger_orm.emulator import Crm

FORMER = '[project]\nname = "shop"'


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with Crm(data=None) as crm, crm.serve() as server:
        username, access_key = crm.credentials()
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("VTIGER_URL", raising=False)
        monkeypatch.setenv("VTIGER_USERNAME", username)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", access_key)
        yield server.url


def test_it_sets_a_project_up(url: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(FORMER)
    assert run(["init", "--url", url, "--output", "shop/crm"]) == 0
    text = file.read_text()
    assert text.startswith(FORMER)
    assert tomllib.loads(text)["tool"]["vtiger-orm"] == {
        "url": url,
        "schema": "vtiger-schema",
        "output": "shop/crm",
    }
    assert (tmp_path / "vtiger-schema" / "names.lock").exists()
    assert (tmp_path / "shop" / "crm" / "contacts.py").exists()
    assert run(["check"]) == 0
    assert run(["init", "--url", url]) == 1
    assert file.read_text() == text


def test_what_fails_leaves_the_settings_as_they_were(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init"]) == 1
    assert "Which CRM? Give --url" in capsys.readouterr().err
    monkeypatch.setenv("VTIGER_ACCESS_KEY", "wrong-key-0000")
    assert run(["init", "--url", url]) == 1
    assert not (tmp_path / "pyproject.toml").exists()
    (tmp_path / "pyproject.toml").write_text(FORMER)
    assert run(["init", "--url", url]) == 1
    assert (tmp_path / "pyproject.toml").read_text() == FORMER


def test_the_workflow_is_written_once(url: str, tmp_path: Path) -> None:
    assert run(["init", "--workflow"]) == 0
    file = tmp_path / ".github" / "workflows" / "vtiger-schema.yml"
    text = file.read_text()
    for each in ("vtiger-orm pull\n", "vtiger-orm diff git:HEAD --format markdown", "schedule:"):
        assert each in text
    assert run(["init", "--workflow"]) == 1
    assert file.read_text() == text
