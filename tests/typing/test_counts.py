"""What checkers are not told: every `Any`, cast and `# type: ignore` of the sources. The numbers
only fall, and a line that is ignored says why."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

MOST: Final = {"vtiger_orm": (848, 20), "codegen/vtiger_codegen": (72, 3)}
"""Of each: `Any` in annotations and aliases, casts."""


@pytest.mark.parametrize("top", MOST)
def test_no_more_than_before(top: str) -> None:
    anything = casts = 0
    for file in (ROOT / top).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Name("Any"):
                    anything += 1
                case ast.Call(func=ast.Name("cast")):
                    casts += 1
    most_anything, most_casts = MOST[top]
    assert anything <= most_anything
    assert casts <= most_casts


@pytest.mark.parametrize("top", MOST)
def test_every_ignore_has_its_reason(top: str) -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in sorted((ROOT / top).rglob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.search(r"# type: ignore(?!\[[\w, -]+\]  # \w)", line)
    ]
    assert bare == []
