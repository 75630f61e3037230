"""The site to disk: only what it wrote itself is replaced or removed."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.site.publish import MANIFEST, publish_site

from vtiger_orm.errors import ConfigError

FILES = {PurePosixPath("index.html"): "one", PurePosixPath("modules/a.html"): "two"}


def test_files_that_are_gone_are_removed_and_others_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    publish_site(folder, FILES)
    (folder / "mine.txt").write_text("mine")
    (folder / "modules" / "mine.html").write_text("mine")
    assert publish_site(folder, {PurePosixPath("index.html"): "three"}) == 1
    assert (folder / "index.html").read_text() == "three"
    assert not (folder / "modules/a.html").exists()
    assert (folder / "modules/mine.html").read_text() == "mine"
    assert (folder / "mine.txt").read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["docs"]


def test_folders_that_become_empty_go(tmp_path: Path) -> None:
    publish_site(tmp_path / "docs", FILES)
    publish_site(tmp_path / "docs", {PurePosixPath("index.html"): "one"})
    assert not (tmp_path / "docs/modules").exists()


def test_somebody_elses_files_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(ConfigError, match="was not written by vtiger-orm docs"):
        publish_site(tmp_path, FILES)
    assert (tmp_path / "index.html").read_text() == "mine"
    assert not (tmp_path / "modules").exists()


def test_nothing_is_written_or_removed_outside(tmp_path: Path) -> None:
    folder, outside = tmp_path / "docs", tmp_path / "outside.html"
    outside.write_text("mine")
    publish_site(folder, FILES)
    (folder / MANIFEST).write_text(json.dumps(["../outside.html", str(outside), "index.html"]))
    (folder / "modules/a.html").unlink()
    publish_site(folder, {PurePosixPath("index.html"): "one"})
    assert outside.read_text() == "mine"
    (folder / "modules").rmdir()
    (folder / "modules").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="is a link"):
        publish_site(folder, FILES)


def test_docs_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["docs", "--demo", "--output", "out", "--title", "Shop & Co"]) == 0
    assert "36 modules in" in capsys.readouterr().out
    assert "Shop &amp; Co" in (tmp_path / "out/index.html").read_text()
    assert run(["docs"]) == 1
    assert "vtiger-schema" in capsys.readouterr().err
