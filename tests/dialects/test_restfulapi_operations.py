"""The third-party RestfulApi module as a transport: what it can answer exactly, and refusals."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from generated.demo import (
    Accounts,
    Contacts,
    Emails,
    Events,
    Groups,
    HelpDesk,
    Products,
    Quotes,
    Users,
)
from generated.demo import connect as connect_demo
from tests.support.kinds import Face
from vtiger_orm import (
    ApiError,
    AuthError,
    ConfigError,
    InvalidRecord,
    LineItem,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Q,
    Session,
    SessionExpired,
    UnsupportedQuery,
    VtigerError,
)
from vtiger_orm.calls.operations import Criterion, Listing
from vtiger_orm.dialects.restfulapi_filter import parameters, sayable
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.emulator.engine.accounts import HIDDEN_FIELD, READONLY_FIELD


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


async def test_signs_of_html_are_stored_as_given_or_told(face: Face) -> None:
    kept = await face(Contacts.objects, "create", lastname=" x <b>bold</b> & c/d &lt; ")
    assert kept.crm.adjusted == ()
    row = face.crm.run("retrieve", id=str(kept.id))
    assert row["lastname"] == kept.lastname == " x <b>bold</b> & c/d &lt; "
    lost = await face(Contacts.objects, "create", lastname="x", firstname="<b>whole</b>")
    [adjustment] = lost.crm.adjusted
    assert adjustment.field == "firstname"


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


async def test_what_the_filter_cannot_say_is_decided_on_the_rows(face: Face) -> None:
    made = [
        await face(Contacts.objects, "create", lastname=name, department="D:1; <x>")
        for name in ("Alpha", "Beta & Co", "Gamma/x")
    ]
    own = Contacts.objects.filter(department="D:1; <x>")
    for queryset, found in (
        (own, made),
        (own.filter(lastname__contains="a"), made),
        (own.filter(Q(lastname="Alpha") | Q(lastname__endswith="/x")), [made[0], made[2]]),
        (own.filter(lastname__in=["alpha", "beta & co"]), made[:2]),
        (own.exclude(lastname="Beta & Co"), [made[0], made[2]]),
        (own.filter(firstname=None).order_by("-lastname"), made[::-1]),
        (Contacts.objects.filter(id__in=[each.id for each in made[::2]]), made[::2]),
    ):
        assert [each.id for each in await face.list(queryset)] == [each.id for each in found]
    assert await face(own, "count") == 3
    assert sorted(await face(Contacts.objects, "in_bulk", [made[1].id])) == [made[1].id]


@pytest.mark.parametrize("model", [Events, Emails, Users, Groups])
async def test_modules_without_a_true_list_are_refused(face: Face, model: Any) -> None:
    with pytest.raises(NotSupported, match="cannot list"):
        await face.list(model.objects.all())


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


async def test_whose_the_session_is(face: Face) -> None:
    user = await face.session.ame() if face.mode == "async" else face.session.me
    assert (user.id, user.name) == (face.crm.user().wire_id, face.crm.user().name)


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
    assert (quote.hdnSubTotal, quote.hdnGrandTotal) == (Decimal(21), Decimal(21))
    assert quote.crm.adjusted == ()
    read = await face(Quotes.objects, "get", id=quote.id)
    items = await face(read.crm, "load_items")
    assert [(each.product, each.quantity, each.comment) for each in items] == [(product.id, 2, "c")]
    quote.crm.items = [LineItem(product, 1, 1)]
    with pytest.raises(NotSupported, match="only created"):
        await face(quote, "save")


@pytest.mark.parametrize("first", [1000, 30])
async def test_all_line_items_are_read(
    face: Face, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: the rows of one record are in no order that has pages."""
    monkeypatch.setattr("vtiger_orm.planner.lists._LINES", first)
    product, account = (
        face.crm.create(module, {name: "x"})["id"]
        for module, name in (("Products", "productname"), ("Accounts", "accountname"))
    )
    lines = [{"productid": product, "quantity": f"{n}", "listprice": "1"} for n in range(1, 131)]
    element = {"subject": "x", "quotestage": "Created", "account_id": account, "bill_street": "a"}
    element |= {"ship_street": "b", "productid": product, "LineItems": lines}
    made = face.crm.create("Quotes", element)
    quote = await face(Quotes.objects, "get", id=made["id"])
    items = await face(quote.crm, "load_items")
    assert sorted(each.quantity for each in items) == list(range(1, 131))


async def test_rules_and_doubt_are_the_same(face: Face) -> None:
    with pytest.raises(InvalidRecord):
        await face(Contacts.objects, "create", firstname="no last name")
    face.crm.faults.next(faults.LostAnswer(), operation="create")
    with pytest.raises(OutcomeUnknown) as caught:
        await face(Contacts.objects, "create", lastname="Lost", firstname="One")
    assert caught.value.record.crm.in_doubt
    assert await face(caught.value.record.crm, "resolve", absent=True) is False


