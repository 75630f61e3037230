"""Answers of single writes as servers give them, which prove less than they seem to."""

from __future__ import annotations

import html
from datetime import time
from decimal import Decimal
from typing import Any

import pytest

import generated.demo as demo
from generated.demo import (
    Accounts,
    Events,
    Invoice,
    Potentials,
    Quotes,
    SalesOrder,
    Users,
    connect,
)
from vtiger_orm import (
    LineItem,
    NotLoaded,
    Unreadable,
    ValuesAdjusted,
)
from vtiger_orm.calls.operations import Create, Me, Retrieve, Revise, Update
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata import server as servers
from vtiger_orm.writing import save as write


def told(record: Any) -> dict[str, str]:
    return {each.field: str(each.why) for each in record.crm.adjusted}


EIGHT = servers.Server.known(servers.ServerFamily.VTIGER, "8.0.0")


class Server:
    """Answers a plan's calls: a write with what it makes of it, a retrieve with what it has."""

    def __init__(self, stored: dict[str, Any], answer: dict[str, Any] | None = None) -> None:
        self.stored = stored
        self.answer = stored if answer is None else answer
        self.calls: list[Any] = []
        self.facts = ServerFacts(server=EIGHT, prefixes={"Currency": "21"})

    def run(self, plan: Any) -> Any:
        reply: Any = None
        try:
            while True:
                call = plan.send(reply)
                reply = self._reply(call)
        except StopIteration as end:
            return end.value

    def _reply(self, call: Any) -> Any:
        if hasattr(call, "calls"):
            return [self._reply(each) for each in call.calls]
        self.calls.append(call)
        match call:
            case Me():
                return {"id": "19x1"}
            case Create() | Revise() | Update():
                return dict(self.answer)
            case Retrieve():
                return dict(self.stored)
        raise AssertionError(call)

    def save(self, record: Any, **how: Any) -> None:
        from vtiger_orm.calls.environment import Environment

        self.environment = Environment()
        runner: Any = self
        self.run(write.save(record, runner=runner, **how))


def test_an_echo_is_read_back() -> None:
    """The status of an order that does not recur is repeated and not stored."""
    order = SalesOrder(
        subject="Order",
        sostatus=SalesOrder.Sostatus("Created"),
        invoicestatus=SalesOrder.InvoiceStatus("AutoCreated"),
        account_id=Accounts.ref("11x104"),
        bill_street="a",
        ship_street="b",
    )
    order.crm.items = [LineItem("14x24", 1, 5)]
    line = {"productid": "14x24", "quantity": "1.000", "listprice": "5.00000000"}
    stored = {
        "id": "6x1",
        "subject": "Order",
        "sostatus": "Created",
        "invoicestatus": "",
        "account_id": "11x104",
        "bill_street": "a",
        "ship_street": "b",
        "assigned_user_id": "19x1",
        "currency_id": "21x1",
        "productid": "14x24",
        "LineItems": [line],
    }
    server = Server(stored, {**stored, "invoicestatus": "AutoCreated"})
    server.save(order)
    assert [type(call) for call in server.calls] == [Me, Create, Retrieve]
    assert told(order) == {"invoicestatus": "emptied"}
    assert order.invoicestatus is None


def test_what_is_assigned_while_it_is_read_back_stays_a_change() -> None:
    row = {"id": "14x1", "productname": "Chair", "currency1": "5", "unit_price": "5.00"}

    class Busy(Server):
        def _reply(self, call: Any) -> Any:
            if isinstance(call, Retrieve) and any(isinstance(each, Update) for each in self.calls):
                chair.productname = "Table"
                chair.extra["cf_new"] = "x"
            return super()._reply(call)

    (chair,) = demo.Products._load([row], None)
    chair.currency1 = Decimal(7)
    busy = Busy(row, {**row, "currency1": 0})
    busy.save(chair, operation="update")
    assert {name: change.new for name, change in chair.changes.items()} == {
        "productname": "Table",
        "cf_new": "x",
    }
    assert chair.currency1 == 5
    assert told(chair) == {"currency1": "clipped"}


