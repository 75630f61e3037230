"""The order of the rooms of the generator: each imports only what stands before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

SOURCE = Path(__file__).parents[2] / "codegen" / "vtiger_codegen"

ORDER = (
    "text",
    "naming",
    "building",
    "rendering",
    "generate",
    "publish",
    "config",
    "project",
    "hatch",
    "revisions",
    "diff",
    "live",
    "application",
    "site",
    "demo",
    "cli",
    "__main__",
)


def imports(file: Path) -> Iterator[str]:
    """The modules of the generator that a file imports, late ones and those for checkers too;
    from the generator's root, with dots."""
    folder = ("vtiger_codegen", *file.relative_to(SOURCE).parent.parts)
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else ()
            path = [*base, *(node.module or "").split(".")] if node.module else [*base]
            names = [alias.name for alias in node.names] if not node.module else [""]
            yield from (".".join(filter(None, [*path, name])) for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room(module: str) -> str:
    return module.split(".")[1]


def arrows() -> Iterator[tuple[str, str]]:
    for file in sorted(SOURCE.rglob("*.py")):
        path = PurePosixPath(file.relative_to(SOURCE))
        importer = ".".join(("vtiger_codegen", *path.with_suffix("").parts))
        for imported in imports(file):
            if imported.startswith("vtiger_codegen.") and importer != "vtiger_codegen.__init__":
                yield importer, imported


def test_every_room_has_its_place() -> None:
    found = {each.stem for each in SOURCE.iterdir() if each.suffix in ("", ".py")}
    assert found - {"__init__", "__pycache__"} == set(ORDER)


def test_rooms_import_only_what_stands_before_them() -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in arrows()
        if room(imported) != "__version__"
        and ORDER.index(room(imported)) > ORDER.index(room(importer))
    ]
    assert wrong == []
    assert len(list(arrows())) > 50


def test_no_two_files_import_each_other() -> None:
    """Not even in a longer circle."""
    graph: dict[str, set[str]] = {}
    for importer, imported in arrows():
        graph.setdefault(importer.removesuffix(".__init__"), set()).add(imported)
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for each in graph.get(name, ()):
                visit(each, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())
