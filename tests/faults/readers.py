"""Everything that reads, or reads before it writes, in a few lines each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from generated.demo import Accounts, Contacts, Quotes, Users
from vtiger_orm import Count, Max, Sum
from vtiger_orm.session import Session

from .operations import Do, Effect, Operation
from .world import listed

Ask = Callable[[Any], Any]


def many(make: Ask, of: Ask = lambda each: str(each.id)) -> Callable[..., Awaitable[Any]]:
    """What a queryset yields."""

    async def work(driver: str, do: Do, s: Session) -> Any:
        return [of(each) for each in await listed(driver, make(s))]

    return work


def one(make: Ask, method: str, *args: Any, of: Ask = lambda found: found, **kwargs: Any) -> Any:
    """What one of its methods answers."""

    async def work(driver: str, do: Do, s: Session) -> Any:
        return of(await do(make(s), method, *args, **kwargs))

    return work


def contacts(s: Session) -> Any:
    return Contacts.objects.using(s)


def accounts(s: Session) -> Any:
    return Accounts.objects.using(s)


def name(found: Any) -> Any:
    return found and found.lastname


async def _in_bulk(driver: str, do: Do, s: Session) -> Any:
    ids = [str(each.id) for each in await listed(driver, contacts(s).only("id"))]
    found = await do(contacts(s), "in_bulk", [*ids, "12x999999"])
    return sorted((str(id_), each.lastname) for id_, each in found.items())


async def _iterator(driver: str, do: Do, s: Session) -> Any:
    found = contacts(s).exclude(lastname__contains="7")
    if driver == "async":
        return [each.lastname async for each in found.aiterator()]
    return [each.lastname for each in found.iterator()]


async def _prefetched(driver: str, do: Do, s: Session) -> Any:
    found = await listed(driver, accounts(s).prefetch_related("contacts", "products"))
    return [
        (
            account.accountname,
            sorted(each.lastname for each in await listed(driver, account.related.contacts.all())),
            sorted(
                str(e.productname) for e in await listed(driver, account.related.products.all())
            ),
        )
        for account in found
    ]


async def _many_to_many(driver: str, do: Do, s: Session) -> Any:
    account = await do(accounts(s), "get", accountname="Account 00")
    products = account.related.products
    found = [str(each.productname) for each in await listed(driver, products)]
    return sorted(found), await do(products, "count")


async def _changes(driver: str, do: Do, s: Session) -> Any:
    first = await do(contacts(s).order_by("modifiedtime"), "first")
    since = first.modifiedtime - timedelta(days=1)
    found = await listed(driver, contacts(s).changes(since))
    return sorted({str(each.id) for each in found})


async def _items(driver: str, do: Do, s: Session) -> Any:
    quotes = await listed(driver, Quotes.objects.using(s))
    await do(s, "load_items", quotes)
    return [[(item.quantity, str(item.product)) for item in each.crm.items] for each in quotes]


async def _owner(driver: str, do: Do, s: Session) -> dict[str, Any]:
    found = await do(contacts(s), "first")
    return {} if found is None else {"assigned_user_id": found.assigned_user_id}


async def _update_or_create(driver: str, do: Do, s: Session) -> Any:
    defaults = {"phone": "22", **await _owner(driver, do, s)}
    long = "Account that is made only once, whatever happens"
    found, made = await do(accounts(s), "update_or_create", accountname=long, defaults=defaults)
    return found.accountname, made


async def _upserted(driver: str, do: Do, s: Session) -> Any:
    owner = await _owner(driver, do, s)
    rows = [{"accountname": f"Account {n:02}", "phone": "3", **owner} for n in range(9, 16)]
    report = await do(accounts(s), "bulk_update_or_create", rows, "accountname")
    report.raise_for_errors()
    return [(str(each.status), each.item.created) for each in report]


def residual(s: Session) -> Any:
    return contacts(s).exclude(lastname__contains="1")


def inner(s: Session) -> Any:
    return contacts(s).filter(account_id__in=accounts(s).filter(accountname__gte="Account 01"))


READERS: Final = (
    Operation("descending", many(lambda s: contacts(s).order_by("-title", "-lastname"), name)),
    Operation("blanks", many(lambda s: contacts(s).filter(title=None), name)),
    Operation("negated", many(residual, name)),
    Operation("semi-join", many(inner, name)),
    Operation("slice", many(lambda s: contacts(s)[3:9], name)),
    Operation("users", many(lambda s: Users.objects.using(s).only("id"))),
    Operation("values_list", many(lambda s: contacts(s).values_list("lastname", "title"), tuple)),
    Operation(
        "since",
        many(lambda s: contacts(s).filter(createdtime__gte=datetime(2000, 1, 1, tzinfo=UTC)), name),
    ),
    Operation("count all", one(contacts, "count")),
    Operation("count negated", one(residual, "count")),
    Operation("none", one(lambda s: contacts(s).filter(lastname="Nobody"), "exists")),
    Operation("first", one(lambda s: contacts(s).order_by("title", "lastname"), "first", of=name)),
    Operation("last", one(lambda s: contacts(s).order_by("lastname"), "last", of=name)),
    Operation("in_bulk", _in_bulk),
    Operation("iterator", _iterator),
    Operation("prefetch", _prefetched),
    Operation("many to many", _many_to_many),
    Operation(
        "aggregate", one(contacts, "aggregate", n=Count(), of_=Max("lastname"), no=Sum("done"))
    ),
    Operation("groups", many(lambda s: contacts(s).values("account_id").annotate(n=Count()), str)),
    Operation("choices", many(lambda s: accounts(s).values("industry").annotate(n=Count()), str)),
    Operation("table", one(contacts, "to_arrow", of=lambda found: found["lastname"].to_pylist())),
    Operation("changes", _changes),
    Operation("line items", _items),
    Operation("update negated", one(residual, "update", title="y"), Effect.SEVERAL),
    Operation("delete semi-join", one(inner, "delete"), Effect.SEVERAL),
    Operation("update_or_create", _update_or_create, Effect.ONE),
    Operation("bulk_update_or_create", _upserted, Effect.TOLD),
)


def fill(crm: Any) -> None:
    """Products of accounts, and quotes with items, beside what there is."""
    accounts = crm.run("query", query="select id from Accounts order by id limit 13;")
    products = [crm.create("Products", {"productname": f"Product {n:02}"})["id"] for n in range(12)]
    for id_ in products:
        crm.run(
            "add_related",
            sourceRecordId=accounts[0]["id"],
            relatedRecordId=id_,
            relationIdLabel="Products",
        )
    for n in range(7):
        quote = {
            "subject": f"Quote {n}",
            "quotestage": "Created",
            "account_id": accounts[n]["id"],
            "hdnTaxType": "group",
            "currency_id": "21x1",
            "productid": products[n],
            "bill_street": "a",
            "ship_street": "b",
            "LineItems": [
                {"productid": products[n], "quantity": str(1 + place), "listprice": "2"}
                for place in range(3)
            ],
        }
        crm.create("Quotes", quote)
