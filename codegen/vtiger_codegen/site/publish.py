"""The site to disk: everything beside the folder first, then renamed into place.

Only what the manifest of the folder lists is ever removed, and a folder that holds something else
and no manifest is refused.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from vtiger_orm._files import linked_part
from vtiger_orm.errors import ConfigError

MANIFEST: Final = ".vtiger-orm-docs.json"


def publish_site(folder: Path, files: Mapping[PurePosixPath, str]) -> int:
    """Make `folder` hold these files; returns how many were removed. Raises `ConfigError` for a
    folder of somebody else."""
    known = _listed(folder)
    _check(folder, files, known)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".vtiger-orm-docs-", dir=folder.parent))
    try:
        for path, text in files.items():
            file = staging / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8", "replace"))
        listed = sorted(map(str, files))
        (staging / MANIFEST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
        return _swap(folder, staging, [PurePosixPath(each) for each in listed], known)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _listed(folder: Path) -> list[PurePosixPath]:
    try:
        names = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        found = [PurePosixPath(each) for each in names]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"{folder / MANIFEST} cannot be read: {error}") from error
    # Somebody may have written into it: nothing outside of the folder is ever touched.
    return [each for each in found if not each.is_absolute() and ".." not in each.parts]


def _check(folder: Path, files: Mapping[PurePosixPath, str], known: list[PurePosixPath]) -> None:
    if folder.is_file():
        raise ConfigError(f"{folder} is a file, and the site is a folder. Choose another one.")
    for path in {*files, *known}:
        link = linked_part(folder, path)
        if link is not None:
            raise ConfigError(f"{link} is a link, so {path} would be written elsewhere.")
    strange = [path for path in files if path not in known and (folder / path).exists()]
    if strange:
        raise ConfigError(
            f"{folder / strange[0]} was not written by vtiger-orm docs, so it is not replaced. "
            "Choose another --output."
        )


def _swap(
    folder: Path, staging: Path, files: list[PurePosixPath], known: list[PurePosixPath]
) -> int:
    gone = [path for path in known if path not in files]
    for path in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (staging / path).replace(folder / path)
    for path in gone:
        (folder / path).unlink(missing_ok=True)
    (staging / MANIFEST).replace(folder / MANIFEST)
    for path in gone:
        for parent in (folder / path).parents:
            if parent == folder or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()
    return len(gone)
