"""Reads are complete, or an error: whatever one call of a read comes to, in every reader.

A server swallows an SQL error (success, and no rows), or fails: the right answer or
an error, never a short one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Quotes, Users
from tests.support.kinds import Face
from tests.support.pairs import pairs
from vtiger_orm import VtigerError
from vtiger_orm.emulator import faults
from vtiger_orm.emulator.http import Response, json_response, success

MOST = 12
"""Calls of one reader that are made to go wrong, one after the other."""


class SwallowedError:
    """What an SQL error looks like."""

    def apply(self, exchange: Any) -> Response:
        return json_response(success([]))


FAULTS: dict[str, Callable[[], Any]] = {
    "swallowed": SwallowedError,
    "lost": faults.DroppedConnection,
    "outage": lambda: faults.Html(status=502),
}


def ids(records: Any) -> list[str]:
    return [str(each.id) for each in records]


async def prefetched(face: Face) -> Any:
    contacts = await face.list(Contacts.objects.select_related("account_id")[:30])
    return [each.account_id and each.account_id.loaded.accountname for each in contacts]


async def items(face: Face) -> Any:
    quotes = await face.list(Quotes.objects.order_by("id")[:60])
    await face(face.session, "load_items", quotes)
    return [[(item.quantity, str(item.product)) for item in each.crm.items] for each in quotes]


async def changed(face: Face) -> Any:
    return sorted({str(each.id) for each in await face.list(Quotes.objects.changes())})


async def by_relation(face: Face) -> Any:
    account = await face(Accounts.objects.order_by("id"), "first")
    return ids(await face.list(account.related.contacts.all()))


def listed(make: Callable[[], Any]) -> Callable[[Face], Awaitable[Any]]:
    async def read(face: Face) -> Any:
        return ids(await face.list(make()))

    return read


def asked(make: Callable[[], Any], method: str) -> Callable[[Face], Awaitable[Any]]:
    async def read(face: Face) -> Any:
        return await face(make(), method)

    return read


READERS: dict[str, Callable[[Face], Awaitable[Any]]] = {
    "list": listed(lambda: Contacts.objects.filter(donotcall=True).only("id")),
    "order": listed(lambda: Quotes.objects.order_by("-subject").only("id")),
    "blank": listed(lambda: Contacts.objects.filter(email=None).only("id")[:50]),
    "users": listed(lambda: Users.objects.only("id")),
    "semi-join": listed(
        lambda: Contacts.objects.filter(
            account_id__in=Accounts.objects.filter(accountname__startswith="A")
        ).only("id")
    ),
    "count": asked(lambda: Contacts.objects.filter(donotcall=True), "count"),
    "exists": asked(lambda: Contacts.objects.filter(donotcall=True), "exists"),
    "first": asked(lambda: Contacts.objects.order_by("-lastname").only("id"), "first"),
    "select_related": prefetched,
    "line items": items,
    "changes": changed,
    "related": by_relation,
}


@pytest.mark.parametrize("kind", ["stock", "cloud"], indirect=True)
@pytest.mark.parametrize("reader", READERS)
async def test_a_read_is_complete_or_an_error(face: Face, reader: str) -> None:
    read = READERS[reader]
    await face.open(page_size=25)
    with face.crm.count_calls() as calls:
        truth = await read(face)
    for position, make in pairs(range(min(calls.number, MOST)), FAULTS.values()):
        face.crm.faults.clear()
        face.crm.faults.next(make(), after=position)
        try:
            found = await read(face)
        except VtigerError:
            continue
        assert found == truth, position
