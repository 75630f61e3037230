"""What only the Cloud adds to answers that stock servers give as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any, Final

from .found import FoundRows, Row
from .schema import Module
from .views import View

# The field that says a record is closed, and the values that do.
CLOSING: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "HelpDesk": ("ticketstatus", frozenset({"Closed"})),
    "Potentials": ("sales_stage", frozenset({"Closed Won", "Closed Lost"})),
    "Calendar": ("taskstatus", frozenset({"Completed"})),
    "Events": ("eventstatus", frozenset({"Held"})),
}
_CLOSED: Final = "isclosed"
_WITH_LENGTH: Final = frozenset({"string", "email", "phone", "url"})


def is_closed(module: Module, row: Mapping[str, Any]) -> bool:
    """Whether the record's status closes it."""
    field, values = CLOSING.get(module.name, ("", frozenset()))
    return row.get(field) in values


def extend_describe(view: View, answer: Row) -> Row:
    """Per field `quickcreate`, `summaryfield`, `headerfield`, `data` and the type's `length`;
    `inactivefields` for the module: what the snapshot of another kind of server lacks."""
    labels = frozenset(each.name for each in view.module.labels())
    fields = []
    for field in answer["fields"]:
        named = field["name"] in labels
        extended = {
            "default": "",
            "quickcreate": bool(field.get("mandatory")),
            "summaryfield": named or bool(field.get("mandatory")),
            "headerfield": named,
            "data": {},
            **field,
        }
        if field["type"]["name"] in _WITH_LENGTH and field["name"] in view.fields:
            length = view.fields[field["name"]].column.length
            extended["type"] = {"length": length, **field["type"]}
        fields.append(extended)
    return {"inactivefields": [], **answer, "fields": fields}


def extend_record(module: Module, row: Row, *, listed: bool) -> Row:
    """`isclosed`, and the record's web address where the answer is one record.

    `isclosed` is text in lists and a number elsewhere.
    """
    if not module.is_entity or "id" not in row:
        return row
    closed = int(is_closed(module, row))
    row[_CLOSED] = str(closed) if listed else closed
    if not listed:
        number = str(row["id"]).split("x")[-1]
        row["url"] = f"https://crm.test/view/detail?module={module.name}&id={number}"
    return row


def extend_page(module: Module, page: FoundRows) -> FoundRows:
    """The same for what a query found."""
    if not module.is_entity or "id" not in page.keys:
        return page
    field, values = CLOSING.get(module.name, ("", frozenset()))
    marks: Iterable[str] = repeat("0")
    if field in page.keys:
        marks = (str(int(each in values)) for each in page.column(field))
    cells = [(*row, mark) for row, mark in zip(page.cells, marks)]
    return FoundRows((*page.keys, _CLOSED), cells)
