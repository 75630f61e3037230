"""Making records of a page of 100 contacts with 70 columns, from the bytes of the answer.

The rivals get the same bytes: `json.loads` alone, and plain pydantic models of the same module,
as text and as the same Python types with the CRM's blanks as None. A page as it mostly is, two
columns in three blank, and one without any blank; and rows of `values_list`.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, TypeAdapter, create_model

from generated.demo import Contacts
from tests.benchmarks.harness import Line, Lines, computing, show, shown, slower
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Query
from vtiger_orm.dialects.base import HttpResponse
from vtiger_orm.dialects.webservice import Webservice
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.metadata.module import FieldMeta
from vtiger_orm.models.query_state import list_projection
from vtiger_orm.records.handle import columns_of, load

SPARSE_GOAL: Final = 1.6
FULL_GOAL: Final = 2.5
LIST_GOAL: Final = 1.2
ROUNDS: Final = 100
LISTED: Final = ("lastname", "email", "mailingcity")
_LISTED: Final = f"id, {', '.join(LISTED)}"

PYTHON: Final[dict[Family, Any]] = {
    Family.INTEGER: int,
    Family.DECIMAL: Decimal,
    Family.BOOLEAN: bool,
    Family.DATE: date,
    Family.DATETIME: datetime,
    Family.TIME: clock,
}


def rows(columns: str = "*") -> list[dict[str, str]]:
    """A page of contacts as the embedded CRM answers it."""
    with Crm() as crm:
        found: list[dict[str, str]] = crm.run(
            "query", query=f"select {columns} from Contacts limit 0,100;"
        )
        return found


def filled(row: dict[str, str], number: int) -> dict[str, str]:
    """The row without blanks."""
    return {
        wire: text or _value(Contacts.meta.by_wire.get(wire), number) for wire, text in row.items()
    }


def _value(field: FieldMeta | None, number: int) -> str:
    if field is None:
        return "text"
    if field.choices:
        return field.choices[number % len(field.choices)][0]
    day = f"2024-02-{number % 28 + 1:02}"
    return {
        Family.INTEGER: str(number),
        Family.DECIMAL: f"{number}.50000000",
        Family.BOOLEAN: "1",
        Family.DATE: day,
        Family.DATETIME: f"{day} 10:11:12",
        Family.TIME: "10:11:00",
        Family.REFERENCE: f"11x{number % 20 + 1}",
    }.get(field.family, f"text {number}")


def answer(result: Sequence[dict[str, str]]) -> HttpResponse:
    return HttpResponse(200, body=json.dumps({"success": True, "result": result}).encode())


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
    sparse = rows()
    full = [filled(row, number) for number, row in enumerate(sparse)]
    yield from page(answer(sparse), "100 contacts of 70 columns, most blank", SPARSE_GOAL)
    yield from page(answer(full), "without a blank", FULL_GOAL)
    yield listed(answer(rows(_LISTED)))
    contact = load(Contacts, sparse[:1], None)[0]

    def assign() -> None:
        for number in range(1000):
            contact.department = str(number)

    (each,) = computing(assign, rounds=5)
    yield Line(what="one assignment", ours=shown(each / 1000))


_DIALECT: Final = Webservice("https://crm.example.com")


def read(response: HttpResponse, columns: str = "*") -> Any:
    """The rows, as the dialects read them."""
    return _DIALECT.result(Query(f"select {columns} from Contacts limit 0,100;"), response)


def page(response: HttpResponse, what: str, goal: float) -> Lines:
    text, typed = plain(typed=False), plain(typed=True)

    def records() -> Sequence[object]:
        return load(Contacts, read(response), None)

    def plain_text() -> Sequence[object]:
        return text.validate_python(json.loads(response.body)["result"])

    def plain_typed() -> Sequence[object]:
        return typed.validate_python(json.loads(response.body)["result"])

    floor, ours, as_text, as_typed = computing(
        lambda: json.loads(response.body), records, plain_text, plain_typed, rounds=ROUNDS
    )
    yield Line(
        what=what,
        ours=shown(ours),
        rival=f"json.loads {shown(floor)}",
        ratio=slower(ours, floor),
        goal=f"at most {goal:g}x",
        met=ours <= goal * floor,
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


def listed(response: HttpResponse) -> Line:
    """A page of `values_list`."""
    projection = list_projection(LISTED, flat=False, named=False)

    def tuples() -> object:
        columns = partial(columns_of, Contacts, read(response, _LISTED), runner=None)
        return projection.rows_of(Contacts.meta, lambda names: columns(names=names), Environment())

    floor, ours = computing(lambda: json.loads(response.body), tuples, rounds=ROUNDS)
    return Line(
        what=f"values_list of {len(LISTED)} fields",
        ours=shown(ours),
        rival=f"json.loads {shown(floor)}",
        ratio=slower(ours, floor),
        goal=f"at most {LIST_GOAL:g}x",
        met=ours <= LIST_GOAL * floor,
    )


if __name__ == "__main__":
    show(measure())
