"""Format 2 of packages and snapshots, from copies made when it was the newest.

`v2/schema` is what a user pulled who may not see Users, `v2/package` was generated from it without
Products. Neither is ever generated again: what was committed by an application must go on working.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path, PurePosixPath

import pytest
from vtiger_codegen.generate import Options, generate
from vtiger_codegen.naming.lock import FILE_NAME, load_lock

from tests.formats.v2 import package as models
from tests.formats.v2.package import Accounts, Assets, Contacts, connect
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidValue, SchemaMismatch
from vtiger_orm.metadata.snapshot import Snapshot

V2 = Path(__file__).parent / "v2"
V1_SCHEMA = Path(__file__).parent / "v1" / "schema"


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    """The whole CRM: that user's snapshot tells of a part of it."""
    with Crm(V1_SCHEMA) as crm:
        owner = {"assigned_user_id": crm.user().wire_id}
        bank = crm.create("Accounts", {"accountname": "Bank", **owner})["id"]
        product = crm.create("Products", {"productname": "Engine"})["id"]
        crm.create("Contacts", {"lastname": "Smith", "account_id": bank, **owner})
        crm.create(
            "Assets",
            {
                "assetname": "Mill",
                "assetstatus": "In Service",
                "serialnumber": "1",
                "product": product,
                "account": bank,
                "datesold": "2024-01-01",
                "dateinservice": "2024-01-01",
                **owner,
            },
        )
        yield crm


@pytest.fixture(autouse=True)
def session(crm: Crm) -> Iterator[None]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()):
        yield


def test_it_says_what_it_is() -> None:
    package = import_module(f"{models.__name__}._package").package
    assert package.format == 2
    assert package.prefixes["Users"] == "19"
    assert set(package.prefixes) > {"Products", "Contacts"}


def test_owners_whom_the_user_may_not_see_are_ids(crm: Crm) -> None:
    smith = Contacts.objects.get(lastname="Smith")
    assert smith.assigned_user_id == crm.user().wire_id
    assert Contacts.objects.filter(assigned_user_id=smith.assigned_user_id).count() == 1
    smith.assigned_user_id = smith.assigned_user_id
    smith.firstname = "Ada"
    smith.save()
    made = Contacts(lastname="Made", assigned_user_id=smith.assigned_user_id)
    made.save()
    assert made.assigned_user_id == crm.user().wire_id
    made.delete()
    with pytest.raises(SchemaMismatch, match="no module 'Users': it was left out"):
        smith.assigned_user_id.fetch()


def test_ids_of_a_module_that_is_left_out() -> None:
    mill = Assets.objects.get(assetname="Mill")
    assert mill.product
    assert mill.account
    again = Assets.objects.get(product=mill.product)
    assert again == mill
    assert mill.account.fetch() == Accounts.objects.get(accountname="Bank")
    with pytest.raises(InvalidValue, match="takes ids of Products, which begin with"):
        Assets(product=mill.account)


def test_the_snapshot_is_read() -> None:
    assert '"format": 2' in (V2 / "schema" / "instance.json").read_text(encoding="utf-8")
    snapshot = Snapshot.load(V2 / "schema")
    assert snapshot.instance.others == {"Users": "19"}
    assert snapshot.instance.repairs == ["types 4: null is not understood"]
    assert snapshot.modules["Assets"].repairs
    assert len(snapshot.modules) == 5


def test_no_name_of_yesterday_changes() -> None:
    lock = load_lock(V2 / "schema" / FILE_NAME)
    options = Options(exclude=("Products",))
    output = generate(Snapshot.load(V2 / "schema"), lock, options, locked=True)
    assert output.lock == lock
    old = {file.relative_to(V2 / "package").as_posix() for file in (V2 / "package").glob("*.py")}
    assert {PurePosixPath(each) for each in old} <= output.files.keys()
