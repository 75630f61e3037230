"""What a reading of NULL rows proves about a field, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.planned import careful, server
from vtiger_orm.calls.operations import Row
from vtiger_orm.calls.plans import Rows, RowStream
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.planner.null_rows import noted

BLANK: Row = {"id": "10x1", "name": ""}
FILLED: Row = {"id": "10x2", "name": "n"}


def stream(pages: Sequence[Sequence[Row]]) -> RowStream:
    for page in pages:
        yield Rows(page)


@pytest.mark.parametrize(
    ("first", "found", "proved"),
    [
        ([FILLED], [], True),
        ([], [], True),
        ([FILLED], [[BLANK]], None),
        ([FILLED, BLANK], [], None),
    ],
)
def test_a_field_has_no_null_only_where_no_row_is_blank(
    first: list[Row], found: list[list[Row]], proved: bool | None
) -> None:
    env = careful()
    what = compiled(Selection(server().metas["Things"]), env)
    assert list(noted(stream(found), what, "name", first)) == [Rows(page) for page in found]
    assert env.knowledge.null_free("Things", "name") is proved
