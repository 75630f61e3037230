"""No two files of the emulator import each other in a circle, however they do it: above, inside
functions or for the type checker alone."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
EMULATOR = ROOT / "vtiger_orm" / "emulator"


def imports(folder: Path, root: Path) -> dict[str, set[str]]:
    """Module -> the modules of the folder that its file names in an import, wherever it stands."""
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in folder.rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for module, path in files.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                named.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                origin = ".".join([*(above if node.level else ()), *filter(None, [node.module])])
                inner = {f"{origin}.{alias.name}" for alias in node.names} & files.keys()
                named.update(inner or {origin})
        found[module] = (named & files.keys()) - {module}
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of a circle, the first one again at the end; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_the_emulator_has_none() -> None:
    graph = imports(EMULATOR, ROOT)
    assert "vtiger_orm.emulator.installation" in graph["vtiger_orm.emulator.faults"]
    assert circle(graph) == []


@pytest.mark.parametrize(
    "back",
    [
        "from .upper import Upper",
        "from . import upper",
        "import package.upper",
        "def late():\n    from .upper import Upper",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .upper import Upper",
    ],
)
def test_every_kind_of_import_counts(tmp_path: Path, back: str) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    folder.joinpath("upper.py").write_text("from .lower import Lower\n")
    folder.joinpath("lower.py").write_text("import json\n")
    assert circle(imports(folder, tmp_path)) == []
    folder.joinpath("lower.py").write_text(back)
    assert sorted(set(circle(imports(folder, tmp_path)))) == ["package.lower", "package.upper"]
