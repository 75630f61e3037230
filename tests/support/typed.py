"""What the checkers make of the sample: mypy --strict and pyright pass on this file."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import assert_type

from tests.support.hand_made import Accounts, Contacts, Groups, Users
from vtiger_orm.models import Choices, Record, Ref


def attributes(contact: Contacts) -> None:
    assert_type(contact.id, Ref[Contacts])
    assert_type(contact.lastname, str | None)
    assert_type(contact.amount, Decimal | None)
    assert_type(contact.birthday, date | None)
    assert_type(contact.createdtime, datetime | None)
    assert_type(contact.wakes_at, time | None)
    assert_type(contact.donotcall, bool | None)
    assert_type(contact.points, int | None)
    assert_type(contact.leadsource, Contacts.LeadSource | None)
    assert_type(contact.interests, Choices[Contacts.Interests] | None)
    for interest in contact.interests or ():
        assert_type(interest, Contacts.Interests)
    assert_type(Contacts.LeadSource.COLD_CALL.value, str)
    assert_type(Contacts.LeadSource.WEB_SITE.label, str)
    assert_type(Contacts.LeadSource("added later").known, bool)


def references(contact: Contacts, account: Accounts) -> None:
    if contact.account_id is not None:
        assert_type(contact.account_id.fetch(), Accounts)
        assert_type(contact.account_id.loaded, Accounts)
    if contact.assigned_user_id is not None:
        owner = contact.assigned_user_id.loaded
        assert_type(owner, Users | Groups)
        if isinstance(owner, Users):
            assert_type(owner.user_name, str | None)
    if contact.anything is not None:
        assert_type(contact.anything.loaded, Record)
    assert_type(Accounts.ref("11x3"), Ref[Accounts])
    contact.account_id = account.id
    contact.account_id = Accounts.ref("11x3")
    contact.assigned_user_id = Users.ref("19x1")
    contact.anything = account.id


def constructing(account: Accounts) -> None:
    Contacts(lastname="x")
    Contacts(
        id=Contacts.ref("12x1"),
        account_id=account.id,
        assigned_user_id=Groups.ref("20x1"),
        birthday=date(1815, 12, 10),
        createdtime=datetime(2024, 2, 29, tzinfo=UTC),
        leadsource=Contacts.LeadSource.WEB_SITE,
        interests=Choices([Contacts.Interests.ABC]),
        amount=Decimal("1.50"),
    )


def generic(record: Record) -> None:
    record.save()
    assert_type(str(record.id), str)
    for name, change in record.changes.items():
        print(name, change.old, change.new)
    print(record.extra["cf_9"], record.raw.get("birthday"), record.meta.prefix)


def lookups() -> None:
    first = Contacts.objects.filter(lastname="x").first()
    assert_type(first, Contacts | None)
    try:
        assert_type(Contacts.objects.get(lastname="x"), Contacts)
    except Contacts.DoesNotExist:
        print("none")


async def twins(contact: Contacts) -> None:
    await contact.asave()
    await contact.adelete()
    await contact.arefresh()
    if contact.account_id is not None:
        assert_type(await contact.account_id.afetch(), Accounts)
