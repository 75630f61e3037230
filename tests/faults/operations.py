"""The operations of the matrix: what a session is asked, and a plain value of its answer."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from generated.demo import Accounts, Contacts, Documents
from vtiger_orm.session import Session

from .world import listed

Do: TypeAlias = Callable[..., Awaitable[Any]]
Work: TypeAlias = Callable[[str, Do, Session], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    work: Work
    writes: bool = False


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


async def _create(driver: str, do: Do, s: Session) -> Any:
    made = await do(Accounts.objects.using(s), "create", accountname="Made", **await _owner(do, s))
    return made.accountname


async def _get_or_create(driver: str, do: Do, s: Session) -> Any:
    objects = Accounts.objects.using(s)
    owner = await _owner(do, s)
    found, made = await do(objects, "get_or_create", accountname="New", defaults=owner)
    return found.accountname, made


async def _save(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 04")
    account.website = "changed.test"
    await do(account, "save")
    return account.website


async def _delete(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 12")
    await do(account, "delete")


async def _update(driver: str, do: Do, s: Session) -> Any:
    return await do(Contacts.objects.using(s).filter(title=None), "update", title="x")


async def _delete_many(driver: str, do: Do, s: Session) -> Any:
    return await do(Contacts.objects.using(s).filter(lastname__gt="Contact 06"), "delete")


async def _bulk_create(driver: str, do: Do, s: Session) -> Any:
    owner = await _owner(do, s)
    made = [Accounts(accountname=f"Bulk {n}", **owner) for n in range(4)]
    report = await do(Accounts.objects.using(s), "bulk_create", made)
    return [str(each.status) for each in report]


async def _link(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 00")
    contact = await do(Contacts.objects.using(s), "get", lastname="Contact 00")
    document = await do(
        Documents.objects.using(s), "create", notes_title="D", **await _owner(do, s)
    )
    await do(contact.related.documents, "add", document)
    return account.accountname


async def _upload(driver: str, do: Do, s: Session) -> Any:
    objects = Documents.objects.using(s)
    made = await do(objects, "upload", io.BytesIO(b"some bytes"), filename="a.txt")
    return made.filename


async def _tag(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 00")
    await do(account.crm.tags, "add", "chaos")


async def _owner(do: Do, s: Session) -> dict[str, Any]:
    """The owner is given, so that no dialect has to be asked for it."""
    found = await do(Contacts.objects.using(s).filter(lastname="Contact 00"), "first")
    return {} if found is None else {"assigned_user_id": found.assigned_user_id}


OPERATIONS: Final = (
    Operation("list", _rows),
    Operation("order", _ordered),
    Operation("in", _either),
    Operation("values", _values),
    Operation("select_related", _selected),
    Operation("related", _related),
    Operation("count", _count),
    Operation("exists", _exists),
    Operation("get", _get),
    Operation("refresh", _refresh),
    Operation("me", _me),
    Operation("modules", _modules),
    Operation("describe", _describe),
    Operation("lookup", _lookup),
    Operation("create", _create, writes=True),
    Operation("get_or_create", _get_or_create, writes=True),
    Operation("save", _save, writes=True),
    Operation("delete", _delete, writes=True),
    Operation("update", _update, writes=True),
    Operation("delete many", _delete_many, writes=True),
    Operation("bulk_create", _bulk_create, writes=True),
    Operation("link", _link, writes=True),
    Operation("upload", _upload, writes=True),
    Operation("tag", _tag, writes=True),
)
