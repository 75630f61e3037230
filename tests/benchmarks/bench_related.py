"""Calls for 500 contacts with their accounts, 500 different ones; logins are not counted.

The rival does what is written without an ORM: pages of contacts, then one `retrieve` an account.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import vtiger_cloudsdk_restapi

from generated.demo import Contacts
from tests.benchmarks.crm import Address, contact, served
from tests.benchmarks.harness import Line, Lines, show, shown, timed
from vtiger_orm.emulator import Crm

RECORDS: Final = 500
LATENCY: Final = 0.02
GOAL: Final = 12
SLICE_GOAL: Final = 10


def fill(crm: Crm, more: int) -> None:
    """Contacts with an account each, and `more` that only a slice leaves out."""
    for index in range(RECORDS + more):
        account = crm.create("Accounts", {"accountname": f"Account {index}"})
        crm.create("Contacts", {**contact(index), "account_id": account["id"]})


def ours(crm: Address, stop: int | None) -> tuple[float, int]:
    """Seconds and calls."""
    with crm.connect() as session, session.count_calls() as calls:

        def work() -> None:
            found = Contacts.objects.select_related("account_id")[:stop]
            names = [
                each.account_id.loaded.accountname for each in found if each.account_id is not None
            ]
            if len(set(names)) != RECORDS:
                raise AssertionError(f"{len(set(names))} accounts were read, not {RECORDS}")

        session.identify()
        return timed(work), calls.count


def vendor(crm: Address) -> tuple[float, int]:
    client = vtiger_cloudsdk_restapi.Client(crm.url, crm.username, crm.access_key)
    calls = 0

    def work() -> None:
        nonlocal calls
        for start in range(0, RECORDS, 100):
            rows = client.query(f"select * from Contacts order by id limit {start}, 100;")
            calls += 1
            for row in rows:
                client.retrieve(row["account_id"])
                calls += 1

    return timed(work), calls


def measure() -> Lines:
    for profile in ("cloud", "stock-8.0-php8"):
        with served(partial(fill, more=0), profile=profile, latency=LATENCY) as crm:
            whole = ours(crm, None)
            loop = vendor(crm) if profile == "cloud" else None
        with served(partial(fill, more=50), profile=profile, latency=LATENCY) as crm:
            slice_ = ours(crm, RECORDS)
        for what, (seconds, calls), goal in (
            (f"{profile}, all 500", whole, GOAL),
            (f"{profile}, [:500] of 550", slice_, SLICE_GOAL),
        ):
            yield Line(
                what=what,
                ours=f"{calls} calls, {shown(seconds)}",
                rival=f"vendor's SDK {loop[1]} calls, {shown(loop[0])}" if loop else "",
                ratio=f"{loop[1] / calls:.0f}x fewer calls" if loop else "",
                goal=f"at most {goal} calls",
                met=calls <= goal,
            )


if __name__ == "__main__":
    show(measure())
