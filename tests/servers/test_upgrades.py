"""A CRM that is another one than its package was generated from: the first call of a session is a
write, and it is decided by what the server is, not by what the package says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generated.demo import Contacts, Products, Quotes, Users, connect
from vtiger_orm import BulkError, LineItem, NotSupported, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidValue

WRITES = {"create", "revise", "update", "add_related"}


def changed(session: Session) -> Any:
    quote = Quotes.objects.using(session)[0]
    quote.quotestage = Quotes.QuoteStage("Delivered")
    return quote


def bulk(prepared: Any, session: Session) -> None:
    report = Quotes.objects.using(session).bulk_update([prepared])
    if not report.ok:
        raise report[0].error or AssertionError


FIRST: dict[str, tuple[str, Callable[[Session], Any], Callable[[Any, Session], Any]]] = {
    "update of a queryset": (
        "frevocrm",
        changed,
        lambda quote, s: Quotes.objects.using(s)
        .filter(id=quote.id)
        .update(quotestage=Quotes.QuoteStage("Accepted")),
    ),
    "bulk_update": ("frevocrm", changed, bulk),
    "create of a quote": (
        "vtiger-8.3",
        changed,
        lambda quote, s: Quotes.objects.using(s).create(
            subject="Q",
            quotestage=Quotes.QuoteStage("Created"),
            account_id=quote.account_id,
            bill_street="b",
            ship_street="s",
            assigned_user_id=Users.ref("19x1"),
            items=[LineItem(Products.ref(f"{Products.meta.prefix}x37"), 1, 1)],
        ),
    ),
    "create with a text": (
        "vtiger-8.3",
        changed,
        lambda _, s: Contacts.objects.using(s).create(
            lastname=r"C:\u00e9", assigned_user_id=Users.ref("19x1")
        ),
    ),
}


@pytest.mark.parametrize("door", FIRST)
def test_the_first_call_knows_the_server(door: str) -> None:
    profile, prepare, attempt = FIRST[door]
    with Crm(profile=profile) as crm:
        transport: dict[str, Any] = {"dialect": "webservice", "transport": crm.transport()}
        with connect(crm.url, *crm.credentials(), **transport) as before:
            given = prepare(before)
        with (
            connect(crm.url, *crm.credentials(), **transport) as session,
            crm.count_calls() as calls,
        ):
            assert session.server.family == "vtiger"
            assert session.server.version == "8.0.0"
            with pytest.raises((NotSupported, InvalidValue, BulkError)) as told:
                attempt(given, session)
        assert not WRITES & set(calls.operations)
        server = {"frevocrm": "F-RevoCRM", "vtiger-8.3": "8.3.0"}[profile]
        assert server in str(told.value) or isinstance(told.value, BulkError)
