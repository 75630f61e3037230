"""Items, activities and conversions on coreBOS: what is sent, what is stored, what is proved."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from vtiger_codegen.generate import Options, generate
from vtiger_codegen.live.pull import pull_snapshot
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.packages import imported
from tests.support.zoned import InZone
from vtiger_orm import InvalidRecord, LineItem, NotSupported, Session
from vtiger_orm._writes import Reason
from vtiger_orm.emulator import Crm
from vtiger_orm.introspection.pull import PullWarning

MODULES = (
    *("Accounts", "Contacts", "Groups", "Invoice", "InventoryDetails", "Leads", "Potentials"),
    *("Products", "Quotes", "SalesOrder", "Services", "Users", "cbCalendar"),
)
ADDRESS = {"bill_street": "b", "ship_street": "s"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Crm, Any]]:
    with Crm(profile="corebos", data=None) as crm:
        door: dict[str, Any] = {"dialect": "webservice", "transport": crm.transport()}
        for module, values in (
            ("Accounts", {"accountname": "First"}),
            ("Products", {"productname": "Pen", "unit_price": "10"}),
            ("Products", {"productname": "Ink"}),
            ("Services", {"servicename": "Care"}),
        ):
            crm.create(module, values)
        with Session(crm.url, *crm.credentials(), **door) as session, warnings.catch_warnings():
            warnings.simplefilter("ignore", PullWarning)  # nobody saw the relations of some
            snapshot = pull_snapshot(session, include=MODULES)
        files = generate(snapshot, NamesLock(), Options()).files
        with imported(tmp_path_factory.mktemp("corebos"), files) as package:
            yield crm, package


@pytest.fixture
def crm(served: tuple[Crm, Any]) -> Crm:
    return served[0]


@pytest.fixture
def corebos(served: tuple[Crm, Any]) -> Iterator[Any]:
    crm, package = served
    with package.connect(
        crm.url, *crm.credentials(), dialect="webservice", transport=crm.transport()
    ):
        yield package


@pytest.fixture
def goods(corebos: Any) -> list[Any]:
    return [*corebos.Products.objects.all(), *corebos.Services.objects.all()]


def quote(corebos: Any, *items: LineItem, **values: Any) -> Any:
    account = corebos.Accounts.objects.all()[0]
    header = {"subject": "Q", "quotestage": "Created", "account_id": account, **ADDRESS, **values}
    return corebos.Quotes.objects.create(**header, **({"items": items} if items else {}))


def shown(record: Any) -> list[tuple[object, ...]]:
    return [
        (each.product, each.quantity, each.price, each.discount_percent, each.discount_amount)
        for each in record.crm.items
    ]


def unasked(record: Any) -> list[Any]:
    return [each for each in record.crm.adjusted if each.why is not Reason.COMPUTED]


def test_items_are_sent_stored_and_read(crm: Crm, corebos: Any, goods: list[Any]) -> None:
    made = quote(
        corebos,
        LineItem(goods[0], 2, 10, comment="first & <b>"),
        LineItem(goods[1], 3, Decimal("3.50"), discount_percent=10),
        LineItem(goods[2], 1, 5, discount_amount=1),
    )
    assert made.crm.adjusted == ()
    assert shown(made) == [
        (goods[0].id, 2, 10, None, None),
        (goods[1].id, 3, Decimal("3.50"), 10, None),
        (goods[2].id, 1, 5, None, 1),
    ]
    assert made.crm.items[0].comment == "first & <b>"
    stored = crm.run("retrieve", id=str(made.id))["pdoInformation"]
    assert [each["wsproductid"] for each in stored] == [each.id for each in goods]
    assert float(made.hdnSubTotal) == 33.45
    read = corebos.Quotes.objects.get(id=made.id)
    assert shown(made) == [*map(tuple, shown_after_loading(read))]
    details = corebos.InventoryDetails.objects.filter(related_to=made.id)
    assert [each.quantity for each in details] == [2, 3, 1]


def shown_after_loading(record: Any) -> list[tuple[object, ...]]:
    record.crm.load_items()
    return shown(record)


@pytest.mark.parametrize(
    ("header", "subtotal", "total"),
    [
        ({}, 30.5, 38.74),
        ({"hdnTaxType": "individual"}, 30.5, 30.5),
        ({"hdnDiscountPercent": 10}, 30.5, 34.86),
        ({"hdnDiscountAmount": 5}, 30.5, 32.39),
        ({"hdnS_H_Amount": 4, "txtAdjustment": Decimal("1.5")}, 30.5, 44.24),
        ({"txtAdjustment": Decimal("-1.5")}, 30.5, 37.24),
    ],
)
def test_other_items_keep_the_rest_of_the_total(
    corebos: Any, goods: list[Any], header: dict[str, Any], subtotal: float, total: float
) -> None:
    items = LineItem(goods[0], 2, 10), LineItem(goods[1], 3, Decimal("3.50"))
    made = quote(corebos, *items, **header)
    assert (float(made.hdnSubTotal), float(made.hdnGrandTotal)) == (subtotal, total)
    for record in (made, corebos.Quotes.objects.get(id=made.id)):
        record.crm.load_items()[0].comment = f"another {id(record)}"
        record.save()
        assert float(record.hdnGrandTotal) == total
        assert record.crm.adjusted == ()
    made.crm.items.append(LineItem(goods[2], 1, 1))
    made.save()
    assert unasked(made) == []
    assert float(made.hdnSubTotal) == subtotal + 1


def test_discounts_are_fields_of_the_record(corebos: Any, goods: list[Any]) -> None:
    made = quote(corebos, LineItem(goods[0], 2, 10), hdnDiscountAmount=7)
    read = corebos.Quotes.objects.get(hdnDiscountAmount=7)
    assert (read.id, read.hdnDiscountAmount) == (made.id, 7)


def test_own_rates_of_taxes_are_kept(crm: Crm, corebos: Any, goods: list[Any]) -> None:
    rates = {"tax1_group_percentage": "19", "tax2_group_percentage": "0"}
    made = crm.create(
        "Quotes",
        {
            "subject": "Q",
            "quotestage": "Created",
            **ADDRESS,
            "account_id": str(corebos.Accounts.objects.all()[0].id),
            "pdoInformation": [{"productid": str(goods[0].id), "qty": 2, "listprice": 10}],
            **rates,
            "tax3_group_percentage": "0",
        },
    )
    record = corebos.Quotes.objects.get(id=made["id"])
    assert float(record.hdnGrandTotal) == 23.8
    record.crm.load_items()[0].quantity = 4
    record.save()
    assert float(record.hdnGrandTotal) == 47.6


def test_totals_follow_the_header_only_with_the_items(corebos: Any, goods: list[Any]) -> None:
    made = quote(corebos, LineItem(goods[0], 2, 10))
    read = corebos.Quotes.objects.get(id=made.id)
    read.hdnDiscountAmount = 5
    with pytest.raises(NotSupported, match="load_items"):
        read.save()
    read.crm.load_items()
    read.save()
    assert float(read.hdnGrandTotal) == 19.05
    read.hdnDiscountPercent = 10
    with pytest.raises(InvalidRecord, match="set the other one to 0"):
        read.save()
    read.hdnDiscountAmount = 0
    read.save()
    assert float(read.hdnGrandTotal) == 22.86
    read.quotestage = "Delivered"
    read.save()
    assert (float(read.hdnGrandTotal), len(read.crm.load_items())) == (22.86, 1)


def test_what_was_not_measured_is_refused_unsent(crm: Crm, corebos: Any, goods: list[Any]) -> None:
    with crm.count_calls() as calls:
        for item in (LineItem(goods[0], 2, 10, taxes={"tax1": Decimal(19)}), LineItem(goods[0])):
            with pytest.raises((NotSupported, InvalidRecord), match=r"items\[0\]"):
                quote(corebos, item)
    assert "create" not in calls.operations


def test_offers_without_items_and_other_modules(corebos: Any, goods: list[Any]) -> None:
    empty = quote(corebos)
    assert list(empty.crm.load_items()) == []
    empty.crm.items.append(LineItem(goods[0], 1, 5))
    empty.save()
    account = corebos.Accounts.objects.all()[0]
    order = corebos.SalesOrder.objects.create(
        subject="S",
        sostatus="Created",
        invoicestatus="AutoCreated",
        account_id=account,
        **ADDRESS,
        items=[LineItem(goods[1], 2, 7)],
    )
    read = [corebos.Quotes.objects.get(id=empty.id), corebos.SalesOrder.objects.get(id=order.id)]
    corebos.Quotes.objects._runner().load_items(read)
    assert [len(each.crm.items) for each in read] == [1, 1]


def test_an_activity_takes_its_moments_alone(corebos: Any) -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 12, 1, hour, 30, tzinfo=UTC)

    made = corebos.CbCalendar.objects.create(subject="A", dtstart=at(10), dtend=at(11))
    assert (made.crm.adjusted, made.dtstart, made.dtend) == ((), at(10), at(11))
    made.dtend = at(13)
    made.save()
    assert unasked(made) == []
    made.eventstatus = "Held"
    made.save()
    assert (made.dtstart, made.dtend) == (at(10), at(13))
    with pytest.raises(InvalidRecord, match="dtstart"):
        corebos.CbCalendar.objects.create(subject="now?")
    for name in ("date_start", "time_end", "duration_hours"):
        assert not corebos.CbCalendar.meta.fields[name].editable


def test_no_description_moves_with_the_clock(served: tuple[Crm, Any]) -> None:
    crm, package = served
    assert package.CbCalendar.meta.fields["dtstart"].default is None
    assert package.Contacts.meta.fields["birthday"].default is None
    with Session(
        crm.url, *crm.credentials(), dialect="webservice", transport=crm.transport()
    ) as session:
        before = session.describe("Contacts").fields
        told = {each.name: each.default for each in before if each.name == "birthday"}
    assert told == {"birthday": None}


def test_a_moment_that_was_sent_before_the_zone_was_known_is_told(
    served: tuple[Crm, Any], crm: Crm
) -> None:
    """The answer to the first create tells the zone: by it another moment was stored."""
    package, begin = served[1], datetime(2026, 12, 1, 10, tzinfo=UTC)
    there = InZone(crm, ZoneInfo("America/New_York"))
    with package.connect(crm.url, *crm.credentials(), dialect="webservice", transport=there):
        told = []
        for _ in range(2):
            made = package.CbCalendar.objects.create(
                subject="Call",
                dtstart=begin,
                dtend=begin,
                activitytype="Call",
                eventstatus="Planned",
            )
            told.append({(each.field, each.why) for each in made.crm.adjusted})
        assert {("dtstart", Reason.CHANGED), ("dtend", Reason.CHANGED)} <= told[0]
        assert not {each for each in told[1] if each[0] in ("dtstart", "dtend")}
        assert made.dtstart == begin


def test_owners_of_a_conversion_are_proved(crm: Crm, corebos: Any) -> None:
    nobody = corebos.Users.ref(f"{corebos.Users.meta.prefix}x99")
    lead = corebos.Leads.objects.create(lastname="L", company="Acme two")
    with crm.count_calls() as calls:
        with pytest.raises(InvalidRecord, match="no user or group 19x99"):
            lead.crm.convert(account=True, contact=True, assigned_to=nobody)
        with pytest.raises(InvalidRecord, match="no user or group 19x99"):
            lead.crm.convert(account=True, contact={"assigned_user_id": nobody})
    assert "convertlead" not in calls.operations
    assert lead.crm.convert(account=True, contact=True).contact is not None
