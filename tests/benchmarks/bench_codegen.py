"""What generating costs: time and memory of `vtiger-orm generate` in a process of its own.

::

    python tests/benchmarks/bench_codegen.py

Budgets: 36 modules under 3 s; 150 modules of 120 fields under 20 s and 500 MB; a second run
that finds nothing changed under 2 s. Start-up of Python is counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "vtiger_orm" / "emulator" / "demo"
sys.path[:0] = [str(ROOT), str(ROOT / "codegen")]

from vtiger_orm.metadata.snapshot import Instance, ModuleSnapshot, Snapshot  # noqa: E402

MEASURED = """
import resource, sys
from vtiger_codegen.cli import run
code = run(["generate", "--schema", sys.argv[1], "--output", sys.argv[2]])
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, file=sys.stderr)
sys.exit(code)
"""


def measure(schema: Path, output: Path) -> str:
    """Seconds, seconds of processor time, and megabytes of one run."""
    paths = os.pathsep.join((str(ROOT), str(ROOT / "codegen")))
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(schema), str(output)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - begin
    processor, megabytes = done.stderr.split()[-2:]
    return f"{seconds:.2f} s ({float(processor):.2f} s of processor time), {megabytes} MB"


def large(modules: int, fields: int) -> Snapshot:
    """Modules of many fields, cloned from those of the demo."""
    demo = Snapshot.load(DEMO)
    pool: list[dict[str, Any]] = [
        each
        for name in ("Accounts", "Contacts", "Potentials", "HelpDesk", "Products", "SalesOrder")
        for each in demo.modules[name].to_json()["describe"]["fields"]
        if each["name"] != "id"
    ]
    names = [f"Custom{number:03d}" for number in range(modules)]
    made = {}
    for number, name in enumerate(names):
        described = []
        for index in range(fields):
            each = json.loads(json.dumps(pool[(number * 7 + index) % len(pool)]))
            each["name"] = f"{each['name']}_{index}"
            if each["type"].get("refersTo"):
                each["type"]["refersTo"] = [names[(number + index + k) % modules] for k in (1, 2)]
            described.append(each)
        made[name] = ModuleSnapshot.model_validate(
            {
                "describe": {
                    "name": name,
                    "label": name,
                    "idPrefix": str(number),
                    "fields": described,
                }
            }
        )
    return Snapshot(
        instance=Instance(
            dialect="webservice",
            prefixes={name: each.describe.id_prefix for name, each in made.items()},
        ),
        modules=made,
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for title, snapshot, budget in (
            ("36 modules of the demo", Snapshot.load(DEMO), "3 s"),
            ("150 modules x 120 fields", large(150, 120), "20 s, 500 MB"),
        ):
            schema, output = Path(scratch) / title / "schema", Path(scratch) / title / "package"
            snapshot.save(schema)
            print(f"{title}: {measure(schema, output)}; budget {budget}")
            print(f"{title}, nothing changed: {measure(schema, output)}; budget 2 s")
            size = sum(file.stat().st_size for file in output.rglob("*.py*"))
            print(f"{title}: {size / 1e6:.1f} MB of code and stubs")


if __name__ == "__main__":
    main()
