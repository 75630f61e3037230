"""Own code as `vtiger-orm customise Contacts` begins it, with some in it."""

from collections.abc import Iterator
from typing import Self

from .._typing.contacts import ContactsQuerySetBase
from ..contacts import ContactsBase


class ContactsQuerySet(ContactsQuerySetBase):
    def hot(self) -> Self:
        return self.filter(lastname__startswith="S").exclude(firstname=None)

    def names(self) -> Iterator[str]:
        return (each.full_name for each in self)


class Contacts(ContactsBase, ordering=("-lastname",)):
    @property
    def full_name(self) -> str:
        return f"{self.firstname} {self.lastname}"

    def namesakes(self) -> ContactsQuerySet:
        return Contacts.objects.filter(lastname=self.lastname).hot()
