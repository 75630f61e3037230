"""Two generated packages on two CRMs in one process: nothing of one reaches the other."""

from __future__ import annotations

import asyncio
import json
import operator
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from vtiger_codegen.generate import generate
from vtiger_codegen.naming.lock import NamesLock
from vtiger_codegen.publish import publish

import generated.demo as demo
import vtiger_orm.emulator
from vtiger_orm import Q
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import (
    InvalidId,
    InvalidLookup,
    RegenerateNeeded,
    SchemaMismatch,
)
from vtiger_orm.metadata.snapshot import Snapshot

DEMO = Path(vtiger_orm.emulator.__file__).parent / "demo"
PREFIXES = {"Contacts": "4", "Accounts": "3", "Campaigns": "12", "Vendors": "11"}
"""What the second CRM calls them; two of the numbers mean other modules on the first."""


def renumbered(folder: Path) -> Snapshot:
    """The demo snapshot with other prefixes, as another installation would have them."""
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("*.py", "*.jsonl", "__pycache__"))
    shown = json.loads((folder / "instance.json").read_text("utf-8"))
    free = iter(range(50, 99))
    for module in list(shown["prefixes"]):
        prefix = PREFIXES.get(module) or str(next(free))
        shown["prefixes"][module] = prefix
        file = folder / "modules" / f"{module}.json"
        content = json.loads(file.read_text("utf-8"))
        content["describe"]["idPrefix"] = prefix
        file.write_text(json.dumps(content), "utf-8")
    (folder / "instance.json").write_text(json.dumps(shown), "utf-8")
    return Snapshot.load(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("second")


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Snapshot:
    return renumbered(folder / "schema")


@pytest.fixture(scope="module")
def second(folder: Path, snapshot: Snapshot) -> Iterator[ModuleType]:
    """The package generated from the second CRM, imported."""
    publish(folder / "second_crm", generate(snapshot, NamesLock()).files)
    sys.path.insert(0, str(folder))
    try:
        yield import_module("second_crm")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == "second_crm"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def crms(snapshot: Snapshot) -> Iterator[tuple[Crm, Crm]]:
    with Crm(data=None) as ours, Crm(snapshot, data=None) as theirs:
        for crm, name in ((ours, "Ours"), (theirs, "Theirs")):
            account = crm.create("Accounts", {"accountname": f"{name} Ltd"})["id"]
            crm.create("Contacts", {"lastname": name, "account_id": account})
        yield ours, theirs


def connected(package: Any, crm: Crm, **settings: Any) -> Any:
    door = crm.transport()
    return package.connect(
        crm.url, *crm.credentials(), transport=door, async_transport=door, **settings
    )


def test_each_package_asks_its_own_crm(second: Any, crms: tuple[Crm, Crm]) -> None:
    with connected(demo, crms[0]), connected(second, crms[1]):
        ours = demo.Contacts.objects.select_related("account_id").get()
        theirs = second.Contacts.objects.select_related("account_id").get()
    assert (ours.lastname, theirs.lastname) == ("Ours", "Theirs")
    assert (ours.id.prefix, theirs.id.prefix) == ("12", "4")
    assert ours.account_id is not None
    assert isinstance(ours.account_id.loaded, demo.Accounts)
    assert isinstance(theirs.account_id.loaded, second.Accounts)


async def test_side_by_side_in_tasks(second: Any, crms: tuple[Crm, Crm]) -> None:
    async def read(package: Any, crm: Crm) -> str:
        async with connected(package, crm):
            await asyncio.sleep(0)
            contact = await package.Contacts.objects.select_related("account_id").aget()
            return str(contact.account_id.loaded.accountname)

    names = await asyncio.gather(
        *(read(*pair) for pair in [(demo, crms[0]), (second, crms[1])] * 5)
    )
    assert names == ["Ours Ltd", "Theirs Ltd"] * 5


def test_defaults_in_a_thread_pool(
    second: Any, crms: tuple[Crm, Crm], monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in (demo, second):
        monkeypatch.setattr(import_module(f"{package.__name__}._package").package, "_default", None)
    sessions = [
        package.configure(session=connected(package, crm))
        for package, crm in ((demo, crms[0]), (second, crms[1]))
    ]
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(each.Contacts.objects.get) for each in (demo, second) * 10]
        names = [job.result().lastname for job in jobs]
    assert names == ["Ours", "Theirs"] * 10
    for session in sessions:
        session.close()


def test_sessions_and_values_of_the_other_are_refused(second: Any, crms: tuple[Crm, Crm]) -> None:
    stranger = connected(second, crms[1])
    with pytest.raises(SchemaMismatch, match="second_crm"):
        demo.Contacts.objects.using(stranger)
    theirs = second.Contacts.objects.using(stranger).get()
    with pytest.raises(InvalidId):
        demo.Contacts.ref(theirs.id)
    with pytest.raises(InvalidLookup):
        demo.Contacts.objects.filter(id=theirs.id)
    ours: Any = demo.Contacts.objects
    accounts = second.Accounts.objects
    for foreign in (theirs.account_id, [theirs.account_id], accounts, accounts.values_list("id")):
        lookup = "account_id" if foreign is theirs.account_id else "account_id__in"
        with pytest.raises(InvalidLookup, match="'second_crm'"):
            ours.filter(**{lookup: foreign})
        with pytest.raises(InvalidLookup, match="'second_crm'"):
            ours.exclude(Q(lastname="x") | ~Q(**{lookup: foreign}))
    for join in (operator.or_, operator.and_):
        with pytest.raises(InvalidLookup, match="'second_crm'"):
            join(ours.all(), second.Contacts.objects.all())


def test_a_package_on_the_wrong_crm_is_told_before_anything_is_written(
    second: Any, crms: tuple[Crm, Crm]
) -> None:
    before = crms[0].snapshot()
    with connected(second, crms[0]), pytest.raises(SchemaMismatch, match="another CRM"):
        second.Contacts.objects.create(lastname="Lost")
    assert crms[0].snapshot() == before


def test_a_package_of_an_older_format_asks_to_be_generated_again(folder: Path, second: Any) -> None:
    compiled = shutil.ignore_patterns("__pycache__")  # of the file as it was within this second
    shutil.copytree(folder / "second_crm", folder / "old_crm", ignore=compiled)
    file = folder / "old_crm" / "_package.py"
    file.write_text(file.read_text("utf-8").replace("format=2", "format=0"), "utf-8")
    with pytest.raises(RegenerateNeeded, match=r"'old_crm'.*vtiger-orm generate"):
        import_module("old_crm")
