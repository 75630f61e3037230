"""Reading 10,000 contacts, against the page loops of other people's clients.

The rivals hand out dicts of text, ours are typed records. Each call takes 20 ms longer than the
CRM needs, as over a network; in the last comparison nothing, so that only the client counts.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import vtiger_cloudsdk_restapi
import vtigerpy

from generated.demo import Contacts
from tests.benchmarks.crm import Address, contacts, served
from tests.benchmarks.harness import Line, Lines, Work, faster, medians, show, shown

RECORDS: Final = 10_000
PAGE: Final = 100
LATENCY: Final = 0.02
ROUNDS: Final = 7
NOISE: Final = 0.03
"""By how much the medians of one and the same loop differ on a machine that does nothing else."""
PARALLEL: Final = 4
PARALLEL_GOAL: Final = 2.5

Fetch = Any
"""A function from a statement to its rows."""


def ours(crm: Address, parallel: int = 1) -> Work:
    """Logs in each time, as the rivals do."""

    def work() -> None:
        with crm.connect(parallel=parallel):
            found = sum(1 for _ in Contacts.objects.all())
        check(found)

    return work


def page_loop(fetch: Fetch) -> int:
    """The loop that everybody writes: pages by offset until one is not full."""
    found = 0
    while True:
        rows = fetch(f"select * from Contacts order by id limit {found}, {PAGE};")
        found += len(rows)
        if len(rows) < PAGE:
            return found


def vendor(crm: Address) -> Work:
    def work() -> None:
        client = vtiger_cloudsdk_restapi.Client(crm.url, crm.username, crm.access_key)
        check(page_loop(client.query))

    return work


def vtigerpy_loop(crm: Address) -> Work:
    def work() -> None:
        api = vtigerpy.Vtiger(crm.url, crm.username, crm.access_key)
        check(page_loop(lambda query: api.get("query", query=query).json()["result"]))

    return work


def check(found: int) -> None:
    if found != RECORDS:
        raise AssertionError(f"{found} contacts were read, not {RECORDS}")


def measure() -> Lines:
    fill = partial(contacts, number=RECORDS)
    for profile, name, rival in (
        ("cloud", "vendor's SDK", vendor),
        ("stock-8.0-php8", "vtigerpy", vtigerpy_loop),
    ):
        with served(fill, profile=profile, latency=LATENCY) as crm:
            one, four, loop = medians(ours(crm), ours(crm, PARALLEL), rival(crm), rounds=ROUNDS)
        yield Line(
            what=f"{profile}, one request at a time",
            ours=shown(one),
            rival=f"{name} {shown(loop)}",
            ratio=faster(one, loop),
            goal="never slower",
            met=one <= loop * (1 + NOISE),
        )
        yield Line(
            what=f"{profile}, parallel={PARALLEL}",
            ours=shown(four),
            rival=f"{name} {shown(loop)}",
            ratio=faster(four, loop),
            goal=f"at least {PARALLEL_GOAL:g}x as fast",
            met=loop >= PARALLEL_GOAL * four,
            remark=f"{faster(four, one)} as one at a time",
        )
    with served(fill, profile="cloud") as crm:
        one, loop = medians(ours(crm), vendor(crm), rounds=ROUNDS)
    yield Line(
        what="cloud, one at a time, no latency",
        ours=shown(one),
        rival=f"vendor's SDK {shown(loop)}",
        ratio=faster(one, loop),
    )


if __name__ == "__main__":
    show(measure())
