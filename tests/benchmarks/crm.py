"""The embedded CRM in a process of its own, so that serving costs the client nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from generated.demo import connect
from vtiger_orm.emulator import Crm
from vtiger_orm.session import Session

Fill = Callable[[Crm], object]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a CRM is, and how to get in."""

    url: str
    username: str
    access_key: str
    dialect: str
    """The API that the rivals speak there: that of the session, or the Cloud's."""

    def connect(self, **settings: Any) -> Session:
        settings.setdefault("dialect", self.dialect)
        return connect(self.url, self.username, self.access_key, **settings)


@contextmanager
def served(fill: Fill, *, profile: str, latency: float = 0.0) -> Iterator[Address]:
    """A CRM with the records that `fill` makes; each answer takes `latency` seconds longer.

    `fill` is a function of a module: it runs in the other process.
    """
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, fill, profile, latency), daemon=True)
    process.start()
    theirs.close()
    try:
        url, (user, key) = ours.recv()
        yield Address(url, user, key, "cloud" if profile == "cloud" else "webservice")
    finally:
        ours.close()
        process.join(10)


def _serve(pipe: Connection, fill: Fill, profile: str, latency: float) -> None:
    """Until the other end of the pipe is closed."""
    with Crm(data=None, profile=profile) as crm:
        fill(crm)
        crm.latency = latency
        with crm.serve() as server:
            pipe.send((server.url, crm.credentials()))
            try:
                pipe.recv()
            except EOFError:
                return


def nothing(crm: Crm) -> None:
    """An empty CRM."""


def contacts(crm: Crm, number: int) -> None:
    """So many contacts, as filled in as those of a real CRM (26 of 70 columns)."""
    for index in range(number):
        crm.create("Contacts", contact(index))


def contact(index: int) -> dict[str, str]:
    """One contact as a person would enter it."""
    return {
        "salutationtype": "Mr.",
        "firstname": f"Firstname {index}",
        "lastname": f"Lastname {index}",
        "email": f"contact{index}@example.com",
        "phone": f"+49 30 {index:07d}",
        "mobile": f"+49 170 {index:07d}",
        "title": "Head of Purchasing",
        "department": "Purchasing",
        "birthday": f"19{60 + index % 40}-0{1 + index % 9}-1{index % 10}",
        "leadsource": "Web Site",
        "mailingstreet": f"Long Street {index}",
        "mailingcity": "Springfield",
        "mailingzip": f"{index:05d}",
        "mailingcountry": "Germany",
        "description": "Met at the fair; wants an offer for next year.",
    }
