"""One meaning a name: no two files call two things by one public name; no file is too long."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SOURCES = ("vtiger_orm", "codegen/vtiger_codegen")

LONGEST = 450
"""Lines of a file."""

SHARED = {
    "Activation": "the protocol of the class of that name, for the rooms below it",
    "Package": "the protocol of the class of that name, for the rooms below it",
}
"""Names of one meaning that two files give to two classes, and why."""


def sources() -> list[Path]:
    """All but the embedded CRM, which is a server: it has the server's words for itself."""
    files = [file for top in SOURCES for file in sorted((ROOT / top).rglob("*.py"))]
    return [file for file in files if "emulator" not in file.parts]


def declared(file: Path) -> Iterator[str]:
    """The public classes of a file, and its public names for types."""
    for node in ast.parse(file.read_text()).body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(name), annotation=ast.Name("TypeAlias")):
                yield name


def places() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in sources():
        for name in declared(file):
            if not name.startswith("_"):
                found[name].append(str(file.relative_to(ROOT)))
    return found


def test_a_name_means_one_thing() -> None:
    twice = {name: files for name, files in places().items() if len(files) > 1}
    assert {name: files for name, files in twice.items() if name not in SHARED} == {}
    assert SHARED.keys() == twice.keys(), "names that are shared no longer"


@pytest.mark.parametrize("top", ["vtiger_orm", "codegen"])
def test_no_file_is_too_long(top: str) -> None:
    sizes = {str(file): file.read_text().count("\n") for file in (ROOT / top).rglob("*.py")}
    assert {file: lines for file, lines in sizes.items() if lines > LONGEST} == {}
