"""The store: transactions, two processes at once, kill -9, snapshots; the demo data; speed."""

from __future__ import annotations

import gc
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.demo import ARTEFACT
from vtiger_orm.emulator.demo.artefact import dump
from vtiger_orm.emulator.demo.data import build
from vtiger_orm.emulator.engine import Engine, Schema
from vtiger_orm.emulator.engine.accounts import HIDDEN_MODULE
from vtiger_orm.emulator.engine.family import schema_of
from vtiger_orm.emulator.profiles import profile_named

from .conftest import Server, make

_WRITER = """
import sys
from vtiger_orm.emulator.engine import Engine, Schema
engine = Engine(Schema.demo(), sys.argv[1])
user = engine.user("admin")
for number in range(int(sys.argv[2])):
    element = {"lastname": f"{sys.argv[3]} {number}", "assigned_user_id": "19x1"}
    record = engine.call(user, "create", {"elementType": "Contacts", "element": element})
    print(record["id"], flush=True)
"""


def writer(database: Path, count: int, name: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", _WRITER, str(database), str(count), name]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def names(engine: Engine) -> list[str]:
    user = engine.user("admin")
    assert user is not None
    found: list[str] = []
    last = "12x0"
    while rows := engine.call(
        user,
        "query",
        {"query": f"select id,lastname from Contacts where id > '{last}' order by id limit 100;"},
    ):
        found += [row["id"] for row in rows]
        last = rows[-1]["id"]
    return found


def test_two_processes_at_once(tmp_path: Path) -> None:
    database = tmp_path / "crm.db"
    processes = [writer(database, 150, name) for name in ("a", "b")]
    acknowledged: list[str] = []
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        acknowledged += output.split()
    with Engine(Schema.demo(), str(database)) as engine:
        assert len(set(acknowledged)) == 300
        assert sorted(names(engine)) == sorted(acknowledged)
        assert engine.store.row("PRAGMA integrity_check") == ("ok",)


def test_threads(crm: Server) -> None:
    """Calls of several threads run one after the other and all succeed."""

    def work(name: int) -> list[str]:
        made = [crm.contact(lastname=f"{name} {number}")["id"] for number in range(25)]
        rows = crm.query(f"select id from Contacts where lastname like '{name} %' order by id;")
        assert [row["id"] for row in rows] == made
        return made

    with ThreadPoolExecutor(4) as pool:
        made = [record for records in pool.map(work, range(4)) for record in records]
    assert len(set(made)) == 100


def test_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    database = tmp_path / "crm.db"
    process = writer(database, 100_000, "x")
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(100)]
    os.kill(process.pid, signal.SIGKILL)
    rest = [line for line in process.stdout.read().split("\n")[:-1] if line]
    process.stdout.close()
    process.wait()
    with Engine(Schema.demo(), str(database)) as engine:
        found = names(engine)
        assert set(acknowledged + rest) <= set(found)
        assert len(found) - len(acknowledged + rest) <= 1
        assert engine.store.row("PRAGMA integrity_check") == ("ok",)


def test_accounts_changed_by_another_process(tmp_path: Path) -> None:
    database = str(tmp_path / "crm.db")
    with Engine(Schema.demo(), database) as one, Engine(Schema.demo(), database) as two:
        assert two.user("new") is None
        one.accounts.add_user("new")
        assert two.user("new") is not None


def test_file_survives(tmp_path: Path) -> None:
    database = str(tmp_path / "crm.db")
    with Engine(Schema.demo(), database) as engine:
        engine.load_demo()
        token = engine.snapshot()
        before = names(engine)
        engine.backdoor.insert("Contacts")
        assert len(names(engine)) == len(before) + 1
        engine.restore(token)
        assert names(engine) == before
    with Engine(Schema.demo(), database) as engine:
        assert names(engine) == before


