"""The files of an application."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import libcst as cst
from libcst import metadata as meta

from vtiger_orm.errors import ConfigError

from ..rendering.render import MARKER

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
"""What ends a line of Python; `str.splitlines` knows more."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One parsed file."""

    file: Path
    content: bytes
    wrapper: meta.MetadataWrapper
    lines: tuple[str, ...]

    @property
    def folder(self) -> tuple[str, ...]:
        """The parts of the path in which the file is."""
        return self.file.absolute().parent.parts

    @property
    def module(self) -> cst.Module:
        return self.wrapper.module

    def line_of(self, token: cst.CSTNode) -> int:
        """Where a token stands; the first line is 1."""
        return self.wrapper.resolve(meta.PositionProvider)[token].start.line


def python_files(paths: Iterable[Path]) -> list[Path]:
    """Every Python file at or below the paths, except links, hidden folders, virtual environments
    and generated packages. Raises `ConfigError` for a path that is not there."""
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise ConfigError(f"There is no {path}.")
        for file in _below(path):
            found.setdefault(file.absolute(), file)
    return list(found.values())


def _below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if (path / "pyvenv.cfg").exists():
        return
    for each in sorted(path.iterdir()):
        hidden = each.name.startswith(".") or each.name == "__pycache__"
        if each.is_dir() and not hidden and not each.is_symlink():
            yield from _below(each)
        elif _is_own(each) and not _is_generated(each):
            yield each


def _is_own(file: Path) -> bool:
    """Whether it is a Python file that lies here; what a link leads to may be anybody's."""
    return file.suffix in (".py", ".pyi") and file.is_file() and not file.is_symlink()


def _is_generated(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.readline().rstrip() == MARKER.encode()


def parsed(files: Iterable[Path], words: Iterable[str]) -> Iterator[SourceFile]:
    """The files in which one of the words occurs. Raises `ConfigError` for one that is no Python
    of today."""
    wanted = [word.encode() for word in set(words) if word]
    for file in files:
        content = file.read_bytes()
        if not any(word in content for word in wanted):
            continue
        try:
            module = cst.parse_module(content)
        except (cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError) as error:
            told = error.message if isinstance(error, cst.ParserSyntaxError) else str(error)
            raise ConfigError(f"{file} cannot be read as Python: {told}") from error
        wrapper = meta.MetadataWrapper(module, unsafe_skip_copy=True)
        yield SourceFile(file, content, wrapper, tuple(_LINE_END.split(module.code)))
