"""Wrong programs of further kinds; see programs.py."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, TypedDict

from pydantic import BaseModel

from generated.demo import (
    Accounts,
    Contacts,
    ContactsCreate,
    ContactsQuerySet,
    ContactsRow,
    ContactsUpdate,
    Documents,
    Events,
    Invoice,
    Leads,
    Potentials,
    Quotes,
    Users,
    connect,
)
from vtiger_orm import Count, LineItem, Prefetch, Q, QuerySet, Ref, Sum

people = Contacts.objects


class Typo(TypedDict):
    lastnme: str


class Mistyped(NamedTuple):
    lastname: int


@dataclass
class Short:
    lastname: str


class Model(BaseModel):
    lastname: str


def querysets(c: Contacts, acc: Accounts, q: ContactsQuerySet, r: Ref[Contacts]) -> None:
    people.filter(lastname=c)  # E
    people.filter(lastname=None, firstname=1)  # E
    people.filter(id=acc.id)  # E
    people.filter(id="12x1")  # E
    people.filter(id=12)  # E
    people.filter(birthday=2020)  # E
    people.filter(leadsource__in=[Leads.LeadSource.COLD_CALL])  # E
    people.filter(birthday__range=date(2020, 1, 1))  # E
    people.filter(birthday__range=(date(2020, 1, 1),))  # E
    people.filter(birthday__month="5")  # E
    people.filter(donotcall=1)  # E
    people.filter(Q)  # E
    people.filter(lambda x: x)  # E
    people.filter({"lastname": "x"})  # E
    people.filter(True)  # E
    people.get("12x1")  # E
    people.get(c.id)  # E
    people.order_by("lastname", "-nope")  # E
    people.order_by("+lastname")  # E
    people.order_by("?")  # E
    people.order_by(["lastname"])  # E
    people.values("account_id__accountname")  # E
    people.values_list("id", flat="yes")  # E
    people.in_bulk(c.id)  # E
    people[0].lastnme  # E
    people[0:3].lastname  # E
    people["0"]  # E
    people[0] = c  # E
    del people[0]  # E
    len(people.first())  # E
    for x in people.first():  # E
        ...
    for x in people.count():  # E
        ...
    for x in c:
        x.foo  # E
    people.first().save()  # E
    people.aggregate(total=Sum(5))  # E
    people.aggregate(5)  # E
    people.values("nope").annotate(n=Count())  # E
    people.latest("createdtime")  # E
    people.distinct()  # E
    people.annotate(n=Count())  # E
    people.union(people)  # E
    people.bulk_create([{"lastname": "x"}])  # E
    people.bulk_create(["x"])  # E
    people.bulk_create([Accounts(accountname="x")])  # E
    people.bulk_update(c)  # E
    people.bulk_delete(c)  # E
    people.create(**{"lastname": 5})  # E
    people.create(lastname="x", id=c.id)  # E
    people.create(lastname="x", assigned_user_id=acc)  # E
    people.create(lastname="x", email=["x"])  # E
    people.create(lastname="x", donotcall="yes")  # E


def records(
    c: Contacts, acc: Accounts, p: Potentials, inv: Invoice, d: Documents, ev: Events, u: Users
) -> None:
    c.account_id.accountname  # E
    c.account_id.id  # E
    c.account_id.fetch().lastname  # E
    c.account_id = acc.accountname  # E
    c.assigned_user_id = c  # E
    c.assigned_user_id.user_name  # E
    c.leadsource.foo  # E
    c.leadsource = None or "x"  # E
    c.leadsource = Contacts.LeadSource  # E
    c.birthday = "2000-01-01"  # E
    c.birthday.foo  # E
    c.donotcall = "no"  # E
    c.email = 5  # E
    c.email = b"x"  # E
    c.email = ["x"]  # E
    c.createdtime.year  # E
    c.modifiedtime = None  # E
    c.contact_no = "x"  # E
    c["lastname"]  # E
    c.get("lastname")  # E
    c.lastname()  # E
    c.save(5)  # E
    c.save(validate=False)  # E
    c.delete(force=True)  # E
    c.refresh("lastname", 5)  # E
    c.related.account  # E
    c.related.documents.create()  # E
    c.related.documents.add(c)  # E
    acc.related.contacts.create(firstname="x")  # E
    acc.related.contacts.first().lastname  # E
    acc.related.contacts.filter(accountname="x")  # E
    for y in acc.related.contacts:
        y.accountname  # E
    p.amount = "12.5"  # E
    p.amount + 1.5  # E
    p.closingdate - timedelta(1)  # E
    p.related_to.fetch().lastname  # E
    inv.crm.items[0].foo  # E
    inv.crm.items = 5  # E
    d.crm.download().foo  # E
    c.crm.foo()  # E
    c.crm.tags.add(5)  # E
    c.meta.fields.foo  # E
    c.meta.nope  # E
    Contacts.meta.fields["lastname"].nope  # E
    c.changes["lastname"].nope  # E
    c.changes["lastname"] = 5  # E
    Contacts.ref(5)  # E
    Contacts.ref(acc)  # E
    Contacts.DoesNotExist.foo  # E
    Contacts(id=5, lastname="x")  # E
    Contacts(lastname="x", leadsource=5)  # E
    Contacts(**{"nope": 1})  # E


def shapes_and_values() -> None:
    for s in people.into(Typo):
        s["lastname"]  # E
    for t in people.into(Mistyped):
        t.lastname.upper()  # E
    for v in people.into(Short):
        v.nope  # E
    for w in people.into(Model):
        w.nope  # E
    people.into(Short("x"))  # E
    people.into(Short, Model)  # E
    ContactsCreate(lastname=5)  # E
    ContactsCreate("x")  # E
    ContactsCreate(lastname="x", donotcall="perhaps")  # E
    ContactsCreate(lastname="x").lastname = 5  # E
    ContactsUpdate(lastname="x").save()  # E
    people.create(ContactsCreate(lastname="x"))  # E
    people.update(ContactsUpdate(lastname="x"))  # E
    x: ContactsRow = {"lastname": 5}  # E
    y: QuerySet[Accounts] = people  # E
    z: Ref[Accounts] = people[0].id  # E
    w2: list[str] = list(people.values_list("lastname", flat=True))  # E
    w3: str = people.get(lastname="x").lastname  # E
    w4: Contacts = people.values("lastname").first()  # E
    w5: int = people.exists() + "x"  # E
    w6: dict[str, Contacts] = people.in_bulk([])  # E
    w7: Contacts.LeadSource = people[0].leadsource  # E
    w8: date = people[0].birthday  # E
    Contacts.LeadSource.COLD_CALL.lable  # E
    Contacts.LeadSource.COLD_CALL = 5  # E
    people.filter(leadsource=Contacts.LeadSource)  # E
    LineItem()  # E
    LineItem("14x1", quantity="two")  # E
    LineItem(productid=5)  # E
    Quotes.objects.create(subject="x", items=LineItem("14x1"))  # E
    Quotes.objects.create(subject="x", items=["14x1"])  # E
    people.prefetch_related(Prefetch(5))  # E
    people.prefetch_related("contacs")  # E
    people.select_related(account_id=True)  # E
    people.select_related(["account_id"])  # E
    people.using("default")  # E
    people.partitions("x")  # E
    people.iterator(chunk="x")  # E


async def waiting(c: Contacts) -> None:
    async with connect() as crm:
        crm.nope  # E
    async with connect(5):  # E
        ...
    connect(timeout="x")  # E
    for x in people.aiterator():  # E
        ...
    async for z in people.first():  # E
        ...
    await people.count()  # E
    await people.filter(lastname="x").first()  # E
    n: int = await people.acount() + "x"  # E
    c.asave().foo  # E
    (await c.arefresh()).foo  # E
    await people.acreate(lastnme="x")  # E
    await people.aget_or_create(lastname="x").foo  # E
    await people.aupdate(lastname=None)  # E
    await people.ain_bulk(["x"])  # E
    await people.abulk_create([c.id])  # E
    (await people.afirst()).lastname  # E
    [x.nope async for x in people]  # E
    y = [x async for x in people.values("lastname")]
    y[0]["nope"]  # E


def several(c: Contacts | Accounts, owner: Users) -> None:
    c.lastname  # E
    c.accountname  # E
    if isinstance(c, Contacts):
        c.accountname  # E
    people.filter(assigned_user_id=people)  # E
    people.filter(assigned_user_id="Admin")  # E
    people.filter(assigned_user_id=owner.user_name)  # E
    people.filter(account_id__in=[people[0]])  # E
    people.filter(account_id__isnull=None)  # E
    people.q(lastname="x") & 5  # E
    Q(lastname="x") | 5  # E
    people | 5  # E
    c.id = c.id  # E
    c.nope = 5  # E


def rows_of_several_kinds() -> None:
    for id_, _ in people.values_list("id", "birthday"):
        id_.fetch().accountname  # E
    for name, _ in people.values_list("lastname", "birthday"):
        name.upper()  # E
    for _, _, name in people.values_list("birthday", "leadsource", "lastname"):
        name.upper()  # E
    ages: dict[str, date] = dict(people.values_list("lastname", "birthday"))  # E
