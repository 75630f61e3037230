"""Writes that silently did not happen: whatever was sent is shown by the CRM's answer or named
by an adjustment, and what a record shows after a write is what the CRM has."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import generated.demo as demo
from generated.demo import (
    Accounts,
    Contacts,
    Events,
    Invoice,
    Quotes,
)
from tests.support.kinds import KINDS, Face, open_session
from vtiger_orm import (
    ApiError,
    BulkError,
    InvalidValue,
    LineItem,
    NotLoaded,
    NotSupported,
    RecordError,
    StaleRecord,
    ValuesAdjusted,
)
from vtiger_orm._writes import Reason
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.accounts import HIDDEN_FIELD
from vtiger_orm.errors import OutcomeUnknown, VtigerError
from vtiger_orm.metadata.kinds import Family, Kind
from vtiger_orm.metadata.module import FieldMeta
from vtiger_orm.values.writing import encode
from vtiger_orm.writing.policies.table import is_writable

STOCK = pytest.mark.parametrize("kind", ["stock"], indirect=True)


def told(record: Any) -> dict[str, str]:
    return {each.field: str(each.why) for each in record.crm.adjusted}


# The law

TEXT = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), max_size=12)
REFERENCES = ["11x104", "12x407", "12x99999999", "19x1", "19x99999", "14x24", "21x1", "22x1"]


def values_of(each: FieldMeta) -> st.SearchStrategy[Any]:
    """Values of a field, proper ones and such as servers do not take as they are."""
    match each.family:
        case Family.TEXT if each.kind is Kind.EMAIL:
            found: st.SearchStrategy[Any] = st.just("a@example.com")
        case Family.TEXT:
            found = TEXT | TEXT.map(lambda text: (text or "x") * 30) | st.just("R&amp;D <b>")
        case Family.CHOICE:
            found = st.sampled_from([value for value, _ in each.choices] or ["x"])
        case Family.CHOICES:
            plain = [value for value, _ in each.choices if "|##|" not in value] or ["x"]
            found = st.lists(st.sampled_from(plain), max_size=2, unique=True)
        case Family.INTEGER:
            found = st.integers(-(2**31), 2**31 - 1)
        case Family.DECIMAL:
            found = st.decimals(-(10**6), 10**6, places=4)
        case Family.BOOLEAN:
            found = st.booleans()
        case Family.DATE:
            found = st.dates(date(1901, 1, 1), date(2099, 1, 1))
        case Family.DATETIME:
            found = st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
        case Family.TIME:
            found = st.times().map(lambda moment: moment.replace(microsecond=0))
        case _:
            fitting = [id_ for id_ in REFERENCES if id_.partition("x")[0] in each.prefixes]
            found = st.sampled_from(fitting) if fitting else st.none()
    return found | st.none()


MODELS = [
    getattr(demo, name)
    for name in demo.__all__
    if name not in ("Users", "Groups", "connect", "configure")
]


@pytest.fixture(scope="module", params=list(KINDS))
def everything(request: pytest.FixtureRequest) -> Iterator[tuple[Crm, str]]:
    with Crm(profile=KINDS[request.param][0]) as own:
        yield own, request.param


@given(data=st.data())
@settings(suppress_health_check=list(HealthCheck))
def test_law_a_write_is_shown_or_told(everything: tuple[Crm, str], data: st.DataObject) -> None:
    crm, kind = everything
    model = data.draw(st.sampled_from(MODELS))
    with crm.rolled_back(), open_session(crm, kind), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            record = model.objects.order_by("id")[data.draw(st.integers(0, 3))]
        except (IndexError, VtigerError):
            assume(False)
        names = [name for name, each in model.meta.fields.items() if is_writable(model.meta, each)]
        assume(names)
        for name in data.draw(st.lists(st.sampled_from(names), max_size=5, unique=True)):
            setattr(record, name, data.draw(values_of(model.meta.fields[name])))
        sent = {name: change.new for name, change in record.changes.items()}
        operation = data.draw(st.sampled_from(["revise", "revise", "update"]))
        try:
            record.save(operation=operation)
        except (InvalidValue, NotSupported, ApiError, OutcomeUnknown, RecordError):
            assume(False)
        assume(sent)
        fresh = record.id.fetch()
        adjusted = told(record)
        for name, value in sent.items():
            each = model.meta.fields[name]
            if name in adjusted:
                continue
            assert encode(each, getattr(fresh, name)) == encode(each, value) or (
                getattr(fresh, name) == value
            ), name
        for name in model.meta.fields:
            if name in vars(record):
                assert name in vars(fresh), name
                assert vars(record)[name] == vars(fresh)[name], name


# What nobody can see


async def restricted(face: Face, **settings: Any) -> Any:
    """A contact as a user reads it who may not see its mobile number."""
    made = await face(Contacts.objects, "create", lastname="Hidden", mobile="+49 0")
    face.crm.engine.accounts.restrict("restricted", HIDDEN_FIELD, "Contacts", "mobile")
    face.crm.run("revise", element={"id": str(made.id), "assigned_user_id": owner_of(face)})
    await face.open(user="restricted", **settings)
    return await face(Contacts.objects.only("lastname"), "get", id=made.id)


def owner_of(face: Face) -> str:
    return str(face.crm.user("restricted").wire_id)


@STOCK
async def test_a_field_this_user_may_not_see_is_told(face: Face) -> None:
    contact = await restricted(face)
    contact.mobile = "+49 1"
    contact.lastname = "Seen"
    await face(contact, "save")
    assert told(contact) == {"mobile": "absent"}
    assert contact.changes == {}
    with pytest.raises(NotLoaded):
        _ = contact.mobile
    assert face.crm.run("retrieve", id=str(contact.id))["mobile"] == "+49 0"


@STOCK
async def test_strict_mode_refuses_what_cannot_be_seen(face: Face) -> None:
    contact = await restricted(face, strict=True)
    contact.mobile = "+49 1"
    with pytest.raises(ValuesAdjusted, match=r"mobile: sent '\+49 1', not in the answer"):
        await face(contact, "save")
    with pytest.raises(ValuesAdjusted, match="mobile"):
        await face(Contacts.objects, "create", lastname="New", mobile="+49 1")
    report = await face(Contacts.objects, "bulk_create", [Contacts(lastname="B", mobile="1")])
    assert isinstance(report[0].error, ValuesAdjusted)


@STOCK
async def test_bulk_reports_count_and_list_adjusted_rows(face: Face) -> None:
    report = await face(
        Contacts.objects,
        "bulk_create",
        [Contacts(lastname="x" * 90), Contacts(lastname="short"), Contacts(firstname="no name")],
    )
    assert report.summary() == "2 done (1 adjusted), 1 failed"
    [row] = report.adjusted
    assert row is report[0]
    assert [(each.field, each.why) for each in row.adjusted] == [("lastname", Reason.CUT)]
    assert row.item.crm.adjusted == row.adjusted
    people = report.items[:2]
    for person in people:
        person.department = "d" * 40
    report = await face(Contacts.objects, "bulk_update", people)
    assert len(report.adjusted) == 2


@STOCK
async def test_update_of_a_queryset_tells_and_in_strict_mode_raises(face: Face) -> None:
    made = await face(Contacts.objects, "create", lastname="Told")
    chosen = Contacts.objects.filter(id=made.id)
    with pytest.warns(UserWarning, match=r"department \(cut\) of 1") as caught:
        await face(chosen, "update", department="y" * 60)
    assert "vtiger_orm" not in caught[0].filename.rpartition("/")[0].split("/")
    await face.open(strict=True)
    with pytest.raises(BulkError, match=r"1 done \(1 adjusted\)"):
        await face(chosen, "update", department="z" * 60)


async def test_a_blank_number_is_stored_as_zero_and_told(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="Zero", annual_revenue=None)
    assert account.annual_revenue == 0
    assert told(account) == {"annual_revenue": "zeroed"}
    account.annual_revenue = Decimal(5)
    await face(account, "save")
    assert account.crm.adjusted == ()
    account.annual_revenue = None
    await face(account, "save")
    assert told(account) == {"annual_revenue": "zeroed"}
    assert str(account.crm.adjusted[0]) == ("annual_revenue: sent '', stored '0.00000000' (zeroed)")


@STOCK
async def test_refresh_keeps_no_unsaved_value(face: Face) -> None:
    quote = await face(Quotes.objects, "first")
    quote.subject = "unsaved"
    quote.extra["cf_unheard_of"] = "5"
    await face(quote, "refresh")
    assert quote.changes == {}
    assert "cf_unheard_of" not in quote.extra
    assert quote.subject != "unsaved"


@STOCK
async def test_a_field_that_was_removed_since_the_pull_is_told(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="x")
    contact.extra["cf_removed"] = 5
    await face(contact, "save")
    assert told(contact) == {"cf_removed": "absent"}
    assert "cf_removed" not in contact.extra


@STOCK
async def test_what_another_writer_changed_is_told_apart(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="A", department="IT")
    face.crm.run("revise", element={"id": str(contact.id), "department": "HR"})
    contact.firstname = "B"
    await face(contact, "save")
    assert told(contact) == {"department": "unasked"}
    assert str(contact.crm.adjusted[0]) == "department: not sent, was 'IT', stored 'HR' (unasked)"
    assert contact.department == "HR"


# Line items, goods, events


@STOCK
async def test_a_new_invoice_gets_the_default_currency(face: Face) -> None:
    product = await face(demo.Products.objects, "first")
    account = await face(Accounts.objects, "first")
    values: dict[str, Any] = {
        "subject": "Bill",
        "account_id": account,
        "bill_street": "a",
        "ship_street": "b",
        "invoicestatus": Invoice.Invoicestatus("Created"),
        "items": [LineItem(product, 2, 10)],
    }
    for currency in ({}, {"currency_id": None}):
        made = await face(Invoice.objects, "create", **values, **currency)
        assert made.currency_id == "21x1"
        assert made.crm.adjusted == ()


@STOCK
async def test_items_are_told_when_the_answer_has_others(face: Face) -> None:
    product = await face(demo.Products.objects, "first")
    made = await face(
        Quotes.objects,
        "create",
        subject="Offer",
        quotestage=Quotes.QuoteStage("Created"),
        account_id=await face(Accounts.objects, "first"),
        bill_street="a",
        ship_street="b",
        items=[LineItem(product, 2, 10)],
    )
    with face.crm.count_calls() as calls:
        made.crm.items[0].quantity = Decimal(3)
        await face(made, "save", operation="update")
    assert calls.operations == {"retrieve": 2, "update": 1}
    assert made.crm.items[0].quantity == 3
    assert not made.crm.items.changed
    assert set(told(made).values()) == {"computed"}
    face.crm.run(
        "revise",
        element={
            "id": str(made.id),
            "LineItems": [{"productid": str(product.id), "quantity": "9", "listprice": "1"}],
        },
    )
    made.subject = "Changed"
    await face(made, "save")
    assert told(made)["items"] == "unasked"
    assert told(made)["hdnGrandTotal"] == "unasked"
    assert made.crm.items[0].quantity == 9


def event(**values: Any) -> dict[str, Any]:
    day = date(2026, 1, 2)
    return {
        "subject": "meeting",
        "activitytype": Events.ActivityType("Call"),
        "date_start": day,
        "due_date": day,
        "time_start": time(9),
        "time_end": time(11, 30),
        "eventstatus": Events.Eventstatus("Planned"),
        **values,
    }


@STOCK
async def test_saving_one_field_of_an_event_keeps_its_reminder(face: Face) -> None:
    made = await face(Events.objects, "create", **event(reminder_time=90))
    assert (made.reminder_time, made.duration_hours) == (90, 2)
    assert made.crm.adjusted == ()
    made.subject = "moved"
    assert made.crm.preview().values == {"subject": "moved", "reminder_time": "5400"}
    await face(made, "save")
    assert made.reminder_time == 90
    assert made.crm.adjusted == ()
    partial = await face(Events.objects.only("subject"), "get", id=made.id)
    partial.subject = "again"
    with face.crm.count_calls() as calls:
        await face(partial, "save")
    assert calls.operations["query"] >= 1
    assert partial.reminder_time == 90
    chosen = Events.objects.filter(id=made.id)
    await face(chosen, "update", subject="all")
    assert (await face(Events.objects, "get", id=made.id)).reminder_time == 90
    again = await face(Events.objects.only("subject"), "get", id=made.id)
    again.subject = "bulk"
    report = await face(Events.objects, "bulk_update", [again])
    assert report.ok
    assert again.reminder_time == 90
    with face.crm.count_calls() as calls:
        await face(chosen, "update", subject="bulk")
    assert "revise" not in calls.operations


@STOCK
async def test_a_reminder_can_be_set_and_removed(face: Face) -> None:
    made = await face(Events.objects, "create", **event())
    assert not made.reminder_time
    made.reminder_time = 60
    await face(made, "save")
    assert made.reminder_time == 61
    assert told(made) == {"reminder_time": "changed"}
    made.reminder_time = None
    await face(made, "save")
    assert not made.reminder_time
    made.subject = "still without"
    await face(made, "save")
    assert not made.reminder_time


# Locks


@STOCK
async def test_a_change_within_the_same_second_is_noticed(face: Face) -> None:
    face.crm.clock.freeze()
    contact = await face(Contacts.objects, "create", lastname="A", department="IT", title="T")
    stamp = contact.modifiedtime
    face.crm.run("revise", element={"id": str(contact.id), "department": "theirs"})
    contact.department = "mine"
    fresh = face.crm.run("retrieve", id=str(contact.id))
    assert fresh["modifiedtime"] == encode(Contacts.meta.fields["modifiedtime"], stamp)
    with face.crm.count_calls() as calls, pytest.raises(StaleRecord, match="department"):
        await face(contact, "save", if_unmodified=True)
    assert "revise" not in calls.operations
    del contact.department
    contact.title = "mine"
    await face(contact, "save", if_unmodified=True)
    assert face.crm.run("retrieve", id=str(contact.id))["title"] == "mine"


@STOCK
async def test_line_items_are_part_of_the_lock(face: Face) -> None:
    quote = await face(Quotes.objects, "first")
    await face(quote.crm, "load_items")
    element = {"id": str(quote.id), "LineItems": [{"productid": "14x24", "quantity": "9"}]}
    stamp = encode(Quotes.meta.fields["modifiedtime"], quote.modifiedtime)
    face.crm.run("revise", element=element)
    face.crm.engine.backdoor.set(str(quote.id), modifiedtime=stamp)
    quote.crm.items[0].quantity = Decimal(2)
    with pytest.raises(StaleRecord, match="items"):
        await face(quote, "save", if_unmodified=True)
