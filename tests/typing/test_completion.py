"""What an editor offers while typing, through jedi: explicit keywords, no plugin."""

from __future__ import annotations

from pathlib import Path

import jedi
import pytest

ROOT = Path(__file__).parents[2]


def completions(code: str) -> set[str]:
    script = jedi.Script(code, project=jedi.Project(str(ROOT)))
    lines = code.splitlines()
    return {each.name for each in script.complete(len(lines), len(lines[-1]))}


@pytest.mark.parametrize(
    ("code", "offered"),
    [
        ("from generated.demo import Contac", "Contacts"),
        ("from generated.demo import Contacts\nContacts.objects.filter(lastn", "lastname="),
        (
            "from generated.demo import Contacts\nContacts.objects.filter(lastname__st",
            "lastname__startswith=",
        ),
        ("from generated.demo import Contacts\nContacts.objects.exclude(lastn", "lastname="),
        ("from generated.demo import Contacts\nContacts.objects.get(lastn", "lastname="),
        ("from generated.demo import Contacts\nContacts(lastn", "lastname="),
        ("from generated.demo import Contacts\nContacts.LeadSource.COLD", "COLD_CALL"),
        (
            "from generated.demo import Contacts\n"
            "for contact in Contacts.objects.filter(lastname='x').order_by('id'):\n"
            "    contact.lastn",
            "lastname",
        ),
        *(
            pytest.param(
                f"from generated.demo import Contacts\nContacts.objects.{step}.filter(lastn",
                "lastname=",
                marks=pytest.mark.checkers,
            )
            for step in ("all()", "none()", "reverse()", "using(crm)", "prefetch_related('quotes')")
        ),
        (
            "from generated.demo import Contacts\n"
            "for contact in Contacts.objects.all():\n    contact.lastn",
            "lastname",
        ),
        (
            "from generated.demo import Contacts\n"
            "contact = Contacts.objects.get(lastname='x')\n"
            "contact.account_id.fetch().accountn",
            "accountname",
        ),
    ],
)
def test_offered(code: str, offered: str) -> None:
    assert offered in completions(code)
