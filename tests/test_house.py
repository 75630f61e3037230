"""What is nobody else's business stays out of the files: on which machine, and where, they were
written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLACES = ("vtiger_orm", "codegen", "templates", "tests", ".github")
WRITTEN = {".py", ".pyi", ".md", ".txt", ".toml", ".jinja", ".yml", ".html", ".css", ".js", ".tsv"}
_OF_A_MACHINE = re.compile("(?<![\\w.])/(?:work|root|home/\\w+|tmp/w" + "t)/")


@pytest.mark.parametrize("place", PLACES)
def test_no_file_names_a_folder_of_the_machine_it_was_written_on(place: str) -> None:
    named = [
        f"{file.relative_to(ROOT)}: {found[0]}"
        for file in sorted((ROOT / place).rglob("*"))
        if file.suffix in WRITTEN and file.is_file()
        if (found := _OF_A_MACHINE.search(file.read_text("utf-8"))) is not None
    ]
    assert not named
