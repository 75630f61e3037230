"""Operations of the matrix that write."""

from __future__ import annotations

import io
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from generated.demo import Accounts, Contacts, Documents, Leads, Potentials, Quotes
from vtiger_orm.importing import import_file
from vtiger_orm.session import Session

from .operations import Do, Effect, Operation
from .reads import accounts, inner, one, residual


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


async def _update_or_create_new(driver: str, do: Do, s: Session) -> Any:
    defaults = {"phone": "22", **await _owner(do, s)}
    long = "Account that is made only once, whatever happens"
    found, made = await do(accounts(s), "update_or_create", accountname=long, defaults=defaults)
    return found.accountname, made


async def _update(driver: str, do: Do, s: Session) -> Any:
    return await do(Contacts.objects.using(s).filter(title=None), "update", title="x")


async def _delete_many(driver: str, do: Do, s: Session) -> Any:
    return await do(Contacts.objects.using(s).filter(lastname__gt="Contact 06"), "delete")


async def _bulk_create(driver: str, do: Do, s: Session) -> Any:
    owner = await _owner(do, s)
    made = [Accounts(accountname=f"Bulk {n}", **owner) for n in range(4)]
    report = await do(Accounts.objects.using(s), "bulk_create", made)
    return _statuses(report)


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


async def _update_or_create(driver: str, do: Do, s: Session) -> Any:
    objects = Accounts.objects.using(s)
    found, made = await do(
        objects, "update_or_create", accountname="Account 05", defaults={"website": "new.test"}
    )
    return found.website, made


async def _bulk_update(driver: str, do: Do, s: Session) -> Any:
    contacts = Contacts.objects.using(s).order_by("id")[:4]
    found = [each async for each in contacts] if driver == "async" else list(contacts)
    for each in found:
        each.title = f"{each.lastname} changed"
    return _statuses(await do(Contacts.objects.using(s), "bulk_update", found))


async def _bulk_delete(driver: str, do: Do, s: Session) -> Any:
    contacts = Contacts.objects.using(s).order_by("id")[:4]
    found = [each async for each in contacts] if driver == "async" else list(contacts)
    return _statuses(await do(Contacts.objects.using(s), "bulk_delete", found))


async def _bulk_upsert(driver: str, do: Do, s: Session) -> Any:
    owner = await _owner(do, s)
    rows = [{"accountname": f"Account {n:02}", "website": "bulk.test", **owner} for n in (3, 4, 77)]
    objects = Accounts.objects.using(s)
    return _statuses(await do(objects, "bulk_update_or_create", rows, key="accountname"))


async def _bulk_upsert_across(driver: str, do: Do, s: Session) -> Any:
    """Rows of which some are there, more than a page holds."""
    owner = await _owner(do, s)
    rows = [{"accountname": f"Account {n:02}", "phone": "3", **owner} for n in range(9, 16)]
    return _statuses(await do(accounts(s), "bulk_update_or_create", rows, "accountname"))


