"""Snapshots out of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from vtiger_codegen.naming.lock import ModuleNames, NamesLock, save_lock
from vtiger_codegen.revisions import lock_at, snapshot_at

from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.errors import ConfigError, SnapshotError


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A folder in a repository with two revisions: one field, then another one."""
    folder = tmp_path / "deep" / "the schema"
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for number, name in enumerate(("a", "b")):
        snapshot(module("M", field(name))).save(folder)
        names = NamesLock(modules={"M": ModuleNames(fields={name: name.upper()})})
        save_lock(folder / "names.lock", names)
        (folder / "modules" / "not a module.json").write_text("{")
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--message", name)
        git(tmp_path, "tag", f"v{number}")
    (folder / "modules" / "not a module.json").unlink()
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def test_a_snapshot_as_it_was(schema: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for revision, name in (("v0", "a"), ("main", "b"), ("HEAD~1", "a"), ("HEAD", "b")):
        found = snapshot_at(revision, schema)
        assert [each.name for each in found.modules["M"].describe.fields] == ["id", name]
        assert lock_at(revision, schema).modules["M"].fields == {name: name.upper()}
    monkeypatch.chdir(schema.parent)
    assert snapshot_at("v0", Path("the schema")).modules.keys() == {"M"}


def test_a_folder_that_is_not_there_any_more(schema: Path) -> None:
    for file in schema.rglob("*"):
        if file.is_file():
            file.unlink()
    (schema / "modules").rmdir()
    schema.rmdir()
    assert snapshot_at("HEAD", schema).modules.keys() == {"M"}


def test_what_git_cannot_tell(schema: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ConfigError, match="no revision 'nothing'"):
        snapshot_at("nothing", schema)
    with pytest.raises(ConfigError, match="is no revision"):
        snapshot_at("--output=x", schema)
    with pytest.raises(SnapshotError, match="other at HEAD is not a snapshot"):
        snapshot_at("HEAD", schema.parent / "other")
    assert lock_at("HEAD", schema.parent / "other") == NamesLock()
    with pytest.raises(ConfigError, match="committed to git, and it cannot tell: "):
        snapshot_at("HEAD", tmp_path_factory.mktemp("outside"))


def test_without_git(schema: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="git is not installed"):
        snapshot_at("HEAD", schema)
