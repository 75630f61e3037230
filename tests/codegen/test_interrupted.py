"""Pull and generate killed at any moment, on full and read-only disks: what is left is told
clearly, and the next run repairs it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from vtiger_codegen.generate import generate
from vtiger_codegen.naming.lock import NamesLock
from vtiger_codegen.publish import publish

from tests.codegen.packages import contents, write
from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.errors import SnapshotError
from vtiger_orm.metadata.snapshot import Snapshot

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

OLD = snapshot(module("Accounts", field("a")), module("Contacts", field("b")))
NEW = snapshot(module("Contacts", field("c")), module("Vendors", field("d")))


def killed(action: Callable[[], object], at: int) -> bool:
    """Do it in a process that dies without a word before its rename number `at`."""
    child = os.fork()
    if child == 0:
        count = iter(range(10_000))

        def dying(real: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
            def rename(self: Path, target: Path) -> Path:
                if next(count) == at:
                    os._exit(9)
                return real(self, target)

            return rename

        Path.rename = dying(Path.rename)  # type: ignore[method-assign,assignment]
        Path.replace = dying(Path.replace)  # type: ignore[method-assign,assignment]
        try:
            action()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def files(of: Snapshot) -> dict[PurePosixPath, str]:
    return generate(of, NamesLock()).files


def visible(folder: Path) -> dict[str, bytes]:
    """What is there beside the rests of a run that was killed."""
    return {name: data for name, data in contents(folder).items() if not name.startswith(".")}


@pytest.mark.programs
def test_a_killed_generate_is_repaired_by_the_next(tmp_path: Path) -> None:
    wanted = {str(path): text.encode() for path, text in files(NEW).items()}
    for at in range(40):
        folder = tmp_path / str(at)
        write(folder, files(OLD))
        (folder / "mine.py").write_text("x = 1\n")
        died = killed(lambda folder=folder: publish(folder, files(NEW)), at)  # type: ignore[misc]
        publish(folder, files(NEW))
        assert visible(folder) == {**wanted, "mine.py": b"x = 1\n"}
        if not died:
            break
    assert 8 < at < 39


def test_a_killed_pull_is_told_or_whole(tmp_path: Path) -> None:
    OLD.save(tmp_path / "old")
    NEW.save(tmp_path / "new")
    whole = [contents(tmp_path / name) for name in ("old", "new")]
    for at in range(10):
        folder = tmp_path / str(at)
        OLD.save(folder)
        (folder / "names.lock").write_text("{}")
        died = killed(lambda folder=folder: NEW.save(folder), at)  # type: ignore[misc]
        told = ""
        try:
            Snapshot.load(folder)
        except SnapshotError as error:
            told = str(error)
        found = visible(folder)
        found.pop("names.lock")
        assert found in whole or "Pull the snapshot again" in told
        NEW.save(folder)
        assert visible(folder) == {**whole[1], "names.lock": b"{}"}
        if not died:
            break
    assert 2 < at < 9


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), PermissionError(13, "locked")]
)
def test_a_full_or_locked_disk_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    OLD.save(tmp_path / "schema")
    write(tmp_path / "crm", files(OLD))
    before = contents(tmp_path)
    left = iter(range(3))

    def failing(real: Callable[..., int]) -> Callable[..., int]:
        def write(self: Path, *args: object, **kwargs: object) -> int:
            if next(left, None) is None:
                raise error
            return real(self, *args, **kwargs)

        return write

    monkeypatch.setattr(Path, "write_text", failing(Path.write_text))
    monkeypatch.setattr(Path, "write_bytes", failing(Path.write_bytes))
    with pytest.raises(OSError, match=str(error.strerror)):
        publish(tmp_path / "crm", files(NEW))
    with pytest.raises(OSError, match=str(error.strerror)):
        NEW.save(tmp_path / "schema")
    assert contents(tmp_path) == before
