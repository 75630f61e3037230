"""Who may import whom, read from the source, and what a bare import pulls in.

The direction is the architecture: a change of these tables is a change of the design.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ORDER = (
    "_dataclass",
    "_pickled",
    "_outcomes",
    "_writes",
    "_files",
    "errors",
    "_lazy",
    "ids",
    "metadata",
    "values",
    "calls",
    "dialects",
    "conditions",
    "planner",
    "records",
    "columns",
    "aggregates",
    "writing",
    "feed",
    "introspection",
    "administration",
    "notebooks",
    "models",
    "pickling",
    "session",
    "package",
    "frames",
    "warehouse",
    "importing",
    "testing",
)
"""The rooms of the runtime from the ground up: a room imports those before it, never one behind.

Every import counts: at the top, inside a function, and for type checkers alone.
"""

UNLISTED = {"_dataclass", "_pickled", "_outcomes", "_writes", "_files", "_lazy"}
"""Files that are no rooms."""

ASIDE = {"emulator": {"errors", "ids", "metadata"}}
"""Rooms outside of the order, with what they may import. The emulator never uses the compiler
that it is meant to check."""

OPEN = {"testing": {"emulator"}}
"""What a room may import beside the rooms before it."""

FORBIDDEN_ANYWHERE = {"vtiger_codegen", "generated", "jinja2", "black", "libcst", "click", "rich"}
"""Never imported by `vtiger_orm`, not even late."""

LATE_ONLY = {
    "httpx",
    "lark",
    "sqlite3",
    "asyncio",
    "concurrent",
    "pyarrow",
    "polars",
    "pandas",
    "duckdb",
    "dask",
    "sqlalchemy",
}
"""Costly: outside of the emulator and testing, only inside functions."""

RIM = {"asyncio", "concurrent"}
"""What `session`, itself imported by the first connect(), may import above."""

IMPORTED_LATE = {
    "vtiger_orm.columns.arrow",
    "vtiger_orm.frames.cluster",
    "vtiger_orm.frames.database",
    "vtiger_orm.frames.export",
    "vtiger_orm.frames.files",
    "vtiger_orm.frames.predicates",
    "vtiger_orm.frames.source",
    "vtiger_orm.session.network",
    "vtiger_orm.warehouse.catalogue",
    "vtiger_orm.warehouse.databases",
    "vtiger_orm.warehouse.filling",
    "vtiger_orm.warehouse.hold",
    "vtiger_orm.warehouse.rows",
    "vtiger_orm.warehouse.syncing",
    "vtiger_orm.warehouse.tables",
    "vtiger_orm.warehouse.types",
}
"""Files that are imported late themselves: they may import what is costly above."""


class Kind(StrEnum):
    TOP = "top"
    LATE = "late"
    """Inside a function."""
    TYPING = "typing"
    """Under TYPE_CHECKING."""


@dataclass(frozen=True)
class Import:
    importer: str
    imported: str
    kind: Kind
    line: int

    @property
    def late(self) -> bool:
        return self.kind is not Kind.TOP

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported} ({self.kind})"


def imports_of(path: Path, root: Path) -> Iterator[Import]:
    """Every import of the file."""
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    package = module.split(".")[:-1]
    importer = module.removesuffix(".__init__")

    def walk(node: ast.AST, kind: Kind) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                negated = isinstance(child.test, ast.UnaryOp)
                for each in child.body:
                    yield from walk_one(each, kind if negated else Kind.TYPING)
                for each in child.orelse:
                    yield from walk_one(each, Kind.TYPING if negated else kind)
            else:
                yield from walk_one(child, kind)

    def walk_one(child: ast.AST, kind: Kind) -> Iterator[Import]:
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(importer, alias.name, kind, child.lineno)
        elif isinstance(child, ast.ImportFrom):
            base = package[: len(package) - child.level + 1] if child.level else []
            origin = ".".join([*base, *(child.module or "").split(".")]).strip(".")
            for alias in child.names:
                submodule = root.joinpath(*origin.split("."), f"{alias.name}.py")
                folder = root.joinpath(*origin.split("."), alias.name)
                inner = submodule.exists() or folder.is_dir()
                yield Import(
                    importer, f"{origin}.{alias.name}" if inner else origin, kind, child.lineno
                )
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, Kind.LATE if function else kind)

    yield from walk(ast.parse(path.read_text("utf-8")), Kind.TOP)


@cache
def all_imports(root: Path, package: str) -> list[Import]:
    files = sorted((root / package).rglob("*.py"))
    assert files, f"no source under {root / package}"
    return [each for path in files for each in imports_of(path, root)]


def room(module: str) -> str:
    """The first name below `vtiger_orm`; empty for the package's own root, which exports all."""
    return module.removeprefix("vtiger_orm").removeprefix(".").partition(".")[0]


