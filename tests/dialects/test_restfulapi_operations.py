"""The third-party RestfulApi module as a transport: what it can answer exactly, and refusals."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, HelpDesk, Products, Quotes
from generated.demo import connect as connect_demo
from tests.support.kinds import Face
from vtiger_orm import (
    AuthError,
    ConfigError,
    InvalidRecord,
    LineItem,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Q,
    Session,
)
from vtiger_orm.dialects.restfulapi_filter import FilterCondition, ReadStatement, parameters, read
from vtiger_orm.emulator import Crm, faults


@pytest.fixture
def kind() -> str:
    return "stock"


@pytest.fixture
async def face(mode: str, kind: str, crm: Crm) -> Any:
    async with AsyncExitStack() as stack:
        own = Face(mode, kind, crm, stack)
        own.session = connect_demo(
            crm.url,
            *crm.credentials(),
            dialect="restfulapi",
            transport=crm.transport(),
            async_transport=crm.transport(),
        )
        if mode == "async":
            await stack.enter_async_context(own.session)
        else:
            stack.enter_context(own.session)
        yield own


async def test_create_save_refresh_delete(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="R & D", website="a.example/x/y")
    contact = await face(
        Contacts.objects,
        "create",
        lastname="Rest",
        account_id=account,
        birthday=date(1990, 1, 2),
        donotcall=True,
    )
    assert (account.accountname, account.website) == ("R & D", "a.example/x/y")
    assert contact.account_id == account.id
    assert contact.assigned_user_id == face.crm.user().wire_id
    contact.department = "IT"
    await face(contact, "save")
    row = face.crm.run("retrieve", id=str(contact.id))
    assert (row["department"], row["lastname"], row["birthday"]) == ("IT", "Rest", "1990-01-02")
    face.crm.run("revise", element={"id": str(contact.id), "firstname": "Changed"})
    await face(contact, "refresh")
    assert contact.firstname == "Changed"
    await face(contact, "delete")
    await face(contact, "delete")
    with pytest.raises(Contacts.DoesNotExist):
        await face(contact, "refresh")


async def test_html_is_lost_and_told(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="x <b>bold</b>")
    [adjustment] = contact.crm.adjusted
    assert adjustment.field == "lastname"


async def test_queries_it_can_express(face: Face) -> None:
    made = [
        await face(Contacts.objects, "create", lastname=f"Q{each}", department="Rest dept")
        for each in range(3)
    ]
    some = Contacts.objects.filter(department="Rest dept")
    assert [each.lastname for each in await face.list(some.order_by("lastname"))] == [
        "Q0",
        "Q1",
        "Q2",
    ]
    assert [each.id for each in await face.list(some.filter(id__gt=made[0].id))] == [
        each.id for each in made[1:]
    ]
    assert [each.lastname for each in await face.list(some.only("lastname")[1:2])] == ["Q1"]
    found = await face(Contacts.objects, "get", id=made[1].id)
    assert found.lastname == "Q1"
    assert await face(some, "exists")
    assert await face(Contacts.objects.filter(department="Nobody's"), "first") is None
    since = datetime(2000, 1, 1, tzinfo=UTC)
    assert await face(Contacts.objects.filter(createdtime__gte=since), "exists")
    everyone = await face.list(Contacts.objects.only("lastname"))
    assert len(everyone) == len({each.id for each in everyone}) > 1000


async def test_booleans_and_zero(face: Face) -> None:
    account = await face(Accounts.objects, "create", accountname="No calls", employees=0)
    contact = await face(Contacts.objects, "create", lastname="c", department="B", donotcall=True)
    other = await face(Contacts.objects, "create", lastname="c", department="B", donotcall=False)
    chosen = Contacts.objects.filter(department="B")
    assert [each.id for each in await face.list(chosen.filter(donotcall=True))] == [contact.id]
    assert [each.id for each in await face.list(chosen.filter(donotcall=False))] == [other.id]
    zero = Accounts.objects.filter(accountname="No calls", employees=0)
    assert [each.id for each in await face.list(zero)] == [account.id]


async def test_what_it_cannot_express_is_refused_with_the_reason(face: Face) -> None:
    for queryset, reason in (
        (Contacts.objects.filter(lastname__contains="x"), "like means equal"),
        (Contacts.objects.filter(Q(lastname="a") | Q(firstname="b")), "AND only"),
        (Contacts.objects.filter(lastname__in=["a", "b"]), "one of several"),
        (Contacts.objects.filter(department="a:b"), "meaning of its own"),
        (Contacts.objects.filter(ke_hu_lei_xing=Contacts.KeHuLeiXing("1st")), "not known"),
    ):
        with face.crm.count_calls() as calls, pytest.raises(NotSupported, match=reason):
            await face.list(queryset)
        assert calls.number == 0
    with pytest.raises(NotSupported, match="cannot count"):
        await face(Contacts.objects, "count")


async def test_operations_it_has_not(face: Face) -> None:
    contact = await face(Contacts.objects, "create", lastname="x")
    for owner, method, args in (
        (contact.crm.tags, "all", ()),
        (contact.crm, "reopen", ()),
        (face.session, "modules", ()),
        (face.session, "describe", ("Contacts",)),
        (Contacts.objects, "upload", (b"x",)),
    ):
        values = {"filename": "x.png", "lastname": "y"} if method == "upload" else {}
        with pytest.raises(NotSupported):
            await face(owner, method, *args, **values)
    with pytest.raises(NotSupported, match="time of day"):
        await face.list(Contacts.objects.changes())
    with pytest.raises(NotSupported, match="who a token"):
        _ = await face.session.ame() if face.mode == "async" else face.session.me


async def test_inventory_is_created_with_its_items(face: Face) -> None:
    product = await face(Products.objects, "create", productname="Chair")
    account = await face(Accounts.objects, "create", accountname="Buyer")
    quote = await face(
        Quotes.objects,
        "create",
        subject="Offer",
        quotestage=Quotes.QuoteStage("Created"),
        account_id=account,
        bill_street="a",
        ship_street="b",
        items=[LineItem(product, 2, Decimal("10.50"), comment="c")],
    )
    row = face.crm.run("retrieve", id=str(quote.id))
    [item] = row["LineItems"]
    assert (item["productid"], item["quantity"], item["listprice"]) == (
        product.id,
        "2.000",
        "10.50000000",
    )
    quote.crm.items = [LineItem(product, 1, 1)]
    with pytest.raises(NotSupported, match="only when it creates"):
        await face(quote, "save")


async def test_rules_and_doubt_are_the_same(face: Face) -> None:
    with pytest.raises(InvalidRecord):
        await face(Contacts.objects, "create", firstname="no last name")
    face.crm.faults.next(faults.LostAnswer(), operation="create")
    with pytest.raises(OutcomeUnknown) as caught:
        await face(Contacts.objects, "create", lastname="Lost", firstname="One")
    assert caught.value.record.crm.in_doubt
    assert await face(caught.value.record.crm, "resolve", absent=True) is False


async def test_a_refused_token_is_renewed(face: Face) -> None:
    # A public fork tells the code; the module itself answers null.
    face.crm.profile = replace(face.crm.profile, restfulapi_fork=True)
    contact = await face(Contacts.objects, "create", lastname="x")
    face.crm.faults.next(faults.ExpiredSession())
    await face(contact, "refresh")
    contact.firstname = "y"
    face.crm.faults.next(faults.ExpiredSession())
    await face(contact, "save")
    assert contact.firstname == "y"


async def test_picklists_and_dependencies(face: Face) -> None:
    dependency = await face(
        face.session, "picklist_dependency", HelpDesk, "ticketcategories", "ticketseverities"
    )
    assert (dependency.source, dependency.target) == ("ticketcategories", "ticketseverities")
    answer = await face(
        face.session, "call", "picklist", {"module": "Accounts", "picklist": "rating"}
    )
    assert answer["values"]


async def test_revise_of_a_missing_record(face: Face) -> None:
    contact = Contacts(id=Contacts.ref(f"{Contacts.meta.prefix}x99999999"), department="x")
    with pytest.raises(NotFound):
        await face(contact, "save")


def test_password_login_and_refusal(crm: Crm) -> None:
    crm.passwords["admin"] = "pass word/1"
    transport = crm.transport()
    with connect_demo(crm.url, "admin", "pass word/1", dialect="restfulapi", transport=transport):
        assert Contacts.objects.first()
    with (
        connect_demo(crm.url, "admin", "wrong", dialect="restfulapi", transport=transport),
        pytest.raises(AuthError, match="password") as caught,
    ):
        Contacts.objects.first()
    assert "wrong" not in str(caught.value)


def test_it_needs_a_generated_package(crm: Crm) -> None:
    with pytest.raises(ConfigError, match="webservice"):
        Session(crm.url, *crm.credentials(), dialect="restfulapi")


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("select * from Contacts;", ReadStatement(())),
        (
            "select id,lastname from Contacts where lastname = 'O''Hara\\\\' and id > '12x5' "
            "order by lastname,id limit 20,50;",
            ReadStatement(
                ("id", "lastname"),
                (FilterCondition("lastname", "=", "O'Hara\\"), FilterCondition("id", ">", "12x5")),
                ("lastname", "id"),
                offset=20,
                limit=50,
            ),
        ),
        (
            "select id from Contacts where a in ('x') order by id desc limit 5;",
            ReadStatement(("id",), (FilterCondition("a", "=", "x"),), ("id",), True, 0, 5),
        ),
        (
            "select id from Contacts where a = ' order by or and ' limit 7;",
            ReadStatement(
                ("id",), (FilterCondition("a", "=", " order by or and "),), (), False, 0, 7
            ),
        ),
    ],
)
def test_reading_of_statements(text: str, statement: ReadStatement) -> None:
    assert read(text) == statement


@pytest.mark.parametrize(
    "text",
    [
        "select id from Contacts where a = 'x' or b = 'y';",
        "select id from Contacts where a like 'x%';",
        "select count(*) from Contacts;",
        "select id from Contacts where (a = 'x');",
        "drop table x",
        "select id from Contacts",
        "",
    ],
)
def test_statements_that_are_refused(text: str) -> None:
    with pytest.raises(NotSupported):
        read(text)


def test_parameters_use_known_columns_only() -> None:
    found = parameters(
        Accounts.meta,
        read(
            "select id from Accounts where accounttype = 'Press' and website = 'a/b' "
            "and account_id = '11x5' and id > '11x0' order by annual_revenue desc limit 10;"
        ),
    )
    assert found == {
        "module": "Accounts",
        "start": "0",
        "length": "10",
        "order": "vtiger_account.annualrevenue DESC",
        "criteria": "vtiger_account.account_type:eq:Press;vtiger_account.website:eq:a\\/b;"
        "vtiger_account.parentid:eq:5",
    }
