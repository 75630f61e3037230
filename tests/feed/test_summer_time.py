"""The feed while the clock of the CRM is set back or on: nothing is lost, nor told for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Contacts, connect
from tests.conditions.test_zones import TURNS
from tests.support.examples import examples
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.profiles import STOCK_7, VTIGER_8_0

MOMENTS = [
    (zone, datetime.fromisoformat(each).replace(tzinfo=UTC))
    for zone, turns in TURNS.items()
    for each in turns
]
PROFILES = {
    (way, zone): replace(profile, zone=ZoneInfo(zone))
    for way, profile in (("time", VTIGER_8_0), ("sync", STOCK_7))
    for zone in TURNS
}


@pytest.fixture(scope="module")
def templates() -> Iterator[dict[tuple[str, str], Crm]]:
    made = {key: Crm(data=None, profile=profile) for key, profile in PROFILES.items()}
    yield made
    for crm in made.values():
        crm.close()


class Reader:
    """One reader that goes on from its last cursor, or from a moment of its own clock."""

    def __init__(self, crm: Crm, way: str, zone: str) -> None:
        self.crm, self.way, self.zone = crm, way, zone
        self.told: list[tuple[str, str]] = []

    def read(self, since: Any) -> Any:
        whose: Any = "user" if self.way == "sync" else "application"
        changes = Contacts.objects.only("lastname").changes(since, whose=whose)
        with connect(
            self.crm.url,
            *self.crm.credentials(),
            transport=self.crm.transport(),
            dialect="webservice",
            server_timezone=self.zone,
            page_size=4,
        ) as session:
            vars(session.clock)["here"] = self.crm.clock
            news = [(str(each.id), str(each.record and each.record.lastname)) for each in changes]
        self.told += news
        return changes.cursor


minutes = st.integers(1, 50)
steps = st.lists(st.tuples(st.sampled_from(["write", "write", "read"]), minutes), max_size=10)


@pytest.mark.parametrize("way", ["time", "sync"])
@examples(3)
@given(turn=st.sampled_from(MOMENTS), before=st.integers(-60, 150), steps=steps, told=st.booleans())
def test_every_change_around_it_is_told(
    templates: dict[tuple[str, str], Crm],
    way: str,
    turn: tuple[str, datetime],
    before: int,
    steps: list[tuple[str, int]],
    told: bool,
) -> None:
    zone, moment = turn
    with templates[way, zone].copy() as crm:
        crm.clock.freeze(moment - timedelta(minutes=before))
        reader = Reader(crm, way, zone)
        # A first reading of everything, or one from a moment, as a mirror begins.
        cursor = reader.read(None) if told else crm.clock()
        wanted = []
        for number, (what, pause) in enumerate(steps):
            if what == "write":
                made = crm.create("Contacts", {"lastname": f"N{number}"})
                wanted.append((str(made["id"]), f"N{number}"))
            crm.clock.advance(minutes=pause)
            if what == "read":
                cursor = reader.read(cursor)
        crm.clock.advance(minutes=2)
        cursor = reader.read(cursor)
        assert {*wanted} <= {*reader.told}
        reader.told.clear()
        for _ in range(3):
            cursor = reader.read(cursor)
            crm.clock.advance(minutes=70)
        # Behind the hour that comes twice, some of it may be told once more.
        assert len(reader.told) == len({*reader.told})
        assert {*reader.told} <= {*wanted}
