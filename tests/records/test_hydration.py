"""Pages of rows as records."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import building
from tests.support.hand_made import Contacts
from vtiger_orm.errors import NotLoaded, Unreadable
from vtiger_orm.models import Choices
from vtiger_orm.records import hydration
from vtiger_orm.records.handle import columns_of, load
from vtiger_orm.values import decode

MODULES = sorted(path.stem for path in Path(building.DESCRIBES).glob("*.json"))

ROW = {
    "id": "12x3",
    "account_id": "11x104",
    "amount": "1234.50",
    "anything": "0",
    "assigned_user_id": "19x1",
    "birthday": "2024-02-29",
    "createdtime": "2025-06-01 09:51:00",
    "description": "  a\r\n",
    "donotcall": "0",
    "firstname": "   ",
    "cf_877": "abc |##| added later",
    "lastname": "Smith",
    "leadsource": "Cold Call",
    "modifiedtime": "0000-00-00 00:00:00",
    "cf_857": "-7",
    "cf_881": "06:18",
}


def test_every_kind_is_read() -> None:
    (contact,) = load(Contacts, [ROW], None)
    assert vars(contact) == {
        "id": Contacts.ref("12x3"),
        "account_id": "11x104",
        "amount": Decimal("1234.50"),
        "anything": None,
        "assigned_user_id": "19x1",
        "birthday": date(2024, 2, 29),
        "createdtime": datetime(2025, 6, 1, 9, 51, tzinfo=UTC),
        "description": "  a\r\n",
        "donotcall": False,
        "firstname": None,
        "interests": Choices([Contacts.Interests.abc, Contacts.Interests("added later")]),
        "lastname": "Smith",
        "leadsource": Contacts.LeadSource.COLD_CALL,
        "modifiedtime": None,
        "points": -7,
        "wakes_at": time(6, 18),
    }
    assert list(vars(contact)) == [name for name in Contacts.meta.fields if name != "imagename"]
    assert contact.changes == contact.raw == contact.extra == {}
    assert contact.model_fields_set == set(vars(contact))


def test_the_rows_are_left_as_they_were() -> None:
    rows = [dict(ROW), {"id": "12x4", "birthday": "x", "user_hash": "y"}]
    before = json.dumps(rows)
    load(Contacts, rows, None)
    assert json.dumps(rows) == before


def test_an_empty_page_and_empty_rows() -> None:
    assert load(Contacts, [], None) == []
    (nothing,) = load(Contacts, [{}], None)
    assert vars(nothing) == {}
    assert nothing.model_fields_set == set()


def test_rows_with_different_keys_on_one_page_keep_their_order() -> None:
    rows = [
        {"id": "12x1", "lastname": "a"},
        {"id": "12x2", "lastname": "b", "imageattachmentids": "12x9"},
        {"id": "12x3", "lastname": "c", "imageattachmentids": "12x9"},
        {"id": "12x4", "firstname": "d"},
        {"id": "12x5", "lastname": "e"},
    ]
    records = load(Contacts, rows, None)
    assert [record.id for record in records] == [row["id"] for row in rows]
    assert [dict(record.extra) for record in records] == [
        {},
        {"imageattachmentids": "12x9"},
        {"imageattachmentids": "12x9"},
        {},
        {},
    ]
    assert [record.model_fields_set for record in records[:2]] == [{"id", "lastname"}] * 2
    assert records[3].model_fields_set == {"id", "firstname"}


def test_one_unreadable_value_costs_its_own_field_alone() -> None:
    rows = [
        {"id": "12x1", "lastname": "a", "birthday": "2024-01-01", "donotcall": "1"},
        {"id": "12x2", "lastname": "b", "birthday": "garbage", "donotcall": "maybe"},
        {"id": "12x3", "lastname": "c", "birthday": "", "donotcall": "0"},
        {"id": "12x4", "lastname": "d", "birthday": "2024-01-02", "donotcall": "0"},
    ]
    records = load(Contacts, rows, None)
    assert [record.lastname for record in records] == ["a", "b", "c", "d"]
    assert records[1].raw == {"birthday": "garbage", "donotcall": "maybe"}
    assert [dict(record.raw) for record in (records[0], *records[2:])] == [{}, {}, {}]
    good = [record.birthday for record in (records[0], *records[2:])]
    assert good == [date(2024, 1, 1), None, date(2024, 1, 2)]
    assert records[1].model_fields_set == {"id", "lastname"}
    assert records[0].model_fields_set == {"id", "lastname", "birthday", "donotcall"}
    with pytest.raises(Unreadable, match="'maybe'"):
        _ = records[1].donotcall


@pytest.mark.parametrize("name", ["accesskey", "user_password", "ACCESSKEY", "cf_password"])
def test_secrets_are_dropped_on_arrival(name: str) -> None:
    (contact,) = load(Contacts, [{"id": "12x1", name: "$2y$10$hash", "cf_9": "kept"}], None)
    assert dict(contact.extra) == {"cf_9": "kept"}
    assert "hash" not in repr(vars(contact)) + repr(contact.extra) + repr(contact.raw)


def test_json_numbers_and_null_are_read_where_the_crm_sends_them() -> None:
    row = {"id": "12x1", "donotcall": 0, "amount": 12.5, "cf_857": 3, "lastname": None}
    (contact,) = load(Contacts, [row], None)
    assert contact.donotcall is False
    assert contact.amount == Decimal("12.5")
    assert contact.points == 3
    assert contact.lastname is None


def test_values_of_the_wrong_json_type_are_unreadable_not_fatal() -> None:
    row: dict[str, Any] = {name: ["list"] for name in ROW}
    (contact,) = load(Contacts, [{**row, "id": "12x1"}], None)
    assert vars(contact) == {"id": "12x1"}
    assert contact.raw.keys() == Contacts.meta.fields.keys() - {"id", "imagename"}


def test_layouts_are_shared_and_bounded() -> None:
    (one,) = load(Contacts, [{"id": "12x1", "lastname": "x"}], None)
    (two,) = load(Contacts, [{"id": "12x2", "lastname": "y"}], None)
    assert one.__pydantic_fields_set__ is two.__pydantic_fields_set__
    for number in range(3 * hydration.MOST_LAYOUTS):
        load(Contacts, [{"id": "12x1", f"cf_{number}": ""}], None)
    assert len(Contacts.__mapper__.hydrator.layouts) <= hydration.MOST_LAYOUTS


WIRE = st.sampled_from(
    ["", " ", "0", "1", "abc", "12x3", "0000-00-00", "2024-02-29", "2024-02-29 10:00:00", "12.50"]
)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(ROW, WIRE)), max_size=5))
def test_a_page_says_what_decode_says_of_each_value(rows: list[dict[str, str]]) -> None:
    records = load(Contacts, rows, None)
    assert len(records) == len(rows)
    for row, record in zip(rows, records):
        for wire, text in row.items():
            meta = Contacts.meta.by_wire[wire]
            try:
                expected = decode(meta, text)
            except Unreadable:
                assert record.raw[meta.name] == text
            else:
                assert vars(record)[meta.name] == expected


ODD = st.one_of(WIRE, st.none(), st.booleans(), st.integers(0, 2), st.just(["list"]))
NAMES = [each.name for each in Contacts.meta.fields.values() if each.wire in ROW]


@given(
    st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(ROW, ODD)), max_size=4),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
)
def test_columns_hold_what_the_records_would(rows: list[dict[str, Any]], names: list[str]) -> None:
    """Or there are none, where a record has something to say."""
    records = load(Contacts, rows, None)
    columns = columns_of(Contacts, rows, tuple(names), None)
    try:
        expected = [[getattr(record, name) for record in records] for name in names]
    except (NotLoaded, Unreadable):
        assert columns is None
    else:
        assert columns == expected
        assert [list(map(type, each)) for each in columns] == [
            list(map(type, each)) for each in expected
        ]


@pytest.mark.parametrize("module", MODULES)
def test_a_model_of_every_recorded_module_reads_blanks(module: str) -> None:
    model = building.model(module)
    described = building.describe(module)
    row = {each["name"]: "" for each in described["fields"]}
    row["id"] = f"{described['idPrefix']}x1"
    (record,) = load(model, [row], None)
    assert record.id == row["id"]
    assert set(vars(record).values()) == {None, row["id"]}
    assert not record.extra
    assert record.model_dump(exclude={"id"}) == {
        name: None for name in model.meta.fields if name != "id"
    }
