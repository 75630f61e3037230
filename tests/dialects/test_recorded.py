"""Answers recorded from a real server, fed to the plans by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Potentials, Quotes, Users
from vtiger_orm import LineItem
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Create, Operation, Query, Retrieve, Revise
from vtiger_orm.calls.plans import Rows
from vtiger_orm.calls.server import ServerFacts
from vtiger_orm.feed.changes import ChangeKind, FeedRequest, changes
from vtiger_orm.feed.cursors import start
from vtiger_orm.ids import id_number
from vtiger_orm.metadata.server import Server, ServerFamily
from vtiger_orm.writing import files, leads
from vtiger_orm.writing import save as write
from vtiger_orm.writing.line_items import read_items_of

SAMPLES = Path(__file__).parent / "operations"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def answer(name: str) -> Any:
    return sample(name)["response"]["result"]


def finish(plan: Any, reply: Any) -> Any:
    with pytest.raises(StopIteration) as done:
        plan.send(reply)
    return done.value.value


def quote() -> Quotes:
    return Quotes(
        subject="LI test",
        quotestage=Quotes.QuoteStage("Created"),
        account_id=Accounts.ref("11x107"),
        assigned_user_id=Users.ref("19x1"),
        bill_street="a",
        ship_street="b",
        hdnTaxType=Quotes.HdnTaxType("group"),
    )


def items() -> list[LineItem]:
    return [
        LineItem("14x24", 3, Decimal("10.00"), discount_percent=10, comment="hello & <x>"),
        LineItem("26x74", Decimal("1.5"), Decimal("7.25"), discount_amount=1),
    ]


def test_a_quote_is_sent_as_recorded_and_read_back() -> None:
    made = quote()
    made.crm.items = items()
    plan = write.save(made)
    call = next(plan)
    assert isinstance(call, Create)
    sent = dict(sample("create_quote")["request"]["element"])
    for name in ("currency_id", "conversion_rate"):
        del sent[name]
    assert call.values == sent
    finish(plan, answer("create_quote"))
    assert made.id == "4x3244"
    assert made.hdnGrandTotal == Decimal("36.875")
    assert made.crm.adjusted == ()
    first, second = made.crm.items
    assert (first.id, first.product_name) == ("33x209", "Product 0 plain")
    assert second.discount_amount == 1
    assert not made.crm.items.changed


def test_items_survive_a_round_trip_through_retrieve() -> None:
    made = Quotes(id=Quotes.ref("4x3244"))
    plan = write.refresh(made)
    assert isinstance(next(plan), Retrieve)
    finish(plan, answer("retrieve_quote"))
    assert list(made.crm.items) == [
        LineItem("14x24", Decimal("3.000"), Decimal(10), discount_percent=10, comment="hello & <x>",
                 extra={"description": ""}),
        LineItem("26x74", Decimal("1.5"), Decimal("7.25"), discount_amount=1,
                 extra={"description": ""}),
    ]  # fmt: skip
    assert made.hdnGrandTotal == Decimal("36.875")


def test_a_revised_list_is_read_back() -> None:
    made = Quotes(id=Quotes.ref("4x3244"))
    made.crm.items = [LineItem("14x26", 1, 5)]
    plan = write.save(made)
    assert isinstance(next(plan), Query), "the kind of taxes is sent along, and not known yet"
    call = plan.send([{"id": made.id, "hdnTaxType": ""}])
    assert isinstance(call, Revise)
    assert (
        call.values["LineItems"] == sample("revise_quote_items")["request"]["element"]["LineItems"]
    )
    finish(plan, answer("revise_quote_items"))
    [item] = made.crm.items
    assert item.product_name == "Product 1 A&B"
    assert made.hdnGrandTotal == 5


def test_items_of_many_records_by_their_module() -> None:
    rows = answer("query_lineitems_of_quote")
    parents = list(dict.fromkeys(row["parent_id"] for row in rows))
    plan: Any = read_items_of(parents)
    [query] = next(plan).calls
    assert isinstance(query, Query)
    assert query.text.startswith("select * from LineItem where parent_id in ('4x")
    [following] = plan.send([rows]).calls
    last = id_number(rows[-1]["id"])
    assert f"x{last - 1}'" in following.text, "the last one comes again, and alone at the end"
    found = finish(plan, [rows[-1:]])
    assert [row["id"] for row in found[parents[0]]] == [
        row["id"] for row in sorted(rows, key=lambda row: int(row["sequence_no"]))
    ]


def test_a_file() -> None:
    stored = files.read_answer(answer("files_retrieve_positional"))
    assert (stored.name, stored.content) == ("hello_ü_co.txt", b"Hello file\n")
    row = answer("retrieve_document_with_file")
    assert files.attachment_ids(row) == ["15x2824"]
    plan = files.fetch_of("15x2823", row, ServerFacts(dialect="cloud"))
    call = next(plan)
    assert isinstance(call, Operation)
    assert (call.name, call.params) == ("files_retrieve", {"id": "15x2824"})


def test_a_converted_lead() -> None:
    metas = {each.meta.name: each.meta for each in (Accounts, Contacts, Potentials)}
    order = leads.order("10x3246", {"Contacts": True, "Accounts": True}, metas)
    facts = ServerFacts(dialect="webservice", server=Server.known(ServerFamily.VTIGER, "7.5.0"))
    runner: Any = SimpleNamespace(facts=facts, environment=Environment())
    plan = leads.convert(order, metas, runner)
    assert isinstance(next(plan), Retrieve)
    call = plan.send({"id": "10x3246", "lastname": "x", "company": "y"})
    assert isinstance(call, Operation)
    recorded = json.loads(sample("convertlead_positional")["request"]["entityvalues"])
    assert json.loads(call.params["element"]) == recorded
    assert finish(plan, answer("convertlead_positional")) == {
        "Accounts": "11x3247",
        "Contacts": "12x3248",
    }


def test_the_pages_of_a_sync() -> None:
    pages = sample("sync_pages")
    request = FeedRequest(Contacts.meta, start(None, "Contacts"))
    stream = changes(request, ServerFacts(dialect="cloud"), Environment())
    got: list[tuple[str, str]] = []
    asked = []
    step = next(stream)
    for page in pages:
        assert isinstance(step, Operation)
        asked.append(int(step.params["modifiedTime"]))
        shown = stream.send(page)
        assert isinstance(shown, Rows)
        got += [(str(each["kind"]), each["id"]) for each in shown.rows]
        try:
            step = next(stream)
        except StopIteration:
            break
    saved = [id_ for kind, id_ in got if kind != ChangeKind.DELETED]
    expected = {row["id"] for page in pages for row in page["updated"]}
    assert set(saved) == expected
    assert len(saved) == len(set(saved)) == sum(len(page["updated"]) for page in pages)
    gone = [id_ for kind, id_ in got if kind == ChangeKind.DELETED]
    assert gone == [id_ for page in pages for id_ in page["deleted"]]
    assert asked[1:] == [page["lastModifiedTime"] for page in pages[:-1]]
