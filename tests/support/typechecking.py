"""What mypy knows of the runtime, found out once for all tests that ask it.

A strict check from nothing takes ten seconds, nearly all of them for the libraries.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LIBRARIES: Final = "import generated.demo, vtiger_orm.models\n"


def cache(own: Path, shared: Path) -> Path:
    """A cache for this process in `own`, copied from the one of all processes in `shared`.

    It serves every check with ``--strict`` that reads no settings file; mypy looks at the files
    themselves again, so that it finds what it would have found without.
    """
    with (shared / "mypy.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "mypy.done").exists():
            _fill(shared)
            (shared / "mypy.done").touch()
    return shutil.copytree(shared / "mypy.libraries", own / "mypy")


def _fill(shared: Path) -> None:
    folder = shared / "mypy.project"
    folder.mkdir()
    (folder / "libraries.py").write_text(LIBRARIES)
    subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir=../mypy.libraries", "libraries.py"],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
