"""Writing: bulk_create against one by one, and what save() costs beyond the HTTP call itself.

The server runs in its own process and takes 20 ms for each call, as a real one does; a session is
worked on one call at a time, so speed comes from `parallel` sessions only.
"""

from __future__ import annotations

import json
import statistics
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from generated.demo import Contacts
from tests.benchmarks.crm import Address, contact, nothing, served
from tests.benchmarks.harness import Line, Lines, faster, show, shown, timed

RECORDS: Final = 1000
LATENCY: Final = 0.02
PARALLEL: Final = 4
GOAL: Final = 3.0
OVERHEAD: Final = 300e-6
"""Seconds."""
ROUNDS: Final = 400


def people(number: int) -> list[Contacts]:
    """Unsaved contacts."""
    return [Contacts.model_validate(contact(index)) for index in range(number)]


def bulk(address: Address, dialect: str) -> Lines:
    one_by_one, together = people(RECORDS), people(RECORDS)
    with address.connect(dialect=dialect) as crm:
        Contacts.objects.exists()

        def each() -> None:
            for person in one_by_one:
                person.save()

        slow = timed(each)
    with address.connect(dialect=dialect, parallel=PARALLEL) as crm:
        Contacts.objects.exists()

        def all_of_them() -> None:
            Contacts.objects.bulk_create(together).raise_for_errors()

        with crm.count_calls() as calls:
            quick = timed(all_of_them)
    yield Line(
        what=f"{RECORDS} contacts, {LATENCY * 1000:g} ms a call, {dialect}",
        ours=f"bulk_create {shown(quick)}",
        rival=f"one by one {shown(slow)}",
        ratio=faster(quick, slow),
        goal=f"{GOAL:g}x as fast",
        met=slow >= GOAL * quick,
        remark=f"{len(calls)} calls, parallel={PARALLEL}",
    )


def overhead(address: Address) -> Lines:
    with address.connect(dialect="cloud"), httpx.Client() as client:
        saved = Contacts.objects.create(lastname="Overhead")
        url = f"{address.url}/restapi/v1/vtiger/default/revise"
        auth = (address.username, address.access_key)

        def bare(text: str) -> Any:
            element = json.dumps({"id": str(saved.id), "department": text})
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = client.post(
                url, content=urlencode({"element": element}), auth=auth, headers=headers
            )
            return answer.json()["result"]

        def ours(text: str) -> None:
            saved.department = text
            saved.save()

        taken: list[list[float]] = [[], []]
        for number in range(ROUNDS):
            for seconds, work in zip(taken, (bare, ours)):
                text = f"{work.__name__} {number}"
                seconds.append(timed(lambda: work(text)))  # noqa: B023
    floor, own = (statistics.median(seconds) for seconds in taken)
    beyond = own - floor
    yield Line(
        what="save() of one changed field",
        ours=shown(own),
        rival=f"bare httpx call {shown(floor)}",
        ratio=f"{beyond * 1e6:+.0f} us",
        goal=f"at most {OVERHEAD * 1e6:g} us more",
        met=beyond <= OVERHEAD,
    )


def measure() -> Lines:
    with served(nothing, profile="stock-8.0-php8", latency=LATENCY) as address:
        yield from bulk(address, "webservice")
    with served(nothing, profile="cloud", latency=LATENCY) as address:
        yield from bulk(address, "cloud")
    with served(nothing, profile="cloud") as address:
        yield from overhead(address)


if __name__ == "__main__":
    show(measure())
