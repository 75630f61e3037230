"""The package of the embedded CRM, as it is printed today."""

from __future__ import annotations

import pytest
from vtiger_codegen.generate import Output, generate
from vtiger_codegen.naming.lock import FILE_NAME, load_lock

from tests.codegen.snapshots import DEMO
from vtiger_orm.metadata.snapshot import Snapshot


@pytest.fixture(scope="module")
def demo() -> Output:
    return generate(Snapshot.load(DEMO), load_lock(DEMO / FILE_NAME), locked=True)
