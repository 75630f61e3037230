"""The model of one module for a verb that writes records, without a package of the project's."""

from __future__ import annotations

import glob
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

from vtiger_orm import Package
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.models import Record

from ..generate import Options, generate
from ..naming.lock import NamesLock


@contextmanager
def model_of(
    snapshot: Snapshot, lock: NamesLock, options: Options, module: str
) -> Iterator[tuple[type[Record], Package]]:
    """The class that `generate` prints for the module, and its package; gone after the block."""
    alone = replace(options, include=(glob.escape(module),), exclude=(), templates=None)
    files = generate(snapshot, lock, alone).files
    name = f"vtiger_orm_import_{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            place = Path(folder) / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", errors="surrogateescape")
        sys.path.insert(0, folder)
        try:
            package = cast("Package", import_module(f"{name}._package").package)
            yield package.model(module), package
        finally:
            sys.path.remove(folder)
            for loaded in [each for each in sys.modules if each.partition(".")[0] == name]:
                del sys.modules[loaded]
