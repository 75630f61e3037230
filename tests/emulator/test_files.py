"""A CRM kept in a file: its keys, how it is filled, who may open it, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine import Engine, Schema
from vtiger_orm.emulator.engine.accounts import default_key
from vtiger_orm.emulator.engine.errors import UnfitDatabase
from vtiger_orm.errors import SnapshotError

LEADS = {"Leads": [{"lastname": "a"}, {"lastname": "b"}]}


def leads(crm: Crm) -> list[str]:
    return [row["lastname"] for row in crm.run("query", query="select lastname from Leads;")]


def changed(**modules: Any) -> Schema:
    """The demo schema with other modules in place of its own; None leaves one out."""
    whole = Schema.demo()
    every = {**whole.modules, **modules}
    return Schema(whole.instance, {name: each for name, each in every.items() if each is not None})


def without_field(module: str, field: str) -> Schema:
    """The demo schema without one of its fields."""
    found = Schema.demo().modules[module]
    fields = {name: each for name, each in found.fields.items() if name != field}
    return changed(**{module: replace(found, fields=fields)})


def with_field(module: str, name: str, like: str = "cf_853") -> Schema:
    """The demo schema with a field of a module that is kept as `like`, one of the contacts."""
    whole = Schema.demo()
    found = whole.modules[module]
    field = replace(whole.modules["Contacts"].fields[like], name=name)
    return changed(**{module: replace(found, fields={**found.fields, name: field})})


class TestKeys:
    def test_a_file_has_its_own_and_keeps_them(self, tmp_path: Path) -> None:
        keys = []
        for name in ("one.db", "two.db", "one.db"):
            with Crm(database=tmp_path / name) as crm:
                keys.append({user.name: user.access_key for user in crm.users()})
        assert keys[0] == keys[2]
        assert keys[0].keys() == keys[1].keys() > {"admin"}
        assert not set(keys[0].values()) & set(keys[1].values())
        assert not any(key == default_key(name) for name, key in keys[0].items())

    def test_so_has_one_that_was_there_without_records(self, tmp_path: Path) -> None:
        with Crm(data=None, database=tmp_path / "crm.db") as crm:
            first = crm.credentials()
        with Crm(database=tmp_path / "crm.db") as crm:
            assert len(leads(crm)) == 100
            assert crm.credentials() == first
            assert not any(user.access_key == default_key(user.name) for user in crm.users())

    def test_in_memory_they_are_always_the_same(self) -> None:
        with Crm(data=None) as one, Crm(data=None) as two:
            assert one.credentials() == two.credentials() == ("admin", default_key("admin"))

    def test_only_the_owner_may_read_the_file(self, tmp_path: Path) -> None:
        with Crm(data=None, database=tmp_path / "crm.db"):
            pass
        assert stat.S_IMODE((tmp_path / "crm.db").stat().st_mode) == 0o600

    def test_one_can_be_given(self, tmp_path: Path) -> None:
        for _ in range(2):
            with Crm(data=None, database=tmp_path / "crm.db") as crm:
                crm.set_key("admin", "a-key-of-my-own")
        with Crm(data=None, database=tmp_path / "crm.db") as crm:
            assert crm.credentials() == ("admin", "a-key-of-my-own")
            for key in ("", "short", "with a blank", "umlaut-ä-umlaut", "line\nbreak"):
                with pytest.raises(ValueError, match="at least 8 characters"):
                    crm.set_key("admin", key)
            with pytest.raises(ValueError, match="no user 'nobody'"):
                crm.set_key("nobody", "a-key-of-my-own")


def half(crm: Crm) -> None:
    crm.create("Leads", {"lastname": "first"})
    crm.engine.accounts.add_user("somebody")
    raise ValueError("in the middle")


class TestFilling:
    @pytest.mark.parametrize(
        ("data", "error"),
        [
            ({"Leads": [{"lastname": "a"}, {"lastname": "b"}, {}]}, "record 3 of Leads: MANDATORY"),
            ({"Leads": [{"lastname": "a"}, 5]}, "record 2 of Leads is no object"),
            ({"Leads": 5}, "Leads is no list"),
            ({"Leads": [{"lastname": "a"}], "Nothing": [{}]}, "record 1 of Nothing: ACCESS_DENIED"),
            (half, "in the middle"),
        ],
    )
    def test_one_that_fails_leaves_nothing(self, tmp_path: Path, data: Any, error: str) -> None:
        with pytest.raises(ValueError, match=error):
            Crm(data=data, database=tmp_path / "crm.db")
        assert list(tmp_path.iterdir()) == []
        with Crm(data=None, database=tmp_path / "crm.db"):
            pass
        with pytest.raises(ValueError, match=error):
            Crm(data=data, database=tmp_path / "crm.db")
        with Crm(data=LEADS, database=tmp_path / "crm.db") as crm:
            assert leads(crm) == ["a", "b"]
            assert "somebody" not in {user.name for user in crm.users()}

    def test_happens_once(self, tmp_path: Path) -> None:
        """Even where it makes nothing that counts as a record."""
        calls: list[Crm] = []

        def fill(crm: Crm) -> None:
            calls.append(crm)
            crm.engine.backdoor.insert("Currency", currency_name="Euro")

        for _ in range(2):
            with Crm(data=fill, database=tmp_path / "crm.db") as crm:
                assert len(crm.engine.backdoor.ids("Currency")) == 2
        assert len(calls) == 1

    def test_in_a_folder_where_no_file_can_appear_by_itself(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without hard links it is filled in its place, with keys of its own as well."""

        def refused(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "link", refused)
        with Crm(database=tmp_path / "crm.db") as crm:
            assert len(leads(crm)) == 100
            assert not any(user.access_key == default_key(user.name) for user in crm.users())
        assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


