"""One meaning of blank: what reads as None is found by ``=None`` and only by it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.planned import Server, careful, described, server
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Order, Selection
from vtiger_orm.planner import explain
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.values import decode

NUMBERS = [None, "-360.0000000", "-360", "-360.00", "-360.00000000", "-400.5", "0.000", "12.5"]
TIMES = [None, "0000-00-00", "0000-00-00 00:00:00", "2024-02-29 12:00:00"]


@pytest.fixture(scope="module")
def crm() -> Server:
    crm = server(
        described(
            "Places",
            "50",
            {"latitude": "double", "price": "currency", "moment": "datetime", "owner": "reference"},
        ),
        described("Owners", "41", {"title": "string"}),
        page_cap=10,
    )
    for number in range(1, 65):
        crm.insert(
            "Places",
            number,
            latitude=NUMBERS[number % len(NUMBERS)],
            price=[None, "-360.00000000", "1.00000000"][number % 3],
            moment=TIMES[number // 3 % len(TIMES)],
            owner=[None, 0, 907][number % 3],
        )
    crm.insert("Owners", 907, title="t")
    return crm


def ids(crm: Server, *args: Q, **lookups: Any) -> list[str]:
    meta = crm.metas["Places"]
    selection = Selection(meta, resolve(meta, args, lookups))
    found = crm.ids(selection, careful(page_size=10))
    assert crm.count(selection, careful(page_size=10)) == len(found)
    return found


@pytest.mark.parametrize("name", ["latitude", "price", "moment", "owner"])
def test_what_reads_as_none_is_found_by_none_and_only_by_it(crm: Server, name: str) -> None:
    field = crm.metas["Places"].fields[name]
    rows = crm.everything("Places")
    blank = [row["id"] for row in rows if decode(field, row[name]) is None]
    others = [row["id"] for row in rows if row["id"] not in blank]
    assert blank
    assert others
    assert ids(crm, **{name: None}) == ids(crm, **{f"{name}__isnull": True}) == blank
    assert ids(crm, ~Q(**{name: None})) == ids(crm, **{f"{name}__isnull": False}) == others
    assert ids(crm, ~Q(**{f"{name}__isnull": False})) == blank


@pytest.mark.parametrize(
    "lookups",
    [
        {"latitude": -360},
        {"latitude": Decimal("-360.0000000")},
        {"latitude__in": [-360, Decimal("12.5")]},
        {"latitude__lt": 0},
        {"latitude__lte": -360},
        {"latitude__gt": -1000},
        {"latitude__gte": -360},
        {"latitude__range": (-1000, 1000)},
        {"latitude__range": (-360, 0)},
        {"latitude__range": (0, 1000)},
    ],
    ids=repr,
)
def test_a_coordinate_that_is_not_set_satisfies_no_comparison(
    crm: Server, lookups: dict[str, Any]
) -> None:
    rows = crm.everything("Places")
    unset = {row["id"] for row in rows if row["latitude"] == "-360.0000000"}
    found = set(ids(crm, **lookups))
    assert not found & unset
    assert unset <= set(ids(crm, ~Q(**lookups)))
    assert found | set(ids(crm, ~Q(**lookups))) == {row["id"] for row in rows}
    written = {row["id"] for row in rows if row["latitude"] in ("-360", "-360.00", "-360.00000000")}
    if lookups != {"latitude__range": (0, 1000)}:
        assert written <= found


def test_only_comparisons_that_minus_360_satisfies_are_sent_in_alternatives(crm: Server) -> None:
    meta = crm.metas["Places"]

    def sent(**lookups: Any) -> int:
        return len(compiled(Selection(meta, resolve(meta, [], lookups)), careful()).branches)

    assert sent(latitude__gt=0) == sent(latitude=1) == sent(latitude__range=(0, 9)) == 1
    assert sent(latitude__lt=0) == sent(latitude__range=(-1000, 0)) == 9
    assert sent(price__lt=0) == 1
    reasons = explain(Selection(meta, resolve(meta, [], {"latitude__lt": 0})), careful()).reasons
    assert "-360.0000000 is a coordinate that is not set" in reasons[0]


def test_a_coordinate_that_is_not_set_sorts_as_its_number(crm: Server) -> None:
    meta = crm.metas["Places"]
    for down in (False, True):
        order = (Order(meta.fields["latitude"], down),)
        whole = crm.ids(Selection(meta, order=order), careful(page_size=10))
        assert len(whole) == len(set(whole)) == 64
        pieces: list[str] = []
        for start in range(0, 64, 20):
            part = Selection(meta, order=order, start=start, stop=start + 20)
            pieces += crm.ids(part, careful(page_size=10))
        assert pieces == whole
