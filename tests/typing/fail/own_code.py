"""Own classes are checked as generated ones are."""

from tests.golden.own.expected.package import Accounts, Contacts, Users


def querysets() -> None:
    Contacts.objects.hott()  # mypy: "hott"  # pyright: "hott"
    Contacts.objects.hot().filter(lastnme="x")  # mypy: lastnme  # pyright: "lastnme"
    Contacts.objects.hot().exclude(lastnme="x")  # mypy: lastnme  # pyright: "lastnme"
    Contacts.objects.hot(1)  # mypy: Too many arguments  # pyright: Expected 0 positional arguments
    Accounts.objects.hot()  # mypy: "hot"  # pyright: "hot"
    Users.objects.called(1)  # mypy: incompatible type "int"  # pyright: "Literal[1]"


def records(contact: Contacts, account: Accounts) -> None:
    contact.full_nam  # mypy: "full_nam"  # pyright: "full_nam"
    contact.full_name = "x"  # mypy: read-only  # pyright: "full_name"
    Contacts(lastnme="x")  # mypy: lastnme  # pyright: "lastnme"
    account.first_contact().hot()  # mypy: "hot"  # pyright: "hot"
    if contact.account_id is not None:
        contact.account_id.fetch().last_contact()  # mypy: "last_contact"  # pyright: "last_contact"
