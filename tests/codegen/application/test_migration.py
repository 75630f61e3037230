"""An application rewritten to new names: what is sure, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from vtiger_codegen.application.migration import Migration, migrate, new_names
from vtiger_codegen.application.vocabulary import vocabulary
from vtiger_codegen.diff.renames import Rename, kept
from vtiger_codegen.naming.lock import NamesLock
from vtiger_codegen.naming.renamed import with_renames

from tests.codegen.application.snippets import CRM, HEAD, LOCK, WORDS, words_with, write
from tests.codegen.snapshots import field, module, snapshot


def lock_with(**changes: str) -> NamesLock:
    """The lock with other names: ``cf_1="level"``, ``Won="GAINED"``, ``Contacts="Person"``."""
    lock = LOCK.model_copy(deep=True)
    for names in lock.modules.values():
        for table in (names.fields, names.picklists, names.relations, *names.members.values()):
            for key in table.keys() & changes.keys():
                table[key] = changes[key]
    contacts = lock.modules["Contacts"]
    contacts.picklists["stage"] = changes.get("Stage", "Stage")
    contacts.fields["stage"] = changes.get("stage", "stage")
    contacts.class_name = changes.get("Contacts", "Contacts")
    contacts.python_module = changes.get("contacts", "contacts")
    return lock


def migrated(
    folder: Path, source: str, lock: NamesLock, *, fresh: bool = False
) -> tuple[str, Migration]:
    """The text of an application afterwards, and what was said."""
    (file,) = write(folder, app=source)
    new = new_names(WORDS, words_with(lock))
    found = migrate(WORDS, new, [file], {file} if fresh else set())
    for each in found.files:
        each.file.write_bytes(each.content)
    return file.read_text(encoding="utf-8"), found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(c: Contacts): return c.tier", "def f(c: Contacts): return c.level"),
        ("Contacts.objects.filter(tier__in = [1])", "Contacts.objects.filter(level__in = [1])"),
        ("Contacts.objects.order_by('-tier')", "Contacts.objects.order_by('-level')"),
        ('Contacts.objects.only(r"tier")', 'Contacts.objects.only(r"level")'),
        ("Contacts.objects.update(tier=1)", "Contacts.objects.update(level=1)"),
        ("Contacts(tier=1, lastname='tier')", "Contacts(level=1, lastname='tier')"),
        (
            "[r['tier'] for r in Contacts.objects.values('tier')]",
            "[r['level'] for r in Contacts.objects.values('level')]",
        ),
        (
            "Contacts.objects.get_or_create(defaults={'tier': 'tier'})",
            "Contacts.objects.get_or_create(defaults={'level': 'tier'})",
        ),
        ("Contacts.Stage.WON", "Contacts.Stage.GAINED"),
        ("Contacts.Stage['WON']", "Contacts.Stage['GAINED']"),
        ("def f(a: Accounts): a.related.people", "def f(a: Accounts): a.related.humans"),
        (
            "Accounts.objects.prefetch_related('people')",
            "Accounts.objects.prefetch_related('humans')",
        ),
        ("def f(a: Accounts): return a.tier", "def f(a: Accounts): return a.tier"),
        (
            "Contacts.objects.select_related('account_id__x')",
            "Contacts.objects.select_related('account__x')",
        ),
        (
            "def f(c: Contacts): return c.account_id.loaded.tier",
            "def f(c: Contacts): return c.account.loaded.tier",
        ),
        (
            "def f(c: Contacts): return   (  c . tier ) # tier",
            "def f(c: Contacts): return   (  c . level ) # tier",
        ),
    ],
)
def test_what_is_sure_is_rewritten(tmp_path: Path, source: str, expected: str) -> None:
    lock = lock_with(cf_1="level", Won="GAINED", People="humans", account_id="account")
    text, found = migrated(tmp_path, source, lock)
    assert text == HEAD + expected
    assert found.remarks == []
    again, found = migrated(tmp_path, expected, lock)
    assert (again, found.files) == (HEAD + expected, [])


def test_classes_files_and_picklists(tmp_path: Path) -> None:
    lock = lock_with(Contacts="Person", contacts="people", Stage="Phase")
    source = """\
        from src.crm.contacts import Contacts
        from crm._typing.contacts import ContactsQuerySet
        from crm import Contacts as C

        def f(c: "Contacts | None", q: ContactsQuerySet) -> list[Contacts]:
            return [C(stage=Contacts.Stage.WON)]
        """
    text, found = migrated(tmp_path, source, lock)
    assert text == (
        "from crm import Accounts, Person\n"
        "from src.crm.people import Person\n"
        "from crm._typing.people import PersonQuerySet\n"
        "from crm import Person as C\n"
        "\n"
        'def f(c: "Person | None", q: PersonQuerySet) -> list[Person]:\n'
        "    return [C(stage=Person.Phase.WON)]\n"
    )
    assert found.remarks == []


def test_a_class_does_not_take_a_name_that_the_file_has(tmp_path: Path) -> None:
    text, found = migrated(tmp_path, "class Person: ...\n", lock_with(Contacts="Person"))
    assert text == HEAD + "class Person: ...\n"
    assert [each.why for each in found.remarks] == [
        "Contacts is called Person now, but the file has another Person"
    ]


def test_what_is_not_sure_is_listed(tmp_path: Path) -> None:
    source = "def f(x): return x.tier\nKEYS = ['tier']\n"
    text, found = migrated(tmp_path, source, lock_with(cf_1="level"))
    assert text == HEAD + source
    assert found.files == []
    assert [(each.line, each.text, each.why) for each in found.remarks] == [
        (2, "def f(x): return x.tier", "perhaps Contacts.cf_1, which is called level now"),
        (3, "KEYS = ['tier']", "perhaps Contacts.cf_1, which is called level now"),
    ]


def test_what_is_gone_is_listed(tmp_path: Path) -> None:
    now = snapshot(
        CRM.modules["Accounts"],
        module("Contacts", field("lastname"), field("stage", "picklist", values=["Cold Call"])),
    )
    (file,) = write(
        tmp_path,
        app="""\
            def f(c: Contacts, x): return c.tier, x.boss_id
            Contacts.Stage.WON
            Contacts.objects.create(lastname='x')
            """,
    )
    new = new_names(WORDS, vocabulary(now.modules, LOCK, ("crm",)))
    found = migrate(WORDS, new, [file], ())
    assert found.files == []
    assert [(each.line, each.why) for each in found.remarks] == [
        (2, "Contacts.cf_1 is gone"),
        (2, "perhaps Contacts.boss_id, which is gone"),
        (3, "Contacts.stage.Won is gone"),
    ]


def test_values_that_are_stored_otherwise_are_rewritten_as_text(tmp_path: Path) -> None:
    """The member keeps its name, so that only texts have to change."""
    now = snapshot(
        CRM.modules["Accounts"],
        module("Contacts", field("stage", "picklist", values=['a "cold" call', "Won"])),
    )
    path = ("module", "Contacts", "field", "stage", "value", "Cold Call")
    renames = [Rename(path, 'a "cold" call')]
    lock = with_renames(kept(LOCK, renames), now.modules)
    new = new_names(WORDS, vocabulary(now.modules, lock, ("crm",)), renames)
    source = "Contacts.objects.filter(stage__in=['Cold Call', \"Cold Call\", 'Won'])\n"
    source += "Contacts.Stage.COLD_CALL\n'Cold Call'\n"
    (file,) = write(tmp_path, app=source)
    (rewritten,) = migrate(WORDS, new, [file], ()).files
    assert rewritten.lines == (2,)
    assert rewritten.content.decode() == HEAD + source.replace(
        "['Cold Call', \"Cold Call\", ", "['a \"cold\" call', 'a \"cold\" call', "
    )


def test_names_that_change_places_are_rewritten_once(tmp_path: Path) -> None:
    lock = lock_with(cf_1="lastname", lastname="tier")
    source = "def f(c: Contacts): return c.tier, c.lastname\n"
    turned = "def f(c: Contacts): return c.lastname, c.tier\n"
    text, found = migrated(tmp_path, source, lock, fresh=True)
    assert (text, found.remarks) == (HEAD + turned, [])
    text, found = migrated(tmp_path, turned, lock)
    assert text == HEAD + turned
    assert [each.why for each in found.remarks] == [
        "Contacts.lastname is called tier now, as something else was before",
        "Contacts.cf_1 is called lastname now, as something else was before",
    ]


def test_line_ends_and_encodings_stay(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    source = f"# -*- coding: latin-1 -*-\r\n{HEAD.strip()}\r\n\tä = Contacts.tier  # ö\r\n"
    source = source.replace("\t", "")
    file.write_bytes(source.encode("latin-1"))
    new = new_names(WORDS, words_with(lock_with(cf_1="level")))
    (rewritten,) = migrate(WORDS, new, [file], ()).files
    assert rewritten.content == source.replace("tier", "level").encode("latin-1")


def test_form_feeds_stay(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    source = f"{HEAD}\f\n\fContacts.tier\n\fdef f(c: Contacts):\n    return c.id\f\n".encode()
    file.write_bytes(source)
    new = new_names(WORDS, words_with(lock_with(cf_1="level")))
    (rewritten,) = migrate(WORDS, new, [file], ()).files
    assert rewritten.content == source.replace(b"tier", b"level")


def test_nothing_to_do(tmp_path: Path) -> None:
    new = new_names(WORDS, WORDS)
    assert (new.names, new.values, new.gone, new.words) == ({}, {}, frozenset(), {})
    files = write(tmp_path, app="def f(c: Contacts, x): return c.tier, x.tier\n")
    assert migrate(WORDS, new, files, ()) == Migration()


def test_shapes_of_another_file_are_listed(tmp_path: Path) -> None:
    shape = "from typing import NamedTuple\nclass Person(NamedTuple):\n    tier: str\n"
    files = write(
        tmp_path, shapes=shape, app="import shapes\nContacts.objects.into(shapes.Person)\n"
    )
    found = migrate(WORDS, new_names(WORDS, words_with(lock_with(cf_1="level"))), files, ())
    assert found.files == []
    assert [(Path(each.file).name, each.line, each.why) for each in found.remarks] == [
        ("shapes.py", 4, "perhaps Contacts.cf_1, which is called level now")
    ]
