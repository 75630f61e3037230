"""The stubs have nothing that mypy would say of them, though it is told to say nothing.

It compares overloads of one method pair by pair, in every module of the package, however few an
application uses: half of all it does. A file of which nothing is told is spared that. So it is done
here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.typing.checkers import ROOT

pytestmark = [pytest.mark.checkers, pytest.mark.timeout(200)]

SILENCE: Final = "# mypy: ignore-errors\n"
PACKAGES: Final = {
    "demo": ROOT / "generated" / "demo",
    **{each.parents[1].name: each for each in ROOT.glob("tests/golden/*/expected/package")},
}


def spoken(package: Path, folder: Path) -> Path:
    """A copy of the package whose stubs are not silenced."""
    shutil.copytree(package, folder, ignore=shutil.ignore_patterns("__pycache__"))
    stubs = sorted((folder / "_typing").glob("*.pyi"))
    assert stubs
    for each in stubs:
        text = each.read_text("utf-8")
        assert text.count(SILENCE) == 1
        each.write_text(text.replace(SILENCE, ""), "utf-8")
    return folder


@pytest.mark.parametrize("name", PACKAGES)
def test_nothing_is_wrong_with_them(name: str, tmp_path: Path, mypy_cache: Path) -> None:
    package = spoken(PACKAGES[name], tmp_path / "spoken")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={mypy_cache}", package.name],
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    # The class that `own` names for a module is of an application which is not here.
    assert [line for line in done.stdout.splitlines() if "_typing" in line] == []
