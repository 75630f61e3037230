"""A small CRM whose data are known, one session to it, and what its store holds.

One body serves both drivers: an operation awaits `do(owner, "method")`, which calls the method, or
its a-twin. For the blocking driver the coroutine is run by hand, so that no event loop is there.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias
from unittest.mock import patch

from generated.demo import Accounts, Contacts, Documents, Products, Quotes, connect
from vtiger_orm import LineItem
from vtiger_orm.dialects.restfulapi import RestfulApi
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.server import Server
from vtiger_orm.errors import NotSupported
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.session import RetryPolicy, Session
from vtiger_orm.session.pacing import forget_limiters
from vtiger_orm.session.pools import shared_transports

DIALECTS: Final = ("webservice", "cloud", "restfulapi")
DRIVERS: Final = ("sync", "async")
TIMEOUT: Final = 0.2
"""Seconds; ten of them are the longest that an exchange takes."""
LONGEST: Final = 30.0
"""Seconds after which an operation counts as hung: a busy machine is slow, too."""
POLICY: Final = RetryPolicy(attempts=3, first_delay=0.001, longest_delay=0.002, longest_work=0.0)

State: TypeAlias = Mapping[str, Counter[str]]
"""Module or table -> its rows, and how often each is there."""

_WATCHED: Final = {
    "Accounts": "accountname,website,phone,industry",
    "Contacts": "lastname,title,account_id",
    "Documents": "notes_title,filename,filesize",
    "Leads": "lastname,company",
    "Potentials": "potentialname,related_to,sales_stage",
    "Quotes": "subject,quotestage",
}
_TABLES: Final = {
    "related": "*",
    "tag": "*",
    "picklist": "*",
    "m_LineItem": "parent_id, quantity, listprice",
}
"""Tables of the store, and what of their rows is watched."""


def fill(crm: Crm) -> None:
    """Thirteen accounts, twelve contacts of three of them, a lead."""
    accounts = [
        crm.create(
            "Accounts", {"accountname": f"Account {n:02}", "website": f"a{n}.test", "phone": "1"}
        )["id"]
        for n in range(13)
    ]
    for n in range(12):
        crm.create(
            "Contacts", {"lastname": f"Contact {n:02}", "title": "", "account_id": accounts[n % 3]}
        )
    won = {"potentialname": "Won", "closingdate": "2026-01-02", "sales_stage": "Closed Won"}
    crm.create("Potentials", won)
    crm.create("Leads", {"lastname": "Lead", "company": "Lead Ltd"})


def furnish(session: Session) -> None:
    """What takes more than rows: a document that a contact has, a quote with items, a tag."""
    with session:
        contact = Contacts.objects.get(lastname="Contact 01")
        document = Documents.objects.upload(b"some bytes", filename="a.txt", notes_title="Document")
        contact.related.documents.add(document)
        product = Products.objects.create(productname="Chair")
        items = [LineItem(product, 2, 10), LineItem(product, 3, 5)]
        account = Accounts.objects.get(accountname="Account 02")
        stage = Quotes.QuoteStage("Created")
        Quotes.objects.create(
            subject="Quote",
            quotestage=stage,
            account_id=account,
            items=items,
            bill_street="a",
            ship_street="b",
        )
        with suppress(NotSupported):
            Accounts.objects.get(accountname="Account 01").crm.tags.add("old")


@dataclass(slots=True)
class World:
    """One dialect and one driver, in this process or over sockets."""

    dialect: str
    driver: str
    crm: Crm
    image: bytes = field(repr=False)
    server: Server | None = None

    def __str__(self) -> str:
        return f"{self.dialect} {self.driver}{' over sockets' if self.server else ''}"

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
        self.crm.close()

    def hang_up(self) -> None:
        """Close the connections that are kept for the next session."""
        if self.server is not None:
            shared_transports(self.server.url).close()

    @contextmanager
    def session(self, **settings: Any) -> Iterator[Session]:
        """The CRM as it was in the beginning, and a session that logs in at its first call."""
        self.crm.restore(self.image)
        self.crm.reset()
        forget_limiters()
        if self.server is None:
            transport = self.crm.transport()
            settings = {"transport": transport, "async_transport": transport, **settings}
        settings = {
            "timeout": TIMEOUT,
            "retry": POLICY,
            "max_wait": 0.05,
            "page_size": 5,
            "capabilities": Capabilities(
                precedence="sql", collation="general_ci", sync=True, files_retrieve=True
            ),
            **settings,
        }
        session = connect(
            self.server.url if self.server is not None else self.crm.url,
            *self.crm.credentials(),
            dialect=self.dialect,  # type: ignore[arg-type]  # one of the three
            **settings,
        )
        # A login a second there; here every session has a server of its own.
        with patch.object(RestfulApi, "login_spacing", 0.0):
            yield session

    def state(self) -> State:
        found: dict[str, Counter[str]] = {}
        for module, fields in _WATCHED.items():
            rows: list[Mapping[str, Any]] = []
            while True:
                text = f"select {fields} from {module} order by id limit {len(rows)},100;"
                page = self.crm.run("query", query=text)
                rows += page
                if len(page) < 100:
                    break
            found[module] = Counter(
                repr([row.get(name) for name in fields.split(",")]) for row in rows
            )
        for table, columns in _TABLES.items():
            rows_of = self.crm.engine.store.rows(f"SELECT {columns} FROM {table}")
            found[table] = Counter(map(repr, rows_of))
        return found

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        if self.driver == "sync":
            return _by_hand(work())
        return asyncio.run(_alone(work()))


def make(
    dialect: str,
    driver: str,
    more: Callable[[Crm], None] | None = None,
    *,
    sockets: bool = False,
) -> World:
    """`more` puts further records into the CRM."""
    profile = "cloud" if dialect == "cloud" else "stock-7"
    crm = Crm(data=fill, profile=profile)
    native: Any = "cloud" if dialect == "cloud" else "webservice"
    furnish(connect(crm.url, *crm.credentials(), dialect=native, transport=crm.transport()))
    crm.clock.freeze()
    if more is not None:
        more(crm)
    server = crm.serve().start() if sockets else None
    return World(dialect, driver, crm, crm.snapshot(), server)


class Leaked(Exception):
    """Tasks or threads that outlived the session."""


async def _alone(work: Coroutine[Any, Any, Any]) -> Any:
    """Raises `Leaked` when tasks are left over."""
    try:
        return await asyncio.wait_for(work, LONGEST)
    finally:
        mine = asyncio.current_task()
        if left := [each for each in asyncio.all_tasks() if each is not mine]:
            raise Leaked(f"{len(left)} tasks")


def _by_hand(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the blocking driver awaits nothing")


def do(driver: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Calls a method of an owner, or awaits its a-twin."""

    async def call(owner: Any, method: str, /, *args: Any, **kwargs: Any) -> Any:
        if driver == "async":
            return await getattr(owner, f"a{method}")(*args, **kwargs)
        return getattr(owner, method)(*args, **kwargs)

    return call


async def listed(driver: str, iterable: Any) -> list[Any]:
    if driver == "async":
        return [each async for each in iterable]
    return list(iterable)


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds that a session might leave behind."""

    threads: int
    files: int
    """Open files and sockets."""

    @classmethod
    def now(cls) -> Held:
        found = Path("/proc/self/fd")
        files = len(list(found.iterdir())) if found.exists() else 0
        return cls(len(threading.enumerate()), files)

    def more_than(self, other: Held) -> str:
        """What there is more of; empty when nothing."""
        pairs = (("threads", other.threads, self.threads), ("files", other.files, self.files))
        return ", ".join(f"{now - before} {what}" for what, before, now in pairs if now > before)


def usable(world: World, session: Session) -> bool:
    """Whether a session answers as it should once the faults are over."""

    async def ask() -> int:
        names = await listed(world.driver, Contacts.objects.using(session).values_list("id"))
        return len(names)

    return bool(world.run(ask) == sum(world.state()["Contacts"].values()))
