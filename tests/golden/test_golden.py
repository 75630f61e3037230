"""Whole packages as they are printed: each folder here is a case.

    schema/       the snapshot, with or without a names.lock
    config.toml   what [tool.vtiger-orm] would hold
    expected/     the package and its names.lock; package/custom in it is written by hand

After a wanted change run ``VTIGER_ORM_UPDATE_GOLDEN=1 pytest tests/golden`` and read the diff.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import warnings
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import black
import pytest
from black.mode import TargetVersion
from hypothesis import given
from hypothesis import strategies as st
from vtiger_codegen.building.own_code import FOLDER
from vtiger_codegen.config import parse_config
from vtiger_codegen.generate import Output, generate
from vtiger_codegen.naming.lock import FILE_NAME, NamesLock, load_lock
from vtiger_codegen.rendering.render import FORMAT_OFF

from tests.codegen.snapshots import hostile_snapshots
from tests.introspection.test_odd_facts import JUNK, SPOTS, Spot, answers, holes, pulled, put
from tests.support.examples import examples
from vtiger_orm.errors import VtigerError
from vtiger_orm.metadata.snapshot import Snapshot

CASES = sorted(file.parent for file in Path(__file__).parent.glob("*/config.toml"))
OWN = Path(__file__).parent / "own"
ROOT = Path(__file__).parents[2]
PY311 = {TargetVersion.PY311}


def printed(case: Path, lock: Path, *, locked: bool = False) -> Output:
    table = tomllib.loads((case / "config.toml").read_text(encoding="utf-8"))
    config = parse_config(table, str(case))
    snapshot = Snapshot.load(case / "schema")

    def own_code(path: PurePosixPath) -> str | None:
        file = case / "expected" / "package" / path
        return file.read_text() if path.parts[0] == FOLDER and file.exists() else None

    return generate(snapshot, load_lock(lock), config.options(), locked=locked, current=own_code)


def as_bytes(output: Output) -> dict[str, bytes]:
    files = {f"package/{path}": text.encode() for path, text in output.files.items()}
    return files | {FILE_NAME: output.lock.to_text().encode()}


def expected(case: Path) -> dict[str, bytes]:
    folder = case / "expected"
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not {"__pycache__", FOLDER} & {*file.parts}
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_output_is_what_was_reviewed(case: Path) -> None:
    found = as_bytes(printed(case, case / "schema" / FILE_NAME))
    if "VTIGER_ORM_UPDATE_GOLDEN" in os.environ:
        for name in expected(case):
            (case / "expected" / name).unlink()
        for name, text in found.items():
            file = case / "expected" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
    wanted = expected(case)
    assert found.keys() == wanted.keys()
    for name, text in found.items():
        assert text.decode() == wanted[name].decode(), name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reviewed_lock_gives_the_same_package(case: Path) -> None:
    again = printed(case, case / "expected" / FILE_NAME, locked=True)
    assert as_bytes(again) == expected(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_output_is_stable_under_black(case: Path) -> None:
    for name, text in expected(case).items():
        path = PurePosixPath(name)
        if path.suffix in (".py", ".pyi"):
            mode = black.Mode(line_length=100, is_pyi=path.suffix == ".pyi", target_versions=PY311)
            printed = text.decode().replace(FORMAT_OFF, "", 1)
            assert black.format_str(printed, mode=mode) == printed, name


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cases side by side, each package under the name of its case; but for the one whose own
    code names the package by its place here."""
    folder = tmp_path_factory.mktemp("golden")
    for case in CASES:
        if case == OWN:
            continue
        shutil.copytree(case / "expected" / "package", folder / f"crm_{case.name}")
    write_odd_packages(folder)
    return folder


def write_odd_packages(folder: Path) -> None:
    """Packages of CRMs whose texts are hostile, or that tell of themselves what makes no sense;
    more of them by the deep profile. They are checked together with the cases."""
    numbers = count()

    def write(found: Snapshot) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = generate(found, NamesLock())
        package = folder / f"crm_odd_{next(numbers)}"
        for path, text in output.files.items():
            (package / path).parent.mkdir(parents=True, exist_ok=True)
            (package / path).write_bytes(text.encode())

    @examples(3)
    @given(hostile_snapshots())
    def write_hostile(found: Snapshot) -> None:
        write(found)

    @examples(3)
    @given(st.sampled_from(SPOTS), JUNK | st.just(holes))
    def write_odd(spot: Spot, value: Any) -> None:
        told: Any = answers()
        before: Any = told
        for key in spot:
            before = before[key]
        put(
            told,
            spot,
            holes([*before] if isinstance(before, list) else [before]) if value is holes else value,
        )
        with suppress(VtigerError):  # nothing can be made of it
            write(pulled(told))

    write_hostile()
    write_odd()


def check_types(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_and_no_name_is_left_over() -> None:
    """In every module of every case and of the demo: what is imported is used, what is used is."""
    folders = [case / "expected" / "package" for case in CASES] + [ROOT / "generated" / "demo"]
    command = (
        "ruff",
        "check",
        "--isolated",
        "--no-cache",
        "--ignore-noqa",
        "--select=F",
        "--quiet",
    )
    check_types(ROOT, *command, *map(str, folders))


def test_mypy_accepts_every_package(packages: Path, mypy_cache: Path) -> None:
    check_types(packages, "mypy", "--strict", f"--cache-dir={mypy_cache}", ".")


@pytest.mark.checkers
def test_pyright_accepts_every_package(packages: Path) -> None:
    settings = {"include": [".", str(OWN)], "extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (packages / "pyrightconfig.json").write_text(json.dumps(settings))
    check_types(packages, "basedpyright", "--level=error", f"--pythonpath={sys.executable}")


def test_every_package_can_be_imported(packages: Path) -> None:
    """In a process of its own, with warnings as errors; what checkers see of it is there."""
    names = [f"crm_{case.name}" for case in CASES if case != OWN]
    names.append("tests.golden.own.expected.package")
    code = f"""
import ast, importlib, pathlib, sys
for name in {names!r}:
    package = importlib.import_module(name)
    shown = ast.walk(ast.parse(pathlib.Path(package.__file__).read_text("utf-8")))
    aliases = [each.asname for each in shown if isinstance(each, ast.alias) and each.asname]
    assert len(aliases) > len(package.__all__)
    for name in (*package.__all__, *aliases):
        getattr(package, name)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(packages), str(ROOT)))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
