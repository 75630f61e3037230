"""Reading 30,000 contacts, several pages at once, as the session itself sees fit.

Against the same program with one session. The CRM is in a process of its own, and each call takes
as much longer as over a network. What it can do is the bound where there is no latency left.
"""

from __future__ import annotations

from functools import partial
from typing import Final, Literal

from generated.demo import Contacts
from tests.benchmarks.crm import Address, contacts, served
from tests.benchmarks.harness import Line, Lines, Work, faster, medians, show, shown

RECORDS: Final = 30_000
GOALS: Final = (
    ("cloud", 0.02, 5.0, 3),
    ("stock-8.0-php8", 0.02, 4.0, 3),
    ("cloud", 0.005, 2.5, 7),
    ("stock-8.0-php8", 0.005, 2.5, 7),
    ("cloud", 0.0, 0.95, 9),
)
"""Profile, seconds a call takes longer, how much faster it should be at least, and rounds: what
is bounded by the processors varies with all that they do besides."""


def reading(crm: Address, parallel: int | Literal["auto"]) -> Work:
    def work() -> None:
        with crm.connect(parallel=parallel):
            found = sum(1 for _ in Contacts.objects.all())
        if found != RECORDS:
            raise AssertionError(f"{found} contacts were read, not {RECORDS}")

    return work


def measure() -> Lines:
    fill = partial(contacts, number=RECORDS)
    for profile, latency, goal, rounds in GOALS:
        with served(fill, profile=profile, latency=latency) as crm:
            auto, one = medians(reading(crm, "auto"), reading(crm, 1), rounds=rounds)
        yield Line(
            what=f"{profile}, {latency * 1000:g} ms a call, parallel='auto'",
            ours=shown(auto),
            rival=f"one session {shown(one)}",
            ratio=faster(auto, one),
            goal=f"at least {goal:g}x as fast",
            met=one >= goal * auto,
        )


if __name__ == "__main__":
    show(measure())
