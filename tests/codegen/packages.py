"""Generated packages on disk and in memory, for tests."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path, PurePosixPath
from types import ModuleType

_numbers = itertools.count()


def write(folder: Path, files: Mapping[PurePosixPath, str]) -> None:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


@contextmanager
def imported(
    folder: Path, files: Mapping[PurePosixPath, str], name: str = ""
) -> Iterator[ModuleType]:
    """The package, imported for the length of the block under this name, or one of its own."""
    name = name or f"generated_for_test_{next(_numbers)}"
    shutil.rmtree(folder / name, ignore_errors=True)
    write(folder / name, files)
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        yield import_module(name)
    finally:
        sys.path.remove(str(folder))
        for each in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[each]
