"""`vtiger-orm shell`: models imported, a session open, and nothing written unless it is allowed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from vtiger_codegen.cli import run

from vtiger_orm.emulator import Crm

ROOT = Path(__file__).parents[3]
PACKAGE = ["--output", str(ROOT / "generated/demo")]


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with Crm() as crm, crm.serve() as server:
        name, key = crm.credentials()
        monkeypatch.setenv("VTIGER_URL", server.url)
        monkeypatch.setenv("VTIGER_USERNAME", name)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", key)
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "path", list(sys.path))
        yield crm


def test_models_and_session_are_there(crm: Crm, capsys: pytest.CaptureFixture[str]) -> None:
    line = "print(Contacts.objects.filter(Q(lastname='Smith')).count() >= 0, crm.username)"
    assert run(["shell", *PACKAGE, "-c", line]) == 0
    assert capsys.readouterr().out == "True admin\n"


def test_it_writes_only_when_it_may(crm: Crm, capsys: pytest.CaptureFixture[str]) -> None:
    line = "Accounts(accountname='Shell').save()"
    assert run(["shell", *PACKAGE, "-c", line]) == 1
    assert "read_only=True" in capsys.readouterr().err
    assert run(["shell", *PACKAGE, "--write", "-c", line]) == 0
    assert crm.run("query", query="select id from Accounts where accountname = 'Shell';")


@pytest.mark.parametrize(
    ("line", "last"), [("1/0", "ZeroDivisionError: division by zero"), ("a b", "SyntaxError")]
)
def test_what_the_lines_get_wrong_is_shown_from_their_first_frame_on(
    crm: Crm, capsys: pytest.CaptureFixture[str], line: str, last: str
) -> None:
    assert run(["shell", *PACKAGE, "-c", line]) == 1
    told = capsys.readouterr().err
    assert last in told
    assert told.count('File "') == told.count('File "<command>", line 1') == 1
    assert told.endswith("The session is closed after 0 calls.\n")


def test_without_a_package_it_says_what_to_run(
    crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["shell"]) == 1
    assert "vtiger-orm pull && vtiger-orm generate" in capsys.readouterr().err


def test_python_itself_is_asked_where_ipython_is_not(crm: Crm) -> None:
    code = (
        "import sys; sys.modules['IPython'] = None; sys.modules['IPython.terminal.embed'] = None\n"
        "from vtiger_codegen.cli import run\n"
        f"sys.exit(run(['shell', *{PACKAGE!r}]))"
    )
    paths = os.pathsep.join((str(ROOT), str(ROOT / "codegen")))
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="print('there are', Contacts.objects.count() > 1000)\n",
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert "there are True" in done.stdout
    assert "it only reads" in done.stderr


def test_ipython_is_used_where_it_is(crm: Crm) -> None:
    pytest.importorskip("IPython", reason="IPython is not installed")
    paths = os.pathsep.join((str(ROOT), str(ROOT / "codegen")))
    done = subprocess.run(
        [sys.executable, "-m", "vtiger_codegen", "shell", *PACKAGE],
        input="print('there are', Contacts.objects.count() > 1000)\nexit\n",
        env={**os.environ, "PYTHONPATH": paths, "IPYTHONDIR": "/dev/null/none", "TERM": "dumb"},
        capture_output=True,
        text=True,
    )
    assert "there are True" in done.stdout, done.stderr
