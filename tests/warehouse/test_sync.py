"""The tables of a database are what the CRM has, in every database and from every server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.pool import StaticPool

from generated import demo
from generated.demo import Accounts, Contacts, Potentials, Vendors
from tests.support.databases import contents
from tests.support.kinds import open_session
from vtiger_orm import VtigerError, warehouse
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.emulator.profiles import profile_named
from vtiger_orm.errors import (
    AuthError,
    ConfigError,
    ConnectionFailed,
    MalformedAnswer,
    RegenerateNeeded,
    ServerError,
    Timeout,
    Unreadable,
)
from vtiger_orm.warehouse import filling

ALWAYS = timedelta(0)
NAMES = ["Accounts", "Contacts", "Potentials"]
MODELS = [Accounts, Contacts, Potentials]


def sync(engine: sa.Engine | str, **more: Any) -> warehouse.SyncReport:
    report = warehouse.sync(engine, demo, modules=more.pop("modules", NAMES), **more)
    report.raise_for_errors()
    return report


def differences(engine: sa.Engine, models: Any = MODELS) -> list[object]:
    """Where a table is not what the CRM has."""
    wrong: list[object] = []
    for model in models:
        there = {row["id"]: row for row in model.objects.to_arrow().to_pylist()}
        here = contents(engine, model.meta.name)
        wrong += [here.get(id) or id for id in there.keys() | here if here.get(id) != there.get(id)]
    return wrong


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks that a few records fill."""
    monkeypatch.setattr(filling, "LOADED_AT_ONCE", 15)
    monkeypatch.setattr(filling, "SWEPT_AT_ONCE", 15)


@pytest.mark.parametrize("kind", ["cloud"], indirect=True)
def test_every_value_arrives(crm: Crm, kind: str, engine: sa.Engine) -> None:
    with open_session(crm, kind):
        for account in range(4):
            crm.engine.backdoor.set(
                str(Accounts.objects.order_by("id")[account].id),
                annual_revenue=("12345678901234567.12345678", "0.10", "-1.5", "")[account],
                accountname=("O'Neil \"\\ %s %(x)s :y", "smile \U0001f600", "n\new", "x" * 5000)[
                    account
                ],
            )
        models = [Accounts, Vendors]
        sync(engine, modules=["Accounts", "Vendors"])
        assert differences(engine, models) == []
        with crm.count_calls() as calls:
            report = sync(engine, modules=["Accounts", "Vendors"])
        assert report.modules[0].changed == 0
        assert calls.number <= 10


@pytest.mark.parametrize("kind", ["stock", "cloud"], indirect=True)
def test_changes_arrive_and_a_sweep_finds_the_rest(
    crm: Crm, kind: str, engine: sa.Engine, small: None
) -> None:
    with open_session(crm, kind):
        sync(engine)
        crm.clock.advance(120)
        account = Accounts.objects.order_by("id")[0]  # with contacts and a deal
        account.email1 = "new@example.org"
        account.save()
        made = Contacts.objects.create(lastname="New", account_id=account.id)
        report = sync(engine)
        assert [each.changed for each in report.modules] == [1, 1, 0]
        assert differences(engine) == []
        crm.clock.advance(120)
        account.delete()  # contacts are emptied and deals deleted with it, of which no time tells
        made.delete()
        report = sync(engine)
        assert not any(each.swept for each in report.modules)
        assert report.modules[0].deleted == (1 if kind == "cloud" else 0)
        report = sync(engine, sweep=ALWAYS)
        assert all(each.swept and each.swept_at for each in report.modules)
        assert differences(engine) == []


@pytest.mark.parametrize("kind", ["stock", "cloud"], indirect=True)
def test_what_the_feed_tells_again_is_no_change(crm: Crm, kind: str, engine: sa.Engine) -> None:
    with open_session(crm, kind):
        assert [each.changed for each in sync(engine).modules] == [0, 0, 0]
        account = Accounts.objects.order_by("id")[0]
        account.email1 = "new@example.org"
        account.save()
        assert [each.changed for each in sync(engine).modules] == [1, 0, 0]
        assert [each.changed for each in sync(engine).modules] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
