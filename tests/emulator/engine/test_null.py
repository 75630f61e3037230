"""Empty, NULL, and storage that differs from the type."""

from __future__ import annotations

import pytest

from .conftest import Server


@pytest.fixture
def three(empty: Server) -> Server:
    """Three contacts: filled, blank, and NULL wherever a column can be."""
    empty.contact(
        lastname="filled",
        department="IT",
        birthday="2000-01-02",
        cf_855="5",
        cf_857="5",
        cf_861="5",
        cf_873="1",
        cf_dt_con="2020-01-02 03:04:05",
        cf_881="12:00",
    )
    empty.contact(lastname="blank")
    null = empty.contact(lastname="null")["id"]
    empty.backdoor.set(
        null,
        dict.fromkeys(("department", "cf_855", "cf_857", "cf_861", "cf_873", "cf_ref1_con")),
    )
    return empty


def names(crm: Server, where: str) -> set[str]:
    rows = crm.query(f"select lastname from Contacts where {where};")
    assert isinstance(rows, list), rows
    return {row["lastname"] for row in rows}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("department = ' '", {"blank"}),
        ("department != ' '", {"filled"}),
        ("department != 'zzz'", {"filled", "blank"}),
        ("department < '!'", {"blank"}),
        ("department <= ' '", {"blank"}),
        ("department like '_%'", {"filled"}),
        ("department like '%'", {"filled", "blank"}),
        ("department = null", set()),
        ("department != null", set()),
        ("birthday = ' '", set()),
        ("birthday = '0000-00-00'", set()),
        ("birthday like '%'", {"filled"}),
        ("cf_855 = ' '", {"blank"}),
        ("cf_855 = 'abc'", {"blank"}),
        ("cf_855 = '0'", {"blank"}),
        ("cf_855 like '_%'", {"filled", "blank"}),
        ("cf_857 = ' '", {"blank"}),
        ("cf_861 = 'abc'", {"blank"}),
        ("cf_861 like '%'", {"filled", "blank"}),
        ("cf_873 = '1'", {"filled"}),
        ("cf_873 = '0'", {"blank"}),
        ("cf_873 != '1'", {"blank"}),
        ("cf_873 = 'on'", set()),
        ("cf_ref1_con = '14x0'", {"filled", "blank"}),
        ("cf_ref1_con like '14x%'", {"filled", "blank"}),
        ("cf_ref1_con > '14x0'", set()),
        ("cf_dt_con like '%'", {"filled"}),
        ("cf_881 like '12:%'", {"filled"}),
    ],
)
def test_where(three: Server, where: str, found: set[str]) -> None:
    assert names(three, where) == found


def test_null_and_blank_look_the_same(three: Server) -> None:
    rows = three.query("select lastname,department,birthday,cf_855,cf_873 from Contacts;")
    null = next(row for row in rows if row["lastname"] == "null")
    assert {null[name] for name in ("department", "birthday", "cf_855", "cf_873")} == {""}
    blank = next(row for row in rows if row["lastname"] == "blank")
    assert (blank["cf_855"], blank["cf_873"]) == ("0.000", "0")


@pytest.mark.parametrize("field", ["department", "cf_855", "cf_857", "cf_873"])
def test_null_sorts_first(three: Server, field: str) -> None:
    ascending = three.query(f"select lastname,{field} from Contacts order by {field},id;")
    assert [row["lastname"] for row in ascending] == ["null", "blank", "filled"]
    descending = three.query(f"select lastname,{field} from Contacts order by {field} desc;")
    assert [row["lastname"] for row in descending] == ["filled", "blank", "null"]


def test_integer_checkbox(empty: Server) -> None:
    """Seven checkboxes are numbers: there a blank literal means 0."""
    empty.create("Products", productname="off", discontinued="0")
    empty.create("Products", productname="on", discontinued="1")
    assert empty.count("Products", "discontinued = ' '") == 1
    assert empty.count("Products", "discontinued = ' ' and discontinued != '0'") == 0


def test_numbers_kept_as_text(empty: Server) -> None:
    """`duration_hours` of events is text: '10' comes before '9'."""
    for hours in (9, 10):
        empty.create(
            "Events",
            subject=str(hours),
            activitytype="Call",
            date_start="2024-01-01",
            time_start="10:00:00",
            due_date="2024-01-01",
            time_end=f"{10 + hours}:00:00",
            duration_hours="0",
            eventstatus="Held",
        )
    rows = empty.query("select subject,duration_hours from Events where duration_hours < '9';")
    assert [row["subject"] for row in rows] == ["10"]


def test_region_is_a_number(empty: Server) -> None:
    """A picklist by description, an integer in the database."""
    assert empty.count("Quotes", "region_id = 'abc'") == 0
    assert empty.count("Quotes", "region_id like '%'") == 0