def below(name: str) -> set[str]:
    """The rooms that a room may import, itself included."""
    if name in ASIDE:
        return {name, *ASIDE[name]}
    return {*ORDER[: ORDER.index(name) + 1], *OPEN.get(name, ())}


def test_every_room_has_its_place() -> None:
    rooms = {room(each.importer) for each in all_imports(ROOT, "vtiger_orm")} - {""}
    folders = {each.stem for each in (ROOT / "vtiger_orm").iterdir() if each.suffix in ("", ".py")}
    assert rooms <= {*ORDER, *ASIDE}
    assert {*ORDER, *ASIDE} <= folders
    assert len(ORDER) == len(set(ORDER))


def test_every_room_has_its_tests() -> None:
    rooms = {name for name in (*ORDER, *ASIDE) if (ROOT / "vtiger_orm" / name).is_dir()}
    tests = ROOT / "tests"
    tested = {file.relative_to(tests).parts[0] for file in tests.rglob("test_*.py")}
    assert rooms <= tested


def wrong_arrows(imports: Iterable[Import]) -> list[str]:
    """Imports inside the runtime that point up the order."""
    return [
        str(each)
        for each in imports
        if (source := room(each.importer))
        and (target := room(each.imported))
        and each.imported.startswith("vtiger_orm.")
        and target not in below(source)
    ]


def test_contributors_are_told_of_every_room() -> None:
    table = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8").split("| room | ")[1]
    rows = [line.split("|")[1] for line in table.split("\n\n")[0].splitlines()[2:]]
    told = [name for row in rows for name in row.replace("`", "").split()]
    assert told == [name for name in ORDER if name not in UNLISTED]


def test_every_import_of_the_runtime_points_down() -> None:
    assert wrong_arrows(all_imports(ROOT, "vtiger_orm")) == []


@pytest.mark.parametrize(
    ("importer", "imported", "kind"),
    [
        ("vtiger_orm.models.reading", "vtiger_orm.session", Kind.TOP),
        ("vtiger_orm.models.reading", "vtiger_orm.session.session", Kind.LATE),
        ("vtiger_orm.records.record", "vtiger_orm.models.queryset", Kind.LATE),
        ("vtiger_orm.records.state", "vtiger_orm.package", Kind.TYPING),
        ("vtiger_orm.metadata.interpret", "vtiger_orm.values", Kind.TOP),
        ("vtiger_orm.calls.operations", "vtiger_orm.records", Kind.TYPING),
        ("vtiger_orm.emulator.crm", "vtiger_orm.dialects.cloud", Kind.LATE),
        ("vtiger_orm.emulator.engine.compile", "vtiger_orm.planner", Kind.LATE),
        ("vtiger_orm.session.core", "vtiger_orm.package", Kind.TOP),
        ("vtiger_orm.planner.rows", "vtiger_orm.records", Kind.TYPING),
    ],
)
def test_other_arrows_are_found(importer: str, imported: str, kind: Kind) -> None:
    assert wrong_arrows([Import(importer, imported, kind, 1)])


def test_the_emulator_plays_servers_by_a_table_of_its_own() -> None:
    """What the runtime knows of servers would else be checked by itself."""
    found = [
        each
        for each in all_imports(ROOT, "vtiger_orm")
        if each.importer.startswith("vtiger_orm.emulator")
        and each.imported.startswith(("vtiger_orm.metadata.server", "vtiger_orm.metadata.capabil"))
    ]
    assert {each.importer for each in found} == {"vtiger_orm.emulator.installation"}
    assert {each.imported for each in found} == {"vtiger_orm.metadata.capabilities"}
    assert {each.kind for each in found} == {Kind.LATE, Kind.TYPING}


def circles(imports: Iterable[Import]) -> list[list[str]]:
    """Groups of files that lead to each other by imports of any kind."""
    graph: dict[str, set[str]] = {}
    for each in imports:
        if each.imported.startswith("vtiger_orm"):
            graph.setdefault(each.importer, set()).add(each.imported)
            graph.setdefault(each.imported, set())
    reach = {name: reachable(graph, name) for name in graph}
    groups = {
        frozenset(other for other in reach[name] if name in reach[other])
        for name in graph
        if name in reach[name]
    }
    return sorted(sorted(group) for group in groups)


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(graph[name])
    return found


