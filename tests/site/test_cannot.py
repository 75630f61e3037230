"""What Vtiger cannot do: a test for each line of that chapter, on the embedded CRM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from vtiger_codegen.cli import cli
from vtiger_codegen.site.chapters import chapter

from generated.demo import Accounts, Contacts, Potentials, Quotes, connect
from vtiger_orm import Q, Session, Sum
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.errors import CrmError
from vtiger_orm.emulator.faults import LostAnswer
from vtiger_orm.errors import InvalidValue, OutcomeUnknown


@pytest.fixture(scope="module")
def template() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.fixture
def crm(template: Crm) -> Iterator[Crm]:
    with template.copy() as crm:
        yield crm


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        session.identify()
        yield session


def asked(crm: Crm, statement: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = crm.run("query", query=statement)
    return found


def test_every_line_of_the_chapter_has_its_test() -> None:
    named = set(re.findall(r"\*\((\w+)\)\*", chapter("limits", cli).text))
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert named == tests - {"every_line_of_the_chapter_has_its_test"}


def test_no_transactions(session: Session) -> None:
    rows = [Contacts(lastname="First"), Contacts(), Contacts(lastname="Third")]
    report = Contacts.objects.bulk_create(rows)
    assert [each.error is None for each in report] == [True, False, True]
    assert Contacts.objects.filter(lastname__in=["First", "Third"]).exists()


def test_no_locks(crm: Crm, session: Session) -> None:
    mine = Contacts.objects.order_by("id")[0]
    id_ = str(mine.id)
    crm.run("revise", element=json.dumps({"id": id_, "firstname": "Theirs"}))
    mine.firstname = "Mine"
    mine.save()  # nobody says a word
    assert Contacts.objects.get(id=Contacts.ref(id_)).firstname == "Mine"


def test_no_joins(crm: Crm) -> None:
    with pytest.raises(CrmError):
        asked(crm, "select id from Contacts, Accounts;")
    inner = Accounts.objects.filter(accountname="x")
    assert Contacts.objects.filter(account_id__in=inner).explain().inner


def test_no_brackets(crm: Crm) -> None:
    with pytest.raises(CrmError):
        asked(crm, "select id from Contacts where (lastname = 'a' or lastname = 'b');")
    either = Q(lastname="a") | Q(lastname="b")
    statements = Contacts.objects.filter(either, firstname="c").explain().statements
    assert not any("(" in each.partition(" where ")[2].replace("in (", "") for each in statements)


def test_no_sums(crm: Crm, session: Session) -> None:
    with pytest.raises(CrmError):
        asked(crm, "select sum(amount) from Potentials;")
    with session.count_calls() as calls:
        Potentials.objects.aggregate(total=Sum("amount"))
    assert calls.count >= Potentials.objects.count() // 100


def test_no_mixed_order(crm: Crm) -> None:
    """One direction, for the last field alone."""
    with pytest.raises(CrmError):
        asked(crm, "select id from Contacts order by lastname desc, firstname asc;")


def test_pages_are_cut(crm: Crm) -> None:
    assert len(asked(crm, "select id from Contacts limit 500;")) == 100


def test_silent_errors(crm: Crm) -> None:
    """A statement that the database refuses is an empty answer, as if there were no rows."""
    assert asked(crm, "select count(*) from Contacts where department = Sales;") == []
    assert asked(crm, "select id from Users order by roleid;") == []
    assert asked(crm, "select id from Users;") != []


def test_contains_scans() -> None:
    statement = Contacts.objects.filter(lastname__contains="a").explain().statements[0]
    assert "like '%a%'" in statement


def test_no_empty_items(session: Session) -> None:
    quote = Quotes.objects.order_by("id")[0]
    quote.crm.load_items()
    quote.crm.items.clear()
    with pytest.raises(InvalidValue, match="at least one item"):
        quote.save()


def test_no_idempotency(crm: Crm, session: Session) -> None:
    twice = {"lastname": "Twice", "assigned_user_id": crm.user().wire_id}
    assert crm.create("Contacts", twice)["id"] != crm.create("Contacts", twice)["id"]
    crm.faults.next(LostAnswer(), operation="create")
    with pytest.raises(OutcomeUnknown):
        Contacts(lastname="Lost").save()


def test_no_deleted(crm: Crm, session: Session) -> None:
    contact = Contacts.objects.create(lastname="Gone")
    id_ = str(contact.id)
    contact.delete()
    assert not Contacts.objects.filter(id=Contacts.ref(id_)).exists()


def test_no_emoji(session: Session) -> None:
    contact = Contacts.objects.create(lastname="Owl 🦉")
    assert contact.lastname == "Owl ????"
    assert contact.crm.adjusted


def test_no_cascades(crm: Crm, session: Session) -> None:
    crm.clock.freeze(datetime(2026, 11, 29, 12, tzinfo=UTC))
    account = Accounts.objects.create(accountname="Parent")
    contact = Contacts.objects.create(lastname="Child", account_id=account)
    crm.clock.advance(hours=1)
    begin = crm.clock()
    account.delete()
    assert Contacts.objects.get(id=contact.id).account_id is None
    assert list(Contacts.objects.changes(since=begin)) == []


def test_no_two_forms(crm: Crm, session: Session) -> None:
    for text in ("R&D", "R&amp;D"):
        crm.create("Contacts", {"lastname": text, "department": "Forms"})
    found = Contacts.objects.filter(department="Forms")
    assert [each.lastname for each in found] == ["R&D", "R&D"]
    assert found.filter(lastname="R&amp;D").count() == 1
    with connect(
        crm.url, *crm.credentials(), transport=crm.transport(), consistency="strict"
    ) as strict:
        assert [each.lastname for each in found.using(strict)] == ["R&D", "R&amp;D"]
