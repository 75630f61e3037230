"""Two users in one second, in threads and processes; an hour that ends anywhere within one call."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Thread
from typing import Any

import pytest

from generated.demo import Contacts, Leads, connect
from vtiger_orm import Session
from vtiger_orm.dialects.restfulapi import RestfulApi
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.importing import import_file
from vtiger_orm.writing.report import Status


@pytest.fixture(scope="module")
def _template() -> Iterator[Crm]:
    with Crm(data=None, profile="restfulapi") as made:
        for index in range(30):
            made.create("Contacts", {"lastname": f"C{index:02}"})
        made.engine.accounts.add_user("second")
        yield made


@pytest.fixture
def crm(_template: Crm) -> Iterator[Crm]:
    with _template.copy() as own:
        yield own


def opened(crm: Crm, user: str | None = None, **settings: Any) -> Session:
    transport = crm.transport()
    return connect(
        crm.url,
        *crm.credentials(user),
        dialect="restfulapi",
        transport=transport,
        async_transport=transport,
        **settings,
    )


def owners(crm: Crm) -> list[tuple[str, str]]:
    rows = crm.run("query", query="select lastname,assigned_user_id from Leads limit 100;")
    return sorted((row["lastname"], row["assigned_user_id"]) for row in rows)


def mine(crm: Crm, number: int) -> list[tuple[str, str]]:
    """What each of the two has to have made, as its own."""
    ids = {"admin": crm.user().wire_id, "second": crm.user("second").wire_id}
    return sorted((name, str(ids[name])) for name in ids for _ in range(number))


def one_second(crm: Crm) -> None:
    """The clock stands until both users have logged in, so that they do so within one second."""
    crm.clock.freeze(datetime(2026, 3, 1, tzinfo=UTC))

    def passes() -> None:
        if len({row.user for row in crm.tokens.rows()}) == 2:
            crm.clock.advance(seconds=1)

    crm.faults.always(faults.Meanwhile(passes), operation="login")


def check_one_second(crm: Crm) -> None:
    """Both had one token first, and neither of them wrote with it."""
    rows = crm.tokens.rows()
    first = [row for row in rows if row.token == rows[0].token]
    assert {row.user for row in first} == {crm.user().number, crm.user("second").number}
    assert len({row.token for row in rows}) > 1


def test_two_users_in_two_threads(crm: Crm) -> None:
    together = Barrier(2)
    one_second(crm)

    def work(name: str) -> None:
        with opened(crm, name) as session:
            together.wait()
            for _ in range(3):
                Leads.objects.using(session).create(lastname=name, company="x")

    threads = [Thread(target=work, args=(name,)) for name in ("admin", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert owners(crm) == mine(crm, 3)
    check_one_second(crm)


_PROCESS = """
import sys
from generated.demo import Leads, connect
url, name, key = sys.argv[1:]
session = connect(url, name, key, dialect="restfulapi")
print("ready", flush=True)
sys.stdin.readline()
with session:
    Leads.objects.create(lastname=name, company="x")
"""


def test_two_users_in_two_processes(crm: Crm) -> None:
    one_second(crm)
    with crm.serve() as server:
        programs = [
            subprocess.Popen(
                [sys.executable, "-c", _PROCESS, server.url, *crm.credentials(name)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in ("admin", "second")
        ]
        for each in programs:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in programs:
            each.communicate("go\n", timeout=30)
    assert [each.returncode for each in programs] == [0, 0]
    assert owners(crm) == mine(crm, 1)
    check_one_second(crm)


# An hour


def read(crm: Crm) -> None:
    found = [each.lastname for each in Contacts.objects.only("lastname")]
    assert found == [f"C{index:02}" for index in range(30)]


def awaited(crm: Crm) -> None:
    async def names() -> list[str | None]:
        return [each.lastname async for each in Contacts.objects.only("lastname")]

    assert asyncio.run(names()) == [f"C{index:02}" for index in range(30)]


def gathered(crm: Crm) -> None:
    """One by one, all of them at once."""

    ids: list[Any] = [f"{Contacts.meta.prefix}x{number}" for number in range(1, 13)]

    async def names() -> list[str | None]:
        wanted = [Contacts.objects.aget(id=id_) for id_ in ids]
        return [each.lastname for each in await asyncio.gather(*wanted)]

    assert asyncio.run(names()) == [f"C{index:02}" for index in range(12)]


def created(crm: Crm) -> None:
    names = [f"L{index:02}" for index in range(12)]
    report = Leads.objects.bulk_create(Leads(lastname=name, company="x") for name in names)
    report.raise_for_errors()
    assert [name for name, _ in owners(crm)] == names


def people() -> list[dict[str, Any]]:
    """Two contacts that are as they are here, two that are not, and two new ones."""
    names = ["C01", "C02", "C13", "C24", "N1", "N2"]
    return [
        {"lastname": name, "department": "D" if at > 1 else ""} for at, name in enumerate(names)
    ]


def check_people(crm: Crm, made: int, changed: int) -> None:
    assert (made, changed) == (2, 2)
    rows = crm.run("query", query="select lastname,department from Contacts limit 100;")
    have = sorted((row["lastname"], row["department"]) for row in rows)
    others = [(f"C{index:02}", "") for index in range(30) if index not in (13, 24)]
    assert have == sorted([*others, *((name, "D") for name in ("C13", "C24", "N1", "N2"))])


def upserted(crm: Crm) -> None:
    report = Contacts.objects.bulk_update_or_create(people(), key="lastname")
    report.raise_for_errors()
    created = [each.item.created for each in report]
    wrote = [each for each in report if each.status is Status.DONE]
    check_people(crm, created.count(True), len(wrote) - created.count(True))


def imported(crm: Crm) -> None:
    text = "".join(f"{each['lastname']},{each['department']}\n" for each in people())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        path.write_text(f"lastname,department\n{text}")
        found = import_file(path, Contacts.objects, key="lastname")
    assert not found.failed
    check_people(crm, found.created, found.counts[Status.DONE] - found.created)


def changed(crm: Crm) -> None:
    assert Contacts.objects.filter(lastname__lt="C12").update(department="D") == 12
    rows = crm.run("query", query="select department from Contacts limit 100;")
    assert [row["department"] for row in rows] == ["D"] * 12 + [""] * 18


def deleted(crm: Crm) -> None:
    assert Contacts.objects.filter(lastname__lt="C12").delete() == 12
    assert len(crm.run("query", query="select id from Contacts limit 100;")) == 18


@pytest.mark.parametrize(
    "work",
    [read, awaited, gathered, created, changed, deleted, upserted, imported],
)
def test_an_hour_ends_within_one_call_and_is_renewed_once(
    crm: Crm, monkeypatch: pytest.MonkeyPatch, work: Callable[[Crm], None]
) -> None:
    """Before each of the requests in turn, and after the work of each: one new token, and nothing
    doubled or lost."""
    monkeypatch.setattr(RestfulApi, "login_spacing", 0.0)
    for at, after in ((0, False), (1, True), (3, False), (4, True)):
        with crm.copy() as own, opened(own, page_size=7, parallel=1) as session:
            session.identify()
            before = len(own.tokens.rows())
            hour = faults.Meanwhile(partial(own.clock.advance, hours=1, seconds=2), after=after)
            rule = own.faults.next(hour, after=at, when=lambda call: call.face == "restfulapi")
            work(own)
            struck = rule.struck
            assert len(list(Contacts.objects.only("id"))) in (32, 30, 18)
            assert len(own.tokens.rows()) == before + struck
