"""Operations of the matrix that read: each way there is, and each that the planner takes."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from generated.demo import Accounts, Contacts, Documents, Leads, Quotes, Users
from vtiger_orm import Count, Max, Sum
from vtiger_orm.administration.edition_limits import EditionLimit
from vtiger_orm.frames.export import export
from vtiger_orm.session import Session
from vtiger_orm.warehouse.syncing import sync_modules

from .operations import Do, Operation
from .world import listed

Ask = Callable[[Any], Any]


def many(make: Ask, of: Ask = lambda each: each) -> Callable[..., Awaitable[Any]]:
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


def session(s: Session) -> Any:
    return s


def name(found: Any) -> Any:
    return found and found.lastname


def residual(s: Session) -> Any:
    """A condition of which the server is asked a part only."""
    return contacts(s).exclude(lastname__contains="1")


def inner(s: Session) -> Any:
    """A condition that another query answers."""
    return contacts(s).filter(account_id__in=accounts(s).filter(accountname__gte="Account 01"))


def plain(s: Session) -> Any:
    return contacts(s).only("lastname", "account_id")


def named(s: Session) -> Any:
    return contacts(s).filter(lastname__startswith="Contact")


# Those of more than one step


async def _related(driver: str, do: Do, s: Session) -> Any:
    account = await do(accounts(s), "get", accountname="Account 00")
    return sorted(each.lastname for each in await listed(driver, account.related.contacts))


async def _many_to_many(driver: str, do: Do, s: Session) -> Any:
    account = await do(accounts(s), "get", accountname="Account 00")
    products = account.related.products
    found = [str(each.productname) for each in await listed(driver, products)]
    return sorted(found), await do(products, "count")


async def _refresh(driver: str, do: Do, s: Session) -> Any:
    account = await do(accounts(s), "get", accountname="Account 03")
    await do(account, "refresh")
    return account.website


async def _me(driver: str, do: Do, s: Session) -> Any:
    return (await s.ame() if driver == "async" else s.me).name


async def _prefetched(driver: str, do: Do, s: Session) -> Any:
    found = accounts(s).prefetch_related("contacts")
    return [
        (each.accountname, sorted(one.lastname for one in each.related.contacts.loaded))
        for each in await listed(driver, found)
    ]


async def _prefetched_two(driver: str, do: Do, s: Session) -> Any:
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


async def _in_bulk(driver: str, do: Do, s: Session) -> Any:
    ids = [str(each.id) for each in await listed(driver, contacts(s).only("id"))]
    found = await do(contacts(s), "in_bulk", [*ids, "12x999999"])
    return sorted((str(id_), each.lastname) for id_, each in found.items())


async def _streamed(driver: str, do: Do, s: Session) -> Any:
    if driver == "async":
        return [each.lastname async for each in contacts(s).aiterator(page_size=3)]
    return [each.lastname for each in contacts(s).iterator(page_size=3)]


async def _streamed_residual(driver: str, do: Do, s: Session) -> Any:
    found = contacts(s).exclude(lastname__contains="7")
    if driver == "async":
        return [each.lastname async for each in found.aiterator()]
    return [each.lastname for each in found.iterator()]


async def _partitioned(driver: str, do: Do, s: Session) -> Any:
    parts = await do(contacts(s), "partitions", 3)
    return sorted([each.lastname for part in parts for each in await listed(driver, part)])


async def _figures(driver: str, do: Do, s: Session) -> Any:
    found = await do(Documents.objects.using(s), "aggregate", Sum("filesize"), n=Count())
    return {name: str(value) for name, value in found.items()}


async def _raw(driver: str, do: Do, s: Session) -> Any:
    text = "select id, lastname from Contacts where lastname > 'Contact 05';"
    return sorted(each.lastname for each in await do(contacts(s), "raw", text))


async def _changes(driver: str, do: Do, s: Session) -> Any:
    feed = contacts(s).changes()
    return sorted((str(each.kind), str(each.id)) for each in await listed(driver, feed))


async def _changes_since(driver: str, do: Do, s: Session) -> Any:
    first = await do(contacts(s).order_by("modifiedtime"), "first")
    since = first.modifiedtime - timedelta(days=1)
    found = await listed(driver, contacts(s).changes(since))
    return sorted({str(each.id) for each in found})


async def _exported(driver: str, do: Do, s: Session) -> Any:
    found = contacts(s).only("lastname")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        fields = found.selection.columns or ()
        export(found.selection, s, path, "csv", fields=fields, part_rows=4)
        return path.read_text()


async def _fetched(driver: str, do: Do, s: Session) -> Any:
    document = await do(Documents.objects.using(s), "get", notes_title="Document")
    return (await do(document.crm, "fetch_file")).content


async def _downloaded(driver: str, do: Do, s: Session) -> Any:
    document = await do(Documents.objects.using(s), "get", notes_title="Document")
    with tempfile.TemporaryDirectory() as folder:
        return (await do(document.crm, "download", folder)).read_bytes()


async def _referred(driver: str, do: Do, s: Session) -> Any:
    contact = await do(contacts(s), "get", lastname="Contact 02")
    return (await do(contact.account_id, "fetch")).accountname


async def _loaded(driver: str, do: Do, s: Session) -> Any:
    """Into a database, and what stands there."""
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/crm.db")
        try:
            report = sync_modules(engine, [Contacts.meta, Accounts.meta], s, known=None)
            if not report.ok:
                raise next(each.error for each in report.modules if each.error is not None)
            with engine.connect() as connection:
                text = sa.text("select lastname, account_id from contacts order by lastname")
                return [tuple(row) for row in connection.execute(text)]
        finally:
            engine.dispose()


async def _items(driver: str, do: Do, s: Session) -> Any:
    quote = await do(Quotes.objects.using(s), "get", subject="Quote")
    return [(str(each.quantity), str(each.price)) for each in await do(quote.crm, "load_items")]


async def _items_of_many(driver: str, do: Do, s: Session) -> Any:
    quotes = await listed(driver, Quotes.objects.using(s))
    await do(s, "load_items", quotes)
    return [[(item.quantity, str(item.product)) for item in each.crm.items] for each in quotes]


async def _tags(driver: str, do: Do, s: Session) -> Any:
    account = await do(accounts(s), "get", accountname="Account 01")
    return sorted(await do(account.crm.tags, "all"))


async def _hierarchy(driver: str, do: Do, s: Session) -> Any:
    account = await do(accounts(s), "get", accountname="Account 01")
    return [each.name for each in await do(account.crm, "hierarchy")]


READS: Final = (
    # Rows
    Operation("list", many(named, lambda each: (each.lastname, each.account_id))),
    Operation("order", many(lambda s: contacts(s).order_by("-lastname")[:7], name)),
    Operation("descending", many(lambda s: contacts(s).order_by("-title", "-lastname"), name)),
    Operation("slice", many(lambda s: contacts(s)[3:9], name)),
    Operation(
        "in",
        many(
            lambda s: accounts(s).filter(accountname__in=["Account 01", "Account 11", "No"]),
            lambda each: each.accountname,
        ),
    ),
    Operation("blanks", many(lambda s: contacts(s).filter(title=None), name)),
    Operation(
        "since",
        many(lambda s: contacts(s).filter(createdtime__gte=datetime(2000, 1, 1, tzinfo=UTC)), name),
    ),
    Operation("negated", many(residual, name)),
    Operation("semi-join", many(inner, name)),
    Operation(
        "in another queryset",
        many(
            lambda s: contacts(s).filter(
                account_id__in=accounts(s).filter(accountname__endswith="1")
            ),
            name,
        ),
    ),
    Operation("values", many(lambda s: contacts(s).values_list("lastname", flat=True))),
    Operation("values_list", many(lambda s: contacts(s).values_list("lastname", "title"), tuple)),
    Operation(
        "users", many(lambda s: Users.objects.using(s).only("id"), lambda each: str(each.id))
    ),
    Operation(
        "select_related",
        many(
            lambda s: contacts(s).select_related("account_id"),
            lambda each: (each.lastname, each.account_id and each.account_id.loaded.accountname),
        ),
    ),
    Operation("prefetch_related", _prefetched),
    Operation("prefetch of two", _prefetched_two),
    Operation("in_bulk", _in_bulk),
    Operation("iterator", _streamed),
    Operation("iterator negated", _streamed_residual),
    Operation("partitions", _partitioned),
    Operation("related", _related),
    Operation("many to many", _many_to_many),
    Operation("raw", _raw),
    Operation("changes", _changes),
    Operation("changes since", _changes_since),
    Operation(
        "arrow",
        one(
            lambda s: contacts(s).only("lastname", "account_id"),
            "to_arrow",
            of=lambda table: table.to_pylist(),
        ),
    ),
    Operation("polars", one(plain, "to_polars", of=lambda frame: frame.rows())),
    Operation("pandas", one(plain, "to_pandas", of=lambda frame: frame.to_dict("list"))),
    Operation("export", _exported, drivers=("sync",)),
    Operation("warehouse", _loaded, drivers=("sync",)),
    # One value
    Operation("count", one(named, "count")),
    Operation("count all", one(contacts, "count")),
    Operation("count negated", one(residual, "count")),
    Operation("exists", one(lambda s: contacts(s).filter(lastname="Contact 05"), "exists")),
    Operation("none", one(lambda s: contacts(s).filter(lastname="Nobody"), "exists")),
    Operation(
        "get", one(accounts, "get", accountname="Account 03", of=lambda found: found.website)
    ),
    Operation("first", one(lambda s: contacts(s).order_by("title", "lastname"), "first", of=name)),
    Operation("last", one(lambda s: contacts(s).order_by("lastname"), "last", of=name)),
    Operation("refresh", _refresh),
    Operation("fetch", _referred),
    Operation("aggregate", _figures),
    Operation(
        "aggregate of kinds",
        one(contacts, "aggregate", n=Count(), of_=Max("lastname"), no=Sum("done")),
    ),
    Operation("groups", many(lambda s: contacts(s).values("account_id").annotate(n=Count()), str)),
    Operation(
        "first group",
        one(
            lambda s: contacts(s).values("account_id").annotate(n=Count()).order_by("-n"),
            "first",
            of=lambda row: row["n"],
        ),
    ),
    Operation("choices", many(lambda s: accounts(s).values("industry").annotate(n=Count()), str)),
    Operation(
        "preview",
        one(
            lambda s: contacts(s).filter(title=None),
            "preview",
            title="x",
            of=lambda preview: preview.records,
        ),
    ),
    # Of a record, of the CRM
    Operation("fetch_file", _fetched),
    Operation("download", _downloaded),
    Operation("load_items", _items),
    Operation("items of many", _items_of_many),
    Operation("tags", _tags),
    Operation("hierarchy", _hierarchy),
    Operation(
        "picklist_dependency",
        one(session, "picklist_dependency", Leads, "industry", "leadsource", of=str),
    ),
    Operation("me", _me),
    Operation("extend", one(session, "extend")),
    Operation("modules", one(session, "modules", of=len)),
    Operation("describe", one(session, "describe", "Contacts", of=lambda told: told.name)),
    Operation(
        "lookup",
        one(
            session,
            "lookup",
            "phone",
            "1",
            ["Accounts"],
            of=lambda found: [str(each.id) for each in found],
        ),
    ),
    Operation(
        "edition_limit", one(session, "edition_limit", EditionLimit.IMPORT_FILE_LIMIT, of=str)
    ),
)
