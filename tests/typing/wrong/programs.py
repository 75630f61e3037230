"""Wrong programs: each line marked as an error is a mistake that every checker has to find.

See test_typing.py; what ty, pyrefly and zuban miss is in test_other_checkers.py.
"""

from datetime import UTC, datetime
from typing import NamedTuple, TypedDict, assert_never

from generated.demo import (
    Accounts,
    AccountsUpdate,
    Contacts,
    ContactsCreate,
    ContactsQuerySet,
    ContactsRow,
    ContactsUpdate,
    Documents,
    Invoice,
    Leads,
    Potentials,
    Quotes,
    QuotesCreate,
    connect,
)
from vtiger_orm import Count, Q, Ref

people = Contacts.objects


class Row(TypedDict):
    lastname: str


class Pair(NamedTuple):
    lastname: str


async def queries(c: Contacts, a: Accounts) -> None:
    people.get(lastnme="x")  # E
    people.get(lastname=5)  # E
    await people.aget(lastnme="x")  # E
    people.aget(lastname="x").lastname  # E
    people.q(lastnme="x")  # E
    people.filter(Accounts.objects.q(accountname="x"))  # E
    people.q(lastname="x") | Accounts.objects.q(accountname="y")  # E
    people.filter(lastname__in="Smith")  # E
    people.exclude(lastname__in="Smith")  # E
    people.create(firstname="x")  # E
    people.create(lastnme="x")  # E
    people.create(lastname=None)  # E
    people.update(lastname=None)  # E
    people.update(firstnme=None)  # E
    people.get_or_create(lastnme="x")  # E
    people.get_or_create(lastname="x", defaults={"firstnme": "y"})  # E
    for row in people.values("lastname"):
        row["lastnme"]  # E
        row["lastname"].upper()  # E
        row.lastname  # E
    people.prefetch_related("quote")  # E
    c.crm.copy(lastnme="x")  # E
    people.in_bulk([a.id])  # E
    people.in_bulk(["12x3"])  # E
    people.bulk_delete([a])  # E
    people.bulk_delete(["12x3"])  # E
    a.related.contacts.add(a)  # E
    a.related.contacts.add("12x3")  # E
    people.preview(lastnme="x")  # E
    a.related.contacs  # E
    a.related.contacts.filter(lastnme="x")  # E
    a.related.contacts.get(lastnme="x")  # E
    people.filter(lastnme="x")  # E
    people.exclude(lastnme="x")  # E
    n: int = people.values_list("lastname", flat=True)[0]  # E


def assignments(c: Contacts, a: Accounts, p: Potentials) -> None:
    c.account_id = c  # E
    c.account_id = c.id  # E
    c.account_id = "11x3"  # E
    c.lastname = None  # E
    c.lastname = 5  # E
    c.createdtime = datetime.now(UTC)  # E
    c.id = c.id  # E
    c.modifiedby = None  # E
    c.birthday = "1"  # E
    c.leadsource = "Cold Call"  # E
    c.assigned_user_id = None  # E
    c.lastnme = "x"  # E
    p.sales_stage = None  # E
    p.closingdate = None  # E
    Contacts(createdtime=datetime.now(UTC))  # E
    Contacts(lastname=5)  # E
    Contacts(lastname="x", account_id=c)  # E
    Contacts(lastname="x", account_id="11x3")  # E
    Contacts(lastname="x", birthday="1")  # E
    Contacts(lastname="x", leadsource="Cold Call")  # E
    Contacts(lastname="x", frstname="1")  # E
    Contacts("x")  # E
    c.frstname  # E
    c.lastname.upper()  # E
    c.account_id.fetch()  # E
    c.id.fetch().accountname  # E
    n: int = c.birthday  # E


