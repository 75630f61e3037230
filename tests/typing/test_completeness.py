"""Every public name has a type that all checkers read alike: declared, not inferred.

``basedpyright --verifytypes`` looks at all modules whose name has no underscore in front.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

COMPLETE: Final = 100
"""Per cent of the names that have such a type."""

BIN: Final = Path(sys.executable).parent


def verified(package: str) -> dict[str, Any]:
    """What the checker reports; it looks the package up by the first `python` of the path."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "basedpyright", "--outputjson"),
            *("--verifytypes", package, "--ignoreexternal", "--pythonversion", "3.11"),
        ],
        env={**os.environ, "PATH": os.pathsep.join((str(BIN), os.environ["PATH"]))},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)["typeCompleteness"]
    return report


def causes(report: dict[str, Any]) -> list[str]:
    """Names that lack a type themselves; others only mention one of these."""
    return [
        f"{symbol['name']}: {told['message'].splitlines()[0]}"
        for symbol in report["symbols"]
        if symbol["isExported"] and not symbol["isTypeKnown"]
        for told in symbol["diagnostics"]
        if told["message"].startswith(("Type is missing", "Ambiguous base class"))
    ]


@pytest.mark.checkers
def test_types_of_public_names_are_complete() -> None:
    report = verified("vtiger_orm")
    assert report["exportedSymbolCounts"]["withKnownType"] > 3000
    score = 100 * report["completenessScore"]
    assert score >= COMPLETE, "\n".join([f"{score:.1f} per cent", *causes(report)])
