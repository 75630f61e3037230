"""What is accepted, corrected, clipped or refused, and how it reads back."""

from __future__ import annotations

import json

import pytest

from .conftest import Server

ACCEPTED = [
    # field, sent, stored
    ("leadsource", "No Such Source", "No Such Source"),
    ("cf_877", ["1st", "abc"], "1st |##| abc"),
    ("cf_877", "1st,abc", "1st,abc"),
    ("donotcall", True, "1"),
    ("donotcall", "on", "1"),
    ("donotcall", "1", "1"),
    ("donotcall", 1, "1"),
    ("donotcall", "true", "0"),
    ("donotcall", "yes", "0"),
    ("donotcall", "2", "0"),
    ("donotcall", False, "0"),
    ("donotcall", "", "0"),
    ("birthday", "1999-12-31", "1999-12-31"),
    ("birthday", "31.12.1999", "1999-12-31"),
    ("birthday", "31-12-1999", "1999-12-31"),
    ("birthday", "1999/12/31", "1999-12-31"),
    ("birthday", "1999-02-31", "0000-00-00"),
    ("birthday", "garbage", ""),
    ("birthday", "1999-12-31 10:00:00", ""),
    ("birthday", "", ""),
    ("cf_dt_con", "2024-07-01T15:30:00Z", "2024-07-01 15:30:00"),
    ("cf_dt_con", "2024-07-01 15:30:00+05:30", "2024-07-01 15:30:00"),
    ("cf_dt_con", "2024-07-01", "2024-07-01 00:00:00"),
    ("cf_dt_con", "garbage", "0000-00-00 00:00:00"),
    ("cf_dt_con", "", ""),
    ("cf_881", "13:45", "13:45:00"),
    ("cf_881", "25:99", "00:00:00"),
    ("cf_881", "1:05 PM", "01:05:00"),
    ("cf_881", "", ""),
    ("cf_855", "12.3456789", "12.350"),
    ("cf_855", "1234.567", "1234.570"),
    ("cf_855", "12.345", "12.350"),
    ("cf_855", 12.5, "12.500"),
    ("cf_855", "", "0.000"),
    ("cf_859", "99999", "999.99"),
    ("cf_859", "12.5", "12.50"),
    ("cf_861", "1,234.56", "1.00"),
    ("cf_861", "abc", "0.00"),
    ("cf_861", "1234.5", "1234.50"),
    ("cf_857", "12.7", "13"),
    ("cf_857", "abc", "0"),
    ("cf_857", "99999999999", "2147483647"),
    ("cf_857", "-99999999999", "-2147483648"),
    ("cf_857", "", "0"),
    ("email", "not an address", "not an address"),
    ("cf_871", "not a url", "not a url"),
    ("firstname", "x" * 50, "x" * 40),
    ("phone", "1" * 60, "1" * 50),
    ("title", "é" * 60, "é" * 50),
    ("cf_853", "y" * 200, "y" * 100),
    ("cf_865", "z" * 60, "z" * 50),
    ("title", None, ""),
    ("title", "  both ends  ", "  both ends  "),
    ("description", "a\r\nb\n\tc", "a\r\nb\n\tc"),
    ("title", 5, "5"),
    ("title", "A & B <b>\"x\"</b> 'y' &amp; \\ é", "A & B <b>\"x\"</b> 'y' &amp; \\ é"),
    ("source", "IMPORT", "IMPORT"),
    ("contact_no", "CON-MINE", None),
    ("createdtime", "2000-01-01 00:00:00", "2026-11-22 01:29:16"),
    ("modifiedtime", "2000-01-01 00:00:00", "2026-11-22 01:29:16"),
]


@pytest.mark.parametrize(("field", "sent", "stored"), ACCEPTED)
def test_accepted_at_create(crm: Server, field: str, sent: object, stored: str | None) -> None:
    created = crm.contact(**{field: sent})
    if stored is None:
        assert created[field] != sent
        return
    assert created[field] == stored
    assert crm.call("retrieve", id=created["id"])[field] == stored
    (row,) = crm.query(f"select {field} from Contacts where id = '{created['id']}';")
    assert row[field] == stored


@pytest.mark.parametrize(
    ("element", "answer"),
    [
        ({"cf_855": "abc"}, "HTTP 500"),
        ({"cf_855": "1,234.5"}, "HTTP 500"),
        ({"lastname": ""}, "MANDATORY_FIELDS_MISSING lastname does not have a value"),
        ({"lastname": None}, "MANDATORY_FIELDS_MISSING lastname does not have a value"),
        (
            {"assigned_user_id": ""},
            "MANDATORY_FIELDS_MISSING assigned_user_id does not have a value",
        ),
        ({"account_id": "12x404"}, "REFERENCE_INVALID Invalid reference specified for account_id"),
        (
            {"account_id": "404"},
            "ACCESS_DENIED Permission to perform the operation is denied for id",
        ),
        (
            {"account_id": "99x4"},
            "ACCESS_DENIED Permission to perform the operation is denied for id",
        ),
    ],
)
def test_refused_at_create(crm: Server, element: dict[str, object], answer: str) -> None:
    before = crm.count("Contacts")
    values = {"lastname": "x", "assigned_user_id": "19x1", **element}
    assert crm.answer("create", elementType="Contacts", element=values) == answer
    assert crm.count("Contacts") == before


