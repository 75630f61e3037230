"""Files that appear whole or not at all, where they are meant to be."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the place under a name of nobody else's, then rename: a failure leaves what
    was there, and a link at the place is replaced, never followed."""
    handle, staged = tempfile.mkstemp(prefix=".vtiger-orm-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(staged).chmod(0o666 & ~mask)  # mkstemp's are for the owner alone
        Path(staged).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(staged).unlink()
        raise


def linked_part(folder: Path, path: str | os.PathLike[str]) -> Path | None:
    """The first part of `path`, below `folder` and above its last name, that is a link: what is
    written through it would lie elsewhere."""
    place = folder
    for name in Path(path).parts[:-1]:
        place = place / name
        if place.is_symlink():
            return place
    return None
