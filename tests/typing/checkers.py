"""Type checkers, each run once for many files: what they say by file and line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
WRONG: Final = sorted((HERE / "wrong").glob("*.py"))

Errors = dict[Path, dict[int, list[str]]]


def run(*command: str) -> str:
    """What a program says on its standard output."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": f"{ROOT}{os.pathsep}{ROOT / 'codegen'}"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.stdout, done.stderr
    return done.stdout


def marked(path: Path) -> set[int]:
    """The lines that are marked as errors."""
    lines = path.read_text().splitlines()
    return {number for number, line in enumerate(lines, start=1) if line.endswith("# E")}


def _program(name: str) -> str:
    """Where a checker's own program lies: beside this Python, or in the path."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    found = shutil.which(name, path=path)
    assert found, f"{name} is not installed: pip install --editable '.[dev]'"
    return found


def _told(output: str, form: str) -> Errors:
    """From lines of text; `form` has the groups `file`, `line` and `code`."""
    found: Errors = defaultdict(lambda: defaultdict(list))
    for match in re.finditer(form, output, re.MULTILINE):
        found[ROOT / match["file"]][int(match["line"])].append(match["code"])
    return found


def ty(*paths: Path) -> Errors:
    output = run(
        _program("ty"),
        *("check", "--python", sys.prefix, "--output-format", "concise"),
        *map(str, paths),
    )
    return _told(output, r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: error\[(?P<code>[\w-]+)\]")


def pyrefly(*paths: Path) -> Errors:
    output = run(
        _program("pyrefly"),
        *("check", "--preset", "strict", "--python-interpreter-path", sys.executable),
        *("--output-format", "min-text", *map(str, paths)),
    )
    return _told(output, r"ERROR (?P<file>[^:\n]+):(?P<line>\d+):.*\[(?P<code>[\w-]+)\]")


def zuban(*paths: Path) -> Errors:
    output = run(
        _program("zuban"),
        *("check", "--strict", "--python-executable", sys.executable),
        *map(str, paths),
    )
    return _told(output, r"^(?P<file>[^:\n]+):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$")


OTHERS: Final[dict[str, Callable[..., Errors]]] = {
    "ty": ty,
    "pyrefly": pyrefly,
    "zuban": zuban,
}


def codes(errors: Errors) -> dict[str, int]:
    """How often each kind of error was told."""
    counted: dict[str, int] = defaultdict(int)
    for lines in errors.values():
        for told in lines.values():
            for code in told:
                counted[code] += 1
    return dict(counted)


def of_mypy(output: str) -> Errors:
    """Errors of ``mypy --output=json``."""
    found: Errors = defaultdict(lambda: defaultdict(list))
    for line in output.splitlines():
        error = json.loads(line)
        if error["severity"] == "error":
            found[ROOT / error["file"]][error["line"]].append(error["message"])
    return found
