"""Everything a reading application does, in the types it may rely on."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, assert_type

from generated.demo import (
    Accounts,
    Contacts,
    Events,
    Groups,
    Potentials,
    Quotes,
    Users,
    Vehicles,
    connect,
)
from vtiger_orm import Q, Ref


def sync() -> None:
    with connect() as crm:
        hot = (
            Contacts.objects.filter(
                lastname__startswith="Sm",
                leadsource=Contacts.LeadSource.COLD_CALL,
                account_id__in=Accounts.objects.filter(industry=Accounts.Industry.BANKING),
            )
            .exclude(email=None)
            .select_related("account_id")
            .order_by("-modifiedtime")
        )
        for contact in hot[:50]:
            assert_type(contact, Contacts)
            assert_type(contact.lastname, str | None)
            assert_type(contact.birthday, date | None)
            assert_type(contact.modifiedtime, datetime | None)
            assert_type(contact.donotcall, bool | None)
            assert_type(contact.leadsource, Contacts.LeadSource | None)
            assert_type(contact.id, Ref[Contacts])
            if contact.account_id:
                assert_type(contact.account_id.loaded, Accounts)
                assert_type(contact.account_id.fetch(), Accounts)
            if contact.assigned_user_id:
                owner = contact.assigned_user_id.fetch()
                assert_type(owner, Users | Groups)
                if isinstance(owner, Users):
                    assert_type(owner.user_name, str | None)
        assert_type(hot.count(), int)
        assert_type(hot.exists(), bool)
        assert_type(hot.first(), Contacts | None)
        assert_type(hot.get(id=Contacts.ref("12x1")), Contacts)
        assert_type(list(hot.using(crm)), list[Contacts])


async def twins() -> None:
    async with connect():
        async for contact in Contacts.objects.filter(donotcall=False):
            assert_type(contact, Contacts)
        assert_type(await Contacts.objects.filter(donotcall=False), list[Contacts])
        assert_type(await Contacts.objects.acount(), int)
        assert_type(await Contacts.objects.afirst(), Contacts | None)
        assert_type(await Contacts.objects.aget(lastname="Smith"), Contacts)


def conditions(account: Accounts) -> None:
    people = Contacts.objects
    people.filter(account_id=account)
    people.filter(account_id=account.id)
    people.filter(account_id=Accounts.ref("11x3"))
    people.filter(account_id__in=[account, account.id])
    people.filter(account_id=None, email__isnull=True)
    people.filter(modifiedtime__gte=datetime(2026, 1, 1, tzinfo=UTC))
    people.exclude(modifiedtime__range=(date(2026, 1, 1), date(2026, 1, 31)))
    people.filter(Q(lastname="Smith") | ~Q(firstname="Ada"), donotcall=True)
    people.filter(lastname__in=["a", "b"]).exclude(lastname__contains="x")
    Potentials.objects.filter(amount__gt=Decimal("100.50"))
    Potentials.objects.filter(closingdate__range=(date(2026, 1, 1), date(2026, 12, 31)))
    Quotes.objects.filter(quotestage__in=list(Quotes.QuoteStage))
    either = people.filter(lastname="a") | people.filter(lastname="b")
    either.filter(firstname="still typed")
    assert_type(Vehicles.objects.filter(class_="x").first(), Vehicles | None)


def values() -> None:
    people = Contacts.objects.filter(donotcall=False)
    assert_type(list(people.values_list("lastname", flat=True)), list[str | None])
    assert_type(people.values_list("birthday", flat=True).first(), date | None)
    assert_type(people.values_list("id", flat=True)[0], Ref[Contacts])
    assert_type(list(Potentials.objects.values_list("amount", flat=True)), list[Decimal | None])
    for lastname in people.values_list("lastname", flat=True).order_by("lastname")[:5]:
        assert_type(lastname, str | None)
    text, texts = people.values_list("lastname"), people.values_list("lastname", "email")
    assert_type(people.values_list("birthday")[0], tuple[date | None])
    assert_type(people.values_list("leadsource")[0], tuple[Contacts.LeadSource | None])
    assert_type(people.values_list("id")[0], tuple[Ref[Contacts]])
    assert_type(text.first(), tuple[str | None] | None)
    assert_type(list(texts), list[tuple[str | None, str | None]])
    named = people.values_list("id", "lastname", "email")[0]
    assert_type(named, tuple[Ref[Contacts], str | None, str | None])
    assert_type(people.values_list("birthday", "lastname")[0], tuple[Any, str | None])
    assert_type(people.values_list("id", "birthday")[0], tuple[Ref[Contacts], date | None])
    assert_type(people.values_list("id", "leadsource")[0], tuple[Ref[Contacts], Any])
    assert_type(
        dict(Potentials.objects.values_list("id", "amount")), dict[Ref[Potentials], Decimal | None]
    )
    assert_type(people.values_list("birthday", "leadsource")[0], tuple[Any, Any])
    assert_type(
        people.values_list("id", "birthday", "lastname")[0], tuple[Ref[Contacts], Any, str | None]
    )
    assert_type(
        people.values_list("lastname", "birthday", "email")[0], tuple[str | None, Any, str | None]
    )
    people.values_list("lastname", "birthday__year", "email", named=True)
    for row in people.values("lastname", "email"):
        assert_type(row["lastname"], str | None)
    pair: tuple[str | None, date | None]
    for pair in people.values_list("lastname", "birthday"):
        print(pair)
    Events.objects.select_related("contact_id").only("subject", "contact_id")


async def values_twins() -> None:
    assert_type(await Contacts.objects.values_list("email", flat=True), list[str | None])
    async for moment in Contacts.objects.values_list("modifiedtime", flat=True):
        assert_type(moment, datetime | None)


def choices(quote: Quotes) -> str:
    match quote.quotestage:
        case Quotes.QuoteStage.ACCEPTED | Quotes.QuoteStage.REJECTED as over:
            return over.label
        case None:
            return ""
        case open_:
            return open_.label
