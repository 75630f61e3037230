"""What IPython offers inside the calls of querysets."""

from __future__ import annotations

import pytest

from generated import demo
from generated.demo import Accounts
from vtiger_orm import Q, Session
from vtiger_orm.notebooks import completions, load_ipython_extension

NAMES = {**{name: getattr(demo, name) for name in demo.__all__}, "Q": Q}


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("Contacts.objects.filter(lastname__st", ["lastname__startswith="]),
        ("rows = Contacts.objects.filter(email='a').exclude(birthday__y", ["birthday__year="]),
        ("Contacts.objects.filter(Q(birthday__m", ["birthday__month="]),
        ("Contacts.objects.order_by('-birth", ["'-birthday"]),
        ("Contacts.objects.create(lastn", ["lastname="]),
        (
            "Contacts.objects.filter(account_id__in=Accounts.objects.filter(accountname__l",
            ["accountname__lt=", "accountname__lte=", "accountname__like="],
        ),
        ("print(lastn", []),
        ("nobody.objects.filter(lastn", []),
        ("Contacts.objects.filter(lastname='a')", []),
    ],
)
def test_lookups_are_completed_without_asking(before: str, offered: list[str]) -> None:
    assert completions(before, NAMES) == offered


def test_relations_of_a_record_are_completed(session: Session) -> None:
    account = Accounts.objects.order_by("id")[0]
    assert "contacts" in dir(account.related)
    names = {**NAMES, "account": account}
    with session.count_calls() as calls:
        offered = completions("account.related.contacts.filter(lastname__st", names)
        relations = completions("list(account.related.cont", names)
    assert (offered, calls.count) == (["lastname__startswith="], 0)
    assert relations == ["account.related.contacts"]
    assert not completions("Contacts.objects.related.", names)


def test_ipython_offers_them() -> None:
    core = pytest.importorskip("IPython", reason="IPython is not installed")
    shell = core.core.interactiveshell.InteractiveShell()
    shell.user_ns.update(NAMES)
    load_ipython_extension(shell)
    line = "Contacts.objects.filter(lastname__st"
    with core.core.completer.provisionalcompleter():
        found = [each.text for each in shell.Completer.completions(line, len(line))]
    assert "lastname__startswith=" in found