def test_a_connection_ends_with_its_owner(tmp_path: Path) -> None:
    """Python 3.13 warns of a connection that is only let go."""
    for database in (":memory:", str(tmp_path / "crm.db")):
        engine = Engine(Schema.demo(), database)
        connection = engine.store.connection
        del engine
        gc.collect()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_schema_that_has_grown(tmp_path: Path) -> None:
    """New fields are NULL in older rows; new modules are there."""
    database = str(tmp_path / "crm.db")
    whole = Schema.demo()
    contacts = whole.modules["Contacts"]
    fields = {name: each for name, each in contacts.fields.items() if name != "cf_853"}
    modules = {**whole.modules, "Contacts": replace(contacts, fields=fields)}
    del modules["Vehicles"]
    with Engine(Schema(whole.instance, modules), database) as engine:
        record = engine.backdoor.insert("Contacts", lastname="old")
    with Engine(whole, database) as engine:
        assert engine.backdoor.get(record, "cf_853") is None
        assert engine.backdoor.get(record, "lastname") == "old"
        engine.backdoor.insert("Vehicles", vehiclename="new")


def test_file_of_another_release(tmp_path: Path) -> None:
    database = str(tmp_path / "crm.db")
    with Engine(Schema.demo(), database) as engine:
        engine.store.execute("UPDATE meta SET value = '0' WHERE name = 'format'")
    with pytest.raises(ValueError, match="another release"):
        Engine(Schema.demo(), database)


def test_demo_data_fits_the_demo_schema_only() -> None:
    whole = Schema.demo()
    modules = {name: each for name, each in whole.modules.items() if name != "Vehicles"}
    with Engine(Schema(whole.instance, modules)) as engine, pytest.raises(ValueError, match="demo"):
        engine.load_demo()


def test_module_without_its_program(empty: Server) -> None:
    """8.1: still in listtypes, everything else is a line of plain text."""
    empty.backdoor.lose_program("Leads")
    lost = "text: Sorry! Attempt to access restricted file."
    assert "Leads" in empty.call("listtypes")["types"]
    assert empty.query("select id from Leads;") == lost
    assert empty.answer("describe", elementType="Leads") == lost
    empty.backdoor.lose_program("Leads", False)
    assert empty.query("select id from Leads;") == []


def test_failed_write_leaves_nothing(crm: Server) -> None:
    before = crm.engine.store.rows("SELECT count(*) FROM entity")
    assert (
        crm.answer(
            "create",
            elementType="Contacts",
            element={"lastname": "x", "assigned_user_id": "19x1", "cf_855": "abc"},
        )
        == "HTTP 500"
    )
    assert crm.engine.store.rows("SELECT count(*) FROM entity") == before


def test_snapshot_and_restore(crm: Server) -> None:
    token = crm.engine.snapshot()
    count = crm.count("Contacts")
    record = crm.contact()["id"]
    crm.engine.accounts.add_user("temporary")
    crm.engine.restore(token)
    assert crm.count("Contacts") == count
    assert crm.engine.user("temporary") is None
    assert crm.contact()["id"] == record


def test_accounts(empty: Server) -> None:
    accounts = empty.engine.accounts
    group = accounts.add_group("Night shift")
    accounts.add_user("eve", access_key="key", groups=[group], first_name="Eve")
    user = empty.engine.user("eve")
    assert user is not None
    assert user.access_key == "key"
    assert "key" not in repr(user)
    assert user.owners == {user.number, group}
    accounts.restrict("eve", HIDDEN_MODULE, "Leads")
    assert "Leads" not in empty.as_user("eve").call("listtypes")["types"]
    accounts.set_private("Contacts")
    empty.contact()
    assert empty.as_user("eve").count("Contacts") == 0
    accounts.set_private("Contacts", False)
    assert empty.as_user("eve").count("Contacts") == 1
    with pytest.raises(ValueError, match="eve"):
        accounts.restrict("nobody", HIDDEN_MODULE, "Leads")
    assert empty.engine.user("EVE") is None
    empty.backdoor.set(user.wire_id, status="Inactive")
    empty.engine.store.touch_accounts()
    assert empty.engine.user("eve") is None