def test_no_two_files_import_each_other_in_a_circle() -> None:
    assert circles(all_imports(ROOT, "vtiger_orm")) == []


def test_circles_are_found() -> None:
    def arrow(importer: str, imported: str, kind: Kind) -> Import:
        return Import(f"vtiger_orm.{importer}", f"vtiger_orm.{imported}", kind, 1)

    straight = [arrow("a", "b", Kind.TOP), arrow("b", "c", Kind.TYPING)]
    assert circles(straight) == []
    assert circles([*straight, arrow("c", "a", Kind.LATE)]) == [
        ["vtiger_orm.a", "vtiger_orm.b", "vtiger_orm.c"]
    ]


def test_runtime_never_imports_the_generator_or_its_tools() -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.imported}"
        for each in all_imports(ROOT, "vtiger_orm")
        if each.imported.split(".")[0] in FORBIDDEN_ANYWHERE
    ]
    assert wrong == []


def test_costly_imports_happen_late() -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.imported}"
        for each in all_imports(ROOT, "vtiger_orm")
        if each.imported.split(".")[0] in LATE_ONLY
        and not each.late
        and room(each.importer) not in {"emulator", "testing"}
        and not (room(each.importer) == "session" and each.imported.split(".")[0] in RIM)
        and each.importer not in IMPORTED_LATE
    ]
    wrong += [
        f"{each.importer}:{each.line} imports {each.imported}"
        for each in all_imports(ROOT, "vtiger_orm")
        if each.imported in IMPORTED_LATE and not each.late and each.importer not in IMPORTED_LATE
    ]
    assert wrong == []


def test_generator_imports_no_generated_package() -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.imported}"
        for each in all_imports(ROOT / "codegen", "vtiger_codegen")
        if each.imported.split(".")[0] in {"generated", "tests"}
    ]
    assert wrong == []


def test_generated_package_imports_only_its_public_base() -> None:
    """Templates print facts: what a generated file uses is public API of the runtime."""
    public = {"vtiger_orm", "vtiger_orm.models", "vtiger_orm.package"}
    stdlib = set(sys.stdlib_module_names)
    wrong = [
        f"{each.importer}:{each.line} imports {each.imported}"
        for each in all_imports(ROOT, "generated")
        if not each.imported.startswith("generated")
        and each.imported not in public
        and each.imported.split(".")[0] not in stdlib
    ]
    assert wrong == []


HEAVY = ("httpx", "jinja2", "black", "libcst", "click", "rich", "lark", "sqlite3", "asyncio")


@cache
def modules_after(program: str) -> set[str]:
    code = f"import sys\n{program}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "program",
    [
        "import vtiger_orm",
        "from vtiger_orm import Q, Package",
        "import generated.demo",
        "from generated.demo import Contacts; Contacts.objects.filter(lastname='x')",
    ],
)
def test_start_up_pulls_in_nothing_heavy(program: str) -> None:
    baseline = modules_after("import pydantic; pydantic.BaseModel")
    assert [name for name in HEAVY if name in modules_after(program) - baseline] == []


def test_a_lazy_package_imports_only_the_models_in_use() -> None:
    loaded = modules_after("from generated.demo import Contacts")
    assert "generated.demo.contacts" in loaded
    assert "generated.demo.accounts" not in loaded


def test_the_first_model_comes_without_what_only_questions_need() -> None:
    """It is what a program waits for at its start (`tests/benchmarks`)."""
    loaded = modules_after("from generated.demo import Contacts")
    rooms = ("conditions.tree", "calls.environment", "calls.plans", "planner", "session", "writing")
    assert loaded.isdisjoint(f"vtiger_orm.{room}" for room in rooms)
    assert "vtiger_orm.metadata.capabilities" not in loaded


def test_the_first_queryset_comes_without_what_only_verbs_need() -> None:
    loaded = modules_after(
        "from generated.demo import Contacts; Contacts.objects.filter(id='12x1')"
    )
    files = ("writing.save", "writing.many", "writing.bulk", "writing.upsert", "feed.changes")
    assert loaded.isdisjoint(f"vtiger_orm.{file}" for file in files)
    assert loaded.isdisjoint({"statistics", "vtiger_orm.dialects.restfulapi"})


def test_a_blocking_program_comes_without_asyncio() -> None:
    program = """
from generated.demo import Contacts, connect
from vtiger_orm.emulator import Crm
with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()):
    assert list(Contacts.objects.all()[:3])
"""
    loaded = modules_after(program)
    assert "vtiger_orm.session.drivers" in loaded
    assert "asyncio" not in loaded
