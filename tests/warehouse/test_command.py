"""`vtiger-orm sync`, as people use it: told what was done, killed, and run again."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from vtiger_codegen.cli import run
from vtiger_codegen.cli.sync import Interval

import vtiger_orm.emulator
from generated.demo import Contacts, Potentials, connect
from tests.support.databases import contents
from tests.support.killed import killed
from vtiger_orm.emulator import Crm

SCHEMA = Path(vtiger_orm.emulator.__file__).parent / "demo"
ROUNDS = int(os.environ.get("VTIGER_ORM_ROUNDS", "1"))
"""How often a process is killed; more by hand."""


def settings_of(crm: Crm, url: str) -> dict[str, str]:
    user, key = crm.credentials()
    return {"VTIGER_URL": url, "VTIGER_USERNAME": user, "VTIGER_ACCESS_KEY": key}


def test_what_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    with Crm() as crm, crm.serve() as server:
        for name, value in settings_of(crm, server.url).items():
            monkeypatch.setenv(name, value)
        common = ["--to", f"sqlite:///{tmp_path / 'crm.db'}", "--schema", str(SCHEMA)]
        assert run(["sync", "Vendors", "Potentials", *common]) == 0
        told = capsys.readouterr().out
        assert "Vendors: table Vendors" in told
        assert "Potentials: 315 records loaded; ids compared now." in told
        assert run(["sync", "Vendors", *common]) == 0
        assert "Vendors: nothing new; ids last compared 20" in capsys.readouterr().out
        assert run(["sync", "Vendors", *common, "--sweep", "always"]) == 0
        assert "ids compared now" in capsys.readouterr().out
        assert run(["sync", "Calendar", "Vendors", *common]) == 1
        shown = capsys.readouterr()
        assert "duration_hours" in shown.err
        assert "1 of 2 modules could not be brought up to date. --unreadable null" in shown.err
        assert "Vendors: nothing new" in shown.out
        assert run(["sync", "Vendorz", *common]) == 1
        assert run(["sync", "Vendors", *common, "--sweep", "daily"]) == 2
        assert run(["sync", "--schema", str(SCHEMA)]) == 2


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("always", timedelta(0)),
        ("every=1d", timedelta(days=1)),
        ("every=12h", timedelta(hours=12)),
        ("every=30m", timedelta(minutes=30)),
    ],
)
def test_intervals(text: str, what: timedelta) -> None:
    assert Interval().convert(text, None, None) == what


@pytest.mark.programs
def test_killed_processes_go_on(tmp_path: Path) -> None:
    """Killed without a word at some moment, while records change, and run again."""
    with Crm() as crm, crm.serve() as server:
        environment = {
            **os.environ,
            **settings_of(crm, server.url),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        address = f"sqlite:///{tmp_path / 'crm.db'}"
        command = [sys.executable, "-m", "vtiger_codegen", "sync", "Contacts", "Potentials"]
        command += ["--to", address, "--schema", str(SCHEMA)]
        contacts = crm.engine.backdoor.ids("Contacts")
        for number in range(ROUNDS):
            crm.create("Contacts", {"lastname": f"Round {number}"})
            crm.run("revise", element={"id": contacts[number], "lastname": f"Round {number}"})
            crm.run("delete", id=contacts[-1 - number])
            killed(
                crm,
                [*command, "--sweep", "always"],
                3 + number * 7 % 31,
                later=0.003 * (number % 10),
                environment=environment,
            )
        done = subprocess.run([*command, "--sweep", "always"], env=environment, check=False)
        assert done.returncode == 0
        engine = sa.create_engine(address)
        with connect(crm.url, *crm.credentials(), transport=crm.transport()):
            for model in (Contacts, Potentials):
                there = {row["id"]: row for row in model.objects.to_arrow().to_pylist()}
                assert contents(engine, model.meta.name) == there
        engine.dispose()
