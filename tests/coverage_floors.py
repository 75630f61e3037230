"""How much of each part the tests must run, in per cent of its lines and branches.

``.ci/run`` measures it (SlipCover, by probes in the code) and calls this script with the report::

    python -m tests.coverage_floors build/coverage.json

Ends with 1 when a part is below its floor, when a row fits no file, or when a file fits no row.
A part that has risen by a point or more is told, so that its floor can follow.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

FLOORS: Final[Mapping[str, float]] = {
    "codegen/vtiger_codegen/": 94.0,
    "vtiger_orm/": 96.0,
    "vtiger_orm/administration/": 98.0,
    "vtiger_orm/aggregates/": 96.0,
    "vtiger_orm/calls/": 98.0,
    "vtiger_orm/columns/": 97.5,
    "vtiger_orm/conditions/": 97.0,
    "vtiger_orm/dialects/": 93.5,
    "vtiger_orm/emulator/": 96.0,
    "vtiger_orm/feed/": 97.0,
    "vtiger_orm/frames/": 94.0,
    "vtiger_orm/importing/": 96.0,
    "vtiger_orm/introspection/": 95.0,
    "vtiger_orm/metadata/": 98.0,
    "vtiger_orm/models/": 96.5,
    "vtiger_orm/notebooks/": 92.0,
    "vtiger_orm/planner/": 96.5,
    "vtiger_orm/records/": 98.0,
    "vtiger_orm/session/": 95.5,
    "vtiger_orm/testing/": 94.0,
    "vtiger_orm/values/": 97.5,
    "vtiger_orm/warehouse/": 96.0,
    "vtiger_orm/writing/": 96.0,
}
"""Beginning of a path -> per cent. A file counts for every row that it fits."""

ROOMY: Final = 1.0
"""Points above the floor from which on it should be raised; the rest is chance."""


def measured(report: Mapping[str, Any], prefix: str) -> float | None:
    """Per cent of lines and branches under a path; None without a file."""
    found = [each["summary"] for path, each in report["files"].items() if path.startswith(prefix)]
    if not found:
        return None
    covered = sum(each["covered_lines"] + each["covered_branches"] for each in found)
    missing = sum(each["missing_lines"] + each["missing_branches"] for each in found)
    return 100.0 * covered / (covered + missing) if covered + missing else 100.0


def findings(report: Mapping[str, Any], floors: Mapping[str, float]) -> Iterator[str]:
    """What is wrong, a line each."""
    for prefix, floor in floors.items():
        part = measured(report, prefix)
        if part is None:
            yield f"{prefix}: no file is there; was the part moved?"
        elif part < floor:
            yield f"{prefix}: {part:.2f} per cent, the floor is {floor}"
    for path in report["files"]:
        if not path.startswith(tuple(floors)):
            yield f"{path}: no row of the table fits it"


def main(arguments: Sequence[str]) -> int:
    """Compare one report with the table; returns the exit code."""
    (file,) = arguments
    report = json.loads(Path(file).read_text(encoding="utf-8"))
    for prefix, floor in FLOORS.items():
        part = measured(report, prefix) or 0.0
        hint = "  could rise" if part >= floor + ROOMY else ""
        print(f"{part:6.2f}  {floor:5.1f}  {prefix}{hint}")
    wrong = list(findings(report, FLOORS))
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
