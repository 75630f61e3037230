"""Applications rewritten to other names of the demo CRM: each folder of `migrate` is a case.

    before.txt     the application
    names         what gets another name, as ``vtiger-orm names set`` takes it
    after.txt      the application afterwards
    remarks.txt   what is left to somebody

After a wanted change run ``VTIGER_ORM_UPDATE_GOLDEN=1 pytest tests/golden`` and read the diff.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from vtiger_codegen.application.migration import migrate, new_names
from vtiger_codegen.application.vocabulary import Vocabulary, vocabulary
from vtiger_codegen.generate import Options, generate
from vtiger_codegen.naming.addresses import every_name, parse_names, with_names
from vtiger_codegen.naming.assignment import name_everything
from vtiger_codegen.naming.lock import FILE_NAME, NamesLock, load_lock

from vtiger_orm.metadata.snapshot import Snapshot

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "vtiger_orm" / "emulator" / "demo"
MYPY = (sys.executable, "-m", "mypy", "--strict")
ONLY = Options(include=("Contacts", "Accounts", "HelpDesk", "Potentials", "Users", "Groups"))
CASES = sorted(file.parent for file in (Path(__file__).parent / "migrate").glob("*/before.txt"))


def words(schema: Snapshot, lock: NamesLock) -> Vocabulary:
    return vocabulary(schema.modules, lock, ("crm",))


def lock_of(case: Path, schema: Snapshot, before: NamesLock) -> NamesLock:
    texts = (case / "names").read_text(encoding="utf-8").splitlines()
    given = parse_names(texts, every_name(schema.modules, before))
    return name_everything(schema.modules, with_names(before, given), locked=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_migration_is_what_was_reviewed(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    schema, lock = Snapshot.load(DEMO), load_lock(DEMO / FILE_NAME)
    former = words(schema, lock)
    new = new_names(former, words(schema, lock_of(case, schema, lock)))
    found = migrate(former, new, [Path("before.txt")], ())
    (rewritten,) = found.files
    remarks = "".join(f"{each.line}: {each.text}\n    {each.why}\n" for each in found.remarks)
    for name, content in (("after.txt", rewritten.content), ("remarks.txt", remarks.encode())):
        if "VTIGER_ORM_UPDATE_GOLDEN" in os.environ:
            Path(name).write_bytes(content)
        assert content.decode() == Path(name).read_text(encoding="utf-8"), name


@pytest.mark.checkers
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_mypy_says_the_same_before_and_after(case: Path, tmp_path: Path, mypy_cache: Path) -> None:
    """Apart from what is left to somebody."""
    schema, lock = Snapshot.load(DEMO), load_lock(DEMO / FILE_NAME)
    found = []
    for name, names in (("before", lock), ("after", lock_of(case, schema, lock))):
        for path, text in generate(schema, names, ONLY, locked=True).files.items():
            file = tmp_path / name / "crm" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        application = (case / f"{name}.txt").read_text(encoding="utf-8")
        text = "# mypy: allow-untyped-defs\n" + application
        (tmp_path / name / "app.py").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [*MYPY, f"--cache-dir={mypy_cache}", "app.py"],
            cwd=tmp_path / name,
            env={**os.environ, "MYPYPATH": f".:{ROOT}"},
            capture_output=True,
            text=True,
        )
        found.append(done.stdout)
    assert found[0] == found[1]
    assert "Success" in found[0]
