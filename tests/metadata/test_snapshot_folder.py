"""A snapshot replaces what a snapshot wrote, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from vtiger_orm.errors import SnapshotError
from vtiger_orm.metadata.snapshot import Snapshot

DEMO = Path(__file__).parents[2] / "vtiger_orm" / "emulator" / "demo"


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot.load(DEMO)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


@pytest.mark.parametrize("name", ["app.js", "theme.json", "deep/readme.md"])
def test_a_foreign_folder_of_modules_is_left_alone(
    snapshot: Snapshot, tmp_path: Path, name: str
) -> None:
    """`pull --schema .` in a project that has a folder of that name."""
    file = tmp_path / "modules" / name
    file.parent.mkdir(parents=True)
    file.write_text('{"a": 1}')
    before = everything(tmp_path)
    with pytest.raises(SnapshotError, match="Nothing was written"):
        snapshot.save(tmp_path)
    assert everything(tmp_path) == before


def test_a_foreign_file_among_those_of_a_snapshot_is_left_alone(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    snapshot.save(tmp_path)
    snapshot.save(tmp_path)
    (tmp_path / "modules" / "notes.txt").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(SnapshotError, match=r"notes\.txt was not written by a snapshot"):
        snapshot.save(tmp_path)
    assert everything(tmp_path) == before


def test_a_link_is_not_followed(snapshot: Snapshot, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.txt").write_text("mine")
    folder = tmp_path / "schema"
    folder.mkdir()
    (folder / "modules").symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(SnapshotError, match="is a link"):
        snapshot.save(folder)
    assert [each.name for each in elsewhere.iterdir()] == ["kept.txt"]


def test_a_damaged_snapshot_is_replaced(snapshot: Snapshot, tmp_path: Path) -> None:
    snapshot.save(tmp_path)
    (tmp_path / "modules" / "Contacts.json").write_text("{")
    snapshot.save(tmp_path)
    assert len(Snapshot.load(tmp_path).modules) == len(snapshot.modules)
