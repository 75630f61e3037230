"""Order, limits, joins that multiply rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vtiger_orm.emulator.engine import Engine, Schema
from vtiger_orm.emulator.profiles import STOCK_8_0_PHP8
from vtiger_orm.metadata.module import Flaw

from .conftest import Server, make


@pytest.mark.parametrize(
    ("limit", "rows"),
    [
        ("", 100),
        ("limit 0", 0),
        ("limit 7", 7),
        ("limit 10,0", 0),
        ("limit 101", 100),
        ("limit 1000", 100),
        ("limit 0,1000", 100),
        ("limit 5000,100", 0),
        ("limit abc", 100),
    ],
)
def test_limit(crm: Server, limit: str, rows: int) -> None:
    assert len(crm.ids(f"select id from Contacts order by id {limit};")) == rows


def test_last_page(crm: Server) -> None:
    total = crm.count("Contacts") or 0
    start = total - total % 100
    assert len(crm.ids(f"select id from Contacts order by id limit {start},100;")) == total - start


def test_keyset(crm: Server) -> None:
    seen: list[str] = []
    last = "12x0"
    while page := crm.ids(f"select id from Contacts where id > '{last}' order by id limit 100;"):
        seen += page
        last = page[-1]
    assert len(seen) == len(set(seen)) == crm.count("Contacts")
    assert seen == sorted(seen, key=lambda each: int(each.split("x")[1]))


def test_last_direction_only(crm: Server) -> None:
    rows = crm.query(
        "select department,lastname from Contacts where department in ('IT','Sales') "
        "order by department,id desc;"
    )
    ids = [(row["department"].upper(), -int(row["id"].split("x")[1])) for row in rows]
    assert ids == sorted(ids)


def test_references_sort_by_number(crm: Server) -> None:
    rows = crm.query(
        "select account_id from Contacts where account_id > '11x0' order by account_id;"
    )
    numbers = [int(row["account_id"].split("x")[1]) for row in rows if row["account_id"]]
    assert numbers == sorted(numbers)


def test_decimals_sort_as_numbers(crm: Server) -> None:
    rows = crm.query("select amount from Potentials where amount > '0' order by amount,id;")
    amounts = [float(row["amount"]) for row in rows]
    assert amounts == sorted(amounts)


def test_order_by_needs_the_table(crm: Server) -> None:
    """The field must be selected or filtered, unless its table is joined anyway."""
    assert crm.query("select lastname from Contacts order by birthday limit 5;") == []
    assert crm.query("select lastname,birthday from Contacts order by birthday limit 5;")
    assert crm.query(
        "select lastname from Contacts where birthday > '1900-01-01' order by birthday limit 5;"
    )
    assert crm.query("select id from Contacts order by lastname limit 5;")


def test_offset_pages_without_id_lose_rows(crm: Server) -> None:
    """Ties come in another order on every page; with id at the end none is lost."""
    total = crm.count("Contacts") or 0

    def read(order: str) -> set[str]:
        return {
            record
            for start in range(0, total, 100)
            for record in crm.ids(
                f"select id,leadsource from Contacts order by {order} limit {start},100;"
            )
        }

    assert len(read("leadsource,id")) == total
    assert len(read("leadsource")) < total


def test_no_order_is_no_order(crm: Server) -> None:
    found = crm.ids("select id from Contacts where lastname like '%a%';")
    assert found != sorted(found, key=lambda each: int(each.split("x")[1]))


def test_inventory_pages_count_items(empty: Server) -> None:
    product = empty.create("Products", productname="P", unit_price="10")["id"]
    account = empty.create("Accounts", accountname="A")["id"]
    for number in range(30):
        items = [{"productid": product, "quantity": "1"}] * 2
        empty.create(
            "Quotes",
            subject=f"Q{number}",
            quotestage="Created",
            account_id=account,
            productid=product,
            bill_street="b",
            ship_street="s",
            hdnTaxType="group",
            LineItems=items,
        )
    assert len(empty.query("select * from Quotes order by id limit 10;")) == 5
    assert len(empty.query("select * from Quotes order by id limit 10,10;")) == 5
    assert len(empty.query("select id,subject from Quotes order by id limit 10;")) == 10
    for field in ("productid", "quantity", "comment", "tax1", "hdnDiscountPercent"):
        assert len(empty.query(f"select id,{field} from Quotes order by id limit 20;")) == 10
    assert empty.count("Quotes") == 30
    assert empty.count("Quotes", "quantity = '1'") == 60


def test_the_last_item_wins(crm: Server) -> None:
    rows = crm.query("select id,listprice from Quotes order by id limit 6;")
    for row in rows[:2]:
        items = crm.query(
            f"select listprice,sequence_no from LineItem where parent_id = '{row['id']}' "
            "order by sequence_no;"
        )
        assert row["listprice"] == items[-1]["listprice"]


def test_header_discounts_are_absent_and_filter_items(crm: Server) -> None:
    rows = crm.query("select id,hdnDiscountPercent from Quotes limit 3;")
    assert "hdnDiscountPercent" not in rows[0]
    items = crm.count("LineItem", "discount_percent = '10'")
    counts = [
        crm.count(module, "hdnDiscountPercent = '10'") or 0
        for module in ("Quotes", "SalesOrder", "Invoice", "PurchaseOrder")
    ]
    assert sum(counts) == items


def test_contacts_of_an_event_multiply(crm: Server) -> None:
    total = crm.count("Events") or 0
    assert (crm.count("Events", "contact_id > '12x0'") or 0) > total
    short = crm.query("select id,contact_id from Events order by id limit 10;")
    assert len(short) < 10
    several = short[0]["id"]
    rows = crm.query(f"select contact_id from Events where id = '{several}';")
    assert len(rows) == 1
    seen: set[str] = set()
    last = "18x0"
    while page := crm.ids(
        f"select id,contact_id from Events where id > '{last}' order by id limit 20;"
    ):
        seen.update(page)
        last = page[-1]
    assert len(seen) == total


def test_thinned_pages() -> None:
    """A server that applies sharing after LIMIT gives short pages in the middle."""
    crm = make(replace(STOCK_8_0_PHP8, thinned_pages=True)).as_user("restricted")
    page = crm.ids("select id from HelpDesk order by id limit 100;")
    assert 0 < len(page) < 100
    assert (crm.count("HelpDesk") or 0) > len(page)
    honest = make().as_user("restricted")
    assert honest.count("HelpDesk") == len(honest.ids("select id from HelpDesk order by id;"))


def test_field_that_a_pull_found_unsortable() -> None:
    whole = Schema.demo()
    contacts = whole.modules["Contacts"]
    flawed = replace(contacts.fields["lastname"], flaw=Flaw.UNSORTABLE)
    modules = {**whole.modules}
    modules["Contacts"] = replace(contacts, fields={**contacts.fields, "lastname": flawed})
    with Engine(Schema(whole.instance, modules)) as engine:
        engine.backdoor.insert("Contacts", lastname="x")
        user = engine.users()[0]
        for order, rows in (("id", 1), ("lastname", 0)):
            query = f"select id,lastname from Contacts order by {order};"
            assert len(engine.call(user, "query", {"query": query})) == rows