async def test_a_refused_token_is_renewed(face: Face) -> None:
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
    ("module", "told"),
    [("NoSuch", "does not know the module"), ("accounts", "does not know the module")],
)
def test_a_request_that_is_refused_without_a_word(crm: Crm, module: str, told: str) -> None:
    transport = crm.transport()
    with connect_demo(
        crm.url, *crm.credentials(), dialect="restfulapi", transport=transport
    ) as session:
        with session.count_calls() as counted, pytest.raises(ApiError, match=told) as caught:
            session.call("picklist", {"module": module, "picklist": "rating"})
        assert not isinstance(caught.value, SessionExpired)
        assert counted.count <= 4  # the login's own ones, and this


def test_tags_are_neither_compared_nor_written(crm: Crm) -> None:
    """The module shows them empty."""
    transport = crm.transport()
    id_ = crm.create("Contacts", {"lastname": "tagged"})["id"]
    crm.engine.backdoor.set(id_, tags="red")
    with connect_demo(crm.url, *crm.credentials(), dialect="restfulapi", transport=transport):
        record = Contacts.objects.get(id=id_)
        for asked in (
            lambda: list(Contacts.objects.filter(tags="red")),
            lambda: Contacts.objects.filter(tags=None).count(),
            lambda: list(Contacts.objects.order_by("tags")[:2]),
            lambda: Contacts.objects.filter(tags__contains="r").explain(),
            lambda: Contacts.objects.order_by("-tags").explain(),
        ):
            with pytest.raises(UnsupportedQuery, match="show it empty"):
                asked()
        record.tags = "blue"
        with pytest.raises(NotSupported, match="tags are shown empty"):
            record.save()
        with pytest.raises(NotSupported, match="tags are shown empty"):
            Contacts.objects.filter(id=id_).update(tags="blue")
    assert crm.engine.backdoor.get(id_, "tags") == "red"


def test_an_owner_who_is_nobody_is_refused_unsent(crm: Crm) -> None:
    transport = crm.transport()
    group: Any = crm.run("query", query="select id from Groups;")[0]["id"]
    prefix, _, number = group.partition("x")
    user = crm.user().wire_id
    with connect_demo(crm.url, *crm.credentials(), dialect="restfulapi", transport=transport):
        record = Contacts.objects.create(lastname="owned", assigned_user_id=group)
        assert str(record.assigned_user_id) == group
        nobody: list[Any] = [f"{user.partition('x')[0]}x999", f"{prefix}x{user.partition('x')[2]}"]
        for id_ in nobody:
            record.assigned_user_id = id_
            with crm.count_calls() as calls, pytest.raises(InvalidRecord, match="no user or group"):
                record.save()
            with pytest.raises(VtigerError, match="no user or group"):
                Contacts.objects.filter(id=record.id).update(assigned_user_id=id_)
            with pytest.raises(InvalidRecord, match="no user or group"):
                Contacts.objects.create(lastname="x", assigned_user_id=id_)
            assert not {"update", "create"} & set(calls.operations)
        assert crm.engine.backdoor.get(str(record.id), "assigned_user_id") == int(number)


def test_what_the_profile_hides_or_locks_is_told_when_it_was_dropped(crm: Crm) -> None:
    accounts = crm.engine.accounts
    accounts.add_user("hindered")
    accounts.restrict("hindered", HIDDEN_FIELD, "Contacts", "mobile")
    accounts.restrict("hindered", READONLY_FIELD, "Contacts", "fax")
    key = crm.credentials("hindered")
    with connect_demo(crm.url, *key, dialect="restfulapi", transport=crm.transport()) as session:
        record = Contacts.objects.using(session).create(lastname="x", mobile="1", phone="2")
        assert {each.field for each in record.crm.adjusted} == {"mobile"}
        record.fax = "3"
        record.save()
        assert {each.field for each in record.crm.adjusted} == {"fax"}


def test_parameters_use_known_columns_only() -> None:
    criteria = (
        Criterion("accounttype", "=", "Press"),
        Criterion("website", "=", "a/b"),
        Criterion("account_id", "=", "11x5"),
        Criterion("modifiedtime", ">=", "2026-11-28 13:07:30"),
        Criterion("employees", ">", "0"),
    )
    order = (("annual_revenue", True), ("id", True))
    found = parameters(Accounts.meta, Listing("Accounts", criteria, order, 0, 10))
    assert found == {
        "module": "Accounts",
        "start": "0",
        "length": "10",
        "order": "vtiger_account.annualrevenue DESC,CE.crmid DESC",
        "criteria": "vtiger_account.account_type:eq:Press;vtiger_account.website:eq:a\\/b;"
        "vtiger_account.parentid:eq:5;CE.modifiedtime:gte:20261128130730;"
        "vtiger_account.employees:gt:0.0",
    }


@pytest.mark.parametrize("value", ["", "0", " a", "a:b", "a;b", "a<b", "a\\b", "a\tb", "a\n"])
def test_values_that_the_filter_takes_for_its_own_are_not_sent(value: str) -> None:
    said = Criterion("accountname", "=", value)
    assert not sayable(Accounts.meta, said)
    with pytest.raises(NotSupported):
        parameters(Accounts.meta, Listing("Accounts", (said,)))
