"""Rows fetched by their ids: columns that did not fit, rows of a sorted slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from .compiled import Compiled
from .paging import sent
from .parts import Branch, Listed, Said
from .streams import everything, pull


def rows_by_id(what: Compiled, ids: Sequence[str], columns: Iterable[str]) -> Plan[dict[str, Row]]:
    """The rows with these ids, whatever else is true of them, by id."""
    asked = replace(what.reading(columns), bounds=())
    branch: Branch = (Said("id", "=", ids[0]),) if len(ids) == 1 else (Listed("id", tuple(ids)),)
    rows = yield from everything(sent(asked, (branch,)))
    return {row["id"]: row for row in rows}


def widened(stream: RowStream, what: Compiled) -> RowStream:
    """The same rows with the columns that are read later."""
    while (page := (yield from pull(stream))) is not None:
        ids = [row["id"] for row in page]
        for columns in what.later:
            found = yield from rows_by_id(what, ids, columns)
            page = [{**row, **found.get(row["id"], {})} for row in page]
        yield Rows(page)
