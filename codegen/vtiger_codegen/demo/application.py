"""The small application that the demo type-checks, as text: its package does not exist yet."""

from __future__ import annotations

from typing import Final

APPLICATION: Final = '''\
"""Who to call next."""

from datetime import date

from crm import Accounts, Contacts, connect


def birthdays(industry: Accounts.Industry, month: int) -> dict[str, date]:
    found: dict[str, date] = {}
    with connect():
        people = Contacts.objects.filter(
            birthday__month=month,
            account_id__in=Accounts.objects.filter(industry=industry),
        ).exclude(lastname=None)
        for person in people.order_by("lastname"):
            if person.lastname and person.birthday:
                found[person.lastname] = person.birthday
    return found
'''

CORRECT: Final = "birthday__month"
MISSPELT: Final = "birthdy__month"
