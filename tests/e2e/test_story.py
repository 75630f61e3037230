"""The whole way: generated package -> queryset -> plan -> HTTP -> CRM -> records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from generated.demo import Accounts, Contacts, Events, Potentials, ProductTaxes, Quotes, Users
from tests.e2e.conftest import Connect
from vtiger_orm import Q
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import BlockingCall, NoSession, NotLoaded, UnsupportedQuery


def test_the_story_of_the_readme(connect: Connect) -> None:
    with connect() as crm:
        bankers = Accounts.objects.filter(industry=Accounts.Industry.BANKING)
        hot = (
            Contacts.objects.filter(account_id__in=bankers)
            .exclude(email=None)
            .select_related("account_id")
            .order_by("-modifiedtime")
        )
        found = list(hot[:20])
        assert found
        for contact in found:
            assert contact.account_id is not None
            account = contact.account_id.loaded
            assert account.industry is Accounts.Industry.BANKING
            assert contact.email
        times = [contact.modifiedtime for contact in found if contact.modifiedtime]
        assert times == sorted(times, reverse=True)
        assert all(each.tzinfo is UTC for each in times)

        contact = found[0]
        before = contact.department
        contact.department = "Sales"
        with crm.count_calls() as calls:
            contact.save()
        assert calls.count == 1
        assert Contacts.objects.get(id=contact.id).department == "Sales"
        contact.department = before
        contact.save()


async def test_the_story_asynchronously(connect: Connect) -> None:
    async with connect():
        total = await Contacts.objects.acount()
        seen = {contact.id async for contact in Contacts.objects.only("lastname")}
        assert len(seen) == total >= 1000
        page = await Contacts.objects.order_by("lastname", "firstname")[:30]
        assert len(page) == 30
        first = await Contacts.objects.afirst()
        assert first is not None
        assert first.account_id is None or (await first.account_id.afetch()).accountname


def test_reading_everything_equals_counting(connect: Connect) -> None:
    with connect():
        whole = list(Contacts.objects.values_list("id", flat=True))
        assert len(whole) == len(set(whole)) == Contacts.objects.count()
        assert whole == sorted(whole, key=lambda id: id.number)


def test_conditions_of_every_kind_agree_with_python(connect: Connect) -> None:
    with connect():
        everything = list(Contacts.objects.all())
        cases: list[tuple[Q, Callable[[Contacts], object]]] = [
            (Q(email__contains="EXAMPLE.COM"), lambda c: "example.com" in (c.email or "")),
            (Q(email=None), lambda c: c.email is None),
            (~Q(leadsource="Cold Call"), lambda c: c.leadsource != "Cold Call"),
            (Q(donotcall=True) | Q(birthday__isnull=True), lambda c: c.donotcall or not c.birthday),
            (
                Q(createdtime__lt=datetime(2999, 1, 1, tzinfo=UTC)) & ~Q(department=None),
                lambda c: c.department is not None,
            ),
        ]
        for condition, holds in cases:
            ours = {contact.id for contact in Contacts.objects.filter(condition)}
            assert ours == {contact.id for contact in everything if holds(contact)}, condition
            assert Contacts.objects.filter(condition).count() == len(ours)


def test_owners_come_without_secrets(connect: Connect, crm: Crm) -> None:
    _, key = crm.credentials()
    with connect():
        contact = Contacts.objects.select_related("assigned_user_id").first()
        assert contact is not None
        assert contact.assigned_user_id is not None
        assert contact.assigned_user_id.loaded.id == contact.assigned_user_id
        for user in Users.objects.all():
            assert key not in repr(user) + str(user.model_dump()) + str(user.extra)


def test_money_and_dates_have_types(connect: Connect) -> None:
    with connect():
        amounts = Potentials.objects.exclude(amount=None).values_list("amount", flat=True)[:5]
        assert all(isinstance(amount, Decimal) for amount in amounts)


def test_500_contacts_with_their_accounts(connect: Connect) -> None:
    with connect() as session:
        session.identify()
        with session.count_calls() as calls:
            found = list(Contacts.objects.select_related("account_id")[:500])
        assert len(found) == 500
        assert calls.count <= 10
        for contact in found:
            assert contact.account_id is None or contact.account_id.loaded.accountname


async def test_500_contacts_with_their_accounts_asynchronously(connect: Connect) -> None:
    async with connect() as session:
        await session.aidentify()
        with session.count_calls() as calls:
            found = await Contacts.objects.select_related("account_id")[:500]
        assert len(found) == 500
        assert calls.count <= 10


async def test_blocking_inside_async_with_names_the_twin(connect: Connect) -> None:
    async with connect():
        cases: list[tuple[Callable[[], object], str]] = [
            (lambda: Contacts.objects.count(), r"\.acount\("),
            (lambda: Contacts.objects.get(lastname="x"), r"\.aget\("),
            (lambda: Contacts.objects.first(), r"\.afirst\("),
            (lambda: Contacts.objects.exists(), r"\.aexists\("),
            (lambda: Contacts.objects.in_bulk([]), r"\.ain_bulk\("),
            (lambda: Contacts.objects.partitions(2), r"\.apartitions\("),
            (lambda: list(Contacts.objects), "async for"),
            (lambda: list(Contacts.objects.iterator()), "async for"),
            (lambda: Contacts.objects[3], r"await queryset\[n:n \+ 1\]"),
            (lambda: Contacts.ref("12x1").fetch(), r"\.afetch\("),
        ]
        for blocking, cure in cases:
            with pytest.raises(BlockingCall, match=cure):
                blocking()


def test_events_with_their_contacts(connect: Connect) -> None:
    """The CRM joins the contacts of an event, so the field is only read where it is asked for."""
    with connect():
        events = list(Events.objects.select_related("contact_id"))
        assert len(events) == Events.objects.count()
        related = [event.contact_id for event in events if event.contact_id]
        assert related
        assert all(contact.loaded.id == contact for contact in related)
        with pytest.raises(UnsupportedQuery, match="line items"):
            Quotes.objects.only("productid")  # type: ignore[arg-type]


def test_what_a_session_handed_out_keeps_using_it(connect: Connect) -> None:
    with connect():
        contact = Contacts.objects.exclude(account_id=None).first()
    assert contact is not None
    assert contact.account_id is not None
    with pytest.raises(NoSession):
        Contacts.objects.count()
    with pytest.raises(NotLoaded):
        contact.account_id.loaded  # noqa: B018
    assert contact.account_id.fetch().accountname
    contact.refresh()


def test_without_with(connect: Connect) -> None:
    session = connect()
    try:
        assert Contacts.objects.using(session).count() >= 1000
    finally:
        session.close()


def test_partitions_can_be_sent_to_workers(connect: Connect) -> None:
    import pickle

    with connect() as session:
        parts = Contacts.objects.order_by().partitions(4)
        assert len(parts) == 4
        sizes = [part.count() for part in parts]
        assert sum(sizes) == Contacts.objects.count()
        assert max(sizes) - min(sizes) <= 2
        shipped = pickle.loads(pickle.dumps(parts[1])).using(session)
        assert [each.id for each in shipped] == [each.id for each in parts[1]]


def test_a_module_whose_ids_no_query_can_name_is_refused_before_anything_is_sent(
    connect: Connect,
) -> None:
    """The server adds the id to every select, and then denies it."""
    with connect() as crm, crm.count_calls() as calls:
        for ask in (ProductTaxes.objects.first, ProductTaxes.objects.all().__iter__().__next__):
            with pytest.raises(UnsupportedQuery, match=r"cannot be read.*count\(\) works"):
                ask()
        assert calls.count == 0