_OPENER = """
import sys
from vtiger_orm.emulator import Crm
number = sys.argv[2]
data = {"Leads": [{"lastname": f"{number}-{each}"} for each in range(20)]}
with Crm(data=data, database=sys.argv[1]) as crm:
    made = [crm.create("Contacts", {"lastname": number})["id"] for _ in range(10)]
    print(crm.credentials()[1], *made)
"""


@pytest.mark.parametrize("there", [False, True])
def test_several_processes_open_one_new_file(tmp_path: Path, there: bool) -> None:
    """One of them fills it; what any of them was told is kept."""
    database = tmp_path / "crm.db"
    if there:
        database.touch()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _OPENER, str(database), str(number)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    answers = [process.communicate(timeout=60)[0].split() for process in processes]
    made = [record for _, *records in answers for record in records]
    with Crm(data=None, database=database) as crm:
        assert {key for key, *_ in answers} == {crm.credentials()[1]}
        assert sorted(crm.engine.backdoor.ids("Contacts")) == sorted(made)
        assert len(set(made)) == 20
        filled = leads(crm)
    assert len(filled) == 20
    assert len({name.partition("-")[0] for name in filled}) == 1


_SLOW_FILLER = """
import sys, time
from vtiger_orm.emulator import Crm
def fill(crm):
    for number in range(100_000):
        crm.create("Leads", {"lastname": str(number)})
        if number == 50:
            print("under way", flush=True)
Crm(data=fill, database=sys.argv[1])
"""


@pytest.mark.parametrize("there", [False, True])
def test_killed_while_it_is_filled(tmp_path: Path, there: bool) -> None:
    database = tmp_path / "crm.db"
    if there:
        with Crm(data=None, database=database):
            pass
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW_FILLER, str(database)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "under way\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert database.exists() is there
    with Crm(data=LEADS, database=database) as crm:
        assert leads(crm) == ["a", "b"]


