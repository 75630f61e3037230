"""One meaning of blank: what reads as None is found by ``=None`` and only by it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.planned import Server, careful, described, server
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Order, Selection
from vtiger_orm.errors import Unreadable
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta
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


ODD_VALUES: dict[str, list[Any]] = {
    "string": ["", " ", "   ", "\t", " a", "0", "0000-00-00", "-360.0000000", "null"],
    "text": ["", "  ", "\n", "\xa0", "\u3000"],
    "email": ["", " ", "a@b.example"],
    "picklist": ["", " ", "0", "a"],
    "multipicklist": ["", " ", "|##|", " |##| ", " |##|  |##| ", "a |##| ", " |##| a", "a"],
    "integer": [0, 1, -360],
    "double": ["0.000", "-360.0000000", "-360.000", "1.500"],
    "currency": ["0.00000000", "-360.0000000", "-360.00000000"],
    "boolean": ["", " ", "  ", "0", "1"],
    "date": ["0000-00-00", "0000-01-01", "0000-12-31", "0001-01-01", "2024-02-29"],
    "datetime": ["0000-00-00 00:00:00", "0000-05-01 12:00:00", "0001-01-01 00:00:00"],
    "time": ["00:00:00", "23:59:59"],
    "reference": [0, 907],
    "owner": [0, 1],
}
"""Raw values that columns of each kind may hold, beside NULL."""
COLUMNS = {
    "Things": {f"a_{kind}": kind for kind in ODD_VALUES},
    # Stored otherwise than described: texts, and a checkbox that is a number.
    "Events": {
        "activitytype": "string",
        "time_start": "time",
        "duration_hours": "integer",
        "date_start": "date",
    },
    "ProjectMilestone": {"projectmilestonedate": "date"},
    "Products": {"discontinued": "boolean"},
}
RAW: dict[str, list[Any]] = {
    "activitytype": ["", " ", "Call"],
    "time_start": ["", " ", "00:00:00", "12:30:00"],
    "duration_hours": ["", "  ", "0", "10"],
    "projectmilestonedate": ["", " ", "0000-00-00", "2024-02-29"],
    "discontinued": [0, 1],
}


@pytest.fixture(scope="module")
def odd() -> Server:
    crm = server(
        *(described(name, str(60 + i), kinds) for i, (name, kinds) in enumerate(COLUMNS.items())),
        described("Owners", "41", {"title": "string"}),
        page_cap=4,
    )
    crm.insert("Owners", 907, title="t")
    for module, kinds in COLUMNS.items():
        for number in range(1, 24):
            values = {}
            for name, kind in kinds.items():
                some: list[Any] = [None, *(RAW.get(name) or ODD_VALUES[kind])]
                values[name] = some[number % len(some)]
            crm.insert(module, 1000 * int(crm.metas[module].prefix) + number, **values)
    return crm


def reads_as_none(field: FieldMeta, row: dict[str, Any]) -> bool:
    try:
        return decode(field, row[field.wire]) is None
    except Unreadable:
        return False


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in COLUMNS.items() for name in names]
)
def test_what_reads_as_none_is_blank_for_every_kind_of_field(
    odd: Server, module: str, name: str, strict: bool
) -> None:
    meta = odd.metas[module]
    field = meta.fields[name]
    rows = odd.everything(module)
    blank = [row["id"] for row in rows if reads_as_none(field, row)]
    others = [row["id"] for row in rows if row["id"] not in blank]
    assert blank
    assert others
    env = careful(page_size=4, consistency="strict" if strict else "normal")

    def found(*args: Q, **lookups: Any) -> list[str]:
        selection = Selection(meta, resolve(meta, args, lookups))
        ids = odd.ids(selection, env)
        assert odd.count(selection, env) == len(ids)
        assert odd.exists(selection, env) == bool(ids)
        return ids

    assert found(**{name: None}) == found(**{name: " "}) == blank
    assert found(~Q(**{name: None})) == found(**{f"{name}__isnull": False}) == others
    assert found(~Q(**{f"{name}__isnull": False})) == blank
    if field.kind is not Kind.MULTIPICKLIST:
        assert found(**{f"{name}__in": [None, ""]}) == blank
    order = (Order(field, True), Order(meta.id))
    whole = odd.ids(Selection(meta, order=order), env)
    assert sorted(whole) == sorted(row["id"] for row in rows)


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