def test_list_for_a_text(crm: Server) -> None:
    answer = crm.answer(
        "create",
        elementType="Contacts",
        element={"lastname": ["a"], "assigned_user_id": "19x1"},
    )
    assert answer.startswith("text: Input array has 22 params, does not match query: ")


def test_single_blank_passes_as_mandatory(crm: Server) -> None:
    assert crm.contact(lastname=" ")["lastname"] == " "


def test_unknown_fields_are_ignored(crm: Server) -> None:
    assert "nosuch" not in crm.contact(nosuch="1", id="12x7")


def test_source_defaults_to_webservice(crm: Server) -> None:
    assert crm.contact()["source"] == "WEBSERVICE"


def test_bare_owner_is_a_user(crm: Server) -> None:
    assert crm.contact(assigned_user_id="1")["assigned_user_id"] == "19x1"


def test_reference_to_nothing_is_stored_and_reads_empty(crm: Server) -> None:
    record = crm.contact(account_id="11x99999999")
    assert record["account_id"] == ""
    assert crm.backdoor.get(record["id"], "account_id") == 99999999


def test_currency_of_another_user(crm: Server) -> None:
    """Converted to the user's currency, rounded, converted back (rate 0.91)."""
    euro = crm.as_user("euro")
    record = euro.create(
        "Potentials",
        potentialname="P",
        closingdate="2025-01-01",
        sales_stage="Prospecting",
        amount="1000.5",
    )
    assert record["amount"] == "1000.50549451"


def test_hidden_fields_are_stored_but_not_shown(crm: Server) -> None:
    record = crm.as_user("restricted").contact(mobile="123", email="x@example.com")
    assert "mobile" not in record
    assert record["email"] == "x@example.com"
    assert crm.call("retrieve", id=record["id"])["mobile"] == "123"
    crm.as_user("restricted").revise(record["id"], mobile="456", email="y@example.com")
    whole = crm.call("retrieve", id=record["id"])
    assert (whole["mobile"], whole["email"]) == ("123", "x@example.com")


@pytest.mark.parametrize(
    ("first", "last", "label"),
    [
        ("Html", "& <i> \"q\" 's'", "Html &amp; &lt;i&gt; &quot;q&quot; &#039;s&#039;"),
        ("", "Größe", "Gr&ouml;&szlig;e"),
        ("", "R &amp; D", "R &amp; D"),
        ("", "客户", "客户"),
    ],
)
def test_label_is_encoded(crm: Server, first: str, last: str, label: str) -> None:
    record = crm.contact(firstname=first, lastname=last)
    assert record["label"] == label
    whole = crm.call("retrieve", id=record["id"])
    assert (whole["label"], whole["lastname"]) == (label, last)


def test_leads_decode_the_answer_of_create(crm: Server) -> None:
    record = crm.create("Leads", lastname="amp&amp;entity")
    assert record["lastname"] == "amp&entity"
    assert crm.call("retrieve", id=record["id"])["lastname"] == "amp&amp;entity"


def test_everything_is_text(crm: Server) -> None:
    record = crm.contact()
    assert {type(value) for value in record.values()} == {str}
    product = crm.create("Products", productname="P", unit_price="948.25")
    assert (product["currency1"], product["currency2"]) == (948.25, 862.9075)
    assert product["currency_id"] == "21x1"
    row = crm.query(f"select * from Products where id = '{product['id']}';")[0]
    assert "currency1" not in row
    assert "tax1" not in row


def test_same_keys_everywhere(crm: Server) -> None:
    record = crm.contact()
    row = crm.query(f"select * from Contacts where id = '{record['id']}';")[0]
    assert len(row) == 70
    assert set(record) == set(row) | {"label"}


@pytest.mark.parametrize(
    "element",
    [
        '{"lastname": "\\u00e9\\u5ba2", "assigned_user_id": "19x1"}',
        '{"lastname": "é客", "assigned_user_id": "19x1"}',
    ],
)
def test_json_escapes(crm: Server, element: str) -> None:
    assert crm.call("create", elementType="Contacts", element=element)["lastname"] == "é客"


@pytest.mark.parametrize("element", ["{not json", "[1]", "", "5"])
def test_invalid_json_is_an_empty_element(crm: Server, element: str) -> None:
    assert crm.answer("create", elementType="Contacts", element=element).startswith(
        "MANDATORY_FIELDS_MISSING"
    )
    assert crm.answer("revise", element=element) == (
        "ACCESS_DENIED Permission to perform the operation is denied for id"
    )


def test_long_decimals_keep_their_digits(crm: Server) -> None:
    record = crm.create("Accounts", accountname="Rich", annual_revenue="12345678901234567.89")
    assert record["annual_revenue"] == "12345678901234567.89000000"
    assert json.dumps(record)
