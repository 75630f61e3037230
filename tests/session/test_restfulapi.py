"""Tokens of the RestfulApi module: whose they are, when they end, and how it looks when it is not
mended for its server."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import cycle
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Products, Quotes, Users, connect
from tests.faults.faults import answering
from vtiger_orm import (
    AuthError,
    LineItem,
    MalformedAnswer,
    NotSupported,
    OutcomeUnknown,
    ServerError,
    Session,
)
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.profiles import RESTFULAPI
from vtiger_orm.session import RetryPolicy

EVERYBODY = "select lastname from Contacts limit 100;"
ONCE = RetryPolicy(attempts=1)


@pytest.fixture(scope="module")
def _template() -> Iterator[Crm]:
    with Crm(data=None, profile="restfulapi") as made:
        for index in range(30):
            made.create("Contacts", {"lastname": f"C{index:02}"})
        yield made


@pytest.fixture
def crm(_template: Crm) -> Iterator[Crm]:
    with _template.copy() as own:
        yield own


def opened(crm: Crm, user: str | None = None, **settings: Any) -> Session:
    transport = settings.pop("transport", None) or crm.transport()
    return connect(
        crm.url,
        *crm.credentials(user),
        dialect="restfulapi",
        transport=transport,
        async_transport=transport,
        retry=ONCE,
        **settings,
    )


def test_an_hour_passes_in_the_middle_of_reading(crm: Crm) -> None:
    with opened(crm, page_size=7):
        names = []
        for contact in Contacts.objects.only("lastname"):
            names.append(contact.lastname)
            if len(names) % 10 == 0:
                crm.clock.advance(hours=1, seconds=1)
        assert names == [f"C{index:02}" for index in range(30)]
    assert len(crm.tokens.rows()) >= 2


def test_an_hour_passes_in_the_middle_of_writing(crm: Crm) -> None:
    with opened(crm):
        contacts = list(Contacts.objects.all())
        for number, contact in enumerate(contacts):
            contact.department = f"D{number}"
        crm.clock.advance(hours=2)
        report = Contacts.objects.bulk_update(contacts[:20])
        assert not report.failed
        crm.clock.advance(hours=2)
        made = Contacts.objects.create(lastname="later")
        crm.clock.advance(hours=2)
        made.delete()
    stored = [each["department"] for each in crm.run("query", query="select * from Contacts;")]
    assert stored[:20] == [f"D{number}" for number in range(20)]


async def test_many_tasks_share_one_renewal(crm: Crm) -> None:
    async with opened(crm):
        ids = [each.id async for each in Contacts.objects.all()]
        before = len(crm.tokens.rows())
        crm.clock.advance(hours=2)
        found = await asyncio.gather(*(Contacts.objects.aget(id=id_) for id_ in ids))
        assert [each.id for each in found] == ids
        assert len(crm.tokens.rows()) == before + 1


def test_two_users_log_in_within_one_second(crm: Crm) -> None:
    """They would have one token, and whoever came second would write as the first."""
    crm.engine.accounts.add_user("second")
    with opened(crm) as first, opened(crm, "second") as second:
        assert (first.me.name, second.me.name) == ("admin", "second")
        mine = Contacts.objects.using(first).create(lastname="first")
        theirs = Contacts.objects.using(second).create(lastname="second")
        assert mine.assigned_user_id == crm.user().wire_id
        assert theirs.assigned_user_id == crm.user("second").wire_id
    assert len({row.token for row in crm.tokens.rows() if row.user == 1}) == 1


def test_logins_of_one_network_are_a_second_apart(crm: Crm) -> None:
    crm.engine.accounts.add_user("second")
    transport = crm.transport()
    with opened(crm, transport=transport) as one, opened(crm, "second", transport=transport) as two:
        assert one.me.id != two.me.id
    tokens = [row.token for row in crm.tokens.rows()]
    assert len(tokens) == len(set(tokens)) == 2


def test_the_key_of_another_user_is_refused(crm: Crm) -> None:
    crm.engine.accounts.add_user("second")
    key = crm.credentials("second")[1]
    with (
        connect(crm.url, "admin", key, dialect="restfulapi", transport=crm.transport()),
        pytest.raises(AuthError, match="not that of 'admin'") as caught,
    ):
        Contacts.objects.first()
    assert key not in str(caught.value)


@pytest.mark.parametrize("fork", [False, True])
def test_wrong_users_and_keys_are_told_apart_from_tokens(crm: Crm, fork: bool) -> None:
    crm.profile = replace(crm.profile, restfulapi_fork=fork)
    told = []
    for user, key in (("nobody", "x" * 16), ("admin", "x" * 16)):
        with (
            connect(crm.url, user, key, dialect="restfulapi", transport=crm.transport()),
            pytest.raises(AuthError, match="login was refused") as caught,
        ):
            Contacts.objects.first()
        told.append(str(caught.value))
    assert told[0] != told[1]


def test_a_change_of_address_is_told(crm: Crm, caplog: pytest.LogCaptureFixture) -> None:
    here, there = crm.transport(client="10.0.0.1"), crm.transport(client="10.0.0.2")
    with opened(crm, transport=here) as session:
        assert Contacts.objects.first()
        here.handle_request = there.handle_request  # type: ignore[method-assign]
        crm.clock.advance(seconds=2)
        with caplog.at_level(logging.WARNING, logger="vtiger_orm"):
            assert Contacts.objects.first()
        assert "from 10.0.0.1 before and calls from 10.0.0.2 now" in caplog.text
        assert session.me.name == "admin"


def test_an_address_that_changes_with_each_call_is_named(crm: Crm) -> None:
    ways = [crm.transport(client=f"10.0.0.{number}") for number in range(3)]
    turns = cycle(ways)
    way = crm.transport()
    way.handle_request = lambda request: next(turns).handle_request(request)  # type: ignore[method-assign]
    with opened(crm, transport=way), pytest.raises(MalformedAnswer, match="bound to the caller"):
        Contacts.objects.create(lastname="nobody's")
    assert all(row["lastname"] != "nobody's" for row in crm.run("query", query=EVERYBODY))


def test_a_key_that_nobody_compares_with_the_name_is_told(
    crm: Crm, caplog: pytest.LogCaptureFixture
) -> None:
    """The module looks at the key alone; without webservice.php nobody tells whose it is."""
    crm.engine.accounts.add_user("second")
    crm.profile = replace(RESTFULAPI, faces=frozenset({"restfulapi"}))
    key = crm.credentials("second")[1]
    with (
        crm.copy() as own,
        connect(own.url, "admin", key, dialect="restfulapi", transport=own.transport()) as session,
        caplog.at_level(logging.WARNING, logger="vtiger_orm"),
    ):
        number = own.user("second").number
        assert session.me.id == f"{Users.meta.prefix}x{number}"
        assert Contacts.objects.first()
    told = f"the key is that of 'admin' is not known.*by user number {number}"
    assert re.search(told, caplog.text)
    assert key not in caplog.text


def test_rights_are_told_once(crm: Crm, caplog: pytest.LogCaptureFixture) -> None:
    from vtiger_orm.session import logs

    logs._said.clear()
    with caplog.at_level(logging.WARNING, logger="vtiger_orm"):
        for _ in range(2):
            with opened(crm):
                Contacts.objects.first()
    assert caplog.text.count("does not apply the CRM's rights") == 1


@pytest.mark.parametrize(
    ("mends", "error", "told"),
    [
        ("none", ServerError, "login fails"),
        ("login", ServerError, "tokens are not checked"),
        ("login and token", MalformedAnswer, "changed"),
    ],
)
def test_unmended_modules_are_named(mends: Any, error: type[Exception], told: str) -> None:
    with Crm(data=None, profile=replace(RESTFULAPI, restfulapi_mends=mends)) as crm:
        crm.create("Contacts", {"lastname": "x"})
        with opened(crm), pytest.raises(error, match=told) as caught:
            Contacts.objects.first()
        assert "mended" in str(caught.value)


def test_numbers_are_written_as_the_user_would(crm: Crm) -> None:
    crm.engine.accounts.add_user(
        "numbers", currency_decimal_separator=",", currency_grouping_separator="."
    )
    with opened(crm, "numbers"):
        account = Accounts.objects.create(accountname="A", annual_revenue=Decimal("1077.25"))
        assert account.annual_revenue == Decimal("1077.25")
        assert account.crm.adjusted == ()
        item = LineItem(Products.objects.create(productname="P"), 1, Decimal("1.5"))
        with pytest.raises(NotSupported, match="line items"):
            Quotes.objects.create(
                subject="Q",
                quotestage=Quotes.QuoteStage("Created"),
                account_id=account,
                bill_street="b",
                ship_street="s",
                items=[item],
            )
    row = crm.run("retrieve", id=str(account.id))
    assert Decimal(row["annual_revenue"]) == Decimal("1077.25")


def test_amounts_of_another_currency_are_refused(crm: Crm) -> None:
    currency = crm.create(
        "Currency",
        {
            "currency_name": "Euro",
            "currency_code": "EUR",
            "currency_symbol": "E",
            "conversion_rate": "0.91",
            "currency_status": "Active",
            "defaultid": "0",
            "deleted": "0",
        },
    )["id"]
    crm.engine.accounts.add_user("numbers", currency_id=int(currency.partition("x")[2]))
    with opened(crm, "numbers"), pytest.raises(NotSupported, match=r"rate 0\.91"):
        Accounts.objects.create(accountname="A", annual_revenue=Decimal(100))
    assert crm.run("query", query="select id from Accounts;") == []


def test_numbers_of_an_unknown_format_are_refused(crm: Crm) -> None:
    crm.passwords["admin"] = "pass/word"
    with connect(crm.url, "admin", "pass/word", dialect="restfulapi", transport=crm.transport()):
        assert Accounts.objects.create(accountname="A", employees=5).employees == 5
        with pytest.raises(NotSupported, match="format and currency"):
            Accounts.objects.create(accountname="B", annual_revenue=1)


@pytest.mark.parametrize("result", [5, "x", "", 0])
def test_only_true_says_that_a_record_was_deleted(crm: Crm, result: Any) -> None:
    with opened(crm) as session:
        contact = Contacts.objects.using(session).get(lastname="C07")
        crm.faults.next(answering(result), operation="delete")
        with pytest.raises(MalformedAnswer, match="does not say what was done"):
            contact.delete()
        assert Contacts.objects.using(session).filter(lastname="C07").exists()
        contact.delete()


@pytest.mark.parametrize("result", [5, "", "-1", "12x1", [], {"id": "1"}, True])
def test_only_its_own_number_says_that_a_record_was_changed(crm: Crm, result: Any) -> None:
    with opened(crm) as session:
        contact = Contacts.objects.using(session).get(lastname="C07")
        contact.department = "D"
        crm.faults.next(answering(result), operation="update")
        with pytest.raises(MalformedAnswer, match="does not say what was done"):
            contact.save()


@pytest.mark.parametrize("result", [0, "0", -1, "x", True])
def test_only_a_number_says_that_a_record_was_made(crm: Crm, result: Any) -> None:
    with opened(crm) as session:
        crm.faults.next(answering(result), operation="create")
        with pytest.raises(OutcomeUnknown):
            Contacts.objects.using(session).create(lastname="N")
