"""The tour in CONTRIBUTING is what happens, and enters no room twice."""

from __future__ import annotations

import pytest

from generated.demo import Contacts, connect
from tests.tour import walks
from vtiger_orm.calls.plans import Plan
from vtiger_orm.emulator import Crm


@pytest.fixture(scope="module")
def taken() -> dict[str, walks.Walk]:
    return dict(walks.both())


def test_the_tour_is_the_one_written_down(taken: dict[str, walks.Walk]) -> None:
    told = walks.told(taken.items())
    assert told == walks.written(), "If this is wanted, run: python -m tests.tour"


def test_no_room_is_entered_twice(taken: dict[str, walks.Walk]) -> None:
    assert {call: walk.twice for call, walk in taken.items()} == {call: set() for call in taken}


def test_the_walks_lead_from_the_front_to_the_bytes(taken: dict[str, walks.Walk]) -> None:
    assert len(taken) == 2
    for walk in taken.values():
        assert walk.files[0] == "models/record.py"
        assert "session/http.py" in walk.files


def test_a_room_that_is_entered_twice_is_found() -> None:
    with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:

        def plan() -> Plan[int]:
            yield from ()
            return Contacts.objects.count()

        walk = walks.walked(lambda: session.run(plan()))
    assert ("session", "models", "session") in walk.twice
