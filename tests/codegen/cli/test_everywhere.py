"""What all verbs have in common: profiles, -v, one-line errors, UTF-8, a last line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from vtiger_codegen.cli import cli, run
from vtiger_codegen.config import load_config
from vtiger_codegen.live.credentials import address, ask

from tests.support.verbs import leaves
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import ConfigError

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "vtiger_orm/emulator/demo"

TEXT = "飞海 Žižka Ωμέγα"
PROFILES = """\
[tool.vtiger-orm]
url = "https://crm.example.com"
username = "ada"

[tool.vtiger-orm.profiles.staging-2]
url = "https://staging.example.com"
output = "generated/staging"
keyring = "staging"
"""


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Crm, str]]:
    with Crm() as crm, crm.serve() as server:
        yield crm, server.url


@pytest.fixture
def project(served: tuple[Crm, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    crm, url = served
    name, key = crm.credentials()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VTIGER_URL", url)
    monkeypatch.setenv("VTIGER_USERNAME", name)
    monkeypatch.setenv("VTIGER_ACCESS_KEY", key)
    shutil.copytree(DEMO, tmp_path / "vtiger-schema", ignore=shutil.ignore_patterns("*.py"))
    return tmp_path


# Profiles and keys


def test_a_profile_is_another_crm_and_its_key_is_its_own(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(PROFILES)
    assert load_config().profile is None
    monkeypatch.setenv("VTIGER_PROFILE", "staging-2")
    config = load_config()
    assert config.output == project / "generated/staging"
    assert address(None, config) == "https://staging.example.com"  # whatever VTIGER_URL is
    monkeypatch.setenv("VTIGER_USERNAME_STAGING_2", "eve")
    assert ask(config) == ("eve", "keyring:staging")  # never the key of the other CRM
    monkeypatch.setenv("VTIGER_ACCESS_KEY_STAGING_2", "k")
    assert ask(config) == ("eve", "k")
    monkeypatch.delenv("VTIGER_PROFILE")
    assert run(["whoami", "--profile", "stagin"]) == 1
    assert "Did you mean 'staging-2'?" in capsys.readouterr().err
    assert load_config().profile is None  # chosen for one command


def test_without_a_profile_that_is_asked_for_the_message_says_where_to_write_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["pull", "--profile", "staging"]) == 1
    assert "[tool.vtiger-orm.profiles.staging]" in capsys.readouterr().err


def test_profiles_are_checked_even_where_they_are_not_chosen(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.vtiger-orm.profiles.a]\nurll = "x"\n')
    with pytest.raises(ConfigError, match="urll"):
        load_config()
    (project / "pyproject.toml").write_text("[tool.vtiger-orm.profiles.a.profiles.b]\n")
    with pytest.raises(ConfigError, match="a profile has no profiles"):
        load_config()


def test_the_key_comes_from_the_keyring_where_the_settings_say_so(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = os.environ["VTIGER_ACCESS_KEY"]
    known = {("crm", "admin"): key}
    kept = types.SimpleNamespace(get_password=lambda *who: known[who])
    monkeypatch.setitem(sys.modules, "keyring", kept)
    monkeypatch.delenv("VTIGER_ACCESS_KEY")
    (project / "pyproject.toml").write_text('[tool.vtiger-orm]\nkeyring = "crm"\n')
    assert run(["whoami", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["user"] == "admin"


# What is shown


def test_v_shows_each_statement_as_it_is_sent(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["query", "Contacts", "-w", "lastname=Smith", "-n", "1", "-v"]) == 0
    shown = capsys.readouterr()
    assert "> select id,firstname,lastname from Contacts where lastname = 'Smith'" in shown.err
    assert "select" not in shown.out
    assert run(["query", "Contacts", "--count", "-vv"]) == 0
    assert "query of Contacts: HTTP 200" in capsys.readouterr().err
    assert run(["query", "Contacts", "--count"]) == 0
    assert "select" not in capsys.readouterr().err


LAST_LINES: Final = (
    (["whoami"], "Next: vtiger-orm pull"),
    (["limits"], "As admin was told at the login."),
    (["doctor"], "0 problems, 1 note."),
    (["pull", "--include", "Vendors", "--schema", "pulled"], "calls. Next: vtiger-orm generate"),
    (["diff", str(DEMO), "vtiger-schema"], "Nothing changed."),
    (["names", "list", "Vendors"], " names."),
    (["names", "find", "lastname"], " names."),
    (["names", "set", "Contacts.title=role"], "1 name changed. Next: vtiger-orm generate"),
    (["names", "accept"], "has a name for everything."),
    (["generate"], "36 modules."),
    (["check"], "agrees with"),
    (["customise", "Vendors"], "import the models as before."),
    (["query", "Contacts", "-n", "1"], "1 record in 1 call."),
    (["query", "Contacts", "--count"], "Counted in 1 call."),
    (["query", "Contacts", "--explain"], "Nothing was sent."),
    (["export", "Vendors", "--to", "out", "--format", "csv"], "1 file written in 2 calls."),
    (["sync", "Vendors", "--to", "sqlite:///x.db"], "1 module brought up to date."),
    (["import", "a.csv", "--module", "Vendors", "-k", "vendorname"], "1 created."),
    (["import", "none.csv", "--module", "Vendors", "-k", "vendorname"], "The file has no rows."),
    (["shell", "-c", "list(Vendors.objects.all()[:1])"], "The session is closed after 1 call."),
    (["completion", "bash"], "~/.bashrc"),
    (["guide"], "Show one: vtiger-orm guide TOPIC"),
)
"""In this order, as a day of a project goes."""
TOLD_ELSEWHERE: Final = {
    "init": "tests/codegen/cli/test_init.py",
    "migrate": "tests/codegen/cli/test_migrate.py",
    "serve": "tests/emulator/http/test_serve.py",
    "demo": "tests/demo/test_demo.py",
    "docs": "tests/site/test_publish.py",
}
"""Verbs that take longer, and where their last line is compared."""


def test_the_last_line_says_what_was_done(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "a.csv").write_text("vendorname\nNew vendor of a file\n")
    (project / "none.csv").write_text("vendorname\n")
    for arguments, line in LAST_LINES:
        assert run(arguments) == 0, capsys.readouterr().err
        shown = capsys.readouterr()
        assert line in (shown.err or shown.out).strip().splitlines()[-1], (arguments, shown)


def test_every_verb_is_asked_for_its_last_line() -> None:
    asked = {
        " ".join(arguments[:2] if arguments[0] == "names" else arguments[:1])
        for arguments, _ in LAST_LINES
    }
    assert sorted(asked | TOLD_ELSEWHERE.keys()) == sorted(dict(leaves(cli)))


FOR_PEOPLE: Final = {
    "init": "pull and generate, whose files machines read",
    "pull": "writes JSON; diff --format json tells what is different",
    "generate": "writes a package; check --json tells whether it is that of the snapshot",
    "names set": "names list --json tells them all",
    "names accept": "names list --json tells them all",
    "customise": "writes a file once",
    "migrate": "rewrites files; its exit code tells whether something is left",
    "serve": "prints lines for a shell",
    "demo": "is looked at",
    "shell": "what its lines print",
    "docs": "writes a site",
    "guide": "is read",
    "completion": "prints a script",
}
"""Verbs whose answer is for people alone, and what machines have instead."""


def test_machines_have_an_answer_of_every_verb_that_gives_one() -> None:
    machines = {
        verb
        for verb, command in leaves(cli)
        if {each.name for each in command.params} & {"as_json", "style"}
    }
    assert sorted(machines | FOR_PEOPLE.keys()) == sorted(dict(leaves(cli)))
    assert machines & FOR_PEOPLE.keys() == set()


def test_machines_read_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.csv").write_text("vendorname\nAnother vendor of a file\n")
    for arguments, key in (
        (["whoami"], "user"),
        (["limits"], "budget"),
        (["doctor"], "check"),
        (["names", "list", "Vendors"], "address"),
        (["names", "find", "lastname"], "name"),
        (["export", "Vendors", "--format", "csv"], "records"),
        (["sync", "Vendors", "--to", "sqlite:///x.db"], "loaded"),
        (["import", "a.csv", "--module", "Vendors", "-k", "vendorname"], "created"),
    ):
        assert run([*arguments, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert key in (told[0] if isinstance(told, list) else told), arguments


def test_check_tells_machines_what_does_not_agree(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate"]) == 0
    capsys.readouterr()
    assert run(["check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"agrees": True, "mismatches": []}
    file = project / "generated/crm/contacts.py"
    file.write_text(file.read_text() + "# mine\n")
    assert run(["check", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["mismatches"][0]["where"].endswith("contacts.py")


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "99999"],
        ["serve", "--port", "none"],
        ["serve", "--latency", "-1"],
        ["query"],
        ["query", "Contacts", "-n", "-1"],
        ["query", "Contacts", "--format", "xml"],
        ["generate", "--lokced"],
        ["generte"],
        ["doctor", "--ca", "nowhere.pem"],
        ["whoami", "--url", "https://localhost:99999"],
        ["whoami", "--url", "https://"],
    ],
)
def test_what_cannot_be_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(arguments) in (1, 2)
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert told[0].startswith("Error: ")


def test_exit_codes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert "Exit codes: 0 done, 1 it failed" in capsys.readouterr().out


# Programs of their own


def started(arguments: list[str], **variables: str) -> subprocess.CompletedProcess[bytes]:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "codegen")))
    return subprocess.run(
        [sys.executable, "-m", "vtiger_codegen", *arguments],
        env={**os.environ, "PYTHONPATH": paths, **variables},
        capture_output=True,
    )


@pytest.mark.parametrize(
    ("encoding", "style"), [("cp1252", "json"), ("ascii", "table"), ("utf-8", "csv")]
)
def test_text_in_every_script_goes_into_every_redirect(
    served: tuple[Crm, str], project: Path, encoding: str, style: str
) -> None:
    crm, _ = served
    name = crm.create("Accounts", {"accountname": f"{TEXT} {encoding}"})["id"]
    done = started(
        ["query", "Accounts", "-w", f"id={name}", "--format", style],
        PYTHONIOENCODING=encoding,
        LC_ALL="C",
    )
    assert done.returncode == 0, done.stderr
    assert f"{TEXT} {encoding}" in done.stdout.decode("utf-8")


@pytest.mark.parametrize(
    ("words", "completed"),
    [("vtiger-orm que", "plain,query"), ("vtiger-orm doctor --js", "plain,--json")],
)
def test_a_shell_completes_verbs_and_options(words: str, completed: str) -> None:
    number = str(words.count(" "))
    done = started([], _VTIGER_ORM_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=number)
    assert done.stdout.decode().split() == [completed]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert f"_VTIGER_ORM_COMPLETE={shell}_complete" in capsys.readouterr().out