def more(contact: Contacts, account: Accounts, deal: Potentials, lead: Leads) -> None:
    people.filter(lastname__startwith="x")  # E
    people.filter(lastname__startswith=5)  # E
    people.filter(leadsource="Cold Call")  # E
    people.filter(leadsource=Leads.LeadSource.COLD_CALL)  # E
    people.filter(leadsource=Contacts.LeadSource.COLD_CAL)  # E
    people.filter(birthday="2000-01-01")  # E
    people.filter(birthday__year="2000")  # E
    people.filter(birthday__contains="1999")  # E
    people.filter(createdtime__gte="2026-01-01")  # E
    people.filter(createdtime__range=(1, 2))  # E
    people.filter(donotcall="yes")  # E
    people.filter(email__isnull="no")  # E
    people.filter(account_id="11x3")  # E
    people.filter(account_id=contact)  # E
    people.filter(account_id__in=Potentials.objects.all())  # E
    people.filter(account_id__accountname="x")  # E
    people.filter("lastname")  # E
    people.order_by("-modifiedtim")  # E
    people.order_by(5)  # E
    people.only("lastnme")  # E
    people.defer("lastnme")  # E
    people.values("lastnme")  # E
    people.values_list("lastnme")  # E
    people.select_related("lastname")  # E
    people.select_related("account_id__accountname")  # E
    people.create(lastname="x", leadsource=Leads.LeadSource.COLD_CALL)  # E
    people.create(lastname="x", account_id=contact)  # E
    people.create(lastname="x", createdtime=datetime.now(UTC))  # E
    people.create(lastname="x", birthday="2000-01-01")  # E
    people.create("x")  # E
    people.update(birthday="2000-01-01")  # E
    people.update(modifiedby=None)  # E
    people.update_or_create(lastname="x", defaults={"birthday": "x"})  # E
    first: Contacts = people.first()  # E
    company: Accounts = people.get(lastname="x")  # E
    people.first().lastname  # E
    number: str = people.count()  # E
    whole: list[Contacts] = people.all()  # E
    for each in people:
        each.lastnme  # E
        each.birthday.year  # E
        each.save(if_unmodifed=True)  # E
    deal.related_to = contact  # E
    contact.leadsource = Leads.LeadSource.COLD_CALL  # E
    lead.convert()  # E
    contact.crm.items  # E
    contact.crm.tag  # E
    contact.save("x")  # E
    people.objects  # E
    Contacts.object  # E
    Contacts.LeadSource.COLD_CAL  # E
    people.bulk_create([account])  # E
    people.bulk_update([account])  # E
    people.filter(lastname="x") | Accounts.objects.all()  # E
    total: str = people.aggregate(n=Count())  # E
    people.aggregate(n="count")  # E
    people.values("lastname").annotate(n="x")  # E
    people.into("Row")  # E
    for shaped in people.into(Row):
        shaped["lastnme"]  # E
        shaped["lastname"] + 1  # E
    for pair in people.into(Pair):
        pair.lastnme  # E


async def waits(contact: Contacts) -> None:
    people.afirst().lastname  # E
    list(people.aiterator())  # E
    [each async for each in people.iterator()]  # E
    count: int = people.acount()  # E
    (await people.aget(lastname="x")).lastnme  # E
    await people.get(lastname="x")  # E
    await contact.save()  # E
    made: Contacts = people.acreate(lastname="x")  # E
    await people.acreate(firstname="x")  # E


def inputs(
    contact: Contacts, other: AccountsUpdate, row: ContactsRow, hot: ContactsQuerySet
) -> None:
    ContactsCreate()  # E
    ContactsCreate(lastname=None)  # E
    ContactsCreate(lastname="x", frstname="y")  # E
    ContactsUpdate(id=contact.id)  # E
    ContactsUpdate(createdtime=datetime.now(UTC))  # E
    ContactsUpdate(frstname="x")  # E
    ContactsUpdate().lastnme  # E
    ContactsUpdate().lastname.upper()  # E
    contact.crm.apply(other)  # E
    contact.crm.apply({"lastname": "x"})  # E
    hot.filter(lastnme="x")  # E
    row["lastnme"]  # E


