"""`vtiger-orm migrate`, as people run it: names are changed, the application follows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from vtiger_codegen.cli import run

from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.metadata.snapshot import ModuleSnapshot

ROOT = Path(__file__).parents[3]
Out = pytest.CaptureFixture[str]

APP = '''\
"""Who to call."""

from vtiger_orm import Q

from crm import Accounts, Contacts


def callers(name: str) -> list[Contacts]:
    # hot ones only
    return list(
        Contacts.objects.filter(  # by name
            Q(tier="Gold") | ~Q(stage__in=[Contacts.Stage.COLD_CALL]),
            lastname__startswith=name,
        ).order_by("-tier")
    )


def tiers() -> list[str | None]:
    return [row["tier"] for row in Contacts.objects.values("tier", "lastname")]


def promote(contact: Contacts, account: Accounts) -> Contacts:
    contact.tier = account.tier
    contact.save()
    return Contacts.objects.create(lastname="x", tier=contact.tier)


class Other:
    tier = 1
'''


def crm(**changes: str) -> list[ModuleSnapshot]:
    """A CRM of two modules, some things in it under another wire name."""
    called = changes.get
    return [
        module("Accounts", field("cf_7", label="Tier")),
        module(
            "Contacts",
            field("lastname", mandatory=True),
            field(called("cf_1", "cf_1"), label="Tier"),
            field("stage", "picklist", values=[called("Cold Call", "Cold Call"), "Won"]),
        ),
    ]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an application, all of it committed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    (tmp_path / "pyproject.toml").write_text('[tool.vtiger-orm]\noutput = "crm"\n')
    snapshot(*crm()).save(tmp_path / "vtiger-schema")
    assert run(["generate"]) == 0
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "people.py").write_text(APP)
    git("init", "-q")
    commit()
    return tmp_path


def git(*arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def commit() -> None:
    git("add", ".")
    git("commit", "-q", "-m", "x")


def mypy(cache: Path) -> str:
    """What mypy says of the application."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={cache}", "app"],
        env={"MYPYPATH": f"{ROOT}:.", "PATH": ""},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def renamed() -> None:
    pairs = [
        *("Contacts=Person", "file Contacts=person", "Contacts.cf_1=level"),
        *("Contacts.stage.Cold Call=PHONED", "picklist Contacts.stage=Phase"),
    ]
    assert run(["names", "set", *pairs]) == 0
    assert run(["generate"]) == 0


EXPECTED = (
    APP.replace("Accounts, Contacts", "Accounts, Person")
    .replace("Contacts.Stage.COLD_CALL", "Person.Phase.PHONED")
    .replace("Contacts", "Person")
    .replace("Q(tier", "Q(level")
    .replace('"-tier"', '"-level"')
    .replace('"tier"', '"level"')
    .replace(".tier = account.tier", ".level = account.tier")
    .replace("tier=contact.tier", "level=contact.level")
)


@pytest.mark.checkers
def test_mypy_is_content_before_and_after(project: Path, mypy_cache: Path) -> None:
    assert "Success" in mypy(mypy_cache)
    renamed()
    assert "Success" not in mypy(mypy_cache)
    assert run(["migrate", "app"]) == 0
    assert "Success" in mypy(mypy_cache)


