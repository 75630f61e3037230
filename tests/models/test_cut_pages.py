"""No reader believes a page that was cut: whatever page of a read is cut, at whatever row, what
comes is complete, or an error.

Of a first page that is the only one a short read cannot tell, except in strict reading: so that is
what the readers are asked for here, all of them; `tests/planner/test_end_of_data.py` has the pages
behind others in either.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from generated import demo
from generated.demo import Accounts, Contacts
from tests.support.databases import contents
from tests.support.kinds import KINDS, open_session
from vtiger_orm import Count, Max, Session, Sum, VtigerError, frames, warehouse
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.http import Response, json_response
from vtiger_orm.emulator.profiles import profile_named
from vtiger_orm.frames.export import export

PAGE = 10
CUTS = 2
"""Calls of one reader whose page is cut, one after the other."""


@dataclass(frozen=True)
class CutPage:
    """Only the first rows of an answer: a share of them."""

    share: float

    def apply(self, exchange: Any) -> Response:
        response: Response = exchange.proceed()
        answer = response.json()
        rows = answer.get("result")
        if isinstance(rows, dict) and isinstance(rows.get("records"), list):
            kept = rows["records"][: int(len(rows["records"]) * self.share)]
            answer["result"] = {**rows, "records": kept}
        if isinstance(rows, dict) and isinstance(rows.get("updated"), list):
            return response  # sync says itself that there is more
        if isinstance(rows, list):
            answer["result"] = rows[: int(len(rows) * self.share)]
        return json_response(answer)


DOORS = {
    "stock": KINDS["stock"][0],
    "without count": profile_named("vtiger-8.3"),
    "restfulapi": profile_named("restfulapi"),
}


@pytest.fixture(scope="module")
def templates() -> Iterator[dict[str, Crm]]:
    made = {door: Crm(data=fill, profile=profile) for door, profile in DOORS.items()}
    yield made
    for each in made.values():
        each.close()


def fill(crm: Crm) -> None:
    """33 accounts, the contacts of which are at the first three."""
    accounts = [
        str(crm.create("Accounts", {"accountname": f"A{number}", "employees": f"{number}"})["id"])
        for number in range(33)
    ]
    for number in range(38):
        crm.create(
            "Contacts",
            {
                "lastname": f"P{number % 7}",
                "account_id": accounts[number % 3] if number % 5 else "",
                "email": f"p{number}@example.com" if number % 4 else "",
            },
        )


class World:
    """A CRM and one who reads it."""

    def __init__(self, crm: Crm, session: Session, folder: Path) -> None:
        self.crm = crm
        self.session = session
        self.folder = folder
        self.turn = 0

    def numbered(self, **values: str) -> int:
        """How many contacts of the store have these values."""
        said = " and ".join(f"{wire} = '{value}'" for wire, value in values.items())
        return len(
            self.crm.engine.store.rows(f'SELECT id FROM "m_Contacts" WHERE _state = 0 AND {said}')
        )

    def updated(self) -> Any:
        self.turn += 1
        done = Contacts.objects.exclude(lastname="P1").update(department=f"D{self.turn}")
        return done, self.numbered(department=f"D{self.turn}")

    def deleted(self) -> Any:
        self.turn += 1
        for _ in range(12):
            self.crm.create("Contacts", {"lastname": f"Gone {self.turn}"})
        done = Contacts.objects.filter(lastname=f"Gone {self.turn}").delete()
        return done, self.numbered(lastname=f"Gone {self.turn}")

    def exported(self) -> Any:
        self.turn += 1
        path = self.folder / f"{self.turn}.jsonl"
        contacts: Any = Contacts.objects.only("lastname")
        fields = [Contacts.meta.fields["lastname"]]
        export(contacts.selection, self.session, path, "jsonl", fields=fields)
        return path.read_text()

    def loaded(self) -> Any:
        engine = sa.create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        try:
            report = warehouse.sync(engine, demo, modules=["Contacts"], sweep=timedelta(0))
            report.raise_for_errors()
            return contents(engine, "Contacts")
        finally:
            engine.dispose()

    def gone(self) -> Any:
        ids = [str(each) for each in Contacts.objects.values_list("id", flat=True)]
        feed = Contacts.objects.changes(deleted_among=[*ids, "12x99999"])
        return sorted((str(each.kind), str(each.id)) for each in feed)


def ids(records: Any) -> list[str]:
    return [str(each.id) for each in records]


READERS: dict[str, Callable[[World], Any]] = {
    "list": lambda _: ids(Contacts.objects.all()),
    "iterator": lambda _: ids(Contacts.objects.iterator(page_size=7)),
    "order": lambda _: ids(Contacts.objects.order_by("lastname", "-id")),
    "descending": lambda _: ids(Contacts.objects.order_by("-lastname")[:25]),
    "values": lambda _: [each["lastname"] for each in Contacts.objects.values("lastname")],
    "values_list": lambda _: list(Contacts.objects.filter(email=None).values_list("id", flat=True)),
    "in_bulk": lambda _: sorted(map(str, Contacts.objects.in_bulk())),
    "count": lambda _: Contacts.objects.exclude(email__contains="p1").count(),
    "exists": lambda _: Contacts.objects.exclude(email__contains="p").exists(),
    "aggregate": lambda _: Accounts.objects.aggregate(
        total=Sum("employees"), most=Max("employees"), n=Count()
    ),
    "related": lambda _: [
        ids(each.related.contacts.order_by("id")) for each in Accounts.objects.order_by("id")[:2]
    ],
    "prefetch": lambda _: [
        sorted(ids(each.related.contacts.all()))
        for each in Accounts.objects.prefetch_related("contacts")
    ],
    "select_related": lambda _: [
        each.account_id and each.account_id.loaded.accountname
        for each in Contacts.objects.select_related("account_id")
    ],
    "semi-join": lambda _: ids(
        Contacts.objects.filter(account_id__in=Accounts.objects.filter(employees__lte=1))
    ),
    "to_arrow": lambda _: Contacts.objects.only("lastname").to_arrow().to_pylist(),
    "scan": lambda _: (
        frames.scan(Contacts.objects.only("id", "lastname"))
        .filter(pl.col("lastname") != "P3")
        .collect()
        .to_dicts()
    ),
    "update": World.updated,
    "delete": World.deleted,
    "export": World.exported,
    "warehouse": World.loaded,
    "changes": lambda _: sorted(str(each.id) for each in Contacts.objects.changes()),
    "deletions": World.gone,
}


def outcome(reader: str, found: Any) -> Any:
    """What two runs of a reader have in common."""
    if reader in ("update", "delete"):
        done, stored = found
        return done if reader == "update" and done == stored else (done, stored)
    return found


def connected(crm: Crm, door: str) -> Session:
    settings: Any = {"page_size": PAGE, "consistency": "strict"}
    if door != "restfulapi":
        return open_session(crm, "stock", **settings)
    transport = crm.transport()
    return demo.connect(
        crm.url, *crm.credentials(), dialect="restfulapi", transport=transport, **settings
    )


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("reader", READERS)
def test_no_reader_believes_a_page_that_was_cut(
    templates: dict[str, Crm],
    door: str,
    reader: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    read = READERS[reader]
    chance = random.Random(request.config.getoption("--hypothesis-seed", None) or reader)
    with templates[door].copy() as crm, connected(crm, door) as session:
        world = World(crm, session, tmp_path)
        session.identify()
        with crm.count_calls() as calls:
            truth = outcome(reader, read(world))
        assert truth
        for position in chance.sample(range(calls.number), min(CUTS, calls.number)):
            crm.faults.clear()
            crm.faults.next(CutPage(chance.choice([0.0, 0.2, 0.5, 0.95])), after=position)
            try:
                found = read(world)
            except VtigerError:
                continue
            assert outcome(reader, found) == truth, position
