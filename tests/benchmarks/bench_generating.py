"""`vtiger-orm generate` in a process of its own, start-up included; then again, nothing changed.

Judged by processor time: it is one thread that waits for nothing.
"""

from __future__ import annotations

import sys
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.harness import ROOT, Finished, Line, Lines, command, show, shown
from vtiger_orm.metadata.snapshot import Instance, ModuleSnapshot, Snapshot

DEMO: Final = ROOT / "vtiger_orm" / "emulator" / "demo"
RICH: Final = ("Accounts", "Contacts", "Potentials", "HelpDesk", "Products", "SalesOrder")
GOAL: Final = 3.0
LARGE_GOAL: Final = 10.0
LARGE_MEGABYTES: Final = 500
AGAIN_GOAL: Final = 2.0


def large(modules: int, fields: int) -> Snapshot:
    """Modules of many fields, cloned from those of the demo."""
    demo = Snapshot.load(DEMO)
    pool: list[dict[str, Any]] = [
        each
        for name in RICH
        for each in demo.modules[name].to_json()["describe"]["fields"]
        if each["name"] != "id"
    ]
    names = [f"Custom{number:03d}" for number in range(modules)]
    made = {}
    for number, name in enumerate(names):
        described = []
        for index in range(fields):
            each = deepcopy(pool[(number * 7 + index) % len(pool)])
            each["name"] = f"{each['name']}_{index}"
            if each["type"].get("refersTo"):
                each["type"]["refersTo"] = [names[(number + index + k) % modules] for k in (1, 2)]
            described.append(each)
        describe = {"name": name, "label": name, "idPrefix": str(number), "fields": described}
        made[name] = ModuleSnapshot.model_validate({"describe": describe})
    prefixes = {name: each.describe.id_prefix for name, each in made.items()}
    return Snapshot(instance=Instance(dialect="webservice", prefixes=prefixes), modules=made)


def generate(schema: Path, output: Path) -> Finished:
    return command(
        sys.executable, "-m", "vtiger_codegen", "generate", "--schema", schema, "--output", output
    )


def measure() -> Lines:
    with tempfile.TemporaryDirectory() as scratch:
        command(sys.executable, "-m", "vtiger_codegen", "generate", "--help")
        for what, snapshot, goal, most in (
            ("36 modules of the demo", Snapshot.load(DEMO), GOAL, None),
            ("150 modules of 120 fields", large(150, 120), LARGE_GOAL, LARGE_MEGABYTES),
        ):
            schema, output = Path(scratch) / what / "schema", Path(scratch) / what / "package"
            snapshot.save(schema)
            first, second = generate(schema, output), generate(schema, output)
            size = sum(file.stat().st_size for file in output.rglob("*.py*"))
            yield Line(
                what=what,
                ours=f"{shown(first.processor)}, {first.megabytes} MB",
                goal=f"under {goal:g} s" + (f", {most} MB" if most else ""),
                met=first.processor < goal and (most is None or first.megabytes < most),
                remark=f"{size / 1e6:.1f} MB of code, {shown(first.seconds)} by the wall clock",
            )
            yield Line(
                what="again, nothing changed",
                ours=f"{shown(second.processor)}, {second.megabytes} MB",
                goal=f"under {AGAIN_GOAL:g} s",
                met=second.processor < AGAIN_GOAL,
                remark=f"{shown(second.seconds)} by the wall clock",
            )


if __name__ == "__main__":
    show(measure())
