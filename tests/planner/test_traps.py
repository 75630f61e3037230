"""Failures and traps of the query language, one test each, by their rule."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from tests.support.planned import Server, careful, described, server
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import TRUE, Order, Selection
from vtiger_orm.errors import InvalidLookup

SQL = careful(page_size=10)


@pytest.fixture
def crm() -> Server:
    crm = server(page_cap=10)
    for number in range(1, 61):
        crm.insert(
            "Things",
            number,
            name=[None, "", "a", "b\\", "50%", "5_%"][number % 6],
            whole=[0, 1, None, 12][number % 4],
            flag=["0", "1", "", None][number % 4],
            day=["2024-02-29", None, "0000-00-00"][number % 3],
            hour=["06:18:00", None, "00:00:00"][number % 3],
            parent=[0, 907, None][number % 3] if number > 10 else 999,
        )
    crm.insert("Owners", 907, title="x")
    return crm


def ids(crm: Server, *args: Q, **lookups: Any) -> list[int]:
    """Ids found, checked against evaluation of every row."""
    meta = crm.metas["Things"]
    node = resolve(meta, args, lookups)
    found = crm.ids(Selection(meta, node), SQL)
    assert found == [row["id"] for row in crm.everything("Things") if evaluate(node, row, SQL)]
    return [int(id.partition("x")[2]) for id in found]


def numbers(wanted: Any) -> list[int]:
    return [number for number in range(1, 61) if wanted(number)]


# -- what failed on the way


def test_12_1_values_are_normalised_to_wire_form(crm: Server) -> None:
    assert ids(crm, hour=time(6, 18)) == numbers(lambda n: n % 3 == 0)
    assert "'06:18:00'" in crm.log[0]


def test_12_2_an_empty_normal_form_sends_nothing(crm: Server) -> None:
    crm.log.clear()
    meta = crm.metas["Things"]
    nothing = Selection(meta, resolve(meta, [], {"name__in": []}))
    assert crm.rows(nothing, SQL) == []
    assert crm.count(nothing, SQL) == 0
    assert not crm.exists(nothing, SQL)
    assert crm.log == []


def test_12_3_blank_numbers_are_not_the_zeros(crm: Server) -> None:
    assert ids(crm, whole=None) == numbers(lambda n: n % 4 == 2)
    assert ids(crm, whole=0) == numbers(lambda n: n % 4 == 0)
    assert ids(crm, flag=None) == numbers(lambda n: n % 4 in (2, 3))


def test_12_3_blank_times_are_not_midnight(crm: Server) -> None:
    assert ids(crm, hour=None) == numbers(lambda n: n % 3 == 1)
    assert ids(crm, hour__lte=time(6)) == numbers(lambda n: n % 3 == 2)


def test_12_4_text_below_a_value_does_not_include_empty_text(crm: Server) -> None:
    assert ids(crm, name__lt="a") == numbers(lambda n: n % 6 in (4, 5))
    assert ids(crm, ~Q(name__lt="a")) == numbers(lambda n: n % 6 not in (4, 5))


def test_12_5_null_and_empty_are_both_found_once(crm: Server) -> None:
    assert ids(crm, name=None) == numbers(lambda n: n % 6 in (0, 1))


def test_zero_dates_read_as_blank_and_count_as_blank(crm: Server) -> None:
    """`1999-02-31` is stored as ``0000-00-00``, which reads as None."""
    from datetime import date

    assert ids(crm, day=None) == numbers(lambda n: n % 3 != 0)
    assert ids(crm, day__lt=date(2030, 1, 1)) == numbers(lambda n: n % 3 == 0)
    assert ids(crm, ~Q(day__gte=date(2020, 1, 1))) == numbers(lambda n: n % 3 != 0)


# -- traps, short


def test_13_3_order_fields_are_selected_and_id_is_last(crm: Server) -> None:
    meta = crm.metas["Things"]
    order = (Order(meta.fields["day"]), Order(meta.fields["name"]))
    crm.log.clear()
    crm.rows(Selection(meta, TRUE, order, columns=()), SQL)
    for text in crm.log:
        assert "count(*)" not in text or "order by" not in text
        if "order by" in text:
            selected = text.removeprefix("select ").partition(" from ")[0].split(",")
            ordered = text.partition(" order by ")[2].partition(" limit ")[0].split(",")
            assert selected[:3] == ["id", "day", "name"]
            assert set(ordered) <= set(selected)
            assert ordered[-1] == "id"
    assert any(" order by day,name,id limit" in text for text in crm.log)


def test_13_4_references_are_never_compared_with_a_pattern(crm: Server) -> None:
    crm.log.clear()
    ids(crm, ~Q(parent="41x907"))
    assert not any("parent like" in text for text in crm.log)
    assert any("parent >= '1x0'" in text for text in crm.log)


def test_13_6_every_negation_finds_null(crm: Server) -> None:
    assert len(ids(crm, ~Q(name="a"))) == 50
    assert len(ids(crm, ~Q(name__startswith="a"))) == 50
    assert len(ids(crm, ~Q(whole__lt=5))) == 30
    assert len(ids(crm, ~Q(whole__in=[1, 12]))) == 30


def test_13_7_lists_are_quoted_and_without_repetition(crm: Server) -> None:
    ids(crm, whole__in=[0, 1, 1, 0])
    assert "whole in ('0','1')" in crm.log[0]


@pytest.mark.parametrize(
    "id", ["40x0 or 1", "40x1)", "40x", "x1", "40x1'", "40x1\n", "４０x1", "40x1;", "", "40x-1"]
)
def test_13_11_only_ids_are_pasted_as_ids(id: str) -> None:
    """The server puts them into its SQL without quotes."""
    meta = server().metas["Things"]
    for keywords in ({"id__in": [id, "40x1"]}, {"parent": id}):
        try:
            text = str(resolve(meta, [], keywords))
        except InvalidLookup:
            continue
        assert id == ""
        assert text in ("id = '40x1'", "parent is blank", "nothing or id = '40x1'")


def test_13_12_a_reference_to_a_vanished_record_reads_blank_but_matches(crm: Server) -> None:
    """The stored number counts: the server's verdict is taken where it decides."""
    meta = crm.metas["Things"]
    found = crm.ids(Selection(meta, resolve(meta, [], {"parent": "41x999"})), SQL)
    assert found == [f"40x{number}" for number in range(1, 11)]
    rows = crm.rows(Selection(meta, resolve(meta, [], {"parent": "41x999"})), SQL)
    assert {row["parent"] for row in rows} == {""}


