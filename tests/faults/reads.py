"""Operations of the matrix that read."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from generated.demo import Accounts, Contacts, Documents, Leads, Quotes
from vtiger_orm import Count, Sum
from vtiger_orm.administration.edition_limits import EditionLimit
from vtiger_orm.frames.export import export
from vtiger_orm.session import Session

from .operations import Do, Operation
from .world import listed


async def _rows(driver: str, do: Do, s: Session) -> Any:
    found = Contacts.objects.using(s).filter(lastname__startswith="Contact")
    return [(each.lastname, each.account_id) for each in await listed(driver, found)]


async def _ordered(driver: str, do: Do, s: Session) -> Any:
    found = Contacts.objects.using(s).order_by("-lastname")[:7]
    return [each.lastname for each in await listed(driver, found)]


async def _either(driver: str, do: Do, s: Session) -> Any:
    found = Accounts.objects.using(s).filter(accountname__in=["Account 01", "Account 11", "No"])
    return [each.accountname for each in await listed(driver, found)]


async def _values(driver: str, do: Do, s: Session) -> Any:
    return await listed(driver, Contacts.objects.using(s).values_list("lastname", flat=True))


async def _selected(driver: str, do: Do, s: Session) -> Any:
    found = Contacts.objects.using(s).select_related("account_id")
    return [
        (each.lastname, each.account_id and each.account_id.loaded.accountname)
        for each in await listed(driver, found)
    ]


async def _related(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 00")
    return sorted(each.lastname for each in await listed(driver, account.related.contacts))


async def _count(driver: str, do: Do, s: Session) -> Any:
    return await do(Contacts.objects.using(s).filter(lastname__startswith="Contact"), "count")


async def _exists(driver: str, do: Do, s: Session) -> Any:
    return await do(Contacts.objects.using(s).filter(lastname="Contact 05"), "exists")


async def _get(driver: str, do: Do, s: Session) -> Any:
    return (await do(Accounts.objects.using(s), "get", accountname="Account 03")).website


async def _refresh(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 03")
    await do(account, "refresh")
    return account.website


async def _me(driver: str, do: Do, s: Session) -> Any:
    return (await s.ame() if driver == "async" else s.me).name


async def _modules(driver: str, do: Do, s: Session) -> Any:
    return len(await do(s, "modules"))


async def _describe(driver: str, do: Do, s: Session) -> Any:
    return (await do(s, "describe", "Contacts")).name


async def _lookup(driver: str, do: Do, s: Session) -> Any:
    return [str(each.id) for each in await do(s, "lookup", "phone", "1", ["Accounts"])]


async def _prefetched(driver: str, do: Do, s: Session) -> Any:
    found = Accounts.objects.using(s).prefetch_related("contacts")
    return [
        (each.accountname, sorted(one.lastname for one in each.related.contacts.loaded))
        for each in await listed(driver, found)
    ]


async def _in_bulk(driver: str, do: Do, s: Session) -> Any:
    ids = await listed(driver, Contacts.objects.using(s).values_list("id", flat=True)[:7])
    return sorted(
        each.lastname for each in (await do(Contacts.objects.using(s), "in_bulk", ids)).values()
    )


async def _streamed(driver: str, do: Do, s: Session) -> Any:
    found = Contacts.objects.using(s)
    if driver == "async":
        return [each.lastname async for each in found.aiterator(page_size=3)]
    return [each.lastname for each in found.iterator(page_size=3)]


async def _partitioned(driver: str, do: Do, s: Session) -> Any:
    parts = await do(Contacts.objects.using(s), "partitions", 3)
    return sorted([each.lastname for part in parts for each in await listed(driver, part)])


async def _elsewhere(driver: str, do: Do, s: Session) -> Any:
    accounts = Accounts.objects.using(s).filter(accountname__endswith="1")
    found = Contacts.objects.using(s).filter(account_id__in=accounts)
    return [each.lastname for each in await listed(driver, found)]


async def _figures(driver: str, do: Do, s: Session) -> Any:
    found = await do(Documents.objects.using(s), "aggregate", Sum("filesize"), n=Count())
    return {name: str(value) for name, value in found.items()}


async def _grouped(driver: str, do: Do, s: Session) -> Any:
    found = Contacts.objects.using(s).values("account_id").annotate(n=Count())
    return sorted(str(each) for each in await listed(driver, found))


async def _raw(driver: str, do: Do, s: Session) -> Any:
    text = "select id, lastname from Contacts where lastname > 'Contact 05';"
    return sorted(each.lastname for each in await do(Contacts.objects.using(s), "raw", text))


async def _changes(driver: str, do: Do, s: Session) -> Any:
    feed = Contacts.objects.using(s).changes()
    return sorted((str(each.kind), str(each.id)) for each in await listed(driver, feed))


async def _preview(driver: str, do: Do, s: Session) -> Any:
    found = Contacts.objects.using(s).filter(title=None)
    return (await do(found, "preview", title="x")).records


async def _arrow(driver: str, do: Do, s: Session) -> Any:
    found = Contacts.objects.using(s).only("lastname", "account_id")
    return (await do(found, "to_arrow")).to_pylist()


async def _exported(driver: str, do: Do, s: Session) -> Any:
    found = Contacts.objects.using(s).only("lastname")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        fields = found.selection.columns or ()
        export(found.selection, s, path, "csv", fields=fields, part_rows=4)
        return path.read_text()


async def _fetched(driver: str, do: Do, s: Session) -> Any:
    document = await do(Documents.objects.using(s), "get", notes_title="Document")
    return (await do(document.crm, "fetch_file")).content


async def _items(driver: str, do: Do, s: Session) -> Any:
    quote = await do(Quotes.objects.using(s), "get", subject="Quote")
    return [(str(each.quantity), str(each.price)) for each in await do(quote.crm, "load_items")]


async def _tags(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 01")
    return sorted(await do(account.crm.tags, "all"))


async def _hierarchy(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 01")
    return [each.name for each in await do(account.crm, "hierarchy")]


async def _dependency(driver: str, do: Do, s: Session) -> Any:
    return str(await do(s, "picklist_dependency", Leads, "industry", "leadsource"))


async def _edition(driver: str, do: Do, s: Session) -> Any:
    return str(await do(s, "edition_limit", EditionLimit.IMPORT_FILE_LIMIT))


READS: Final = (
    Operation("list", _rows),
    Operation("order", _ordered),
    Operation("in", _either),
    Operation("values", _values),
    Operation("select_related", _selected),
    Operation("prefetch_related", _prefetched),
    Operation("in_bulk", _in_bulk),
    Operation("iterator", _streamed),
    Operation("partitions", _partitioned),
    Operation("in another queryset", _elsewhere),
    Operation("related", _related),
    Operation("count", _count),
    Operation("exists", _exists),
    Operation("get", _get),
    Operation("refresh", _refresh),
    Operation("aggregate", _figures),
    Operation("groups", _grouped),
    Operation("raw", _raw),
    Operation("changes", _changes),
    Operation("preview", _preview),
    Operation("arrow", _arrow),
    Operation("export", _exported, drivers=("sync",)),
    Operation("fetch_file", _fetched),
    Operation("load_items", _items),
    Operation("tags", _tags),
    Operation("hierarchy", _hierarchy),
    Operation("picklist_dependency", _dependency),
    Operation("me", _me),
    Operation("modules", _modules),
    Operation("describe", _describe),
    Operation("lookup", _lookup),
    Operation("edition_limit", _edition),
)
