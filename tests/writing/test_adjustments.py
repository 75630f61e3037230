"""What the CRM made of a value: told where it is another, never where it is spelled otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Contacts, Invoice
from vtiger_orm import Unreadable
from vtiger_orm._writes import Adjustment, Reason
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.metadata.module import ModuleMeta
from vtiger_orm.values import decode
from vtiger_orm.writing.adjustments import compare, differs, of_sent, of_unsent

PERSON, BILL = Contacts.meta, Invoice.meta

SAME = [
    (PERSON, "lastname", "a", "a"),
    (PERSON, "lastname", "", None),
    (PERSON, "class_", "7", "007"),
    (PERSON, "class_", "7", 7),
    (PERSON, "decimal_grosse_m2", "7.5", "7.500"),
    (PERSON, "donotcall", "0", ""),
    (PERSON, "donotcall", "1", True),
    (PERSON, "donotcall", "0", False),
    (PERSON, "birthday", "", "0000-00-00"),
    (PERSON, "account_id", "11x4", "4x4"),
    (PERSON, "account_id", "", "0"),
    (PERSON, "multi_select", "a |##| b", "b |##| a"),
]
"""Module, field, what was sent, what is stored: one value, if written otherwise."""

OTHER = [
    (PERSON, "lastname", "abc", "ab", Reason.CUT),
    (PERSON, "lastname", "abc", "abcd", Reason.CHANGED),
    (PERSON, "lastname", "abc", "bc", Reason.CHANGED),
    (PERSON, "lastname", "abc", "", Reason.EMPTIED),
    (PERSON, "lastname", "", "abc", Reason.CHANGED),
    (PERSON, "lastname", "a\U0001f600", "a????", Reason.CHARACTERS),
    (PERSON, "lastname", "a\U0001f600", "a", Reason.CUT),
    (PERSON, "lastname", "a\uffff", "a????", Reason.CHANGED),
    (PERSON, "lastname", "a\U00010000", "a????", Reason.CHARACTERS),
    (PERSON, "class_", "7", "", Reason.EMPTIED),
    (PERSON, "class_", "", "0", Reason.ZEROED),
    (PERSON, "class_", "", "3", Reason.CHANGED),
    (PERSON, "class_", "3000000000", "2147483647", Reason.CLIPPED),
    (PERSON, "class_", "-3000000000", "-2147483648", Reason.CLIPPED),
    (PERSON, "class_", "3", "300", Reason.CHANGED),
    (PERSON, "class_", "3", "-3", Reason.CHANGED),
    (PERSON, "decimal_grosse_m2", "", "0.000", Reason.ZEROED),
    (PERSON, "decimal_grosse_m2", "1.2345", "1.23", Reason.ROUNDED),
    (PERSON, "decimal_grosse_m2", "1.5", "2", Reason.ROUNDED),
    (PERSON, "decimal_grosse_m2", "1.5", "1", Reason.ROUNDED),
    (PERSON, "decimal_grosse_m2", "2.6", "2", Reason.CLIPPED),
    (PERSON, "decimal_grosse_m2", "2.6", "0", Reason.CLIPPED),
    (PERSON, "preis_in_eur", "2", "3", Reason.CHANGED),
    (PERSON, "donotcall", "1", "0", Reason.CHANGED),
    (PERSON, "donotcall", "1", "", Reason.EMPTIED),
    (PERSON, "donotcall", "", "0", Reason.ZEROED),
    (PERSON, "donotcall", "", "1", Reason.CHANGED),
    (PERSON, "birthday", "2024-02-01", "2024-01-02", Reason.CHANGED),
    (PERSON, "birthday", "2024-02-01", "", Reason.EMPTIED),
    (PERSON, "birthday", "2024-02-01", "01.02.2024", Reason.CHANGED),
    (PERSON, "account_id", "11x4", "11x5", Reason.CHANGED),
    (PERSON, "account_id", "11x4", "", Reason.EMPTIED),
    (PERSON, "account_id", "11x4", "4", Reason.CHANGED),
    (PERSON, "assigned_user_id", "19x9", "9", Reason.NOBODY),
    (PERSON, "assigned_user_id", "19x9", "nobody", Reason.CHANGED),
    (PERSON, "leadsource", "a", "b", Reason.CHANGED),
    (PERSON, "multi_select", "a |##| b", "a", Reason.CUT),
]

UNKNOWN: list[tuple[str, Any, Reason | None]] = [
    ("a", "a", None),
    ("0", "", None),
    ("", "0000-00-00", None),
    ("", None, None),
    ("1", True, None),
    ("1.0", "1", None),
    ("", "0.00", None),
    ("1.5", "1.25", Reason.ROUNDED),
    ("7", "1", Reason.CLIPPED),
    ("abc", "ab", Reason.CUT),
    ("abc", "", Reason.EMPTIED),
    ("abc", "7", Reason.CHANGED),
    ("", "abc", Reason.CHANGED),
    ("", "7", Reason.CHANGED),
    ("", "1e999999999", Reason.CHANGED),
    ("-9E+999999", "9E+999999", Reason.CHANGED),
    ("1", "NaN", Reason.CHANGED),
]
"""The same of a field that the package does not know."""


def told(meta: ModuleMeta, name: str, sent: Any, stored: Any) -> list[tuple[str, Any, Any, Any]]:
    found = compare(meta, {name: sent}, {"id": "1x1", name: stored})
    return [(each.field, each.sent, each.stored, each.why) for each in found]


@pytest.mark.parametrize(("meta", "name", "sent", "stored"), SAME)
def test_one_value_is_no_difference(meta: ModuleMeta, name: str, sent: str, stored: Any) -> None:
    assert told(meta, meta.fields[name].wire, sent, stored) == []


@pytest.mark.parametrize(("meta", "name", "sent", "stored", "why"), OTHER)
def test_another_value_is_told_with_its_likely_reason(
    meta: ModuleMeta, name: str, sent: str, stored: str, why: Reason
) -> None:
    each = meta.fields[name]
    assert told(meta, each.wire, sent, stored) == [(name, sent, stored, why)]
    assert differs(each, sent, stored)


@pytest.mark.parametrize(("sent", "stored", "why"), UNKNOWN)
def test_of_an_unknown_field_the_text_tells(sent: str, stored: Any, why: Reason | None) -> None:
    """Under its name on the wire, since there is no other."""
    text = "1" if stored is True else stored or ""
    expected = [] if why is None else [("cf_new", sent, text, why)]
    assert told(PERSON, "cf_new", sent, stored) == expected


WIRE = st.one_of(
    st.sampled_from(
        [text for _, _, *values in SAME + [row[:4] for row in OTHER] for text in values]
    )
    .filter(lambda each: isinstance(each, str))
    .map(str),
    st.text(max_size=5),
    st.decimals(-(10**6), 10**6, places=3).map(str),
)


@given(each=st.sampled_from(sorted(PERSON.fields.values(), key=str)), one=WIRE, other=WIRE)
def test_law_equal_values_never_differ_and_others_always_do(
    each: Any, one: str, other: str
) -> None:
    """Whatever the field: by its own reading of both texts, in either direction."""
    assert not differs(each, one, one)
    try:
        wanted, got = decode(each, one), decode(each, other)
    except Unreadable:
        assert differs(each, one, other) is (one != other)
        return
    number = one.rpartition("x")[2] == other.rpartition("x")[2]
    if wanted == got or (each.family is Family.REFERENCE and number and wanted and got):
        assert not differs(each, one, other)
    elif not (each.family is Family.BOOLEAN and got is None and wanted is False):
        assert differs(each, one, other)


def test_what_the_answer_does_not_have_is_not_known() -> None:
    wire = PERSON.fields["class_"].wire
    sent = {wire: 7, "cf_new": "x", "lastname": "a"}
    assert compare(PERSON, sent, {"id": "12x1", "lastname": "a"}) == (
        Adjustment("class_", "7", None, Reason.ABSENT),
        Adjustment("cf_new", "x", None, Reason.ABSENT),
    )


def test_an_id_alone_tells_nothing_unless_it_is_taken_as_it_is() -> None:
    alone, sent = {"id": "12x1"}, {"lastname": "a"}
    assert compare(PERSON, sent, alone) == ()
    assert list(of_sent(PERSON, sent, alone)) == [Adjustment("lastname", "a", None, Reason.ABSENT)]


# Fields that were not sent


def unasked(known: Mapping[str, object], answer: dict[str, Any], *computed: str) -> Any:
    meta = BILL if "balance" in known else PERSON
    return [
        (each.field, each.sent, each.stored, str(each.why))
        for each in of_unsent(meta, known, answer, computed)
    ]


def test_what_was_not_sent_is_compared_with_what_was_read_before() -> None:
    assert unasked({"lastname": "a", "class_": 7}, {"lastname": "b", "cf_857": "7"}) == [
        ("lastname", "a", "b", "unasked")
    ]
    assert unasked({"lastname": "a"}, {"lastname": None}) == [("lastname", "a", "", "unasked")]
    assert unasked({"birthday": date(2024, 1, 2)}, {"birthday": "2024-01-03"}) == [
        ("birthday", "2024-01-02", "2024-01-03", "unasked")
    ]


def test_what_cannot_be_read_or_sent_is_a_difference_all_the_same() -> None:
    assert unasked({"class_": 7}, {"cf_857": "seven"}) == [("class_", "7", "seven", "unasked")]
    assert unasked({"class_": "x"}, {"cf_857": "7"}) == [("class_", "x", "7", "unasked")]


def test_a_field_that_follows_from_what_was_sent_is_computed() -> None:
    known, answer = {"balance": Decimal(1)}, {"balance": "2.00"}
    assert unasked(known, answer, "balance") == [("balance", "1", "2.00", "computed")]
    assert unasked(known, answer) == [("balance", "1", "2.00", "unasked")]
    assert unasked(known, {"balance": "1.00"}, "balance") == []


def test_what_the_crm_keeps_by_itself_and_what_it_does_not_tell_is_left_out() -> None:
    """Not the rest of the record with it."""
    known = {"contact_no": "CON1", "firstname": "a", "lastname": "a"}
    later = {"contact_no": "CON2", "lastname": "b"}
    assert unasked(known, later) == [("lastname", "a", "b", "unasked")]
    assert ("contact_no", "CON1", "CON2", "computed") in unasked(known, later, "contact_no")


@pytest.mark.parametrize(("before", "now"), [(False, ""), (None, "0"), (None, ""), (False, "0")])
def test_a_checkbox_that_holds_nothing_is_not_ticked(before: bool | None, now: str) -> None:
    assert unasked({"donotcall": before}, {"donotcall": now}) == []


def test_only_a_checkbox_may_hold_nothing_for_no() -> None:
    assert unasked({"donotcall": None}, {"donotcall": "1"}) == [("donotcall", "", "1", "unasked")]
    assert unasked({"donotcall": True}, {"donotcall": ""})[0][3] == "unasked"
    assert unasked({"class_": 0}, {"cf_857": ""}) == [("class_", "0", "", "unasked")]


# Line items

LINE = {"productid": "14x24", "quantity": "2", "comment": "a & b", "tax1": "5"}


def items(sent: list[dict[str, Any]], stored: Any) -> list[tuple[str, Any, Any, str]]:
    answer = {"id": "7x1"} if stored is None else {"id": "7x1", "LineItems": stored}
    found = of_sent(BILL, {"LineItems": sent}, answer)
    return [(each.field, each.sent, each.stored, str(each.why)) for each in found]


def test_line_items_are_compared_one_by_one() -> None:
    """By value, and comments as they are: the CRM answers them encoded."""
    stored = {"productid": "14x24", "quantity": "2.000", "comment": "a &amp; b", "tax1": "0"}
    assert items([LINE], [stored]) == []
    assert items([LINE, LINE], [stored, {**stored, "quantity": "1", "comment": "a"}]) == [
        ("items[1].quantity", "2", "1", "clipped"),
        ("items[1].comment", "a & b", "a", "cut"),
    ]
    assert items([{**LINE, "productid": "<"}], [{**stored, "productid": "&lt;"}]) == [
        ("items[0].product", "<", "&lt;", "changed")
    ]


def test_what_an_item_lacks_is_told_and_the_rest_is_compared() -> None:
    assert items([LINE], [{"productid": "14x25", "comment": None}]) == [
        ("items[0].product", "14x24", "14x25", "changed"),
        ("items[0].quantity", "2", None, "absent"),
        ("items[0].comment", "a & b", "", "emptied"),
    ]
    assert items([{"quantity": 2}], [{"quantity": "2", "comment": "x"}]) == []


def test_other_items_are_told_as_a_whole() -> None:
    assert items([LINE], None) == [("items", "1 item", None, "absent")]
    assert items([LINE, LINE], "") == [("items", "2 items", None, "absent")]
    assert items([LINE], []) == [("items", "1 item", "0 items", "changed")]


def test_fields_beside_items_are_compared_too() -> None:
    sent = {"LineItems": [LINE], "subject": "a"}
    found = of_sent(BILL, sent, {"id": "7x1", "LineItems": [LINE], "subject": "b"})
    assert [each.field for each in found] == ["subject"]


# Telling


@pytest.mark.parametrize("why", Reason)
def test_a_difference_says_what_was_asked_for(why: Reason) -> None:
    said = "not sent, was" if why in ("computed", "unasked", "missing") else "sent"
    assert str(Adjustment("x", "1", "2", why)) == f"x: {said} '1', stored '2' ({why})"
    assert str(Adjustment("x", "1", "", why)) == f"x: {said} '1', stored '' ({why})"
    assert str(Adjustment("x", "1", None, why)) == f"x: {said} '1', not in the answer ({why})"
