"""The public names of `Record` are the reserved ones, and none is the name of a field."""

from __future__ import annotations

from pydantic import BaseModel
from vtiger_codegen.naming import reserved

from tests.records.test_hydration import MODULES
from tests.support import building
from vtiger_orm.models import Record


def public(model: type) -> set[str]:
    return {name for name in dir(model) if not name.startswith(("_", "model_"))}


def test_the_reserved_names_are_what_a_record_has() -> None:
    assert public(Record) - public(BaseModel) == reserved.RECORD
    assert public(BaseModel) == reserved.PYDANTIC


def test_no_recorded_field_is_called_like_them() -> None:
    names = {each["name"] for module in MODULES for each in building.describe(module)["fields"]}
    assert len(names) > 500
    assert not names & (reserved.RECORD | reserved.PYDANTIC)
