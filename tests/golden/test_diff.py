"""Diffs as people and programs read them: each folder of `diff` is a case.

    before/      a snapshot, and the names.lock that is told with it
    now/         another one
    renames      what is told with --rename, one a line; may be missing
    expected.*   the diff as text, Markdown and JSON

After a wanted change run ``VTIGER_ORM_UPDATE_GOLDEN=1 pytest tests/golden`` and read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from vtiger_codegen.diff.compare import Diff, compare, remembered_renames, told_renames
from vtiger_codegen.diff.reports import as_json, as_markdown, as_text
from vtiger_codegen.naming.lock import FILE_NAME, NamesLock, load_lock

from vtiger_orm.metadata.snapshot import Snapshot

CASES = sorted(file.parent for file in (Path(__file__).parent / "diff").glob("*/before"))


def diff_of(case: Path) -> tuple[Diff, NamesLock]:
    before, now = (Snapshot.load(case / name) for name in ("before", "now"))
    lock = load_lock(case / "before" / FILE_NAME)
    told = case / "renames"
    texts = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    remembered = remembered_renames(before, now, lock)
    given = told_renames(before, now, remembered, texts)
    return compare(before, now, [*remembered, *given]), lock


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_diff_is_what_was_reviewed(case: Path) -> None:
    diff, lock = diff_of(case)
    found = {
        "expected.txt": as_text(diff, lock) + "\n",
        "expected.md": as_markdown(diff, lock),
        "expected.json": as_json(diff),
    }
    for name, text in found.items():
        file = case / name
        if "VTIGER_ORM_UPDATE_GOLDEN" in os.environ:
            file.write_bytes(text.encode())
        assert text == file.read_bytes().decode(), name


def test_there_are_cases() -> None:
    assert {case.name for case in CASES} == {"everything", "renamed", "hostile", "lesser-user"}
