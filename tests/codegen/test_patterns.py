"""Which modules are generated: include and exclude."""

from __future__ import annotations

from typing import Any

import pytest
from vtiger_codegen.generate import Options, Output, generate
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.snapshots import module, snapshot
from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.describe import TypeInformation
from vtiger_orm.metadata.snapshot import ModuleSnapshot


def generated(*modules: ModuleSnapshot, **options: Any) -> Output:
    return generate(snapshot(*modules), NamesLock(), Options(**options))


def test_include_and_exclude_are_patterns() -> None:
    modules = [module(name) for name in ("Accounts", "Contacts", "SMSNotifier", "SMSLog")]
    output = generated(*modules, include=("*s", "SMS*"), exclude=("SMSL*",))
    assert {path.stem for path in output.files if len(path.parts) == 1} == {
        *("__init__", "_package", "py", "accounts", "contacts", "smsnotifier")
    }
    with pytest.raises(ConfigError, match="No module is left"):
        generated(*modules, include=("Lead*",))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"include": ("Accounts", "Lead*")}, "include 'Lead*' fits no module"),
        ({"include": ("Account",)}, "No module is left"),
        ({"exclude": ("Contcts",)}, "exclude 'Contcts' fits no module that the CRM showed. Did"),
    ],
)
def test_patterns_that_fit_nothing_are_slips(options: dict[str, Any], told: str) -> None:
    given_ = snapshot(module("Accounts"), module("Contacts"))
    listed = {name: TypeInformation() for name in ("Accounts", "Contacts", "SMSNotifier")}
    given_.instance = given_.instance.model_copy(update={"types": listed})
    with pytest.raises(ConfigError) as error:
        generate(given_, NamesLock(), Options(**options))
    assert told in str(error.value)
    assert generate(given_, NamesLock(), Options(exclude=("SMS*",))).files
