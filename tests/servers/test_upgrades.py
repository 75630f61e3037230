"""A CRM that is another one than its package was generated from: the first call of a session is a
write, and it is decided by what the server is, not by what the package says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generated.demo import Contacts, Events, Products, Quotes, Users, connect
from vtiger_orm import BulkError, Count, LineItem, NotSupported, Session
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


def first_reads(session: Session) -> dict[str, Callable[[], object]]:
    """Questions whose way depends on the server: each is the first call of a session."""
    events = Events.objects.using(session)
    return {
        "list": lambda: [event.id for event in events],
        "count": events.count,
        "exists": events.exists,
        "slice": lambda: [event.id for event in events[3:9]],
        "ids": lambda: list(events.values_list("id", flat=True)),
        "aggregate": lambda: dict(events.aggregate(n=Count())),
        "blank": lambda: [event.id for event in events.filter(location=None)],
        "arrow": lambda: events.only("subject").to_arrow().num_rows,
        "raw": lambda: [event.id for event in events.raw("select id from Events limit 5;")],
    }


QUESTIONS = sorted(
    ("list", "count", "exists", "slice", "ids", "aggregate", "blank", "arrow", "raw")
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_first_question_is_put_as_the_server_takes_it(question: str) -> None:
    """8.3 counts nothing and thins its pages; the package of 8.0 says neither."""
    with Crm(profile="vtiger-8.3") as crm:
        transport: dict[str, Any] = {"dialect": "webservice", "transport": crm.transport()}
        with connect(crm.url, *crm.credentials(), **transport) as known:
            known.identify()
            expected = first_reads(known)[question]()
        with connect(crm.url, *crm.credentials(), **transport) as session:
            assert first_reads(session)[question]() == expected
