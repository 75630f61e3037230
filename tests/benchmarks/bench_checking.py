"""What type checkers take for the generated package and a program that uses every module of it.

"Cold": mypy has the standard library and the other packages in its cache, but nothing of
vtiger-orm, of the generated package or of the program.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from generated.demo._package import package
from tests.benchmarks.harness import ROOT, Line, Lines, command, show, shown

MYPY_GOAL: Final = 3.0
PYRIGHT_GOAL: Final = 5.0
ROUNDS: Final = 3


def program() -> str:
    """Filters, orders, slices and reads every module, as an application would."""
    lines = [f"from generated.demo import {', '.join(sorted(package.modules))}"]
    for name in package.modules:
        chosen = f"{name}.objects.all()"
        if package.model(name).meta.id.filterable:
            chosen = f"{name}.objects.filter(id={name}.ref('1x1')).exclude(id__in=[])"
            chosen += ".order_by('-id')"
        lines += ["", f"def read_{name}() -> None:"]
        lines += [f"    for each in {chosen}[:10]:", "        print(each.id)"]
    return "\n".join(lines) + "\n"


def mypy(cache: Path, *targets: Path) -> float:
    """Seconds of processor time: one thread that waits for nothing."""
    return command(
        *(sys.executable, "-m", "mypy", "--strict", "--no-sqlite-cache", "--cache-dir", cache),
        *targets,
    ).processor


def pyright(folder: Path, target: Path) -> float:
    """Seconds of the wall clock: it has several threads."""
    config = folder / "pyrightconfig.json"
    settings = {"include": [str(target), str(ROOT / "generated")], "extraPaths": [str(ROOT)]}
    config.write_text(json.dumps({**settings, "typeCheckingMode": "strict"}))
    words = ("--level", "error", "--project", config, "--pythonpath", sys.executable)
    return command(sys.executable, "-m", "basedpyright", *words).seconds


def forget_ours(cache: Path, application: Path) -> None:
    """Take everything of ours out of mypy's cache."""
    for folder in cache.glob("[0-9]*"):
        for package_ in ("vtiger_orm", "generated"):
            shutil.rmtree(folder / package_, ignore_errors=True)
        for file in _beginning(folder, application.stem, "vtiger_orm.", "generated."):
            file.unlink()


def _beginning(folder: Path, *names: str) -> Iterator[Path]:
    return (each for each in folder.iterdir() if each.is_file() and each.name.startswith(names))


def measure() -> Lines:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        application = folder / "application_of_everything.py"
        application.write_text(program())
        cache, targets = folder / "cache", (ROOT / "generated", application)
        mypy(cache, *targets)
        cold = []
        for _ in range(ROUNDS):
            forget_ours(cache, application)
            cold.append(mypy(cache, *targets))
        warm = mypy(cache, *targets)
        seconds = statistics.median(cold)
        yield Line(
            what="mypy --strict, 36 modules, cold",
            ours=shown(seconds),
            rival=f"nothing changed {shown(warm)}",
            goal=f"under {MYPY_GOAL:g} s",
            met=seconds < MYPY_GOAL,
        )
        pyright(folder, application)
        seconds = min(pyright(folder, application) for _ in range(ROUNDS))
        yield Line(
            what="basedpyright strict, 36 modules",
            ours=shown(seconds),
            goal=f"under {PYRIGHT_GOAL:g} s",
            met=seconds < PYRIGHT_GOAL,
        )


if __name__ == "__main__":
    show(measure())
