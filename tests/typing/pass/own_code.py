"""Classes that an application wrote, and what the package hands out of them."""

from typing import assert_type

from tests.golden.own.expected.package import Accounts, Contacts, ContactsQuerySet, Users
from tests.golden.own.expected.package.contacts import ContactsBase
from tests.golden.own.shop import Account
from vtiger_orm.models import Ref


def querysets() -> None:
    assert_type(Contacts.objects, ContactsQuerySet)
    assert_type(Contacts.objects.get(lastname="x"), Contacts)
    found = Contacts.objects.filter(lastname="x").hot().exclude(lastname="y").hot()
    assert_type(found, ContactsQuerySet)
    assert_type(found.order_by("-lastname")[:5].hot(), ContactsQuerySet)
    for each in found:
        assert_type(each, Contacts)
        assert_type(each.full_name, str)
    for name in found.names():
        assert_type(name, str)
    made, created = Contacts.objects.hot().get_or_create(lastname="x")
    assert_type(made, Contacts)
    assert_type(created, bool)
    assert_type(ContactsBase.objects.hot(), ContactsQuerySet)
    assert_type(Users.objects.called("x").filter(user_name="y").get(), Users)


async def reading() -> None:
    assert_type(await Contacts.objects.aget(lastname="x"), Contacts)
    assert_type(await Contacts.objects.hot(), list[Contacts])
    async for each in Contacts.objects.hot():
        assert_type(each.namesakes(), ContactsQuerySet)


def records(contact: Contacts, reference: Ref[Contacts]) -> None:
    assert_type(reference.fetch().full_name, str)
    assert_type(contact.id, Ref[Contacts])
    assert_type(Contacts(lastname="x").namesakes(), ContactsQuerySet)
    if contact.account_id is not None:
        account = contact.account_id.fetch()
        assert_type(account, Account)
        assert_type(account.first_contact(), Contacts | None)
    given = Accounts.ref("3x1")
    contact.account_id = given
    account = Accounts.objects.get(id=given)
    assert_type(account.first_contact(), Contacts | None)
