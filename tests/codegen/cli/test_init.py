"""`vtiger-orm init`: from an address to a typed package, and the workflow that keeps it true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from vtiger_codegen.cli import run

from vtiger_orm.emulator import Crm

ROOT = Path(__file__).parents[3]
FORMER = '[project]\r\nname = "shop"'


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with Crm(data=None) as crm, crm.serve() as server:
        username, access_key = crm.credentials()
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("VTIGER_URL", raising=False)
        monkeypatch.setenv("VTIGER_USERNAME", username)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", access_key)
        yield server.url


def test_it_sets_a_project_up(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "real.toml"
    file.write_bytes(FORMER.encode())
    (tmp_path / "pyproject.toml").symlink_to(file)
    assert run(["init", "--url", url, "--output", "shop/crm", "--dialect", "webservice"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[-1].startswith("Next: in Python, from shop.crm import connect;")
    assert "Next: vtiger-orm generate" not in told  # which was done
    text = file.read_bytes().decode()
    assert text.startswith(f"{FORMER}\r\n\r\n[tool.vtiger-orm]\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert (tmp_path / "pyproject.toml").is_symlink()
    assert tomllib.loads(text)["tool"]["vtiger-orm"] == {
        "url": url,
        "dialect": "webservice",
        "schema": "vtiger-schema",
        "output": "shop/crm",
    }
    assert (tmp_path / "vtiger-schema" / "names.lock").exists()
    assert (tmp_path / "shop" / "crm" / "contacts.py").exists()
    assert run(["check"]) == 0
    assert run(["init", "--url", url]) == 1
    assert file.read_bytes().decode() == text


@pytest.mark.parametrize("former", [b"x =", b"\xff", b"tool = {x = {y = 1}}\n", b"tool = 1\n"])
def test_what_cannot_take_the_settings_stays_as_it_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    former: bytes,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_bytes(former)
    assert run(["init", "--url", "https://crm.example.com"]) == 1
    assert "pyproject.toml cannot be read" in capsys.readouterr().err
    assert (tmp_path / "pyproject.toml").read_bytes() == former


def test_what_fails_leaves_the_settings_as_they_were(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init"]) == 1
    assert "Which CRM? Give --url" in capsys.readouterr().err
    monkeypatch.setenv("VTIGER_ACCESS_KEY", "wrong-key-0000")
    assert run(["init", "--url", url]) == 1
    assert not (tmp_path / "pyproject.toml").exists()
    (tmp_path / "pyproject.toml").write_bytes(FORMER.encode())
    assert run(["init", "--url", url]) == 1
    assert (tmp_path / "pyproject.toml").read_bytes() == FORMER.encode()


def test_the_workflow_is_written_once(url: str, tmp_path: Path) -> None:
    assert run(["init", "--workflow"]) == 0
    file = tmp_path / ".github" / "workflows" / "vtiger-schema.yml"
    text = file.read_text()
    for each in ("vtiger-orm pull\n", "vtiger-orm diff git:HEAD --format markdown", "schedule:"):
        assert each in text
    assert run(["init", "--workflow"]) == 1
    assert file.read_text() == text


@pytest.mark.programs
@pytest.mark.timeout(120)
def test_the_steps_of_the_workflow_open_a_change(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a runner does them, in a clone; the hub's own command is played."""
    project, tools = tmp_path / "project", tmp_path / "tools"
    for folder in (project, tools):
        folder.mkdir()
    for name, does in (
        ("vtiger-orm", f'exec {sys.executable} -m vtiger_codegen "$@"'),
        ("pip", "exit 0"),
        ("gh", f'echo "$@" > {tmp_path}/opened'),
    ):
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)
    monkeypatch.chdir(project)
    assert run(["init", "--url", url]) == 0
    assert run(["init", "--workflow"]) == 0
    written = yaml.safe_load((project / ".github/workflows/vtiger-schema.yml").read_text())
    assert written.keys() == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads `on` so
    assert written[True].keys() == {"schedule", "workflow_dispatch"}
    job = written["jobs"]["pull"]
    assert job.keys() == {"runs-on", "env", "steps"}
    environment = {
        **os.environ,
        "VTIGER_URL": url,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'codegen'}",
        "RUNNER_TEMP": str(tmp_path),
    }

    def shell(*lines: str) -> None:
        for line in lines:
            done = subprocess.run(
                ["bash", "-e", "-c", line], env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    who = "git -c user.name=A -c user.email=a@example.com"
    shell("git init -q", "git add -A", f"{who} commit -qm x")
    shell(f"git clone -q --bare . {tmp_path}/origin", f"git remote add origin {tmp_path}/origin")
    steps = [each["run"] for each in job["steps"] if "run" in each]
    assert len(steps) == 5
    shell(*steps)
    assert not (tmp_path / "opened").exists()  # nothing is different

    file = project / "vtiger-schema" / "modules" / "Contacts.json"
    described = json.loads(file.read_text())
    fields = described["describe"]["fields"]
    described["describe"]["fields"] = [each for each in fields if each["name"] != "lastname"]
    file.write_text(json.dumps(described))
    shell("vtiger-orm generate", "git add -A", f"{who} commit -qm y", *steps)
    assert "pr create" in (tmp_path / "opened").read_text()
    assert "lastname" in (tmp_path / "diff.md").read_text()
    shell('git -C ../origin branch --list "vtiger-schema-*" | grep -q vtiger-schema')