_WRITER = """
import json, sys
from vtiger_orm.emulator import Crm
crm = Crm(data=None, database=sys.argv[1])
product = crm.create("Products", {"productname": "P", "unit_price": "1.00"})["id"]
account = crm.create("Accounts", {"accountname": "A"})["id"]
common = {"quotestage": "Created", "account_id": account, "hdnTaxType": "group",
          "currency_id": "21x1", "productid": product, "bill_street": "a", "ship_street": "b"}
items = [{"productid": product, "quantity": "2", "listprice": "3.00"}] * 3
for number in range(100_000):
    quote = crm.create("Quotes", {**common, "subject": f"S{number}", "LineItems": items})["id"]
    print("made", quote, flush=True)
    crm.run("revise", element={"id": quote, "subject": f"changed {number}"})
    print("changed", quote, number, flush=True)
    if number % 3 == 0:
        crm.run("delete", id=quote)
        print("deleted", quote, flush=True)
"""


def test_killed_while_it_writes(tmp_path: Path) -> None:
    """Whatever was answered is there afterwards: records, changes, deletions, line items."""
    database = tmp_path / "crm.db"
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(database)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(120)]
    process.send_signal(signal.SIGKILL)
    told += process.communicate()[0].split("\n")[:-1]
    state = {quote: (verb, *more) for verb, quote, *more in map(str.split, told)}
    with Crm(data=None, database=database) as crm:
        assert crm.engine.store.row("PRAGMA integrity_check") == ("ok",)
        living = set(crm.engine.backdoor.ids("Quotes"))
        assert len(living - state.keys()) <= 1  # made, but not answered any more
        state.popitem()  # what was done to the last one may have lost its answer
        assert len(state) > 40
        for quote, (verb, *number) in state.items():
            assert (quote in living) is (verb != "deleted")
            if verb == "changed":
                record = crm.run("retrieve", id=quote)
                assert record["subject"] == f"changed {number[0]}"
                assert [item["quantity"] for item in record["LineItems"]] == ["2.000"] * 3
                assert record["hdnGrandTotal"].startswith("18.0")