def test_what_an_answer_has_wrong_is_not_shown() -> None:
    """The balance of a new invoice is computed after the answer."""
    bill = Invoice(
        subject="Bill",
        invoicestatus=Invoice.Invoicestatus("Created"),
        account_id=Accounts.ref("11x104"),
        bill_street="a",
        ship_street="b",
    )
    bill.crm.items = [LineItem("14x24", 1, 5)]
    answer = {
        "id": "7x1",
        "subject": "Bill",
        "invoicestatus": "Created",
        "account_id": "11x104",
        "bill_street": "a",
        "ship_street": "b",
        "assigned_user_id": "19x1",
        "currency_id": "21x1",
        "productid": "14x24",
        "balance": "0.00000000",
        "LineItems": [{"productid": "14x24", "quantity": "1.000", "listprice": "5.00000000"}],
    }
    server = Server(answer)
    server.save(bill)
    assert bill.crm.adjusted == ()
    with pytest.raises(NotLoaded):
        _ = bill.balance


def test_a_missing_currency_is_told_where_none_can_be_filled_in() -> None:
    bill = Invoice(
        subject="Bill",
        invoicestatus=Invoice.Invoicestatus("Created"),
        account_id=Accounts.ref("11x104"),
        bill_street="a",
        ship_street="b",
    )
    bill.crm.items = [LineItem("14x24", 1, 5)]
    answer = {
        "id": "7x1",
        "subject": "Bill",
        "invoicestatus": "Created",
        "account_id": "11x104",
        "bill_street": "a",
        "ship_street": "b",
        "assigned_user_id": "19x1",
        "currency_id": "",
        "productid": "14x24",
        "LineItems": [{"productid": "14x24", "quantity": "1.000", "listprice": "5.00000000"}],
    }
    server = Server(answer)
    server.facts = ServerFacts(server=EIGHT)
    server.save(bill)
    assert told(bill) == {"currency_id": "missing"}


def test_items_that_a_server_deletes_with_the_header_are_told() -> None:
    row = {"id": "4x1", "subject": "Offer", "hdnGrandTotal": "7.25"}
    line = {"productid": "14x24", "quantity": "1.000", "listprice": "7.25000000"}
    (quote,) = Quotes._load([{**row, "LineItems": [line]}], None)
    assert len(quote.crm.items) == 1
    quote.subject = "Changed"
    after = {**row, "subject": "Changed", "hdnGrandTotal": "0.00", "LineItems": []}
    strict = Server(after)
    strict.facts = ServerFacts(strict=True)
    with pytest.raises(ValuesAdjusted, match=r"hdnGrandTotal: not sent, was '7\.25'"):
        strict.save(quote)
    assert told(quote) == {"hdnGrandTotal": "unasked", "items": "unasked"}
    assert list(quote.crm.items) == []


def test_durations_follow_the_times_of_an_event() -> None:
    row = {"id": "18x1", "subject": "x", "time_end": "10:00:00", "duration_hours": "1"}
    (meeting,) = Events._load([row], None)
    meeting.time_end = time(12)
    server = Server({**row, "time_end": "12:00", "duration_hours": "3"})
    server.facts = ServerFacts(strict=True, dialect="cloud")
    server.save(meeting)
    assert told(meeting) == {"duration_hours": "computed"}
    meeting.subject = "y"
    changed = Server({**row, "subject": "y", "time_end": "12:00", "duration_hours": "5"})
    changed.facts = ServerFacts(dialect="cloud")
    changed.save(meeting)
    assert told(meeting) == {"duration_hours": "unasked"}


