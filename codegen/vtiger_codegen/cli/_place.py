"""By which name a generated package is imported: that of its folder, seen from here."""

from __future__ import annotations

from pathlib import Path


def place_of(package: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder that imports begin in, and the parts of the name: the current folder, where the
    package is below it, else the one that it is in."""
    folder, here = package.resolve(), Path.cwd().resolve()
    below = folder.is_relative_to(here) and folder != here
    root = here if below else folder.parent
    return root, folder.relative_to(root).parts
