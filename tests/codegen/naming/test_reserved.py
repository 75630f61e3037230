"""Names that nothing generated may take."""

from __future__ import annotations

import inspect
import keyword

from pydantic import BaseModel
from vtiger_codegen.naming import reserved
from vtiger_codegen.naming.assignment import name_everything
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.snapshots import (
    recorded_modules,
)
from vtiger_orm.models import Record


def test_reserved_names_are_those_of_pydantic() -> None:
    public = {
        name
        for name in dir(BaseModel)
        if not name.startswith(("_", "model_")) and not inspect.isdatadescriptor(name)
    }
    assert public <= reserved.PYDANTIC


def test_reserved_names_are_those_of_records() -> None:
    public = {name for name in [*dir(Record), *dir(type(Record))] if not name.startswith("_")}
    assert {name for name in public if not name.startswith("model_")} <= reserved.ATTRIBUTES


def test_no_recorded_field_is_renamed_for_the_librarys_sake() -> None:
    """Python's own words apart, every standard field of a stock server keeps its name."""
    for name, described in recorded_modules().items():
        named = name_everything({name: described}, NamesLock()).modules[name].fields
        renamed = {
            wire
            for wire, attribute in named.items()
            if not wire.startswith("cf_") and wire != attribute
        }
        assert all(keyword.iskeyword(wire) or not wire.isidentifier() for wire in renamed), name
