"""Files that appear whole or not at all, where they are meant to be."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the place under a name of nobody else's, then rename: a failure leaves what
    was there, and a link at the place is replaced, never followed."""
    write_all_whole({path: content})


def write_all_whole(contents: Mapping[Path, bytes]) -> None:
    """The same for several files: nothing is renamed before all of them are written."""
    staged: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            handle, name = tempfile.mkstemp(prefix=".vtiger-orm-", dir=path.parent)
            staged[path] = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            staged[path].chmod(_mode(path))  # mkstemp's are for the owner alone
        for path, beside in staged.items():
            beside.replace(path)
    except BaseException:
        for beside in staged.values():
            with suppress(OSError):
                beside.unlink()
        raise


def _mode(path: Path) -> int:
    """Who may do what with a file that is replaced, else with any new one."""
    if path.is_file() and not path.is_symlink():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def linked_part(folder: Path, path: str | os.PathLike[str]) -> Path | None:
    """The first part of `path`, below `folder` and above its last name, that is a link: what is
    written through it would lie elsewhere."""
    place = folder
    for name in Path(path).parts[:-1]:
        place = place / name
        if place.is_symlink():
            return place
    return None
