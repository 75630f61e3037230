"""Who may import whom, read from the source, and what a bare import pulls in.

The direction is the architecture: a change of these tables is a change of the design.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

RECORD_ROOMS = {
    "fields",
    "models",
    "picklists",
    "records",
    "references",
    "related",
    "values",
}
"""What a record is made of: one group, free among itself."""

GROUND = {"_lazy", "errors", "ids", "metadata", "protocols"}

ALLOWED: dict[str, set[str]] = {
    "_lazy": set(),
    "errors": set(),
    "ids": {"errors"},
    "protocols": set(),
    "metadata": {"errors", "ids"},
    "operations.calls": set(),
    "operations.urls": set(),
    "operations": GROUND | RECORD_ROOMS | {"operations", "query"},
    "query": GROUND | RECORD_ROOMS | {"operations", "query"},
    "query.environment": {"errors", "metadata"},
    "package": GROUND,
    "dialects": GROUND | {"operations.calls", "operations.urls"},
    "session": GROUND | {"dialects", "operations", "query.environment"},
    "emulator": {"errors", "ids", "metadata"},
    "testing": GROUND | RECORD_ROOMS | {"emulator", "operations", "package", "query", "session"},
    **{room: GROUND | RECORD_ROOMS | {"operations.calls"} for room in RECORD_ROOMS},
}
"""Part of `vtiger_orm` -> the parts it may import. The longest name that fits an importing or
imported module counts, so `operations.calls` is a part of its own."""

LATE: dict[str, set[str]] = {
    "package": {"session"},
    **{room: {"operations", "query"} for room in RECORD_ROOMS},
}
"""What may be imported inside functions only, where the other direction is imported above."""

FORBIDDEN_ANYWHERE = {"vtiger_codegen", "generated", "jinja2", "black", "libcst", "click", "rich"}
"""Never imported by `vtiger_orm`, not even late."""

LATE_ONLY = {"httpx", "lark", "sqlite3", "asyncio", "concurrent"}
"""Costly: outside of the emulator and testing, only inside functions."""

RIM = {"asyncio", "concurrent"}
"""What `session`, itself imported by the first connect(), may import above."""


@dataclass(frozen=True)
class Import:
    importer: str
    imported: str
    late: bool
    line: int


def imports_of(path: Path, root: Path) -> Iterator[Import]:
    """Every import of the file that happens at run time."""
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    package = module.split(".")[:-1]
    importer = module.removesuffix(".__init__")

    def walk(node: ast.AST, late: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                negated = isinstance(child.test, ast.UnaryOp)
                for kept in child.body if negated else child.orelse:
                    yield from walk_one(kept, late)
            else:
                yield from walk_one(child, late)

    def walk_one(child: ast.AST, late: bool) -> Iterator[Import]:
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(importer, alias.name, late, child.lineno)
        elif isinstance(child, ast.ImportFrom):
            base = package[: len(package) - child.level + 1] if child.level else []
            origin = ".".join([*base, *(child.module or "").split(".")]).strip(".")
            for alias in child.names:
                submodule = root.joinpath(*origin.split("."), f"{alias.name}.py")
                folder = root.joinpath(*origin.split("."), alias.name)
                inner = submodule.exists() or folder.is_dir()
                yield Import(
                    importer, f"{origin}.{alias.name}" if inner else origin, late, child.lineno
                )
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, late or function)

    yield from walk(ast.parse(path.read_text("utf-8")), late=False)


def all_imports(root: Path, package: str) -> list[Import]:
    files = sorted((root / package).rglob("*.py"))
    assert files, f"no source under {root / package}"
    return [each for path in files for each in imports_of(path, root)]


def part(module: str) -> str:
    """The longest name of the table that the module belongs to."""
    inner = module.removeprefix("vtiger_orm").removeprefix(".")
    fitting = [name for name in ALLOWED if inner == name or inner.startswith(name + ".")]
    return max(fitting, key=len, default=inner)


def test_every_part_of_the_runtime_is_in_the_table() -> None:
    parts = {part(each.importer) for each in all_imports(ROOT, "vtiger_orm")} - {""}
    assert parts <= ALLOWED.keys()


def wrong_arrows(imports: Iterable[Import]) -> list[str]:
    """Imports inside the runtime that the tables do not allow."""
    wrong = []
    for each in imports:
        source, target = part(each.importer), part(each.imported)
        if not source or not each.imported.startswith("vtiger_orm"):
            continue
        allowed = ALLOWED[source] | (LATE.get(source, set()) if each.late else set())
        allowed |= {source, source.split(".")[0]}
        if not allowed & {target, target.split(".")[0]}:
            wrong.append(f"{each.importer}:{each.line} imports {each.imported}")
    return wrong


def test_runtime_imports_point_one_way() -> None:
    assert wrong_arrows(all_imports(ROOT, "vtiger_orm")) == []


@pytest.mark.parametrize(
    ("importer", "imported", "late"),
    [
        ("vtiger_orm.query.base", "vtiger_orm.session", False),
        ("vtiger_orm.query.base", "vtiger_orm.session.session", True),
        ("vtiger_orm.records.record", "vtiger_orm.query.queryset", False),
        ("vtiger_orm.package", "vtiger_orm.session", False),
        ("vtiger_orm.metadata.facts", "vtiger_orm.values", False),
        ("vtiger_orm.operations.calls", "vtiger_orm.records", False),
        ("vtiger_orm.emulator.crm", "vtiger_orm.dialects.cloud", True),
        ("vtiger_orm.emulator.engine.compile", "vtiger_orm.query.planner", True),
        ("vtiger_orm.session.core", "vtiger_orm.query.planner", False),
    ],
)
def test_other_arrows_are_found(importer: str, imported: str, late: bool) -> None:
    assert wrong_arrows([Import(importer, imported, late, 1)])


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
        and part(each.importer) not in {"emulator", "testing"}
        and not (part(each.importer) == "session" and each.imported.split(".")[0] in RIM)
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
    public = {"vtiger_orm", "vtiger_orm.models", "vtiger_orm.package", "vtiger_orm._lazy"}
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
