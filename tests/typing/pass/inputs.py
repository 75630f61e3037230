"""Input models, and helpers typed by what goes with a model."""

from typing import Any, assert_type

from generated.demo import (
    Contacts,
    ContactsCreate,
    ContactsQuerySet,
    ContactsRow,
    ContactsUpdate,
    Quotes,
    QuotesCreate,
)
from vtiger_orm import LineItem


def surnames(people: ContactsQuerySet) -> list[ContactsRow]:
    return list(people.filter(lastname__startswith="S").values("lastname"))


def create(body: ContactsCreate, quote: QuotesCreate) -> Contacts:
    assert_type(body.lastname, str)
    assert_type(body.firstname, str | None)
    assert_type(body["lastname"], Any)
    Contacts.objects.create(**body.model_dump(exclude_unset=True))
    Quotes.objects.create(**quote, items=[LineItem("14x1")])
    return Contacts.objects.create(**body)


async def change(contact: Contacts, body: ContactsUpdate) -> None:
    assert_type(body.lastname, str | None)
    contact.crm.apply(body)
    await contact.crm.aapply(body)
    await contact.asave()
    Contacts.objects.filter(lastname="x").update(**body)


def made(quote: QuotesCreate) -> list[ContactsRow]:
    create(ContactsCreate(lastname="Lovelace", account_id=None), quote)
    return surnames(Contacts.objects)
