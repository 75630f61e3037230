"""`vtiger-orm diff`, as people and jobs run it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import click
import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.naming.lock import load_lock

from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.metadata.snapshot import ModuleSnapshot

Out = pytest.CaptureFixture[str]


def save(folder: Path, *modules: ModuleSnapshot) -> None:
    snapshot(*modules).save(folder)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git: the field cf_1 is committed, and cf_2 is there in its place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    (tmp_path / "pyproject.toml").write_text('[tool.vtiger-orm]\noutput = "crm"\n')
    save(tmp_path / "vtiger-schema", module("M", field("cf_1", label="Tier"), field("a")))
    assert run(["generate"]) == 0
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *command], check=True)
    save(tmp_path / "vtiger-schema", module("M", field("cf_2", label="Tier"), field("a")))
    return tmp_path


def test_the_project_is_compared_with_what_is_committed(project: Path, capsys: Out) -> None:
    capsys.readouterr()
    assert run(["diff"]) == 2
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "breaking  M: field cf_1: gone (tier: code that reads, filters or writes it fails)",
        'safe      M: field cf_2: new ("Tier": nothing uses it yet)',
        "Nothing is taken for renamed unless you say so:",
        "  --rename M.cf_1=cf_2  (the same type string, the same label 'Tier')",
        "2 changes: 1 breaking, 1 safe.",
    ]


def test_what_is_told_is_kept(project: Path, capsys: Out) -> None:
    assert run(["diff", "git:HEAD", "--rename", "M.cf_1=cf_2"]) == 1
    assert 'M: field cf_2: renamed, was "cf_1"' in capsys.readouterr().out
    lock = load_lock(project / "vtiger-schema" / "names.lock")
    assert lock.renamed.fields == {"M": {"cf_1": "cf_2"}}
    assert run(["diff"]) == 1
    assert run(["generate"]) == 0
    assert "tier: String" in (project / "crm" / "m.py").read_text()
    assert run(["check"]) == 0


@pytest.mark.parametrize("answer", [True, False])
def test_somebody_at_a_terminal_is_asked_once(
    project: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    asked: list[str] = []

    def confirm(text: str, **options: object) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    for _ in range(2):
        assert run(["diff"]) == (1 if answer else 2)
    (question,) = asked
    assert question.startswith("Was M.cf_1 renamed to cf_2?")
    assert "the same label 'Tier'" in question
    assert "--rename" not in capsys.readouterr().out


def test_other_folders_and_revisions(project: Path, capsys: Out) -> None:
    before = (project / "vtiger-schema" / "names.lock").read_bytes()
    save(project / "other", module("M", field("a"), field("cf_1", label="Tier"), field("b")))
    assert run(["diff", "git:HEAD", "other"]) == 1
    assert "M: field b: new" in capsys.readouterr().out
    assert run(["diff", "other", "git:HEAD"]) == 2
    assert run(["diff", "other", "--rename", "M.cf_1=cf_2"]) == 2
    assert run(["diff", "other", "other"]) == 0
    assert run(["diff", "git:HEAD", "other", "--rename", "M.cf_1=b"]) == 3
    capsys.readouterr()
    after = (project / "vtiger-schema" / "names.lock").read_bytes()
    assert b'"renamed"' in after
    assert b'"renamed"' not in before


def test_the_formats(project: Path, capsys: Out) -> None:
    assert run(["diff", "--format", "json"]) == 2
    content = json.loads(capsys.readouterr().out)
    assert content["grade"] == "breaking"
    assert content["possible_renames"][0]["rename"] == "M.cf_1=cf_2"
    assert run(["diff", "--format", "markdown"]) == 2
    told = capsys.readouterr().out
    assert told.startswith("### 2 changes: 1 breaking, 1 safe.\n\n**Breaking**\n\n- `M: field cf_1")
    assert run(["diff", "git:HEAD", "git:HEAD", "--format", "markdown"]) == 0
    assert capsys.readouterr().out == "### Nothing changed.\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["git:nothing"], "no revision 'nothing'"),
        (["missing"], "missing is not a snapshot"),
        (["--format", "html"], "html"),
        (["--lvie"], "--live"),
        (["a", "b", "--live"], "at most OLD"),
        (["--rename", "x=y"], "the former snapshot has no x"),
        (["--live"], "Which CRM?"),
        (["--live", "--url", "http://127.0.0.1:9"], "127.0.0.1"),
    ],
)
def test_not_knowing_is_no_verdict(
    project: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.setenv("VTIGER_USERNAME", "x")
    monkeypatch.setenv("VTIGER_ACCESS_KEY", "x")
    monkeypatch.delenv("VTIGER_URL", raising=False)
    assert run(["diff", *arguments]) == 3
    assert told in capsys.readouterr().err


def test_a_broken_snapshot_is_no_verdict(project: Path, capsys: Out) -> None:
    (project / "vtiger-schema" / "modules" / "M.json").write_text("{")
    for verb in ("diff", "check"):
        assert run([verb]) == 3
        assert "M.json cannot be read" in capsys.readouterr().err


def test_a_crash_is_no_verdict(project: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*arguments: object) -> object:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("vtiger_codegen.cli.diff.work.as_text", crash)
    assert run(["diff"]) == 3
    assert "a mistake of ours" in capsys.readouterr().err


@pytest.fixture
def application(project: Path) -> Path:
    """An application of the project, which uses one of its fields."""
    source = "from crm import M\n\n\ndef f(m: M) -> object:\n    return m.tier\n"
    (project / "app").mkdir()
    (project / "app" / "people.py").write_text(source)
    return project / "app"


def test_the_lines_of_an_application_are_told(application: Path, capsys: Out) -> None:
    assert run(["diff", "--usage", "app"]) == 2
    told = capsys.readouterr().out
    assert "M: field cf_1: gone" in told
    assert "\n            app/people.py:5  return m.tier\n" in told
    assert run(["diff", "--usage", "app", "--only-used", "--format", "json"]) == 2
    gone, new = json.loads(capsys.readouterr().out)["changes"]
    assert [(each["file"], each["line"]) for each in gone["uses"]] == [("app/people.py", 5)]
    assert new["uses"] is None


def test_what_the_application_does_not_use_is_safe(application: Path, capsys: Out) -> None:
    (application / "people.py").write_text("from crm import M\n\nM.objects.first()\n")
    assert run(["diff", "--usage", "app"]) == 2
    assert "not used here" in capsys.readouterr().out
    assert run(["diff", "--usage", "app", "--only-used"]) == 1
    assert "this application does not use it" in capsys.readouterr().out
    assert run(["diff", "--only-used"]) == 3
    assert "give --usage SRC" in capsys.readouterr().err
    (application / "people.py").write_text("from crm import M\nM.tier(\n")
    assert run(["diff", "--usage", "app"]) == 3


def test_a_former_folder_has_its_own_names(application: Path, capsys: Out) -> None:
    save(application.parent / "other", module("M", field("cf_1", label="Tier"), field("a")))
    other = {"M": {"fields": {"cf_1": "level", "a": "a"}}}
    lock = application.parent / "other" / "names.lock"
    lock.write_text(json.dumps({"format": 1, "modules": other}))
    assert run(["diff", "other", "--usage", "app"]) == 2
    assert "not used here" in capsys.readouterr().out
