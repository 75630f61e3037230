"""The table of coverage floors fits the tree, and the script tells what falls below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.coverage_floors import FLOORS, findings, measured

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("prefix", FLOORS)
def test_every_row_is_a_part_that_is_there(prefix: str) -> None:
    assert (ROOT / prefix).exists(), "was the part moved? Move its row in tests/coverage_floors.py"


def test_every_folder_of_the_runtime_has_a_row() -> None:
    folders = {f"vtiger_orm/{file.parent.name}/" for file in ROOT.glob("vtiger_orm/*/__init__.py")}
    assert folders <= FLOORS.keys()


def summary(lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, Any]:
    return {
        "summary": {
            "covered_lines": lines[0],
            "missing_lines": lines[1] - lines[0],
            "covered_branches": branches[0],
            "missing_branches": branches[1] - branches[0],
        }
    }


def test_what_is_wrong_is_told() -> None:
    report = {
        "files": {
            "a/one.py": summary((6, 8), (1, 2)),
            "a/two.py": summary((10, 10), (0, 0)),
            "b/three.py": summary((1, 1), (0, 0)),
        }
    }
    assert measured(report, "a/") == pytest.approx(85.0)
    assert list(findings(report, {"a/": 85.0, "b/": 100.0})) == []
    assert list(findings(report, {"a/": 86.0, "c/": 1.0})) == [
        "a/: 85.00 per cent, the floor is 86.0",
        "c/: no file is there; was the part moved?",
        "b/three.py: no row of the table fits it",
    ]
