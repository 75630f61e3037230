"""`vtiger-orm pull` and `vtiger-orm whoami`, as people run them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from rich.console import Console
from vtiger_codegen.cli import run
from vtiger_codegen.live.pull import pull_into
from vtiger_codegen.naming.lock import load_lock

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Exchange
from vtiger_orm.emulator.http import Response
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.session import Session


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Crm, str]]:
    crm = Crm()
    with crm.serve() as server:
        yield crm, server.url
    crm.close()


@pytest.fixture
def place(
    served: tuple[Crm, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A folder of its own, and the environment of somebody who reaches the CRM."""
    crm, url = served
    username, access_key = crm.credentials()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VTIGER_URL", url)
    monkeypatch.setenv("VTIGER_USERNAME", username)
    monkeypatch.setenv("VTIGER_ACCESS_KEY", access_key)
    yield tmp_path
    crm.reset()


def test_pull_writes_a_snapshot(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pull"]) == 0
    shown = capsys.readouterr()
    assert len(Snapshot.load(place / "vtiger-schema").modules) == 36
    assert "36 modules in" in shown.out
    assert "Products: 5 denied" in shown.out
    assert "denied: described, but refused in queries" in shown.out
    assert "vtiger-orm generate" in shown.out
    assert shown.err == ""


def test_settings_come_from_pyproject(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "pyproject.toml").write_text(
        '[tool.vtiger-orm]\nschema = "crm"\ninclude = ["C*"]\nexclude = ["Cal*"]\n'
    )
    assert run(["pull"]) == 0
    names = set(Snapshot.load(place / "crm").modules)
    assert names == {"Campaigns", "CompanyDetails", "Contacts", "Currency"}
    assert run(["pull", "--include", "Vendors", "--schema", "other"]) == 0
    assert set(Snapshot.load(place / "other").modules) == {"Vendors"}


def test_globs_that_fit_nothing_are_told_with_what_there_is(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["pull", "--include", "Vendor", "--exclude", "X*"]) == 1
    told = capsys.readouterr().err
    assert r"None of the 36 modules that this user sees fits include (Vendor) and not" in told
    assert "exclude (X*). There are: Accounts, " in told
    assert not (place / "vtiger-schema").exists()


def test_the_command_line_names_the_address_first(
    place: Path, served: tuple[Crm, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VTIGER_URL", "https://wrong.test")
    arguments = ["pull", "--url", f"{served[1]}/webservice.php", "--include", "Vendors"]
    assert run(arguments) == 0


def test_whoami_tells_who_and_where(
    place: Path, served: tuple[Crm, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["whoami"]) == 0
    shown = capsys.readouterr().out
    for text in (
        f"{served[1]} (webservice, Vtiger CRM 8.0.0, API 0.22)",
        "admin (19x1), Ada Administrator",
        "administrator",
        "that of the API is not proved",
        "36 visible",
        "AND before OR: proved",
        "sync: broken on this server",
    ):
        assert text in shown
    assert served[0].credentials()[1] not in shown


class _WithRestfulApi:
    """The CRM has that module beside its own ones."""

    def apply(self, exchange: Exchange) -> Response:
        response = exchange.proceed()
        told = json.loads(response.body)
        if told["success"]:  # finding out the dialect asks without a login
            told["result"]["types"].append("RestfulApi")
        return replace(response, body=json.dumps(told).encode())


def test_whose_rights_restfulapi_ignores_is_told_once(
    place: Path, served: tuple[Crm, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By whoami where the module is there, and by the guide."""
    claim = "does not apply the CRM's rights"
    assert run(["whoami"]) == 0
    assert claim not in capsys.readouterr().out
    served[0].faults.always(_WithRestfulApi(), operation="listtypes")
    assert run(["whoami"]) == 0
    assert capsys.readouterr().out.count(claim) == 1
    served[0].faults.clear()
    guide = Path(__file__).parents[2] / "templates" / "guide"
    assert "".join(file.read_text() for file in guide.glob("*.md")).count(claim) == 1


def test_whoami_is_cheap(place: Path, served: tuple[Crm, str]) -> None:
    with served[0].count_calls() as calls:
        assert run(["whoami", "--dialect", "webservice"]) == 0
    assert len(calls) <= 30


def test_limits_are_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VTIGER_BUDGET", "60/minute, 500/day")
    assert run(["limits"]) == 0
    shown = capsys.readouterr().out
    assert "the server announces none" in shown
    assert "own budget: 57 of 60 calls left of the minute" in shown


def test_an_unencrypted_address_gets_no_key(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name resolves nowhere: what matters is whether it comes to that."""
    monkeypatch.setenv("VTIGER_URL", "http://crm.invalid")
    assert run(["whoami", "--dialect", "cloud"]) == 1
    assert "--insecure-http" in capsys.readouterr().err
    assert run(["whoami", "--dialect", "cloud", "--insecure-http"]) == 1
    assert "no connection to crm.invalid" in capsys.readouterr().err


def test_no_address_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VTIGER_URL")
    assert run(["whoami"]) == 1
    assert "--url URL, set VTIGER_URL" in capsys.readouterr().err


def test_missing_credentials_without_a_terminal_are_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VTIGER_ACCESS_KEY")
    assert run(["pull"]) == 1
    assert "Set VTIGER_ACCESS_KEY in the environment" in capsys.readouterr().err


def test_the_key_is_asked_for_at_a_terminal(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    access_key = os.environ["VTIGER_ACCESS_KEY"]
    monkeypatch.delenv("VTIGER_ACCESS_KEY")
    asked = []

    def prompt(text: str, **options: object) -> str:
        asked.append((text, options.get("hide_input")))
        return access_key

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(click, "prompt", prompt)
    assert run(["whoami"]) == 0
    assert asked == [("Access key", True)]
    shown = capsys.readouterr()
    assert access_key not in shown.out + shown.err


@pytest.mark.parametrize("verb", ["pull", "whoami"])
@pytest.mark.parametrize("option", ["--access-key", "--key", "--password", "--username"])
def test_there_is_no_option_for_credentials(place: Path, verb: str, option: str) -> None:
    assert run([verb, option, "x"]) == 2


def test_a_wrong_key_is_one_message(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VTIGER_ACCESS_KEY", "wrong-canary")
    assert run(["whoami"]) == 1
    shown = capsys.readouterr()
    assert "My Preferences" in shown.err
    assert "Traceback" not in shown.err
    assert "wrong-canary" not in shown.err + shown.out


def test_a_terminal_sees_a_bar(served: tuple[Crm, str], tmp_path: Path) -> None:
    crm, url = served
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    with Session(url, *crm.credentials()) as session:
        pull_into(tmp_path, session, include=["Co*"], console=console)
    assert "/3" in stream.getvalue() or "/4" in stream.getvalue()
    quiet = io.StringIO()
    with Session(url, *crm.credentials()) as session:
        pull_into(tmp_path, session, include=["Co*"], console=Console(file=quiet))
    assert quiet.getvalue() == ""


def test_what_is_told_of_the_live_crm_waits_for_the_pull(place: Path) -> None:
    """Names move with the snapshot, and what was told may be told again."""
    assert run(["pull", "--include", "Contacts"]) == 0
    file = place / "vtiger-schema" / "modules" / "Contacts.json"
    file.write_text(file.read_text().replace('"department"', '"dept"'))
    assert run(["names", "accept"]) == 0
    lock = place / "vtiger-schema" / "names.lock"
    rename = ["--rename", "Contacts.dept=department"]
    (place / "pyproject.toml").write_text('[tool.vtiger-orm]\ninclude = ["Contacts"]\n')
    for _ in range(2):
        assert run(["diff", "--live", *rename]) == 1
        found = load_lock(lock)
        assert found.renamed.fields == {"Contacts": {"dept": "department"}}
        assert found.modules["Contacts"].fields["dept"] == "dept"
    assert run(["pull", *rename]) == 0
    assert load_lock(lock).modules["Contacts"].fields["department"] == "dept"
