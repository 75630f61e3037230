"""Reading the rows of a selection."""

from __future__ import annotations

from typing import Any

from ...operations.calls import Query, Row, Rows, RowStream
from ..environment import Environment
from ..evaluate import predicate
from ..selection import Selection


def plan_rows(selection: Selection, env: Environment) -> RowStream:
    """Exactly the rows that satisfy the selection, page by page."""
    accept = predicate(selection.where, env)
    columns = ",".join(field.wire for field in selection.module.columns)
    last, seen = f"{selection.module.prefix}x0", 0
    while True:
        text = (
            f"select {columns} from {selection.module.name} where id > '{last}' "
            f"order by id limit {env.page_size};"
        )
        page: list[Row] = yield Query(text, selection.module.name)
        good: list[Any] = [row for row in page if accept(row)]
        stop = None if selection.stop is None else max(selection.stop - seen, 0)
        yield Rows(good[max(selection.start - seen, 0) : stop])
        seen += len(good)
        if len(page) < env.page_size or (selection.stop is not None and seen >= selection.stop):
            return
        last = page[-1]["id"]
