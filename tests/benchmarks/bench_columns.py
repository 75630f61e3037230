"""Arrow tables of 100,000 contacts, from the bytes of answers of 100 rows and 70 columns.

The rivals get the same bytes: `json.loads` alone; the rows as the vendor's SDK answers them, given
to pandas; and our own records, given to pandas. On a page as it is, two thirds blank, and on one
with a value in every cell. The rivals hold all rows before there is a table, and so many objects
cost more each than few do: a thousand rows would tell another story.
"""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC
from typing import Any, Final

import pandas as pd

from generated.demo import Contacts
from tests.benchmarks.bench_hydration import read
from tests.benchmarks.harness import Line, Lines, computing, faster, show, shown, slower
from vtiger_orm.columns.arrow import Batches
from vtiger_orm.dialects.base import HttpResponse
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.records.handle import load

PAGES: Final = 1000
ROUNDS: Final = 3
TRACED: Final = 10
"""Pages of which the peak of Python's memory is told: tracing takes its time."""
FLOOR_GOAL: Final = 1.7
SDK_GOAL: Final = 2.0
RECORDS_GOAL: Final = 3.0

_VALUES: Final = {
    Family.INTEGER: "7",
    Family.DECIMAL: "12.50",
    Family.BOOLEAN: "1",
    Family.DATE: "2020-02-03",
    Family.DATETIME: "2020-02-03 10:11:12",
    Family.TIME: "10:11:12",
    Family.REFERENCE: "11x5",
}


def pages() -> dict[str, bytes]:
    """An answer as it is, and one without a blank."""
    with Crm() as crm:
        rows = crm.run("query", query="select * from Contacts limit 0,100;")
    full = [
        {wire: value or _filled(wire, number) for wire, value in row.items()}
        for number, row in enumerate(rows)
    ]
    return {
        name: json.dumps({"success": True, "result": found}).encode()
        for name, found in {"sparse": rows, "full": full}.items()
    }


def _filled(wire: str, number: int) -> str:
    field = Contacts.meta.by_wire.get(wire)
    return _VALUES.get(field.family if field else Family.TEXT, f"text {number}")


def measure() -> Lines:
    batches = Batches(Contacts.meta.columns, UTC)
    for name, page in pages().items():

        def ours(page: bytes = page, pages: int = PAGES) -> object:
            return batches.together(read(HttpResponse(200, body=page)) for _ in range(pages))

        def floor(page: bytes = page) -> object:
            return [json.loads(page) for _ in range(PAGES)]

        def sdk(page: bytes = page) -> object:
            rows: list[Any] = []
            for _ in range(PAGES):
                rows += json.loads(page)["result"]
            return pd.DataFrame(rows)

        def records(page: bytes = page) -> object:
            made: list[Any] = []
            for _ in range(PAGES):
                made += load(Contacts, read(HttpResponse(200, body=page)), None)
            return pd.DataFrame([each.model_dump() for each in made])

        mine, least, vendor, models = computing(ours, floor, sdk, records, rounds=ROUNDS)
        tracemalloc.start()
        ours(pages=TRACED)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        yield Line(
            what=f"{PAGES * 100} contacts to Arrow, {name} page",
            ours=f"{shown(mine)}, peak {peak:.1f} MB",
            rival=f"json.loads {shown(least)}",
            ratio=slower(mine, least),
            goal=f"at most {FLOOR_GOAL:g}x",
            met=mine <= FLOOR_GOAL * least,
        )
        for rival, theirs, goal in (
            ("the SDK's rows in pandas", vendor, SDK_GOAL),
            ("our records in pandas", models, RECORDS_GOAL),
        ):
            yield Line(
                what="",
                ours=shown(mine),
                rival=f"{rival} {shown(theirs)}",
                ratio=faster(mine, theirs),
                goal=f"at least {goal:g}x as fast",
                met=theirs >= goal * mine,
            )


if __name__ == "__main__":
    show(measure())
