"""names.lock as a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from vtiger_codegen.naming.assignment import name_everything
from vtiger_codegen.naming.lock import NamesError, NamesLock, load_lock

from tests.codegen.snapshots import (
    hostile_snapshots,
)
from vtiger_orm.metadata.snapshot import Snapshot


def test_the_lock_survives_a_round_trip(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("lock")

    @given(hostile_snapshots())
    def law(given_: Snapshot) -> None:
        lock = name_everything(given_.modules, NamesLock())
        (folder / "names.lock").write_bytes(lock.to_text().encode())
        again = load_lock(folder / "names.lock")
        assert name_everything(given_.modules, again, locked=True) == lock
        assert again.to_text() == lock.to_text()

    law()


def test_a_lock_that_cannot_be_read_is_not_taken_for_an_empty_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("lock") / "names.lock"
    assert load_lock(file) == NamesLock()
    for text, told in [
        ("{", "version control"),
        ('{"format": 2}', "format 2"),
        ("[]", "it tells no format"),
        ('{"format": "1"}', "it tells no format"),
        ('{"format": 1, "modules": {"M": {"feilds": {}}}}', "feilds"),
    ]:
        file.write_text(text)
        with pytest.raises(NamesError, match=told):
            load_lock(file)
