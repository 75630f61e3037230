"""The generated package at run time: formats, models, ambient and default sessions."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import vtiger_orm.package as package_module
from tests.support import sample_package as sample
from tests.support.sample_package import Accounts, Contacts
from vtiger_orm.errors import (
    ConfigError,
    InvalidId,
    NoSession,
    RegenerateNeeded,
    SchemaMismatch,
)
from vtiger_orm.models import Record
from vtiger_orm.package import Package
from vtiger_orm.records.handle import load, runner_of


def make(name: str = "crm", format: int = 1, **facts: Any) -> Package:
    given: dict[str, Any] = {
        "generator": "0.1.0",
        "dialect": "webservice",
        "version": "8.0.0",
        "modules": {"Contacts": ("contacts", "12"), "Person": ("person", "10", "Leads")},
    }
    return Package(name, format=format, **{**given, **facts})


class FakeSession:
    """Enough of a session for a package to carry it about."""

    def __init__(self, package: Package | None = None) -> None:
        self.package = package
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def Session(package: Package | None = None) -> Any:
    return FakeSession(package)


# Formats


def test_the_runtime_reads_its_own_format_and_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(package_module, "FORMAT", 3)
    assert make(format=3).format == 3
    assert make(format=2).format == 2
    with pytest.raises(RegenerateNeeded, match=r"format 1; .* reads format 3 and 2. Run: vtiger"):
        make(format=1)


def test_a_package_from_the_future_asks_for_an_upgrade() -> None:
    with pytest.raises(RegenerateNeeded, match="Upgrade vtiger-orm"):
        make(format=package_module.FORMAT + 1)
    with pytest.raises(RegenerateNeeded, match="vtiger-orm generate"):
        make(format=0)


# Models


def test_models_come_from_the_root_so_a_customised_class_is_handed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Customised(Contacts):
        @property
        def greeting(self) -> str:
            return f"Dear {self.lastname}"

    assert sample.package.model("Contacts") is Contacts
    monkeypatch.setattr(sample, "Contacts", Customised)
    assert sample.package.model("Contacts") is Customised
    assert sample.package.model_of("12x5") is Customised


def test_modules_are_found_by_their_own_name_and_by_the_class() -> None:
    package = make()
    assert package.prefix("Leads") == package.prefix("Person") == "10"
    assert package.module_named("Person") == "Leads"
    assert package.modules["Leads"].attribute == "Person"
    assert package.place_of("10x4") == package.modules["Leads"]
    assert package.place_of("99x4") is None


def test_unknown_modules_and_ids_are_refused_with_the_cure() -> None:
    with pytest.raises(SchemaMismatch, match="vtiger-orm pull"):
        sample.package.model("Invoice")
    with pytest.raises(SchemaMismatch, match="no module 'Invoice'"):
        sample.package.prefix("Invoice")
    with pytest.raises(InvalidId, match="prefix '99'"):
        sample.package.model_of("99x1")
    with pytest.raises(InvalidId):
        sample.package.model_of("nonsense")


def test_exports_are_lazy_and_listed() -> None:
    getter, lister = make(name="tests.support.sample_package", modules={}).exports()
    assert "package" in lister()
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getter("Nothing")


# Which session


@pytest.fixture
def package() -> Package:
    return make()


def test_without_a_session_the_three_ways_are_named(package: Package) -> None:
    with pytest.raises(NoSession) as caught:
        package.runner()
    text = str(caught.value)
    assert "crm.connect()" in text
    assert "crm.configure()" in text
    assert "using(session)" in text


def test_the_innermost_block_wins(package: Package) -> None:
    outer, inner = Session(package), Session(package)
    first = package.activate(outer)
    assert package.runner() is outer
    second = package.activate(inner)
    assert package.runner() is inner
    second.end()
    assert package.runner() is outer
    first.end()
    with pytest.raises(NoSession):
        package.runner()


def test_blocks_may_end_out_of_order(package: Package) -> None:
    outer, inner = Session(package), Session(package)
    first, second = package.activate(outer), package.activate(inner)
    first.end()
    assert package.runner() is inner
    second.end()
    second.end()
    with pytest.raises(NoSession):
        package.runner()


def test_a_block_beats_the_default(package: Package) -> None:
    default, inner = Session(package), Session(package)
    assert package.configure(session=default) is default
    assert package.runner() is default
    block = package.activate(inner)
    assert package.runner() is inner
    block.end()
    assert package.runner() is default


def test_configuring_again_closes_the_former_default(package: Package) -> None:
    former, latter = Session(package), Session(package)
    package.configure(session=former)
    package.configure(session=former)
    assert former.closed == 0
    package.configure(session=latter)
    assert (former.closed, latter.closed) == (1, 0)


def test_two_packages_never_mix() -> None:
    ours, theirs = make("ours"), make("theirs")
    block = ours.activate(Session(ours))
    with pytest.raises(NoSession):
        theirs.runner()
    block.end()


def test_a_session_of_another_schema_is_refused() -> None:
    ours, theirs = make("ours"), make("theirs")
    stranger = Session(theirs)
    for attempt in (
        lambda: ours.activate(stranger),
        lambda: ours.configure(session=stranger),
        lambda: Contacts.objects.using(stranger),
    ):
        with pytest.raises(SchemaMismatch, match="belongs to 'theirs'"):
            attempt()


def test_a_session_of_no_package_may_be_named_explicitly() -> None:
    free = Session()
    assert Contacts.objects.using(free)._runner() is free


def test_a_record_goes_by_the_session_that_handed_it_out(package: Package) -> None:
    own = Session(package)

    class Person(Record, package=package, module="Contacts", prefix="12"):
        pass

    block = package.activate(Session(package))
    (handed,) = load(Person, [{"id": "12x1"}], own)
    assert runner_of(handed) is own
    assert runner_of(Person()) is block.runner
    block.end()


# Threads and tasks


def test_threads_see_the_default_only(package: Package) -> None:
    default, inner = Session(package), Session(package)
    block = package.activate(inner)
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(NoSession):
            pool.submit(package.runner).result()
        package.configure(session=default)
        assert pool.submit(package.runner).result() is default
    block.end()


async def test_to_thread_carries_the_block_along(package: Package) -> None:
    session = Session(package)
    block = package.activate(session)
    assert await asyncio.to_thread(package.runner) is session
    block.end()


async def test_tasks_have_blocks_of_their_own(package: Package) -> None:
    async def work(session: Any) -> bool:
        block = package.activate(session)
        await asyncio.sleep(0)
        found = package.runner() is session
        await asyncio.sleep(0)
        block.end()
        return found

    assert all(await asyncio.gather(*(work(Session(package)) for _ in range(5))))
    with pytest.raises(NoSession):
        package.runner()


async def test_leaving_in_another_task_raises_nothing_and_ends_the_block_everywhere(
    package: Package,
) -> None:
    block = package.activate(Session(package))
    started, proceed = asyncio.Event(), asyncio.Event()

    async def child() -> None:
        package.runner()
        started.set()
        await proceed.wait()
        package.runner()

    task = asyncio.create_task(child())
    await started.wait()
    await asyncio.create_task(asyncio.to_thread(block.end))
    with pytest.raises(NoSession):
        package.runner()
    proceed.set()
    with pytest.raises(NoSession):
        await task


def test_a_copied_context_does_not_resurrect_a_session(package: Package) -> None:
    block = package.activate(Session(package))
    copied = contextvars.copy_context()
    block.end()
    with pytest.raises(NoSession):
        copied.run(package.runner)


def test_configuring_from_many_threads_closes_all_but_one(package: Package) -> None:
    sessions = [Session(package) for _ in range(50)]
    barrier = threading.Barrier(5)

    def work(mine: list[Any]) -> None:
        barrier.wait()
        for each in mine:
            package.configure(session=each)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(work, [sessions[at::5] for at in range(5)]))
    assert sum(each.closed for each in sessions) == len(sessions) - 1


# Connecting


def test_connect_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VTIGER_URL", "https://crm.test")
    monkeypatch.setenv("VTIGER_USERNAME", "ada")
    monkeypatch.setenv("VTIGER_ACCESS_KEY", "k3y-that-nobody-sees")
    session = sample.connect(timezone="Europe/Berlin")
    assert session.username == "ada"
    assert session.package is sample.package
    assert session.dialect == "webservice"
    assert "k3y" not in repr(session)


def test_connect_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VTIGER_URL", "VTIGER_USERNAME", "VTIGER_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="VTIGER_URL and VTIGER_ACCESS_KEY") as caught:
        sample.connect(username="ada")
    assert "VTIGER_USERNAME" not in str(caught.value)


def test_the_sample_package_is_whole() -> None:
    assert sample.package.model("Accounts") is Accounts
    assert Contacts.meta.fields["account_id"].targets == ("Accounts",)
