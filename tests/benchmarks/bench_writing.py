"""Writing: many contacts at once, and what `save()` adds to a bare HTTP call."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx
import vtiger_cloudsdk_restapi

from generated.demo import Contacts
from tests.benchmarks.crm import Address, contact, nothing, served
from tests.benchmarks.harness import Line, Lines, faster, medians, show, shown, timed
from vtiger_orm.session import Session

LATENCY: Final = 0.02
PARALLEL: Final = 4
BULK: Final = 1000
ONE_BY_ONE: Final = 250
BULK_GOAL: Final = 3.0
SAVES: Final = 400
SAVE_GOAL: Final = 300e-6


def made(number: int) -> list[Contacts]:
    """Unsaved contacts."""
    return [Contacts.model_validate(contact(index)) for index in range(number)]


def bulk(crm: Address) -> float:
    """Seconds a record."""
    with crm.connect(parallel=PARALLEL) as session:
        session.identify()
        records = made(BULK)

        def work() -> None:
            Contacts.objects.bulk_create(records).raise_for_errors()

        return timed(work) / BULK


def one_by_one(crm: Address) -> float:
    with crm.connect() as session:
        session.identify()
        records = made(ONE_BY_ONE)

        def work() -> None:
            for each in records:
                each.save()

        return timed(work) / ONE_BY_ONE


def vendor(crm: Address) -> float:
    client = vtiger_cloudsdk_restapi.Client(crm.url, crm.username, crm.access_key)
    owner = client.myid()

    def work() -> None:
        for index in range(ONE_BY_ONE):
            client.create("Contacts", {**contact(index), "assigned_user_id": owner})

    return timed(work) / ONE_BY_ONE


def bulk_lines() -> Lines:
    for profile in ("stock-8.0-php8", "cloud"):
        with served(nothing, profile=profile, latency=LATENCY) as crm:
            one, many = one_by_one(crm), bulk(crm)
            loop = vendor(crm) if profile == "cloud" else None
        yield Line(
            what=f"{profile}, bulk_create of {BULK}",
            ours=f"{shown(many)} a record",
            rival=f"one by one {shown(one)} a record",
            ratio=faster(many, one),
            goal=f"at least {BULK_GOAL:g}x as fast",
            met=one >= BULK_GOAL * many,
        )
        if loop is not None:
            yield Line(
                what=f"{profile}, one by one",
                ours=f"{shown(one)} a record",
                rival=f"vendor's SDK {shown(loop)} a record",
                ratio=faster(one, loop),
            )


class Alternating:
    """One contact whose department is set to and fro, so that every save has one change."""

    def __init__(self, crm: Address, session: Session) -> None:
        self._contact = Contacts.objects.using(session).create(lastname="Miller")
        self._id = str(self._contact.id)
        self._turn = 0
        self._client = httpx.Client()
        self._url = f"{crm.url}/restapi/v1/vtiger/default/revise"
        self._auth: Any = httpx.BasicAuth(crm.username, crm.access_key)

    def _department(self) -> str:
        self._turn += 1
        return f"Department {self._turn}"

    def save(self) -> None:
        self._contact.department = self._department()
        self._contact.save()

    def bare(self) -> None:
        """The same request, without more than reading the answer's bytes."""
        element = {"id": self._id, "department": self._department()}
        form = {"element": json.dumps(element)}
        response = self._client.post(self._url, data=form, auth=self._auth)
        if response.status_code != 200:
            raise AssertionError(response.text)

    def loaded(self) -> None:
        """The same, and its JSON."""
        element = {"id": self._id, "department": self._department()}
        form = {"element": json.dumps(element)}
        self._client.post(self._url, data=form, auth=self._auth).json()


def save_lines() -> Lines:
    with (
        served(nothing, profile="cloud") as crm,
        crm.connect() as session,
    ):
        work = Alternating(crm, session)
        saved, bare, loaded = medians(work.save, work.bare, work.loaded, rounds=SAVES)
    for rival, seconds in (("a bare call", bare), ("a call and its JSON", loaded)):
        yield Line(
            what="save() of one change",
            ours=shown(saved),
            rival=f"{rival} {shown(seconds)}",
            ratio=f"{(saved - seconds) * 1e6:+.0f} us",
            goal=f"under {shown(SAVE_GOAL)} more" if rival == "a bare call" else "",
            met=saved - seconds < SAVE_GOAL if rival == "a bare call" else None,
        )


def measure() -> Lines:
    yield from save_lines()
    yield from bulk_lines()


if __name__ == "__main__":
    show(measure())
