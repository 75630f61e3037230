"""The embedded CRM itself: requests a second through its door, and how long it takes to start."""

from __future__ import annotations

import json
import statistics
from typing import Final
from urllib.parse import urlencode

from tests.benchmarks.crm import contact, contacts
from tests.benchmarks.harness import Line, Lines, Work, computing, interpreter, show, shown
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.http import Request

QUERIES_GOAL: Final = 800
CREATES_GOAL: Final = 2000
START_GOAL: Final = 0.3
RECORDS: Final = 2000
BATCH: Final = 100

START: Final = """
import time
begin = time.process_time()
from vtiger_orm.emulator import Crm
Crm()
print(time.process_time() - begin)
"""


def asking(crm: Crm, statement: str) -> Work:
    """A query as an HTTP request, answered in this process."""
    session = crm.sessions.open("admin")
    asked = {"operation": "query", "sessionName": session, "query": statement}
    request = Request("GET", f"/webservice.php?{urlencode(asked)}")

    def work() -> None:
        response = crm.handle(request)
        assert response.body.startswith(b'{"success":true,'), response.body[:200]

    return work


def creating(crm: Crm) -> Work:
    session = crm.sessions.open("admin")
    element = json.dumps({**contact(0), "assigned_user_id": crm.user().wire_id})
    form = {"operation": "create", "sessionName": session, "elementType": "Contacts"}
    request = Request(
        "POST",
        "/webservice.php",
        (("Content-Type", "application/x-www-form-urlencoded"),),
        urlencode({**form, "element": element}).encode(),
    )

    def work() -> None:
        response = crm.handle(request)
        assert response.body.startswith(b'{"success":true,'), response.body[:200]

    return work


def rate(work: Work) -> float:
    """Times a second of processor time, as on a machine that does nothing else."""

    def batch() -> None:
        for _ in range(BATCH):
            work()

    (seconds,) = computing(batch, rounds=5)
    return BATCH / seconds


def measure() -> Lines:
    with Crm(data=None) as crm:
        contacts(crm, RECORDS)
        prefix = crm.engine.schema.modules["Contacts"].prefix
        queries = {
            "a page of contacts": "select * from Contacts limit 0,100;",
            "a page behind an id": f"select * from Contacts where id > '{prefix}x500' "
            "order by id limit 100;",
            "a page of a condition": "select * from Contacts where lastname like 'Last%' and "
            "leadsource = 'Web Site' order by id limit 100;",
        }
        for what, statement in queries.items():
            queried = rate(asking(crm, statement))
            yield Line(
                what=what,
                ours=f"{queried:.0f} a second",
                goal=f"at least {QUERIES_GOAL} a second",
                met=queried >= QUERIES_GOAL,
            )
        created = rate(creating(crm))
        yield Line(
            what="creating a contact",
            ours=f"{created:.0f} a second",
            goal=f"at least {CREATES_GOAL} a second",
            met=created >= CREATES_GOAL,
        )
    interpreter(START)  # writes byte code
    start = statistics.median(interpreter(START) for _ in range(7))
    yield Line(
        what="import and start with demo data",
        ours=shown(start),
        goal=f"under {shown(START_GOAL)}",
        met=start < START_GOAL,
    )


if __name__ == "__main__":
    show(measure())