def unlisted(stage: Quotes.QuoteStage) -> None:
    match stage:
        case Quotes.QuoteStage.CREATED | Quotes.QuoteStage.DELIVERED | Quotes.QuoteStage.REVIEWED:
            print(stage.label)
        case Quotes.QuoteStage.ACCEPTED | Quotes.QuoteStage.REJECTED:
            print(stage.label)
        case other:
            assert_never(other)  # E


def of_people(found: ContactsQuerySet) -> None: ...


def further(contact: Contacts, account: Accounts, deal: Potentials) -> None:
    of_people(Accounts.objects)  # E
    of_people(Accounts.objects.filter(accountname="x"))  # E
    firms: list[int] = list(people.values_list("account_id", flat=True))  # E
    for firm in people.values_list("account_id", flat=True):
        firm.fetch()  # E
    for source in people.values_list("leadsource", flat=True):
        source.label  # E
    for pair in people.into(Pair):
        pair.lastname.nothing  # E
    people.filter(Q(lastname="x"), lastnme="x")  # E
    people.update(account_id="11x3")  # E
    people.update(leadsource="Cold Call")  # E
    people.update(createdtime=datetime.now(UTC))  # E
    deal.amount = "5"  # E
    people.filter(account_id__in="11x3")  # E
    people.filter(id__in="12x3")  # E
    people.filter(leadsource__in="Cold Call")  # E
    people.in_bulk("12x3")  # E
    people.in_bulk([contact.id])[contact.id].lastnme  # E
    people.bulk_create(contact)  # E
    contact.crm.copy(createdtime=datetime.now(UTC))  # E
    contact.crm.copy(lastname=None)  # E
    people.preview(lastname=None)  # E
    Documents.objects.upload("x", notes_titl="y")  # E
    Documents.objects.upload(5)  # E
    account.related.contacts.create(lastnme="x")  # E
    account.related.contacts.remove(account)  # E
    people.select_related("quotes")  # E
    people.order_by("account_id__accountname")  # E
    people.get_or_create(lastname="x", defaults={"lastnme": "y"})  # E
    people.get_or_create(lastname="x").lastname  # E
    Quotes.objects.create(subject="x")  # E
    Invoice.objects.create(subject="x", items=[5])  # E
    company: Ref[Accounts] = Contacts.ref("12x1")  # E
    Contacts(id="12x1")  # E
    ContactsCreate(lastname="x", leadsource="Cold Call")  # E
    ContactsUpdate(account_id="11x3")  # E
    ContactsUpdate(birthday="2000-01-01")  # E
    ContactsUpdate().createdtime  # E
    QuotesCreate(subject="x")  # E
    with connect() as crm:
        crm.nothing  # E
        people.using(5)  # E
    if (one := people.first()) is not None:
        one.account_id.fetch()  # E
        one.assigned_user_id.fetch().user_name  # E


async def more_waits(contact: Contacts) -> None:
    people.acount() + 1  # E
    async for firm in people.values_list("account_id", flat=True):
        firm.fetch()  # E
    await contact.crm.aapply(5)  # E
    (await people)[0].lastnme  # E
    (await contact.account_id.afetch()).lastname  # E


def lists() -> None:
    for last, first in people.values_list("lastname", "firstname"):
        last.upper()  # E
    for id_, last, first in people.values_list("id", "lastname", "firstname"):
        first.upper()  # E
        id_.fetch().accountname  # E
    last, first, born = people.values_list("lastname", "birthday")[0]  # E
    (last,) = people.values_list("lastname")[0]
    last.upper()  # E
    people.values_list("lastname", "firstnme")  # E
    people.values_list("id", "lastname", "firstnme")  # E
    pairs: list[tuple[int, str]] = list(people.values_list("id", "lastname"))  # E
