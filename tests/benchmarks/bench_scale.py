"""A CRM of 150 modules of 120 fields: what its package weighs, and what an application that uses
one model of it waits for.

"Cold": mypy has the standard library and the other packages in its cache, and nothing of ours.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.benchmarks.bench_generating import generate, large
from tests.benchmarks.harness import ROOT, Finished, Line, Lines, command, show, shown

MODULES: Final = 150
FIELDS: Final = 120
STUBS_GOAL: Final = 33  # megabytes
MYPY_GOAL: Final = 17.0
MYPY_MEGABYTES: Final = 1450
PYRIGHT_GOAL: Final = 5.0
COMPLETION_GOAL: Final = 3.0

APPLICATION: Final = """\
from crm import Custom000


def read() -> list[Custom000]:
    return list(Custom000.objects.filter(id=Custom000.ref("0x1")).order_by("-id")[:10])
"""

_COMPLETION: Final = """
import jedi, time
begin = time.process_time()
code = "from crm import Custom000\\nCustom000.objects.filter(i"
project = jedi.Project({folder!r}, added_sys_path=[{root!r}])
found = jedi.Script(code, project=project).complete(2, 26)
assert any(each.name == "id=" for each in found), found
print(time.process_time() - begin)
"""


def mypy(folder: Path) -> Finished:
    return command(
        *("env", f"MYPYPATH={folder}", sys.executable, "-m", "mypy", "--strict"),
        *("--no-sqlite-cache", "--cache-dir", folder / "cache", folder / "application.py"),
    )


def pyright(folder: Path) -> float:
    settings = {"include": ["application.py"], "extraPaths": [str(ROOT)]}
    config = folder / "pyrightconfig.json"
    config.write_text(json.dumps({**settings, "typeCheckingMode": "strict"}))
    words = ("--level", "error", "--project", config, "--pythonpath", sys.executable)
    return command(sys.executable, "-m", "basedpyright", *words).processor


def forget_ours(folder: Path) -> None:
    for cache in (folder / "cache").glob("[0-9]*"):
        for name in ("vtiger_orm", "crm"):
            shutil.rmtree(cache / name, ignore_errors=True)
        for file in cache.glob("application.*"):
            file.unlink()


def measure() -> Lines:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        large(MODULES, FIELDS).save(folder / "schema")
        generate(folder / "schema", folder / "crm")
        (folder / "application.py").write_text(APPLICATION)
        stubs = sum(each.stat().st_size for each in folder.rglob("*.pyi")) / 1e6
        yield Line(
            what=f"stubs of {MODULES} modules of {FIELDS} fields",
            ours=f"{stubs:.1f} MB",
            goal=f"under {STUBS_GOAL} MB",
            met=stubs < STUBS_GOAL,
        )
        mypy(folder)
        forget_ours(folder)
        cold, warm = mypy(folder), mypy(folder)
        yield Line(
            what="mypy --strict of an application of one model, cold",
            ours=f"{shown(cold.processor)}, {cold.megabytes} MB",
            rival=f"nothing changed {shown(warm.processor)}",
            goal=f"under {MYPY_GOAL:g} s, {MYPY_MEGABYTES} MB",
            met=cold.processor < MYPY_GOAL and cold.megabytes < MYPY_MEGABYTES,
        )
        pyright(folder)
        seconds = pyright(folder)
        yield Line(
            what="basedpyright strict of it",
            ours=shown(seconds),
            goal=f"under {PYRIGHT_GOAL:g} s",
            met=seconds < PYRIGHT_GOAL,
        )
        code = _COMPLETION.format(folder=str(folder), root=str(ROOT))
        seconds = float(command(sys.executable, "-c", code).output)
        yield Line(
            what="the first completion by jedi",
            ours=shown(seconds),
            goal=f"under {COMPLETION_GOAL:g} s",
            met=seconds < COMPLETION_GOAL,
        )


if __name__ == "__main__":
    show(measure())
