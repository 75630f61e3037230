"""A RestfulApi module that ignores how items are kept costs the items of one record, not of two."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from generated.demo import Invoice, Quotes, connect
from vtiger_orm import BulkError, ItemsLost, NotSupported, Session, VtigerError
from vtiger_orm.calls.operations import Revise
from vtiger_orm.calls.plans import perform
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.emulator.profiles import RESTFULAPI
from vtiger_orm.session import RetryPolicy
from vtiger_orm.session.keeping import _experiences


@pytest.fixture(scope="module")
def _template() -> Iterator[Crm]:
    with Crm(data=None, profile=replace(RESTFULAPI, restfulapi_keeps_items=False)) as crm:
        account = crm.create("Accounts", {"accountname": "Acme"})["id"]
        product = crm.create("Products", {"productname": "Pen"})["id"]
        item = {"productid": product, "quantity": "2", "listprice": "10"}
        for number, (module, status) in enumerate(
            [("Quotes", "quotestage")] * 4 + [("Invoice", "invoicestatus")]
        ):
            values = {"subject": f"S{number}", status: "Created", "account_id": account}
            places = {"bill_street": "b", "ship_street": "s", "productid": product}
            items = {"hdnTaxType": "group", "LineItems": [item] * (number + 1)}
            crm.create(module, {**values, **places, **items})
        yield crm


@pytest.fixture
def crm(_template: Crm) -> Iterator[Crm]:
    with _template.copy() as crm:
        yield crm


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with opened(crm) as session:
        yield session


def opened(crm: Crm, **settings: Any) -> Session:
    transport = crm.transport()
    return connect(
        crm.url,
        *crm.credentials(),
        dialect="restfulapi",
        transport=transport,
        async_transport=transport,
        retry=RetryPolicy(attempts=1),
        **settings,
    )


def without_items(crm: Crm) -> int:
    """Records of the inventory modules whose items are gone: the demo has none."""
    found = 0
    for module in ("Quotes", "SalesOrder", "Invoice", "PurchaseOrder"):
        [row] = crm.engine.store.rows(
            f'SELECT count(*) FROM "m_{module}" '
            'WHERE id NOT IN (SELECT parent_id FROM "m_LineItem")'
        )
        found += int(row[0])
    return found


def saved(quotes: list[Any]) -> None:
    for each in quotes:
        each.subject = "changed"
        each.save()


def saved_in_bulk(quotes: list[Any]) -> None:
    for each in quotes:
        each.subject = "changed"
    report = Quotes.objects.bulk_update(quotes)
    assert not report.done
    raise next(each.error for each in report if isinstance(each.error, ItemsLost))


def updated(quotes: list[Any]) -> None:
    Quotes.objects.filter(id__in=[each.id for each in quotes]).update(subject="changed")


def updated_or_created(quotes: list[Any]) -> None:
    before = quotes[0].subject
    found, made = Quotes.objects.filter(id=quotes[0].id).update_or_create(
        subject=before, defaults={"bill_city": "Rome"}
    )
    assert (found, made) == (quotes[0], False)


def side_by_side(quotes: list[Any]) -> None:
    found: list[VtigerError] = []

    def one(each: Any) -> None:
        each.subject = "changed"
        try:
            each.save()
        except VtigerError as error:
            found.append(error)

    threads = [Thread(target=one, args=(each,)) for each in quotes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(quotes)
    [lost] = [each for each in found if isinstance(each, ItemsLost)]
    raise lost


def as_tasks(quotes: list[Any]) -> None:
    for each in quotes:
        each.subject = "changed"

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(each.asave() for each in quotes), return_exceptions=True)

    found = asyncio.run(all_of_them())
    assert [isinstance(each, NotSupported | ItemsLost) for each in found] == [True] * len(quotes)
    raise next(each for each in found if isinstance(each, ItemsLost))


@pytest.mark.parametrize(
    "change", [saved, saved_in_bulk, updated, updated_or_created, side_by_side, as_tasks]
)
def test_one_record_is_lost_and_told_whole(
    crm: Crm, session: Session, change: Callable[[list[Any]], None]
) -> None:
    quotes = list(Quotes.objects.using(session)[:4])
    had = {str(each.id): crm.run("retrieve", id=str(each.id)) for each in quotes}
    with pytest.raises(VtigerError) as caught:
        change(quotes)
    lost: Any = caught.value
    if isinstance(lost, BulkError):
        [lost] = [each.error for each in lost.report if isinstance(each.error, ItemsLost)]
    [id_] = [each for each in had if each in str(lost)]
    items = had[id_]["LineItems"]
    assert [str(each["quantity"]) for each in lost.items] == [each["quantity"] for each in items]
    assert [each["productid"] for each in lost.items] == [each["productid"] for each in items]
    assert str(items[0]["productid"]) in str(lost)
    assert float(lost.totals["hdnGrandTotal"]) == float(had[id_]["hdnGrandTotal"])
    assert lost.outcome is not None
    assert not lost.outcome.undone
    assert pickle.loads(pickle.dumps(lost)).items == lost.items
    assert without_items(crm) == 1
    invoice = Invoice.objects.using(session)[0]
    invoice.subject = "changed"
    with pytest.raises(NotSupported, match=r"over webservice\.php"):
        invoice.save()
    assert without_items(crm) == 1


def test_a_record_without_items_proves_nothing(crm: Crm, session: Session) -> None:
    ids = [each.id for each in Quotes.objects.using(session)[:2]]
    store = crm.engine.store
    number = str(ids[0]).partition("x")[2]
    store.execute(f'DELETE FROM "m_LineItem" WHERE parent_id = {number}')
    crm.engine.backdoor.set(str(ids[0]), hdnSubTotal="0", hdnGrandTotal="0")
    saved([Quotes.objects.get(id=ids[0])])
    with pytest.raises(ItemsLost):
        saved([Quotes.objects.get(id=ids[1])])


@pytest.fixture
def served(crm: Crm) -> Iterator[str]:
    """The address of a server; what the process learns of it is forgotten afterwards."""
    with crm.serve() as server:
        yield server.url
        _experiences.clear()


def over_http(crm: Crm, url: str) -> Session:
    return connect(url, *crm.credentials(), dialect="restfulapi", retry=RetryPolicy(attempts=1))


def test_another_session_of_the_process_costs_no_other_record(crm: Crm, served: str) -> None:
    with over_http(crm, served) as first, pytest.raises(ItemsLost):
        saved(list(Quotes.objects.using(first)[:1]))
    with over_http(crm, served) as second:
        quote = Quotes.objects.using(second)[1]
        quote.subject = "changed"
        with crm.count_calls() as calls, pytest.raises(NotSupported, match="deletes line"):
            quote.save()
        assert "update" not in calls.operations
    assert without_items(crm) == 1


def test_sessions_try_a_server_one_at_a_time(crm: Crm, served: str) -> None:
    """Whichever of them is first, the others learn of it."""
    ids: list[Any] = [row["id"] for row in crm.run("query", query="select id from Quotes;")]
    caught: list[VtigerError] = []

    def one(id_: Any) -> None:
        with over_http(crm, served) as session:
            quote = Quotes.objects.using(session).get(id=id_)
            quote.subject = "changed"
            try:
                quote.save()
            except VtigerError as error:
                caught.append(error)

    threads = [Thread(target=one, args=(id_,)) for id_ in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(each).__name__ for each in caught) == ["ItemsLost", *["NotSupported"] * 3]
    assert without_items(crm) == 1


@pytest.mark.parametrize("at", ["before", "after"])
def test_what_could_not_be_read_again_is_settled_before_the_next(
    crm: Crm, session: Session, at: str
) -> None:
    """A reading that fails before the change keeps it back; one that fails after it is made up."""
    one, other = list(Quotes.objects.using(session)[:2])
    other.subject = "changed"
    seen: list[str] = []

    def fails(call: Any) -> bool:
        seen.append(call.operation)
        return call.operation == "retrieve" and (at == "before" or "update" in seen)

    crm.faults.always(faults.ServerError(503), when=fails)
    with pytest.raises(VtigerError) as caught:
        session.run(perform(Revise(str(one.id), {"subject": "changed"})))
    crm.faults.clear()
    assert caught.value.outcome is not None
    assert caught.value.outcome.undone is (at == "before")
    assert without_items(crm) == (0 if at == "before" else 1)
    with pytest.raises(ItemsLost, match=str(one.id) if at == "after" else str(other.id)):
        other.save()
    assert without_items(crm) == 1


def test_a_server_that_keeps_them_is_trusted_from_then_on(crm: Crm) -> None:
    crm.profile = replace(crm.profile, restfulapi_keeps_items=True)
    with opened(crm) as session:
        calls = []
        quote = Quotes.objects.using(session)[0]
        for subject in ("one", "two", "three"):
            quote.subject = subject
            with session.count_calls() as counted:
                quote.save()
            calls.append(counted.count)
        assert calls[0] > calls[1] == calls[2]
        assert without_items(crm) == 0