def test_a_computed_amount_is_no_error_of_strict_mode() -> None:
    row = {"id": "13x1", "amount": "100.00", "probability": "50.000", "forecast_amount": "50.00"}
    (deal,) = Potentials._load([row], None)
    deal.amount = Decimal(200)
    server = Server({**row, "amount": "200.00", "forecast_amount": "100.00"})
    server.facts = ServerFacts(strict=True)
    server.save(deal)
    assert told(deal) == {"forecast_amount": "computed"}


def test_an_owner_who_does_not_exist_is_told() -> None:
    row = {"id": "11x1", "accountname": "A", "assigned_user_id": "19x1"}
    (account,) = Accounts._load([row], None)
    account.assigned_user_id = Users.ref("19x999")
    Server({**row, "assigned_user_id": "999"}).save(account)
    assert told(account) == {"assigned_user_id": "nobody"}
    with pytest.raises(Unreadable):
        _ = account.assigned_user_id


def test_an_id_alone_that_cannot_be_read_again_leaves_everything_open() -> None:
    class Silent(Server):
        def _reply(self, call: Any) -> Any:
            if isinstance(call, Retrieve):
                return None
            return super()._reply(call)

    (account,) = Accounts._load([{"id": "11x1", "accountname": "A"}], None)
    account.accountname = "B"
    server = Silent({}, {"id": "11x1"})
    server.save(account)
    assert told(account) == {"accountname": "absent"}
    assert account.changes == {}
    with pytest.raises(NotLoaded):
        _ = account.accountname


@pytest.mark.parametrize("text", ["a&amp;b", "&eacute;", "&lt;script&gt;", "&copy;"])
def test_text_decoded_once_too_often_is_repaired(text: str) -> None:
    row = {"id": "11x1", "accountname": "A", "website": text}
    (account,) = Accounts._load([row], None)
    account.accountname = text
    shown = html.unescape(text)
    Server({**row, "accountname": shown, "website": shown}).save(account)
    assert (account.accountname, account.website) == (text, text)
    assert account.crm.adjusted == ()


def test_a_script_in_the_label_is_read_back() -> None:
    """It is stored with its markup encoded, and answered as it was sent."""
    script = "<script>a</script>"
    encoded = html.escape(script)
    (account,) = Accounts._load([{"id": "11x1", "accountname": "A"}], None)
    account.accountname = script
    stored = {"id": "11x1", "accountname": encoded, "label": encoded}
    server = Server(stored, {**stored, "accountname": script})
    server.save(account)
    assert [type(call) for call in server.calls] == [Revise, Retrieve]
    assert account.accountname == encoded
    assert told(account) == {"accountname": "changed"}


@pytest.mark.parametrize("stored", ["R&amp;D", "&ouml;"])
def test_a_text_in_the_label_that_nobody_read_is_read_alone(stored: str) -> None:
    """What was not loaded takes its value from the answer, which may have it decoded."""
    with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()):
        made = crm.create("Vendors", {"vendorname": stored})
        vendor = demo.Vendors.objects.only("phone").get(id=made["id"])
        vendor.phone = "2"
        vendor.save()
        assert vendor.vendorname == stored
        assert vendor.crm.adjusted == ()


def test_a_module_without_entities_is_asked_once_and_believed() -> None:
    with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()):
        names = [f"Müller & Söhne {number}" for number in range(3)]
        made = [crm.create("Vendors", {"vendorname": name})["id"] for name in names]
        vendors = list(demo.Vendors.objects.filter(id__in=made).only("phone").order_by("id"))
        costs = []
        for vendor, name in zip(vendors, names, strict=True):
            vendor.phone = "1"
            with crm.count_calls() as calls:
                vendor.save()
            costs.append(calls.number)
            assert vendor.vendorname == name
    assert costs[1:] == [1, 1]
    assert costs[0] <= 3


def test_a_blank_that_the_crm_fills_is_told() -> None:
    with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()):
        document = demo.Documents.objects.create(notes_title="A", folderid=None)
        assert document.folderid is not None
        assert told(document) == {"folderid": "changed"}
