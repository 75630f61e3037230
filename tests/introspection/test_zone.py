"""In which zone a CRM writes times: proved by reading, where reading can."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from vtiger_codegen.cli.whoami.first_contact import survey
from vtiger_codegen.cli.whoami.words import zone as in_words
from vtiger_codegen.live.pull import server_of

from tests.support.zoned import InZone
from vtiger_orm import Session
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Exchange
from vtiger_orm.emulator.http import Response, json_response
from vtiger_orm.introspection.pull import pull

TOKYO = ZoneInfo("Asia/Tokyo")


class Meanwhile(httpx.BaseTransport):
    """Somebody else is at work: before the first description, something is done."""

    def __init__(self, inner: httpx.BaseTransport, work: Callable[[], object]) -> None:
        self._inner, self._work, self._done = inner, work, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if b"operation=describe" in request.url.query and not self._done:
            self._done = True
            self._work()
        return self._inner.handle_request(request)


def pulled_zone(crm: Crm, transport: httpx.BaseTransport, **settings: str) -> str | None:
    with (
        Session(
            crm.url, *crm.credentials(), dialect="webservice", transport=transport, **settings  # type: ignore[arg-type]  # the settings are texts
        ) as session,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        pulled = session.run(pull(server_of(session), include=["Contacts", "Users"]))
        return pulled.instance.capabilities.zone


@pytest.fixture
def crm() -> Crm:
    crm = Crm(profile="vtiger-8.0", data=None)
    crm.clock.advance(seconds=-5)
    crm.create("Contacts", {"lastname": "old"})
    crm.clock.advance(seconds=5)
    return crm


@pytest.mark.parametrize(
    ("zone", "proved"),
    [(TOKYO, "+09:00"), (ZoneInfo("UTC"), "UTC"), (ZoneInfo("Asia/Kolkata"), "+05:30")],
)
def test_a_record_that_is_modified_meanwhile_proves_it(
    crm: Crm, zone: ZoneInfo, proved: str
) -> None:
    with crm:
        transport = Meanwhile(
            InZone(crm, zone), lambda: crm.create("Contacts", {"lastname": "new"})
        )
        found = pulled_zone(crm, transport)
        assert found is not None
        assert found.replace("+00:00", "UTC") == proved


def test_an_idle_server_proves_nothing_and_nothing_is_claimed(crm: Crm) -> None:
    with crm:
        assert pulled_zone(crm, crm.transport()) is None
        with Session(
            crm.url, *crm.credentials(), dialect="webservice", transport=crm.transport()
        ) as session:
            session.run(survey(server_of(session)))
            told = in_words(session.clock.zone, None, session.clock.least_ahead)
        assert "not proved" in told
        assert "UTC is" not in told


def test_a_record_of_the_future_says_that_it_is_not_utc(crm: Crm) -> None:
    with crm:
        crm.create("Contacts", {"lastname": "just now"})
        with Session(
            crm.url, *crm.credentials(), dialect="webservice", transport=InZone(crm, TOKYO)
        ) as session:
            found = session.run(survey(server_of(session)))
            assert found.proved.zone is None
            assert session.clock.least_ahead == timedelta(hours=9)
            told = in_words(session.clock.zone, None, session.clock.least_ahead)
        assert "it is not UTC, but at least 9 hours ahead of it" in told


def test_sync_tells_one_moment_twice() -> None:
    with Crm(profile="frevocrm", data=None) as crm:
        crm.create("Contacts", {"lastname": "old"})
        assert pulled_zone(crm, crm.transport()) == "+09:00"


@dataclass(frozen=True)
class OddTimes:
    """Times as no CRM should tell them."""

    wall: str
    moment: str | None = None

    def apply(self, exchange: Exchange) -> Response:
        answer = json.loads(exchange.proceed().body)
        result = answer.get("result")
        for row in result if isinstance(result, list) else ():
            row["modifiedtime"] = self.wall
        if self.moment is not None and isinstance(result, dict):
            result["lastModifiedTime"] = self.moment
        return json_response(answer)


@pytest.mark.parametrize("wall", ["0000-00-00 00:00:00", "0001-01-01 00:00:00", "soon", ""])
@pytest.mark.parametrize("operation", ["query", "sync"])
def test_times_that_are_none_prove_nothing_and_a_pull_goes_on(operation: str, wall: str) -> None:
    with Crm(profile="frevocrm", data=None) as crm:
        crm.create("Contacts", {"lastname": "old"})
        crm.faults.always(OddTimes(wall, "9" * 5000), operation=operation)
        assert pulled_zone(crm, crm.transport()) is None


def test_a_zone_that_is_given_costs_no_call_and_is_kept(crm: Crm) -> None:
    with crm:
        with crm.count_calls() as calls:
            assert pulled_zone(crm, crm.transport()) is None
        with crm.count_calls() as fewer:
            given = pulled_zone(crm, crm.transport(), server_timezone="Asia/Tokyo")
        assert given == "Asia/Tokyo"
        assert len(fewer) == len(calls) - 2