def test_the_application_follows_the_names(project: Path, capsys: Out) -> None:
    renamed()
    file = project / "app" / "people.py"
    capsys.readouterr()
    assert run(["migrate", "app", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "-from crm import Accounts, Contacts\n+from crm import Accounts, Person\n" in told
    assert "1 file would be rewritten." in told
    assert file.read_text() == APP
    assert run(["migrate", "app"]) == 0
    assert "rewritten  app/people.py: line 5, 8, 11, " in capsys.readouterr().out
    assert file.read_text() == EXPECTED
    assert run(["migrate", "app"]) == 1
    assert "Not committed: app/people.py" in capsys.readouterr().err
    assert run(["migrate", "app", "--force"]) == 0
    assert file.read_text() == EXPECTED
    commit()
    assert run(["migrate", "app"]) == 0
    assert file.read_text() == EXPECTED
    assert run(["migrate", "app", "--since", "HEAD~1"]) == 0
    assert file.read_text() == EXPECTED


@pytest.mark.checkers
def test_what_the_crm_renamed_needs_no_migration_of_attributes(
    project: Path, mypy_cache: Path
) -> None:
    """The lock keeps the names; only texts that are stored have to change."""
    file = project / "app" / "people.py"
    file.write_text(APP + '\n\nCOLD = Contacts.Stage("Cold Call")\n')
    commit()
    snapshot(*crm(**{"cf_1": "cf_2", "Cold Call": "Telephone"})).save("vtiger-schema")
    renames = ["Contacts.cf_1=cf_2", "Contacts.stage.Cold Call=Telephone"]
    assert run(["diff", *(f"--rename={each}" for each in renames)]) == 1
    assert run(["generate"]) == 0
    assert run(["migrate", "app"]) == 0
    assert file.read_text() == APP + '\n\nCOLD = Contacts.Stage("Telephone")\n'
    assert "Success" in mypy(mypy_cache)


def test_names_that_change_places(project: Path) -> None:
    assert run(["names", "set", "Contacts.cf_1=lastname", "Contacts.lastname=tier"]) == 0
    assert run(["migrate", "app"]) == 0
    text = (project / "app" / "people.py").read_text()
    assert 'Contacts.objects.values("lastname", "tier")' in text
    assert "tier__startswith=name" in text
    assert run(["migrate", "app", "--force"]) == 1
    assert (project / "app" / "people.py").read_text() == text


def test_all_files_are_rewritten_or_none(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    (project / "app" / "two.py").write_text(APP)
    (project / "app" / "people.py").chmod(0o755)
    commit()
    renamed()
    made, before = iter(range(9)), sorted((project / "app").iterdir())
    with monkeypatch.context() as patched:
        real = tempfile.mkstemp

        def full(**given: Any) -> tuple[int, str]:
            if next(made) == 1:
                raise OSError(28, "No space left on device")
            return real(**given)

        patched.setattr(tempfile, "mkstemp", full)
        assert run(["migrate", "app"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert [each.read_text() for each in before] == [APP, APP]
    assert run(["migrate", "app"]) == 0
    assert [each.read_text() for each in before] == [EXPECTED, EXPECTED]
    assert sorted((project / "app").iterdir()) == before
    assert (project / "app" / "people.py").stat().st_mode & 0o777 == 0o755


def test_what_is_left_to_somebody(project: Path, capsys: Out) -> None:
    file = project / "app" / "people.py"
    file.write_text(APP + "\n\ndef f(x): return x.tier\n")
    commit()
    renamed()
    capsys.readouterr()
    assert run(["migrate", "app"]) == 1
    told = capsys.readouterr().out
    assert "  look at    app/people.py:32  def f(x): return x.tier\n" in told
    assert "perhaps Contacts.cf_1, which is called level now" in told
    assert "1 file rewritten, 1 line left to you." in told


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["missing"], 1, "There is no missing"),
        (["app", "--since", "nothing"], 1, "no revision 'nothing'"),
        ([], 2, "Missing argument"),
    ],
)
def test_wrong_usage(
    project: Path, capsys: Out, arguments: list[str], code: int, told: str
) -> None:
    assert run(["migrate", *arguments]) == code
    assert told in capsys.readouterr().err


def test_outside_of_git_nothing_is_rewritten(
    project: Path, tmp_path_factory: pytest.TempPathFactory, capsys: Out
) -> None:
    file = tmp_path_factory.mktemp("outside") / "app.py"
    file.write_text(APP)
    renamed()
    assert run(["migrate", str(file)]) == 1
    assert "Not committed" in capsys.readouterr().err
    assert file.read_text() == APP
    assert run(["migrate", str(file), "--force"]) == 0
    assert file.read_text() == EXPECTED