def test_a_log_of_a_file_that_was_removed_is_not_taken_for_another(tmp_path: Path) -> None:
    database = tmp_path / "crm.db"
    code = (
        "import os, sys; from vtiger_orm.emulator import Crm\n"
        "crm = Crm(data={'Leads': [{'lastname': 'old'}]}, database=sys.argv[1])\n"
        "crm.create('Leads', {'lastname': 'older'}); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(database)], check=True)
    assert (tmp_path / "crm.db-wal").exists()
    database.unlink()
    with Crm(data=LEADS, database=database) as crm:
        assert leads(crm) == ["a", "b"]
        assert crm.engine.store.row("PRAGMA integrity_check") == ("ok",)
        assert crm.user().access_key != default_key("admin")


class TestReopening:
    def test_a_schema_that_has_lost_or_changed_something_is_refused(self, tmp_path: Path) -> None:
        database = tmp_path / "crm.db"
        with Crm(data=None, database=database):
            pass
        before = database.read_bytes()
        vehicles = Schema.demo().modules["Vehicles"]
        for schema, difference in (
            (changed(Vehicles=None), "there is no module Vehicles in this one"),
            (
                changed(Vehicles=replace(vehicles, prefix="99")),
                "ids of Vehicles begin with 36x there and with 99x here",
            ),
            (without_field("Contacts", "cf_853"), "Contacts has no field 'cf_853' in this one"),
            (
                with_field("Contacts", "birthday", like="email"),
                "Contacts keeps another kind of value in the field 'birthday' there",
            ),
        ):
            with pytest.raises(UnfitDatabase, match="made for another schema") as caught:
                Crm(schema, data=None, database=database)
            assert difference in str(caught.value)
            assert "Use another file" in str(caught.value)
        assert database.read_bytes() == before
        with Crm(data=None, database=database):
            pass

    def test_a_schema_that_has_grown_is_welcome(self, tmp_path: Path) -> None:
        database = tmp_path / "crm.db"
        with Crm(without_field("Contacts", "cf_853"), data=None, database=database) as crm:
            record = crm.create("Contacts", {"lastname": "old"})["id"]
        with Crm(data=None, database=database) as crm:
            assert crm.run("retrieve", id=record)["cf_853"] == ""
        with pytest.raises(UnfitDatabase):
            Crm(without_field("Contacts", "cf_853"), data=None, database=database)

    def test_a_file_of_another_program_is_left_alone(self, tmp_path: Path) -> None:
        database = tmp_path / "other.db"
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE meta(name TEXT, value TEXT)")
            connection.execute("INSERT INTO meta VALUES ('format', '2')")
        connection.close()
        before = database.read_bytes()
        for make in (Crm, lambda **options: Engine(Schema.demo(), str(options["database"]))):
            with pytest.raises(UnfitDatabase, match="another program"):
                make(database=database)
        assert database.read_bytes() == before
        assert [each.name for each in tmp_path.iterdir()] == ["other.db"]


class TestSchemasThatCannotBeKept:
    @pytest.mark.parametrize(
        ("schema", "reason"),
        [
            (
                lambda: with_field("Contacts", "CF_853"),
                "'Contacts': its fields 'cf_853' and 'CF_853' differ only in upper and lower case",
            ),
            (lambda: with_field("Contacts", "ID"), "can be called 'ID'"),
            (lambda: with_field("Contacts", "a\0b"), "holds a NUL"),
            (
                lambda: changed(Vehicles=replace(Schema.demo().modules["Vehicles"], fields={})),
                "'Vehicles': it has no fields",
            ),
        ],
    )
    def test_are_refused(self, tmp_path: Path, schema: Any, reason: str) -> None:
        for database in (":memory:", tmp_path / "crm.db"):
            with pytest.raises(SnapshotError) as caught:
                Crm(schema(), data=None, database=database)
            assert reason in str(caught.value)
            assert "\n" not in str(caught.value)
        assert list(tmp_path.iterdir()) == []

    def test_a_module_wider_than_a_table(self) -> None:
        found = Schema.demo().modules["Vehicles"]
        one = next(iter(found.fields.values()))
        more = {f"cf_{number}": replace(one, name=f"cf_{number}") for number in range(2100)}
        with pytest.raises(SnapshotError, match="'Vehicles': too many columns"):
            Crm(changed(Vehicles=replace(found, fields={**found.fields, **more})), data=None)

    def test_letters_that_only_python_folds_are_different(self) -> None:
        found = Schema.demo().modules["Contacts"]
        fields = {
            **found.fields,
            **{name: replace(found.fields["cf_853"], name=name) for name in ("cf_ä", "cf_Ä")},
        }
        schema = changed(Contacts=replace(found, fields=fields))
        with Crm(schema, data=None) as crm:
            record = crm.create("Contacts", {"lastname": "x", "cf_ä": "small", "cf_Ä": "large"})
            assert crm.engine.backdoor.get(record["id"], "cf_ä") == "small"
            assert crm.engine.backdoor.get(record["id"], "cf_Ä") == "large"


def test_a_transaction_in_a_transaction() -> None:
    with Crm(data=None) as crm:
        store = crm.engine.store

        def fail(*, kept: bool) -> None:
            with store.transaction():
                crm.create("Leads", {"lastname": "undone"})
                if kept:
                    store.keep()
                raise ZeroDivisionError

        with store.transaction():
            crm.create("Leads", {"lastname": "first"})
            with pytest.raises(ZeroDivisionError):
                fail(kept=False)
            with store.transaction():
                crm.create("Leads", {"lastname": "second"})
        assert leads(crm) == ["first", "second"]

        def fail_outside() -> None:
            with store.transaction():
                with pytest.raises(ZeroDivisionError):
                    fail(kept=True)
                assert leads(crm) == ["first", "second", "undone"]
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_outside()
        assert leads(crm) == ["first", "second"]
