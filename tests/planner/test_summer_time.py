"""Records of another queryset whose moments lie in an hour that the CRM's wall shows twice."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.planned import Server, careful, described, server
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.planner import plan_checked_rows
from vtiger_orm.values.zones import to_wall

BERLIN = ZoneInfo("Europe/Berlin")
TURN = datetime(2026, 10, 25, 1, tzinfo=UTC)
MOMENTS = [TURN + timedelta(minutes=each) for each in (-90, -60, -30, 0, 30, 60)]


class Queryset:
    def __init__(self, selection: Selection) -> None:
        self.selection = selection


@pytest.fixture(scope="module", params=[5, 100])
def crm(request: pytest.FixtureRequest) -> Server:
    """Accounts made around the turn, more than a page of them, and a contact of each."""
    crm = server(
        described("Accounts", "11", {"at": "datetime"}),
        described("Contacts", "12", {"account": "reference"}, targets={"account": ["Accounts"]}),
        page_cap=request.param,
    )
    for number, moment in enumerate(MOMENTS * 2, 1):
        at = to_wall(moment.strftime("%Y-%m-%d %H:%M:%S"), BERLIN)
        crm.insert("Accounts", number, at=at)
        crm.insert("Contacts", 100 + number, account=number)
    return crm


def contacts(crm: Server, wanted: bool, **lookups: Any) -> Selection:
    inner = crm.metas["Accounts"]
    asked = Queryset(Selection(inner, resolve(inner, [], lookups)))
    meta, q = crm.metas["Contacts"], Q(account__in=asked)
    return Selection(meta, resolve(meta, [q if wanted else ~q], {}), columns=())


CONDITIONS: dict[str, Any] = {
    "": lambda at: lambda each: each == at,
    "__lt": lambda at: lambda each: each < at,
    "__gte": lambda at: lambda each: each >= at,
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("lookup", CONDITIONS)
@pytest.mark.parametrize("wanted", [True, False])
def test_no_row_is_lost_and_none_is_written_to_by_chance(
    crm: Server, wanted: bool, lookup: str, moment: datetime
) -> None:
    env = careful(zone=BERLIN, page_size=5)
    selection = contacts(crm, wanted, **{f"at{lookup}": moment})
    holds = CONDITIONS[lookup](moment)
    truth = {f"12x{101 + index}" for index, each in enumerate(MOMENTS * 2) if holds(each) is wanted}
    found = crm.ids(selection, env)
    assert truth <= {*found}
    assert crm.count(selection, env) == len(found) == len({*found})
    checked: set[str] = set()
    with suppress(UnsupportedQuery):
        rows = crm.pages(plan_checked_rows(selection, env))
        checked.update(row["id"] for page in rows for row in page)
    assert checked in (truth, set())


def test_why_it_is_refused(crm: Server) -> None:
    selection = contacts(crm, True, at__lt=TURN)
    with pytest.raises(UnsupportedQuery, match="shows twice because summer time ends"):
        list(crm.pages(plan_checked_rows(selection, careful(zone=BERLIN, page_size=5))))


def test_other_hours_are_not_refused(crm: Server) -> None:
    env = careful(zone=BERLIN, page_size=5)
    for wanted in (True, False):
        selection = contacts(crm, wanted, at__lt=MOMENTS[1])
        rows = [row for page in crm.pages(plan_checked_rows(selection, env)) for row in page]
        assert len(rows) == (2 if wanted else 10)
