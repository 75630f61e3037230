"""Making records of a page of 100 contacts with 70 columns, from the bytes of the answer.

The rivals get the same bytes: `json.loads` alone, and plain pydantic models of the same module,
as text and as the same Python types with the CRM's blanks as None.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, TypeAdapter, create_model

from generated.demo import Contacts
from tests.benchmarks.harness import Line, Lines, computing, show, shown, slower
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.records.handle import load

GOAL: Final = 3.0
PRIZE: Final = 2.0
ROUNDS: Final = 100

PYTHON: Final[dict[Family, Any]] = {
    Family.INTEGER: int,
    Family.DECIMAL: Decimal,
    Family.BOOLEAN: bool,
    Family.DATE: date,
    Family.DATETIME: datetime,
    Family.TIME: clock,
}


def answer() -> bytes:
    """A page of contacts as the embedded CRM answers it."""
    with Crm() as crm:
        rows = crm.run("query", query="select * from Contacts limit 0,100;")
    return json.dumps({"success": True, "result": rows}).encode()


def plain(typed: bool) -> TypeAdapter[list[BaseModel]]:
    """The same module as a plain pydantic model."""

    def blank(value: Any) -> Any:
        return None if value == "" else value

    def utc(value: Any) -> Any:
        return f"{value}Z" if value else None

    fields: dict[str, Any] = {}
    for meta in Contacts.meta.fields.values():
        kind = PYTHON.get(meta.family, str)
        before = BeforeValidator(utc if kind is datetime else blank)
        fields[meta.wire] = (Annotated[kind | None, before], None) if typed else (str, "")
    model: Any = create_model("Plain", **fields)
    return TypeAdapter(list[model])


def bytes_each(make: Callable[[], Sequence[object]]) -> int:
    """Memory of one record, once it is made."""
    make()
    gc.collect()
    tracemalloc.start()
    made = make()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size // len(made)


def measure() -> Lines:
    page = answer()
    text, typed = plain(typed=False), plain(typed=True)

    def records() -> Sequence[object]:
        return load(Contacts, json.loads(page)["result"], None)

    def plain_text() -> Sequence[object]:
        return text.validate_python(json.loads(page)["result"])

    def plain_typed() -> Sequence[object]:
        return typed.validate_python(json.loads(page)["result"])

    floor, ours, as_text, as_typed = computing(
        lambda: json.loads(page), records, plain_text, plain_typed, rounds=ROUNDS
    )
    yield Line(
        what="100 contacts of 70 columns",
        ours=shown(ours),
        rival=f"json.loads {shown(floor)}",
        ratio=slower(ours, floor),
        goal=f"at most {GOAL:g}x, prize {PRIZE:g}x",
        met=ours <= GOAL * floor,
        remark="prize won" if ours <= PRIZE * floor else "",
    )
    for name, theirs, work in (
        ("pydantic, the same types", as_typed, plain_typed),
        ("pydantic, all text", as_text, plain_text),
    ):
        yield Line(
            what="",
            ours=f"{shown(ours)}, {bytes_each(records)} B each",
            rival=f"{name} {shown(theirs)}, {bytes_each(work)} B each",
            ratio=slower(ours, theirs),
        )
    contact = load(Contacts, json.loads(page)["result"][:1], None)[0]

    def assign() -> None:
        for number in range(1000):
            contact.department = str(number)

    (each,) = computing(assign, rounds=5)
    yield Line(what="one assignment", ours=shown(each / 1000))


if __name__ == "__main__":
    show(measure())