def test_backdoor(empty: Server) -> None:
    record = empty.backdoor.insert("Contacts", lastname="x", title=None)
    assert empty.backdoor.get(record, "title") is None
    empty.backdoor.delete(record)
    assert empty.count("Contacts") == 0
    empty.backdoor.undelete(record)
    assert empty.count("Contacts") == 1
    with pytest.raises(KeyError, match="nosuch"):
        empty.backdoor.set(record, nosuch="x")


def test_owner_that_is_gone(empty: Server) -> None:
    record = empty.contact()["id"]
    empty.backdoor.set(record, assigned_user_id=99)
    assert empty.call("retrieve", id=record)["assigned_user_id"] == "99"


def test_demo_data_is_what_its_builder_makes() -> None:
    artefact = Path(sys.modules["vtiger_orm.emulator.demo"].__file__ or "").with_name(ARTEFACT)
    with build() as engine:
        assert dump(engine.store) == artefact.read_text(encoding="utf-8")


@pytest.mark.parametrize("profile", ["stock-8.0-php8", "corebos"])
def test_what_was_made_once_is_copied_and_shared_by_nobody(profile: str) -> None:
    """Tables of a schema and the demo data: the first CRM, which makes them, is as all others."""
    kind = profile_named(profile)
    demo = schema_of(kind)
    first = Engine(Schema(demo.instance, demo.modules), profile=kind)
    with first, Engine(first.schema, profile=kind) as second:
        assert dump(second.store) == dump(first.store)
        first.backdoor.insert("Contacts", lastname="Only here")
        with Engine(first.schema, profile=kind) as third:
            assert dump(third.store) == dump(second.store)
    filled = Engine(demo, profile=kind)
    filled.load_demo()
    with filled, Crm(profile=kind) as one, Crm(profile=kind) as other:
        one.create("Contacts", {"lastname": "Only here"})
        for each in (other, other.copy()):
            assert dump(each.engine.store) == dump(filled.store)
            assert not each.engine.is_empty


def test_demo_data_that_is_known_is_refused_to_another_schema_too() -> None:
    with Crm(), pytest.raises(ValueError, match="fits the demo schema only"):
        Crm(Schema.demo(), data="demo", profile="corebos")


def test_demo_data_is_rich_and_harmless(crm: Server) -> None:
    least = {
        1000: ("Contacts",),
        200: ("Accounts", "Potentials", "HelpDesk"),
        50: ("Leads", "Products", "Events", "Calendar"),
        20: ("Services", "Quotes", "SalesOrder", "Invoice", "Vendors", "Vehicles"),
        4: ("Documents", "Campaigns", "Users", "Groups"),
    }
    for number, module in ((n, each) for n, modules in least.items() for each in modules):
        assert (crm.count(module) or 0) >= number, module
    artefact = Path(sys.modules["vtiger_orm.emulator.demo"].__file__ or "").with_name(ARTEFACT)
    text = artefact.read_text(encoding="utf-8")
    admin = crm.engine.user("admin")
    assert admin is not None
    assert admin.access_key not in text
    assert "$2y$" not in text
    for line in text.split("\n"):
        for value in json.loads(line or "[]"):
            if isinstance(value, str) and "@" in value:
                assert value.endswith("@example.com")


def test_nulls_of_the_demo_data(crm: Server) -> None:
    total = crm.count("Contacts") or 0
    for field in ("birthday", "firstname", "cf_853", "cf_855", "cf_873"):
        assert 0 < (crm.count("Contacts", f"{field} like '%'") or 0) < total, field


def test_speed() -> None:
    """Far below the goals (300 pages and 2000 creates a second), as machines differ."""
    crm = make()
    began = time.process_time()
    for _ in range(20):
        crm.query("select * from Contacts order by id limit 100;")
    pages = 20 / (time.process_time() - began)
    began = time.process_time()
    for number in range(200):
        crm.contact(lastname=f"N{number}", email="a@example.com")
    creates = 200 / (time.process_time() - began)
    assert pages > 60
    assert creates > 400