def test_modules_without_a_feed_are_compared(crm: Crm, kind: str, engine: sa.Engine) -> None:
    with open_session(crm, kind):
        for _ in range(2):
            sync(engine, modules=["Currency", "Users"])
        assert differences(engine, [demo.Currency, demo.Users]) == []


@pytest.mark.parametrize("kind", ["cloud"], indirect=True)
def test_a_module_that_fails_does_not_stop_the_others(crm: Crm, engine: sa.Engine) -> None:
    with open_session(crm, "cloud"):
        crm.engine.store.execute('UPDATE "m_Potentials" SET amount = ?', ("much",))
        names = ["Potentials", "Vendors"]
        report = warehouse.sync(engine, demo, modules=names)
        assert not report.ok
        assert isinstance(report.modules[0].error, Unreadable)
        assert report.modules[1].loaded == 5
        with pytest.raises(Unreadable, match="'much' for"):
            report.raise_for_errors()
        assert sync(engine, modules=names, unreadable="null").modules[0].loaded


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (ConnectionFailed("nobody there", sent=False), True),
        (Timeout("no answer"), True),
        (AuthError("the key was changed"), True),
        (ServerError("fatal", status=500), False),
        (MalformedAnswer("a page of PHP's"), False),
        (RegenerateNeeded("of one module"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_next_module_would_meet_as_well_ends_the_run(
    error: VtigerError, ends: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(filling.Filling, "load", fails)
    with Crm(profile="cloud") as crm, open_session(crm, "cloud"):
        address = f"sqlite:///{tmp_path / 'crm.db'}"
        if ends:
            with pytest.raises(type(error)):
                warehouse.sync(address, demo, modules=["Vendors", "Products"])
        else:
            report = warehouse.sync(address, demo, modules=["Vendors", "Products"])
            assert [each.error for each in report.modules] == [error, error]


@pytest.mark.parametrize("where", ["load", "follow", "sweep"])
@pytest.mark.parametrize("kind", ["cloud"], indirect=True)
def test_broken_off_it_goes_on(
    crm: Crm, kind: str, engine: sa.Engine, small: None, where: str
) -> None:
    with open_session(crm, kind, page_size=10):
        if where != "load":
            sync(engine, modules=["Accounts"])
            crm.clock.advance(120)
            for account in Accounts.objects.order_by("id")[:3]:
                account.email1 = "x@example.org"
                account.save()
        crm.faults.next(faults.ServerError(), after={"load": 4, "follow": 0, "sweep": 5}[where])
        more: dict[str, Any] = {"sweep": ALWAYS} if where == "sweep" else {}
        with pytest.raises(VtigerError):
            sync(engine, modules=["Accounts"], **more)
        report = sync(engine, modules=["Accounts"], **more)
        assert differences(engine, [Accounts]) == []
        assert report.modules[0].loaded < 40


def test_what_is_refused(tmp_path: Any) -> None:
    with Crm(data=None, profile="cloud") as crm, open_session(crm, "cloud"):
        for address, why in [
            ("no address", "no address of a database"),
            ("nosuch://x/y", "does not know this kind"),
            ("mysql+nosuch:///x", "does not know this kind"),
            ("postgresql+psycopg://host:port/x", "no address of a database"),
            (f"sqlite:///{tmp_path}/crm.db?timeout=long", "parameters behind the question mark"),
        ]:
            with pytest.raises(ConfigError, match=why):
                warehouse.sync(address, demo)
        with pytest.raises(warehouse.WarehouseError, match="unable to open") as caught:
            warehouse.sync(f"sqlite:///{tmp_path}/no/such/folder.db", demo)
        assert "next run" in str(caught.value)
        with pytest.raises(ConfigError, match="takes a generated package"):
            warehouse.sync("sqlite://", "crm")  # type: ignore[arg-type]  # what is refused


class Break(BaseException):
    """A process that ends somewhere."""


def breaking_after(statements: int) -> Callable[..., None]:
    left = iter(range(statements, -1, -1))

    def count(*_: object) -> None:
        if next(left, -1) == 0:
            raise Break

    return count


def in_memory() -> sa.Engine:
    return sa.create_engine("sqlite://", poolclass=StaticPool)


@pytest.fixture(scope="module")
def empty() -> Iterator[dict[str, Crm]]:
    profiles = {"cloud": "cloud", "stock": "stock-8.0-php8"}
    made = {kind: Crm(data=None, profile=profile_named(name)) for kind, name in profiles.items()}
    yield made
    for each in made.values():
        each.close()


@settings(max_examples=max(1, (settings.default.max_examples if settings.default else 60) // 7))
@given(data=st.data())
def test_whatever_happens_a_sweep_makes_it_equal(
    empty: dict[str, Crm], data: st.DataObject
) -> None:
    """Law: records change between and during runs that end at any statement of the database."""
    kind = data.draw(st.sampled_from(["cloud", "stock"]))
    numbers = st.integers(0, 30)
    engine = in_memory()
    with empty[kind].copy() as crm, open_session(crm, kind, page_size=5):
        crm.clock.freeze(datetime(2026, 3, 1, 12, tzinfo=UTC))
        accounts = [str(crm.create("Accounts", {"accountname": f"A{n}"})["id"]) for n in range(3)]
        contacts = [
            str(crm.create("Contacts", {"lastname": "C", "account_id": accounts[n % 3]})["id"])
            for n in range(12)
        ]

        def happen() -> None:
            what = data.draw(st.sampled_from(["create", "change", "delete", "account"]))
            which = contacts[data.draw(numbers) % len(contacts)] if contacts else None
            if what == "create" or which is None:
                contacts.append(str(crm.create("Contacts", {"lastname": "New"})["id"]))
            elif what == "change":
                crm.run("revise", element={"id": which, "lastname": f"N{data.draw(numbers)}"})
            elif what == "delete":
                crm.run("delete", id=which)
                contacts.remove(which)
            elif accounts:
                crm.run("delete", id=accounts.pop())

        for _ in range(data.draw(st.integers(1, 4))):
            for _ in range(data.draw(st.integers(0, 3))):
                happen()
                crm.clock.advance(data.draw(st.sampled_from([0, 1, 20, 100])))
            if data.draw(st.booleans()):
                meanwhile = faults.Meanwhile(lambda *_: happen())
                crm.faults.next(meanwhile, after=data.draw(st.integers(0, 8)))
            count = breaking_after(data.draw(st.integers(0, 60)))
            sa.event.listen(engine, "before_cursor_execute", count)
            try:
                sync(engine, modules=["Accounts", "Contacts"])
            except Break:
                pass
            finally:
                sa.event.remove(engine, "before_cursor_execute", count)
            crm.faults.clear()
        sync(engine, modules=["Accounts", "Contacts"], sweep=ALWAYS)
        assert differences(engine, [Accounts, Contacts]) == []
    engine.dispose()


def test_a_full_disk_and_a_lost_module_lose_nothing(tmp_path: Any) -> None:
    """What was committed before stays, and the next run goes on."""
    address = f"sqlite:///{tmp_path / 'crm.db'}"
    with Crm(profile="cloud") as crm, open_session(crm, "cloud"):
        small = sa.create_engine(address)
        sa.event.listen(small, "connect", lambda link, _: link.execute("PRAGMA max_page_count=60"))
        with pytest.raises(warehouse.WarehouseError, match="disk is full"):
            warehouse.sync(small, demo, modules=["Vendors", "Contacts"])
        small.dispose()
        engine = sa.create_engine(address)
        report = sync(engine, modules=["Vendors", "Contacts"])
        assert report.modules[0].loaded == 0
        assert differences(engine, [Vendors, Contacts]) == []
        crm.engine.backdoor.lose_program("Vendors")
        report = warehouse.sync(engine, demo, modules=["Vendors", "Contacts"], sweep=ALWAYS)
        assert report.modules[0].error is not None
        assert report.modules[1].error is None
        assert len(contents(engine, "Vendors")) == 36
        engine.dispose()
