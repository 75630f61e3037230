"""Memory while 100,000 contacts are iterated: it must not grow with their number.

The client is a process of its own. Growth is the peak at the end less the peak after the first
records, by which time everything is imported, connected and compiled.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from tests.benchmarks.crm import Address, contacts, served
from tests.benchmarks.harness import Line, Lines, elsewhere, peak_megabytes, show

RECORDS: Final = 100_000
WARM: Final = 5_000
GOAL: Final = 20.0


class Growth:
    """The peak after the first records, and at the end."""

    def __init__(self) -> None:
        self.read = 0
        self._early = 0.0

    def count(self) -> None:
        self.read += 1
        if self.read == WARM:
            self._early = peak_megabytes()

    def megabytes(self) -> float:
        if self.read != RECORDS:
            raise AssertionError(f"{self.read} contacts were read, not {RECORDS}")
        return peak_megabytes() - self._early


def iterated(crm: Address, parallel: int) -> float:
    from generated.demo import Contacts

    growth = Growth()
    with crm.connect(parallel=parallel):
        for _ in Contacts.objects.all():
            growth.count()
    return growth.megabytes()


def awaited(crm: Address) -> float:
    async def work() -> float:
        from generated.demo import Contacts

        growth = Growth()
        async with crm.connect():
            async for _ in Contacts.objects.all():
                growth.count()
        return growth.megabytes()

    return asyncio.run(work())


def measure() -> Lines:
    with served(partial(contacts, number=RECORDS), profile="cloud") as crm:
        for what, work in (
            ("for, one request at a time", partial(iterated, crm, 1)),
            ("for, parallel=4", partial(iterated, crm, 4)),
            ("async for", partial(awaited, crm)),
        ):
            growth = elsewhere(work)
            yield Line(
                what=what,
                ours=f"{growth:.1f} MB more",
                goal=f"under {GOAL:g} MB",
                met=growth < GOAL,
            )


if __name__ == "__main__":
    show(measure())
