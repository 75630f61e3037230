"""Classes of an application whose attributes are called as models are."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from vtiger_codegen.application.migration import migrate, new_names

from tests.codegen.application.snippets import HEAD, WORDS, words_with
from tests.codegen.application.test_migration import lock_with, migrated


def test_a_model_that_is_an_attribute_of_its_own_name(tmp_path: Path) -> None:
    source = """\
        class People:
            Contacts = Contacts
            Model: type[Contacts] = Contacts

            def hot(self):
                return self.Contacts.objects.filter(tier=1), Contacts(tier=1)

            @classmethod
            def cold(cls):
                return cls.Contacts.objects.only("tier"), cls.Model(tier=1)
        """
    text, found = migrated(tmp_path, source, lock_with(Contacts="Person", cf_1="level"))
    assert text == (
        "from crm import Accounts, Person\n"
        "class People:\n"
        "    Contacts = Person\n"
        "    Model: type[Person] = Person\n"
        "\n"
        "    def hot(self):\n"
        "        return self.Contacts.objects.filter(level=1), Person(level=1)\n"
        "\n"
        "    @classmethod\n"
        "    def cold(cls):\n"
        '        return cls.Contacts.objects.only("level"), cls.Model(level=1)\n'
    )
    assert found.remarks == []


CLASS_BODIES = {
    "an annotation alone": (
        """\
        class Row:
            Contacts: Contacts
            other: "Contacts"
            def f(self): return self.Contacts.tier
        """,
        """\
        class Row:
            Contacts: Person
            other: "Person"
            def f(self): return self.Contacts.level
        """,
        [],
    ),
    "several ways to bind": (
        """\
        class A:
            Contacts, Accounts = Contacts, Accounts
        class B:
            if (Contacts := Contacts): pass
        class C:
            for Contacts in (Contacts,):
                x = Contacts.objects.filter(tier=1)
        class D:
            Contacts = Contacts
            del Contacts
            x = Contacts
        class E: Contacts = Contacts
        """,
        """\
        class A:
            Contacts, Accounts = Person, Accounts
        class B:
            if (Contacts := Person): pass
        class C:
            for Contacts in (Person,):
                x = Contacts.objects.filter(level=1)
        class D:
            Contacts = Person
            del Contacts
            x = Person
        class E: Contacts = Person
        """,
        [],
    ),
    "methods and classes of that name": (
        """\
        class A:
            @property
            def Contacts(self) -> type[Contacts]: return Contacts
            def f(self): return self.Contacts.objects.only("tier")
        class B:
            class Contacts(Contacts): pass
            x = Contacts
        """,
        """\
        class A:
            @property
            def Contacts(self) -> type[Person]: return Person
            def f(self): return self.Contacts.objects.only("level")
        class B:
            class Contacts(Person): pass
            x = Contacts
        """,
        [],
    ),
    "branches": (
        """\
        class A:
            if TYPE_CHECKING:
                Contacts = Contacts
            else:
                Contacts = wrap(Contacts)
            x = Contacts
        """,
        """\
        class A:
            if TYPE_CHECKING:
                Contacts = Person
            else:
                Contacts = wrap(Person)
            x = Contacts
        """,
        [7],
    ),
    "attempts": (
        """\
        class A:
            try:
                Contacts = wrap(Contacts)
                x = Contacts
            except NameError:
                y = Contacts
            z: "Contacts"
        """,
        """\
        class A:
            try:
                Contacts = wrap(Person)
                x = Contacts
            except NameError:
                y = Contacts
            z: "Contacts"
        """,
        [7, 8],
    ),
    "another class of that name": (
        """\
        class Sub(Contacts): pass
        class A:
            Contacts = Sub
            x = Contacts.objects.only("tier")
            def f(self, c: Contacts, d: "Contacts"): return c.tier, d.tier
        """,
        """\
        class Sub(Person): pass
        class A:
            Contacts = Sub
            x = Contacts.objects.only("level")
            def f(self, c: Contacts, d: "Contacts"): return c.level, d.level
        """,
        [],
    ),
    "an import, which others read as an attribute": (
        """\
        class A:
            from crm import Contacts
            def f(self): return self.Contacts(tier=1)
        """,
        """\
        class A:
            from crm import Contacts
            def f(self): return self.Contacts(level=1)
        """,
        [3],
    ),
    "what an heir, a method or somebody else gives instead": (
        """\
        class A:
            Model = Contacts
            def f(self): return self.Model.objects.only("tier")
        class B(A):
            Model = Accounts
        class C:
            Model = Contacts
            @classmethod
            def use(cls, model): cls.Model = model
            def f(self): return self.Model(tier=1)
        class D:
            Model = Contacts
            def f(self): return self.Model(tier=1)
        D.Model = other
        class E:
            Model = Contacts
            if old: Model = Accounts
            def f(self): return self.Model(tier=1)
        """,
        """\
        class A:
            Model = Person
            def f(self): return self.Model.objects.only("tier")
        class B(A):
            Model = Accounts
        class C:
            Model = Person
            @classmethod
            def use(cls, model): cls.Model = model
            def f(self): return self.Model(tier=1)
        class D:
            Model = Person
            def f(self): return self.Model(tier=1)
        D.Model = other
        class E:
            Model = Person
            if old: Model = Accounts
            def f(self): return self.Model(tier=1)
        """,
        [4, 11, 14, 19],
    ),
    "a class called as the one that it inherits": (
        """\
        x = Contacts
        def f(): return Contacts(tier=1)
        class Contacts(Contacts):
            def g(self, c: "Contacts"): return self.tier
        y = Contacts
        """,
        """\
        x = Person
        def f(): return Contacts(level=1)
        class Contacts(Person):
            def g(self, c: "Contacts"): return self.level
        y = Contacts
        """,
        [],
    ),
    "a class in place of what cannot be imported": (
        """\
        if old:
            class Contacts: pass
        def f(c: Contacts, d: "Contacts"): return Contacts
        """,
        """\
        if old:
            class Contacts: pass
        def f(c: Contacts, d: "Contacts"): return Contacts
        """,
        [4],
    ),
    "no class at all": (
        """\
        def f():
            global Contacts
            Contacts = None
        """,
        """\
        def f():
            global Person
            Person = None
        """,
        [],
    ),
}


@pytest.mark.parametrize("kind", CLASS_BODIES)
def test_bodies_of_classes(tmp_path: Path, kind: str) -> None:
    """A name there is an attribute where it is bound, and the file's as long as it is not."""
    source, expected, lines = CLASS_BODIES[kind]
    lock = lock_with(Contacts="Person", cf_1="level")
    text, found = migrated(tmp_path, source, lock)
    assert text == HEAD.replace("Contacts", "Person") + textwrap.dedent(expected)
    assert [each.line for each in found.remarks] == lines
    (file,) = tmp_path.glob("*.py")
    assert migrate(WORDS, new_names(WORDS, words_with(lock)), [file], set()).files == []
