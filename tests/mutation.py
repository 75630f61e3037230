"""Which changes of the code would no test notice? By hand, for it takes minutes a file.

::

    pip install mutmut==3.8.1
    python -m tests.mutation vtiger_orm/session         # by the tests of tests/session
    python -m tests.mutation vtiger_orm/session/retry.py --tests tests/session/test_pure.py

Works on a copy of the checkout in build/mutation. mutmut changes the bodies of functions; numbers
outside of functions, which it leaves alone, are set to 0 here (0 becomes 1). Whatever survives is
listed with its change in build/mutation/survivors.txt: kill it with a test, or know why it is
the same program.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
COPY: Final = ROOT / "build" / "mutation"
PARTS: Final = (
    *("codegen", "generated", "templates", "tests", "vtiger_orm"),
    *("LICENSE", "README.md", "pyproject.toml"),
)
CACHES: Final = shutil.ignore_patterns("__pycache__", ".hypothesis")

CONFIG: Final = """\
[mutmut]
source_paths=vtiger_orm
only_mutate={files}
also_copy={also}
pytest_add_cli_args={options}
pytest_add_cli_args_test_selection={tests}
use_git_change_detection=false
"""

OPTIONS: Final = ("-p", "no:cacheprovider", "--timeout=0", "--numprocesses=0")


@dataclass(frozen=True, slots=True)
class Number:
    """A number outside of functions, at a place of a file."""

    file: Path
    line: int
    start: int
    end: int
    text: str

    @property
    def replacement(self) -> str:
        return "1" if float(ast.literal_eval(self.text)) == 0 else "0"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text} -> {self.replacement}"

    def replaced_in(self, source: str) -> str:
        """The source with the other number."""
        lines = source.splitlines(keepends=True)
        old = lines[self.line - 1]
        lines[self.line - 1] = old[: self.start] + self.replacement + old[self.end :]
        return "".join(lines)


def numbers_of(file: Path, source: str) -> Iterator[Number]:
    """Every number that is evaluated when the module is imported."""
    lines = source.splitlines()

    def walk(node: ast.AST) -> Iterator[Number]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            assert node.end_col_offset is not None
            line = lines[node.lineno - 1].encode()
            start, end = (
                len(line[:offset].decode()) for offset in (node.col_offset, node.end_col_offset)
            )
            yield Number(file, node.lineno, start, end, lines[node.lineno - 1][start:end])
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    yield from walk(ast.parse(source))


def copy_checkout() -> None:
    """A fresh copy to change things in."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, COPY / part, ignore=CACHES)
        else:
            shutil.copy2(ROOT / part, COPY / part)


def run(*command: str, quiet: bool = True) -> subprocess.CompletedProcess[str]:
    """A program of this environment, in the copy and with the same examples every time."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=COPY,
        env={**os.environ, "CI": "1"},
        capture_output=quiet,
        text=True,
    )


def surviving_functions(files: Sequence[Path], tests: Sequence[str]) -> Iterator[str]:
    """What mutmut could change without a test that fails, with the change."""

    def listed(items: Sequence[object]) -> str:
        return "".join(f"\n    {item}" for item in items)

    also = [part for part in PARTS if part not in ("vtiger_orm", "tests", "pyproject.toml")]
    config = CONFIG.format(
        files=listed(files), also=listed(also), options=listed(OPTIONS), tests=listed(tests)
    )
    (COPY / "setup.cfg").write_text(config, encoding="utf-8")
    done = run("mutmut", "run", quiet=False)
    if done.returncode:
        sys.exit(
            "mutmut did not run to its end: it is not installed (pip install mutmut==3.8.1), the "
            "tests fail without any change, or they never call what should be changed."
        )
    for line in run("mutmut", "results").stdout.splitlines():
        name, _, status = line.strip().partition(": ")
        if status in ("survived", "no tests", "suspicious"):
            yield run("mutmut", "show", name).stdout


def surviving_numbers(files: Sequence[Path], tests: Sequence[str]) -> Iterator[str]:
    """Numbers outside of functions that no test knows."""
    for file in files:
        source = (COPY / file).read_text(encoding="utf-8")
        try:
            for number in numbers_of(file, source):
                (COPY / file).write_text(number.replaced_in(source), encoding="utf-8")
                if run("pytest", "--exitfirst", "--quiet", *OPTIONS, *tests).returncode == 0:
                    yield f"{number}\n"
        finally:
            (COPY / file).write_text(source, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Copy, change, test, and tell what survived; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("paths", nargs="+", help="files or folders below vtiger_orm")
    parser.add_argument(
        "--tests",
        nargs="+",
        help="folders, files, or single tests (file::test); default: the folder of that name",
    )
    given = parser.parse_args(arguments)
    found = [ROOT / path for path in given.paths]
    files = [
        file.relative_to(ROOT)
        for path in found
        for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    ]
    tests = given.tests or sorted({f"tests/{file.parts[1]}" for file in files})
    for path in (*map(str, files), *tests):
        if not (ROOT / path.partition("::")[0]).exists():
            parser.error(f"{path} is not there; name the tests with --tests")
    copy_checkout()
    survivors = [*surviving_numbers(files, tests), *surviving_functions(files, tests)]
    report = COPY / "survivors.txt"
    report.write_text("\n".join(survivors), encoding="utf-8")
    print(f"{len(survivors)} survived: {report.relative_to(ROOT)}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
