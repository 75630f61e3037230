"""coreBOS as a user meets it: pulled, generated, written to, read back, compared with its store."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from vtiger_codegen.generate import Options, generate
from vtiger_codegen.live.pull import pull_snapshot
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.packages import imported
from vtiger_orm import InvalidRecord, NotSupported
from vtiger_orm.emulator import Crm
from vtiger_orm.introspection.pull import PullWarning
from vtiger_orm.session import Session

MODULES = (
    *("Accounts", "Contacts", "Documents", "Groups", "InventoryDetails", "Products", "Quotes"),
    "Users",
)
WRITES = {"create", "revise", "update", "SetRelation", "UnsetRelation"}
MOVES = {"modifiedtime", "modifiedby", "filedownloadcount"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Crm, Any]]:
    with Crm(profile="corebos", data=None) as crm:
        door: dict[str, Any] = {"dialect": "webservice", "transport": crm.transport()}
        crm.create("Accounts", {"accountname": "First"})
        with Session(crm.url, *crm.credentials(), **door) as session, warnings.catch_warnings():
            warnings.simplefilter("ignore", PullWarning)  # nobody saw the relations of some
            snapshot = pull_snapshot(session, include=MODULES)
        files = generate(snapshot, NamesLock(), Options()).files
        with imported(tmp_path_factory.mktemp("corebos"), files) as package:
            yield crm, package


@pytest.fixture
def crm(served: tuple[Crm, Any]) -> Crm:
    return served[0]


@pytest.fixture
def corebos(served: tuple[Crm, Any]) -> Iterator[Any]:
    crm, package = served
    with package.connect(
        crm.url, *crm.credentials(), dialect="webservice", transport=crm.transport()
    ):
        yield package


def stored(crm: Crm, record: Any) -> dict[str, Any]:
    row = crm.run("retrieve", id=str(record.id))
    return {name: value for name, value in row.items() if name not in MOVES}


def sent(crm: Crm, record: Any, **values: Any) -> None:
    """Save these changes, and make sure that nothing else changed."""
    before = stored(crm, record)
    for name, value in values.items():
        setattr(record, name, value)
    record.save()
    after = stored(crm, record)
    assert {name for name in after if after[name] != before.get(name)} == set(values)


def test_it_is_recognised(corebos: ModuleType) -> None:
    server = corebos.Contacts.objects._runner().facts.server
    assert str(server) == "coreBOS 5.5.0"


def test_dates_that_nobody_gave_stay_blank(crm: Crm, corebos: Any) -> None:
    made = corebos.Contacts.objects.create(lastname="Undated")
    assert made.birthday is None
    assert stored(crm, made)["birthday"] == ""
    report = corebos.Contacts.objects.bulk_create([corebos.Contacts(lastname="Undated too")])
    assert stored(crm, report.items[0])["birthday"] == ""
    values = {"lastname": "Undated", "email": "u@example.com", "birthday": None}
    once, new = corebos.Contacts.objects.get_or_create(**values)
    again, newer = corebos.Contacts.objects.get_or_create(**values)
    assert (once.id, new, newer) == (again.id, True, False)


def test_a_change_changes_what_was_sent(crm: Crm, corebos: Any) -> None:
    account = corebos.Accounts.objects.create(accountname="Acme", bill_city="Rome")
    sent(crm, account, bill_city="Oslo")
    contact = corebos.Contacts.objects.create(lastname="C", account_id=account.id, description="d")
    sent(crm, contact, firstname="F")


def test_text_with_line_breaks_and_quotes_is_found(corebos: Any) -> None:
    contacts = corebos.Contacts.objects
    for text in ("l1\nl2", "l1\r\nl2", "say 'x'", "'x.y' (z)"):
        made = contacts.create(lastname="Texts", description=text, email="a.b@example.com")
        found = contacts.filter(description=text, email="a.b@example.com")
        assert [each.id for each in found] == [made.id]
        assert found.count() == 1
        others = contacts.filter(lastname="Texts").exclude(description=text)
        assert made.id not in [each.id for each in others]


def test_relations_are_read_and_proved(crm: Crm, corebos: Any) -> None:
    contact = corebos.Contacts.objects.create(lastname="Reader")
    pen = corebos.Products.objects.create(productname="Pen", discontinued=True)
    related = contact.related.products
    related.add(pen)
    assert [each.id for each in related] == [pen.id]
    assert related.count() == 1
    assert related.filter(productname="Pen").exists()
    related.remove(pen)
    assert list(related) == []
    gone = corebos.Products.ref(f"{corebos.Products.meta.prefix}x99999999")
    with pytest.raises(Exception, match="is not related"):
        related.add(gone)


def test_a_document_keeps_its_file(crm: Crm, corebos: Any) -> None:
    contact = corebos.Contacts.objects.create(lastname="Reader")
    content = bytes(range(256))
    document = corebos.Documents.objects.upload(
        content, filename="all.bin", folderid="22x1", notecontent="kept", attach_to=[contact]
    )
    assert document.crm.fetch_file().content == content
    assert [each.id for each in contact.related.documents] == [document.id]
    sent(crm, document, notes_title="Another title")
    read = corebos.Documents.objects.get(id=document.id)
    sent(crm, read, fileversion="2")
    corebos.Documents.objects.filter(id=document.id).update(notes_title="By queryset")
    assert stored(crm, document)["notecontent"] == "kept"
    assert read.crm.fetch_file().content == content
    assert read.crm.fetch_file().name == "all.bin"


def test_documents_of_both_kinds_are_listed(corebos: Any) -> None:
    contact = corebos.Contacts.objects.create(lastname="Reader")
    document = corebos.Documents.objects.create(
        notes_title="Old", folderid="22x1", filestatus=False
    )
    document.crm.attach_to(contact)
    assert [each.id for each in contact.related.documents] == [document.id]
    with pytest.raises(Exception, match="no attached file"):
        document.crm.fetch_file()


def test_an_owner_is_proved_before_it_is_sent(crm: Crm, corebos: Any) -> None:
    nobody = corebos.Users.ref(f"{corebos.Users.meta.prefix}x99")
    with crm.count_calls() as calls:
        with pytest.raises(InvalidRecord, match="no user or group 19x99"):
            corebos.Contacts.objects.create(lastname="Lost", assigned_user_id=nobody)
        report = corebos.Contacts.objects.bulk_create(
            [corebos.Contacts(lastname="Lost", assigned_user_id=nobody)]
        )
        assert not report.ok
        contact = corebos.Contacts.objects.create(lastname="Found")
        contact.assigned_user_id = nobody
        with pytest.raises(InvalidRecord, match="19x99"):
            contact.save()
    assert calls.operations["create"] == 1
    assert "revise" not in calls.operations


def test_what_it_does_not_have_is_refused_with_the_reason(corebos: Any) -> None:
    contact = corebos.Contacts.objects.create(lastname="x")
    with pytest.raises(NotSupported):
        contact.crm.tags.add("a")
