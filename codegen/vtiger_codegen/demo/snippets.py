"""The code of the demo, as text: an application that is type-checked (its package does not exist
yet), and snippets that are shown and executed as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Snippet:
    """A few lines of application code; the last one is an expression whose value is shown."""

    title: str
    code: str
    writes: bool = False


SNIPPETS: Final = (
    Snippet(
        "Typed lookups, the newest first",
        """\
Contacts.objects.filter(
    lastname__startswith="S", leadsource=Contacts.LeadSource.COLD_CALL
).order_by("-modifiedtime")[:3]""",
    ),
    Snippet(
        "A semi-join, and the accounts read along: no call per row",
        """\
Contacts.objects.filter(
    account_id__in=Accounts.objects.filter(industry=Accounts.Industry.BANKING)
).select_related("account_id").order_by("id")[:4]""",
    ),
    Snippet(
        "Blank and not-like, which the query language cannot say",
        """\
Contacts.objects.filter(birthday=None).exclude(lastname__contains="e")[:3]""",
    ),
    Snippet(
        "Counted by the server, no rows read",
        """\
Contacts.objects.exclude(leadsource=Contacts.LeadSource.COLD_CALL).count()""",
    ),
    Snippet(
        "Everything, page by page, by id: more than the server's 100 rows",
        """\
sum(1 for contact in Contacts.objects.only("lastname"))""",
    ),
    Snippet(
        "Create a record; the owner is you",
        """\
ada = Contacts.objects.create(lastname="Lovelace", firstname="Ada")
ada""",
        writes=True,
    ),
    Snippet(
        "Change it: only what changed is sent",
        """\
ada.department = "Analytical Engines"
ada.birthday = date(1815, 12, 10)
changes = dict(ada.changes)
ada.save()
changes""",
        writes=True,
    ),
)

ASYNC: Final = Snippet(
    "The same with async for",
    """\
async with connect() as crm:
    names = []
    async for contact in Contacts.objects.filter(donotcall=True).order_by("lastname")[:4]:
        names.append(contact.lastname)
names""",
)

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
