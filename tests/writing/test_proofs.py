"""What of one answer is believed, repaired, told and forgotten, without a server."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Events, Invoice, Potentials, Quotes
from vtiger_orm import NotLoaded, ValuesAdjusted
from vtiger_orm._writes import Adjustment, Reason
from vtiger_orm.calls.operations import Create, Revise
from vtiger_orm.calls.server import DEFAULT_FACTS, ServerFacts
from vtiger_orm.errors import NotFound
from vtiger_orm.metadata.module import ModuleMeta
from vtiger_orm.writing.answers import (
    AdjustedValues,
    fields_of,
    forget_unanswered,
    judged,
    must_be_read,
    read_again,
    refuse_adjusted,
    repaired,
    warn_adjusted,
)
from vtiger_orm.writing.changeset import Changeset
from vtiger_orm.writing.prepare import Prepared


def prepared(
    meta: ModuleMeta,
    sent: Mapping[str, Any],
    known: Mapping[str, object] | None = None,
    *,
    new: bool = False,
    unproved: frozenset[str] = frozenset(),
) -> Prepared:
    id_ = None if new else f"{meta.prefix}x1"
    change = Changeset(meta, id_, {}, known or {})
    call = Create(meta.name, sent) if id_ is None else Revise(id_, sent)
    return Prepared(change, call, sent, unproved)


def told(written: Prepared, row: Mapping[str, Any]) -> list[tuple[str, str, str | None, str]]:
    _, found = judged(written, dict(row), DEFAULT_FACTS)
    return [(each.field, each.sent, each.stored, str(each.why)) for each in found]


def test_what_is_for_browsers_is_no_field() -> None:
    row = {"id": "12x1", "label": "<b>", "url": "x", "Label": "a", "URL": "b"}
    assert fields_of(row) == {"id": "12x1", "Label": "a", "URL": "b"}


def test_an_id_alone_or_an_echo_has_to_be_read() -> None:
    written = prepared(Contacts.meta, {"lastname": "a"}, unproved=frozenset({"firstname"}))
    assert must_be_read(written, {"id": "12x1"})
    assert not must_be_read(written, {"id": "12x1", "lastname": "a"})
    echo = prepared(Contacts.meta, {"lastname": "a"}, unproved=frozenset({"lastname"}))
    assert must_be_read(echo, {"id": "12x1", "lastname": "a"})


def test_an_id_alone_leaves_open_what_was_sent_and_changes_nothing_else() -> None:
    written = prepared(Contacts.meta, {"lastname": "a"}, {"firstname": "b"})
    assert told(written, {"id": "12x1"}) == [("lastname", "a", None, "absent")]
    believed, found = judged(
        written, {"id": "12x1", "lastname": "a", "firstname": "b"}, DEFAULT_FACTS
    )
    assert believed == {"id": "12x1", "lastname": "a", "firstname": "b"}
    assert found == ()


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (None, "0", []),
        (0, "", []),
        (0, "0", []),
        (None, "15", [("reminder_time", "", "15", "unasked")]),
        (15, "0", [("reminder_time", "15", "0", "unasked")]),
    ],
)
def test_no_reminder_is_written_in_two_ways(before: Any, now: str, said: Any) -> None:
    written = prepared(Events.meta, {"subject": "a"}, {"reminder_time": before})
    assert told(written, {"id": "18x1", "subject": "a", "reminder_time": now}) == said


def test_a_reminder_that_was_sent_is_told_all_the_same() -> None:
    written = prepared(Events.meta, {"subject": "a", "reminder_time": ""})
    row = {"id": "18x1", "subject": "b", "reminder_time": "0"}
    assert told(written, row) == [
        ("subject", "a", "b", "changed"),
        ("reminder_time", "", "0", "zeroed"),
    ]


def test_a_zero_that_went_is_told_where_zero_is_a_value() -> None:
    written = prepared(Accounts.meta, {"accountname": "a"}, {"employees": 0})
    row = {"id": "11x1", "accountname": "a", "employees": ""}
    assert told(written, row) == [("employees", "0", "", "unasked")]


def test_what_a_new_record_needs_and_did_not_get_is_missing() -> None:
    """Only where the answer shows the field, and blank."""
    written = prepared(Invoice.meta, {"subject": "a"}, new=True)
    row = {"id": "7x1", "subject": "a"}
    assert told(written, row) == []
    assert told(written, {**row, "currency_id": "21x1"}) == []
    for blank in ("", None, "0"):
        assert told(written, {**row, "currency_id": blank}) == [("currency_id", "", "", "missing")]
    sent = prepared(Invoice.meta, {"subject": "a", "currency_id": "21x1"}, new=True)
    assert told(sent, {**row, "currency_id": ""}) == [("currency_id", "21x1", "", "emptied")]


def forecast(written: str) -> list[tuple[str, str]]:
    meta, known = Potentials.meta, {"forecast_amount": Decimal(1), "potentialname": "a"}
    row = {"id": "13x1", "potentialname": "a", "forecast_amount": "2", written: "9"}
    change = prepared(meta, {written: "9"}, known)
    return [(name, why) for name, _, _, why in told(change, row)]


def test_what_is_computed_of_something_that_was_written_is_told_apart() -> None:
    assert forecast("amount") == forecast("probability") == [("forecast_amount", "computed")]
    assert forecast("description") == [("forecast_amount", "unasked")]


def test_a_field_that_follows_others_is_not_compared_unless_it_was_sent() -> None:
    known, row = {"contact_id": "12x1"}, {"id": "18x1", "subject": "a", "contact_id": "12x2"}
    assert told(prepared(Events.meta, {"subject": "a"}, known), row) == []
    sent = prepared(Events.meta, {"subject": "a", "contact_id": "12x1"})
    assert told(sent, row) == [("contact_id", "12x1", "12x2", "changed")]


def test_line_items_bring_the_product_of_the_header_back() -> None:
    line = {"productid": "14x24", "quantity": "1"}
    sent = {"subject": "a", "productid": "14x24", "LineItems": [line]}
    row = {"id": "4x1", "subject": "a", "LineItems": [line]}
    written = prepared(Quotes.meta, sent)
    for nothing in (None, ""):
        assert repaired(written, {**row, "productid": nothing})["productid"] == "14x24"
    assert repaired(written, {**row, "productid": "14x25"})["productid"] == "14x25"
    assert repaired(written, row) == row
    unsent = prepared(Quotes.meta, {"subject": "a", "LineItems": [line]})
    assert repaired(unsent, {**row, "productid": None})["productid"] == ""
    without = prepared(Quotes.meta, {"subject": "a", "productid": "14x24"})
    assert repaired(without, {**row, "productid": None})["productid"] is None


@pytest.mark.parametrize(
    ("text", "shown", "repairs"),
    [
        ("a&amp;b", "a&b", "a&amp;b"),
        ("a&amp;b", "a&amp;b", "a&amp;b"),
        ("a&amp;b", "ab", "ab"),
        ("a&b", "a&amp;b", "a&amp;b"),
        ("ab", "abc", "abc"),
        (7, "7", "7"),
    ],
)
def test_only_what_is_the_text_decoded_once_is_repaired(
    text: Any, shown: str, repairs: str
) -> None:
    """Of what was sent and of what was there before."""
    row = {"id": "11x1", "accountname": shown}
    assert repaired(prepared(Accounts.meta, {"accountname": text}), row)["accountname"] == repairs
    known = prepared(Accounts.meta, {"phone": "1"}, {"accountname": text})
    assert repaired(known, row)["accountname"] == repairs
    assert repaired(known, {"id": "11x1"}) == {"id": "11x1"}


# Reading again


def test_what_proves_nothing_is_read_again_and_stands_in_its_place() -> None:
    """One that cannot be read now is left as it was answered: it was written."""
    whole = prepared(Contacts.meta, {"lastname": "a"})
    echo = prepared(Contacts.meta, {"lastname": "a"}, unproved=frozenset({"lastname"}))
    answers: list[tuple[Prepared, dict[str, Any]]] = [
        (whole, {"id": "12x1", "lastname": "a"}),
        (echo, {"id": "12x2", "lastname": "a"}),
        (whole, {"id": "12x3"}),
        (echo, {"id": "12x4", "lastname": "a"}),
    ]
    stored = {id_: {"id": id_, "lastname": f"of {id_}"} for id_ in ("12x2", "12x4")}
    plan = read_again(answers, None)
    step: Any = next(plan)
    assert [call.id for call in step.calls] == ["12x2", "12x3", "12x4"]
    with pytest.raises(StopIteration) as done:
        plan.send([stored["12x2"], NotFound("gone"), stored["12x4"]])
    proved = replace(echo, unproved=frozenset())
    assert done.value.value == [
        answers[0],
        (proved, stored["12x2"]),
        answers[2],
        (proved, stored["12x4"]),
    ]
    with pytest.raises(StopIteration) as done:
        next(read_again(answers[:1], None))
    assert done.value.value == answers[:1]


# Forgetting


def loaded() -> Any:
    (contact,) = Contacts._load(
        [{"id": "12x1", "lastname": "a", "firstname": "b", "cf_new": "c"}], None
    )
    return contact


def test_what_the_answer_lacks_is_forgotten_but_for_what_was_assigned_since() -> None:
    contact = loaded()
    contact.firstname = "later"
    contact.extra["cf_later"] = "d"
    forget_unanswered(contact, {"id": "12x1"})
    assert (contact.id, contact.firstname, contact.extra["cf_later"]) == ("12x1", "later", "d")
    assert "cf_new" not in contact.extra
    with pytest.raises(NotLoaded):
        _ = contact.lastname


def test_what_the_answer_has_stays_and_the_id_without_being_told() -> None:
    contact = loaded()
    forget_unanswered(contact, {"lastname": "a", "cf_new": "c"})
    assert (str(contact.id), contact.lastname, contact.extra["cf_new"]) == ("12x1", "a", "c")
    with pytest.raises(NotLoaded):
        _ = contact.firstname


@pytest.mark.parametrize("items", [True, False])
def test_items_are_forgotten_only_by_an_answer_that_would_tell_them(items: bool) -> None:
    (quote,) = Quotes._load([{"id": "4x1", "subject": "a", "LineItems": []}], None)
    forget_unanswered(quote, {"id": "4x1", "subject": "a"}, items=items)
    assert ("LineItems" in quote.extra) is not items


# Telling

CUT = Adjustment("lastname", "abc", "ab", Reason.CUT)
COMPUTED = Adjustment("balance", "1", "2", Reason.COMPUTED)


def test_a_warning_sums_up_and_points_at_the_caller() -> None:
    other = Adjustment("phone", "1", None, Reason.ABSENT)
    with pytest.warns(AdjustedValues) as caught:
        warn_adjusted("3 Contacts", [CUT, other, CUT])
    assert [str(each.message) for each in caught] == [
        "3 Contacts: the CRM does not have what was sent: lastname (cut) of 2, phone (absent) of 1."
    ]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_adjusted("3 Contacts", [])


def test_strict_mode_raises_with_the_record_and_every_difference() -> None:
    contact, strict = loaded(), ServerFacts(strict=True)
    more = Adjustment("phone", "1", "2", Reason.CHANGED)
    with pytest.raises(ValuesAdjusted) as caught:
        refuse_adjusted("Contacts 12x1", [CUT, COMPUTED, more], strict, contact)
    assert caught.value.record is contact
    assert str(caught.value) == (
        "Contacts 12x1 was written, but the CRM does not have what was sent:"
        f"\n  - {CUT}\n  - {more}"
    )
    refuse_adjusted("Contacts 12x1", [COMPUTED], strict, contact)
    refuse_adjusted("Contacts 12x1", [CUT], ServerFacts(), contact)
