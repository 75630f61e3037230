"""Files to disk, all or none: staged first, then renamed into place.

Only files that the generator made are ever replaced or removed. It knows them by their first
line; those that may be removed are besides named by the package's own list of modules.
"""

from __future__ import annotations

import ast
import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vtiger_orm._files import linked_part
from vtiger_orm.errors import ConfigError

from .rendering.render import MARKER


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What publishing does to a folder."""

    written: tuple[PurePosixPath, ...]
    removed: tuple[PurePosixPath, ...]

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)


def read_text(folder: Path, path: PurePosixPath) -> str | None:
    """The text of a file, with the line ends that were printed whatever version control made
    of them; None when there is no such file."""
    try:
        text = (folder / path).read_bytes().decode("utf-8", "surrogateescape")
        return text.replace("\r\n", "\n")
    except (FileNotFoundError, NotADirectoryError):
        return None


def file_changes(folder: Path, files: Mapping[PurePosixPath, str]) -> FileChanges:
    """What has to be written and removed, so that `folder` holds `files`.

    Raises `ConfigError` when a file that somebody else wrote is in the way.
    """
    written = []
    for path, text in files.items():
        _check_place(folder, path)
        found = read_text(folder, path)
        if found == text:
            continue
        if found and not _is_ours(found):
            raise ConfigError(
                f"{folder / path} was not written by vtiger-orm, so it is not replaced. "
                "Choose another output folder, or move the file away."
            )
        written.append(path)
    return FileChanges(tuple(written), tuple(_leftovers(folder, files)))


def _check_place(folder: Path, path: PurePosixPath) -> None:
    """Raises `ConfigError` where a link leads out of the folder."""
    link = linked_part(folder, path)
    if link is not None:
        raise ConfigError(
            f"{link} is a link, so {path} would be written elsewhere. Nothing was written: remove "
            "the link, or choose another output folder."
        )


def write_once(folder: Path, files: Mapping[PurePosixPath, str]) -> list[Path]:
    """Write those of the files that are not there; returns them. Raises `ConfigError` where a link
    leads out of the folder."""
    for path in files:
        _check_place(folder, path)
    missing = [path for path in files if not (folder / path).exists()]
    for path in missing:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (folder / path).open("xb") as file:
            file.write(files[path].encode("utf-8"))
    return [folder / path for path in missing]


def publish(folder: Path, files: Mapping[PurePosixPath, str]) -> FileChanges:
    """Make `folder` hold `files`; what is the same already is not touched.

    Whatever fails, the folder is as it was before, or as it should be afterwards.
    Raises `ConfigError` when a file that somebody else wrote is in the way.
    """
    if folder.is_file():
        raise ConfigError(f"{folder} is a file, and the package is a folder. Choose another one.")
    plan = file_changes(folder, files)
    if not plan:
        return plan
    made = _missing(folder, files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _publish(folder, files, plan)
    except BaseException:
        for each in made:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise
    return plan


def _publish(folder: Path, files: Mapping[PurePosixPath, str], plan: FileChanges) -> None:
    staging = Path(tempfile.mkdtemp(prefix=".vtiger-orm-", dir=folder))
    try:
        for path in plan.written:
            file = staging / "new" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(files[path].encode("utf-8"))
        _swap(folder, staging, plan)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _missing(folder: Path, files: Mapping[PurePosixPath, str]) -> list[Path]:
    """The folders that have to be made, the innermost first."""
    needed = {folder / path.parent for path in files} | {folder, *folder.parents}
    return sorted((each for each in needed if not each.exists()), reverse=True)


def _swap(folder: Path, staging: Path, plan: FileChanges) -> None:
    """Rename everything into place; on any failure rename everything back."""
    moved: list[tuple[Path, Path]] = []
    try:
        for path in (*plan.removed, *plan.written):
            place, former = folder / path, staging / "old" / path
            if place.exists():
                former.parent.mkdir(parents=True, exist_ok=True)
                place.rename(former)
                moved.append((former, place))
            if path in plan.removed:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            new = staging / "new" / path
            new.rename(place)
            moved.append((place, new))
    except BaseException:
        for now, before in reversed(moved):
            now.rename(before)
        raise


def _is_ours(text: str) -> bool:
    return text.split("\n", 1)[0] == MARKER


def _leftovers(folder: Path, files: Mapping[PurePosixPath, str]) -> Iterator[PurePosixPath]:
    """Files of modules that the package in `folder` has and the new one has not."""
    for name in sorted(_modules_of(read_text(folder, PurePosixPath("_package.py")) or "")):
        for path in (f"{name}.py", f"_typing/{name}.py", f"_typing/{name}.pyi"):
            old = PurePosixPath(path)
            if (
                linked_part(folder, old) is None
                and old not in files
                and _is_ours(read_text(folder, old) or "")
            ):
                yield old


def _modules_of(source: str) -> set[str]:
    """The Python modules that a `_package.py` lists; nothing of it is executed."""
    if not _is_ours(source):
        return set()
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "modules":
            with contextlib.suppress(ValueError, TypeError, IndexError, AttributeError):
                names |= {str(entry[0]) for entry in ast.literal_eval(node.value).values()}
    return {name for name in names if name.isidentifier()}
