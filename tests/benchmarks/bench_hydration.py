"""What records cost: a page of 100 contacts from the bytes of the answer, and one model class.

::

    python tests/benchmarks/bench_hydration.py

Ratios to `json.loads` of the same bytes, in the same run; the budget is 3. The rivals validate
the same page with pydantic alone: as text, and as the same Python types with the CRM's blanks
as None. Ends with 1 if a budget is exceeded.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from pydantic import BaseModel, BeforeValidator, TypeAdapter, create_model  # noqa: E402

from generated.demo import Contacts  # noqa: E402
from vtiger_orm.emulator import Crm  # noqa: E402
from vtiger_orm.metadata.kinds import Family  # noqa: E402

MOST = 3.0
MOST_CLASS_MS = 15.0

PYTHON: dict[Family, Any] = {
    Family.INTEGER: int,
    Family.DECIMAL: Decimal,
    Family.BOOLEAN: bool,
    Family.DATE: date,
    Family.DATETIME: datetime,
    Family.TIME: clock,
}


def page() -> list[dict[str, str]]:
    """A page of contacts as the embedded CRM answers it."""
    rows: list[dict[str, str]] = Crm().run("query", query="select * from Contacts limit 0,100;")
    return rows


def rival(typed: bool) -> TypeAdapter[list[BaseModel]]:
    """The same module as a plain pydantic model."""

    def blank(value: Any) -> Any:
        return None if value == "" else value

    def utc(value: Any) -> Any:
        return f"{value}Z" if value else None

    fields: dict[str, Any] = {}
    for meta in Contacts.meta.fields.values():
        kind = PYTHON.get(meta.family, str) if typed else str
        before = BeforeValidator(utc if kind is datetime else blank)
        wire = meta.wire
        fields[wire] = (Annotated[kind | None, before], None) if typed else (str, "")
    model: Any = create_model("Rival", **fields)
    return TypeAdapter(list[model])


def best(work: Callable[[], object], rounds: int = 60) -> float:
    """Seconds of the quickest of several runs."""
    taken = []
    for _ in range(rounds):
        gc.collect()
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def bytes_per_record(make: Callable[[], Sequence[object]]) -> int:
    make()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = make()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) // len(made)


def class_seconds() -> float:
    """Making the class of a module whose imports are there already."""
    import generated.demo.contacts as module

    source = Path(module.__file__).read_text("utf-8")
    code = compile(source, module.__file__, "exec")
    names = {"__name__": module.__name__, "__package__": module.__package__}
    return best(lambda: exec(code, dict(names)), rounds=10)


def main() -> int:
    rows = page()
    answer = json.dumps({"success": True, "result": rows}).encode()
    text, typed = rival(typed=False), rival(typed=True)
    filled = sum(value != "" for row in rows for value in row.values()) / len(rows)
    print(f"{len(rows)} contacts, {len(rows[0])} columns, {filled:.0f} filled, {len(answer)} bytes")

    floor = best(lambda: json.loads(answer))
    ways: dict[str, Callable[[], Sequence[object]]] = {
        "records": lambda: Contacts._load(json.loads(answer)["result"], None),
        "pydantic, all text": lambda: text.validate_python(json.loads(answer)["result"]),
        "pydantic, typed": lambda: typed.validate_python(json.loads(answer)["result"]),
    }
    print(f"{'json.loads':<22}{floor * 1e6:8.0f} us   1.00")
    ratios = {}
    for name, way in ways.items():
        taken = best(way)
        ratios[name] = taken / floor
        size = bytes_per_record(way)
        print(f"{name:<22}{taken * 1e6:8.0f} us {ratios[name]:6.2f}   {size} bytes a record")

    made = class_seconds() * 1e3
    print(f"{'class Contacts':<22}{made:8.1f} ms")
    contact = Contacts._load(rows[:1], None)[0]

    def assign() -> None:
        for number in range(1000):
            contact.department = str(number)

    print(f"{'one assignment':<22}{best(assign, rounds=5) * 1e3:8.1f} us")
    assert contact.createdtime is None or contact.createdtime.tzinfo is UTC
    return int(ratios["records"] > MOST or made > MOST_CLASS_MS)


if __name__ == "__main__":
    sys.exit(main())