async def _related_create(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 00")
    made = await do(account.related.contacts, "create", lastname="Child", **await _owner(do, s))
    return made.lastname


async def _related_bulk(driver: str, do: Do, s: Session) -> Any:
    account = await do(accounts(s), "get", accountname="Account 00")
    made = [Contacts(lastname=f"Child {n}", **await _owner(do, s)) for n in range(3)]
    return _statuses(await do(account.related.contacts, "bulk_create", made))


async def _attach(driver: str, do: Do, s: Session) -> Any:
    document = await do(Documents.objects.using(s), "get", notes_title="Document")
    await do(document.crm, "attach_to", await do(accounts(s), "get", accountname="Account 00"))


async def _import(driver: str, do: Do, s: Session) -> Any:
    owner = str((await _owner(do, s))["assigned_user_id"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "accounts.csv"
        rows = "".join(f"Account {n:02},5,{owner}\n" for n in (11, 12, 13, 14))
        path.write_text(f"accountname,phone,assigned_user_id\n{rows}")
        done = import_file(path, accounts(s), "accountname")
        return [str(status) for status, rows in done.counts.items() for _ in range(rows)]


async def _unlink(driver: str, do: Do, s: Session) -> Any:
    contact = await do(Contacts.objects.using(s), "get", lastname="Contact 01")
    document = await do(Documents.objects.using(s), "get", notes_title="Document")
    await do(contact.related.documents, "remove", document)


async def _convert(driver: str, do: Do, s: Session) -> Any:
    lead = await do(Leads.objects.using(s), "get", lastname="Lead")
    potential = {
        "potentialname": "P",
        "closingdate": date(2030, 1, 2),
        "sales_stage": "Prospecting",
    }
    made = await do(lead.crm, "convert", account=True, contact=True, potential=potential)
    return bool(made.account), bool(made.contact), bool(made.potential)


async def _change_items(driver: str, do: Do, s: Session) -> Any:
    quote = await do(Quotes.objects.using(s), "get", subject="Quote")
    items = await do(quote.crm, "load_items")
    items[0].quantity = Decimal(7)
    await do(quote, "save")
    return str(quote.crm.items[0].quantity)


async def _picklist(driver: str, do: Do, s: Session) -> Any:
    await do(s, "add_picklist_values", Leads, "leadsource", ["From the matrix"])


async def _rename_value(driver: str, do: Do, s: Session) -> Any:
    await do(s, "rename_picklist_value", Leads, "leadsource", "Cold Call", "Warm Call")


async def _drop_value(driver: str, do: Do, s: Session) -> Any:
    await do(
        *(s, "delete_picklist_values", Leads, "leadsource", ["Partner"]), replace_with="Employee"
    )


async def _untag(driver: str, do: Do, s: Session) -> Any:
    account = await do(Accounts.objects.using(s), "get", accountname="Account 01")
    await do(account.crm.tags, "remove", "old")


async def _drop_tag(driver: str, do: Do, s: Session) -> Any:
    await do(s, "delete_tag", "old", on=await do(accounts(s), "get", accountname="Account 01"))


async def _reopen(driver: str, do: Do, s: Session) -> Any:
    won = await do(Potentials.objects.using(s), "get", potentialname="Won")
    await do(won.crm, "reopen")


async def _emptied(driver: str, do: Do, s: Session) -> Any:
    """By `update`, which sends the whole record."""
    account = await do(Accounts.objects.using(s), "get", accountname="Account 04")
    account.website = "whole.test"
    await do(account, "save", operation="update")
    return account.website


def _statuses(report: Any) -> list[str]:
    return [str(each.status) for each in report]


WRITES: Final = (
    Operation("create", _create, Effect.ONE),
    Operation("create related", _related_create, Effect.ONE),
    Operation("get_or_create", _get_or_create, Effect.ONE),
    Operation("update_or_create", _update_or_create, Effect.ONE),
    Operation("update_or_create new", _update_or_create_new, Effect.ONE),
    Operation("save", _save, Effect.ONE),
    Operation("save items", _change_items, Effect.SEVERAL),
    Operation("delete", _delete, Effect.ONE),
    Operation("update", _update, Effect.SEVERAL),
    Operation("update negated", one(residual, "update", title="y"), Effect.SEVERAL),
    Operation("delete many", _delete_many, Effect.SEVERAL),
    Operation("delete semi-join", one(inner, "delete"), Effect.SEVERAL),
    Operation("bulk_create", _bulk_create, Effect.TOLD),
    Operation("bulk_update", _bulk_update, Effect.TOLD),
    Operation("bulk_delete", _bulk_delete, Effect.TOLD),
    Operation("bulk_update_or_create", _bulk_upsert, Effect.TOLD),
    Operation("bulk_update_or_create across", _bulk_upsert_across, Effect.TOLD),
    Operation("bulk_create related", _related_bulk, Effect.TOLD),
    Operation("import", _import, Effect.TOLD, drivers=("sync",)),
    Operation("attach_to", _attach, Effect.ONE),
    Operation("link", _link, Effect.SEVERAL),
    Operation("unlink", _unlink, Effect.ONE),
    Operation("upload", _upload, Effect.SEVERAL),
    Operation("convert", _convert, Effect.SEVERAL),
    Operation("tag", _tag, Effect.ONE),
    Operation("untag", _untag, Effect.ONE),
    Operation("delete_tag", _drop_tag, Effect.ONE),
    Operation("reopen", _reopen, Effect.ONE),
    Operation("save whole", _emptied, Effect.ONE),
    Operation("add_picklist_values", _picklist, Effect.ONE),
    Operation("rename_picklist_value", _rename_value, Effect.ONE),
    Operation("delete_picklist_values", _drop_value, Effect.SEVERAL),
)