def test_descending_by_a_reference_with_vanished_targets_loses_nothing(crm: Server) -> None:
    meta = crm.metas["Things"]
    for order in ((Order(meta.fields["parent"], True),), (Order(meta.fields["parent"]),)):
        found = crm.ids(Selection(meta, TRUE, order), SQL)
        assert sorted(found) == sorted(f"40x{number}" for number in range(1, 61))


def test_like_wildcards_in_values_are_literal(crm: Server) -> None:
    assert ids(crm, name__contains="%") == numbers(lambda n: n % 6 in (4, 5))
    assert ids(crm, name__contains="_") == numbers(lambda n: n % 6 == 5)
    assert ids(crm, name__endswith="\\") == numbers(lambda n: n % 6 == 3)
    assert ids(crm, name__like="5_\\%") == numbers(lambda n: n % 6 in (4, 5))
    assert ids(crm, name__like="%") == numbers(lambda n: n % 6 not in (0, 1))


def test_events_durations_are_compared_as_numbers() -> None:
    """The column is text."""
    crm = server(
        described("Events", "18", {"duration_hours": "integer", "activitytype": "picklist"}),
        page_cap=10,
    )
    values = ["9", "10", "1", "", None, "100"]
    for number in range(1, 31):
        crm.insert("Events", number, duration_hours=values[number % 6], activitytype="Call")
    meta = crm.metas["Events"]

    def hours(*args: Q, order: str = "", **lookups: Any) -> list[str]:
        wanted = (Order(meta.fields["duration_hours"], order == "-"),) if order else ()
        rows = crm.rows(Selection(meta, resolve(meta, args, lookups), wanted), SQL)
        return [row["duration_hours"] for row in rows]

    assert sorted(hours(duration_hours__gte=10)) == sorted(["10", "100"] * 5)
    assert len(hours(~Q(duration_hours__gte=10))) == 20
    assert len(hours(duration_hours=None)) == 10
    in_order = ["1", "9", "10", "100"]
    assert hours(order="+") == [""] * 10 + [each for each in in_order for _ in range(5)]
    assert hours(order="-") == [each for each in in_order[::-1] for _ in range(5)] + [""] * 10
