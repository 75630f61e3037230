"""A schema folder as it was at a revision in git. Nothing is checked out."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from vtiger_orm.errors import ConfigError, SnapshotError
from vtiger_orm.metadata.snapshot import Snapshot, module_of_file

from .naming.lock import FILE_NAME, NamesLock, load_lock


def snapshot_at(revision: str, folder: Path) -> Snapshot:
    """The snapshot that `folder` held at a revision (a branch, a tag, a commit).

    Raises `ConfigError` when git cannot tell, and `SnapshotError` when it held none.
    """
    with _restored(revision, folder) as place:
        try:
            return Snapshot.load(place)
        except SnapshotError as error:
            told = str(error).replace(str(place), f"{folder.name} at {revision}")
            raise SnapshotError(told) from error


def lock_at(revision: str, folder: Path) -> NamesLock:
    """The names.lock that `folder` held at a revision; an empty one when it held none."""
    with _restored(revision, folder) as place:
        return load_lock(place / FILE_NAME)


def uncommitted(files: Iterable[Path]) -> list[Path]:
    """Those of the files that git would not give back as they are."""
    return [file for file in files if not _is_committed(file)]


def _is_committed(file: Path) -> bool:
    try:
        _git(file.parent, "ls-files", "--error-unmatch", "--", file.name)
    except ConfigError:
        return False
    return not _git(file.parent, "status", "--porcelain", "--", file.name)


def unchanged_since(revision: str, files: Iterable[Path]) -> set[Path]:
    """Those of the files that are as they were at a revision."""
    return {file for file in files if _is_as_it_was(revision, file)}


def _is_as_it_was(revision: str, file: Path) -> bool:
    try:
        then = _git(file.parent, "rev-parse", "--verify", f"{revision}:./{file.name}")
        return then == _git(file.parent, "hash-object", "--", file.name)
    except ConfigError:
        return False


@contextmanager
def _restored(revision: str, folder: Path) -> Iterator[Path]:
    """The folder of that time, in a temporary place."""
    with tempfile.TemporaryDirectory(prefix="vtiger-orm-") as temporary:
        for path, content in _files(revision, folder.resolve()):
            file = Path(temporary) / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
        yield Path(temporary)


def _files(revision: str, folder: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The files of a schema folder, by their path inside."""
    here = next(each for each in (folder, *folder.parents) if each.is_dir())
    if not revision or revision.startswith("-"):
        raise ConfigError(f"{revision!r} is no revision: write for example git:main.")
    inside = _git(here, "rev-parse", "--show-prefix").decode().strip()
    try:
        commit = _git(here, "rev-parse", "--verify", f"{revision}^{{commit}}").decode().strip()
    except ConfigError as error:
        raise ConfigError(f"git knows no revision {revision!r} here.") from error
    root = PurePosixPath(inside, *folder.relative_to(here).parts)
    listed = _git(here, "ls-tree", "-r", "-z", "--full-tree", commit, "--", f"{root}/")
    for entry in listed.decode("utf-8", "surrogateescape").split("\0"):
        about, _, name = entry.partition("\t")
        path = PurePosixPath(name).relative_to(root) if name else PurePosixPath()
        if _belongs(path) and about.startswith("100"):
            yield path, _git(here, "cat-file", "blob", about.split()[2])


def _belongs(path: PurePosixPath) -> bool:
    if path.parent.name == "modules" and len(path.parts) == 2:
        return path.suffix == ".json" and module_of_file(path.stem) is not None
    return str(path) in ("instance.json", "observed.json", FILE_NAME)


def _git(folder: Path, *arguments: str) -> bytes:
    command: Sequence[str] = ("git", "-C", str(folder), *arguments)
    try:
        done = subprocess.run(command, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise ConfigError("git is not installed, so there are no former revisions.") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise ConfigError(
            "The former names and values are looked up in what was committed to git, and it "
            f"cannot tell: {said}"
        ) from error
    return done.stdout
