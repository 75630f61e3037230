"""Own code through the life of a schema: written once, checked, migrated, never touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from vtiger_codegen.cli import run

from tests.codegen.packages import contents
from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.metadata.snapshot import ModuleSnapshot

ROOT = Path(__file__).parents[3]
Out = pytest.CaptureFixture[str]

OWN = '''\
"""Who to call."""

from typing import Self

from .._typing.contacts import ContactsQuerySetBase
from ..contacts import ContactsBase


class ContactsQuerySet(ContactsQuerySetBase):
    def hot(self) -> Self:
        return self.filter(tier="Gold", stage=Contacts.Stage.COLD_CALL)  # the best ones


class Contacts(ContactsBase, ordering=("-tier",)):
    @property
    def shown(self) -> str:
        return f"{self.lastname} ({self.tier})"

    @classmethod
    def best(cls) -> "Contacts | None":
        return cls.objects.hot().order_by("-tier").first()

    def same(self) -> ContactsQuerySet:
        return Contacts.objects.filter(tier=self.tier)
'''

APP = """\
from crm import Accounts, Contacts, ContactsQuerySet


def names(found: ContactsQuerySet) -> list[str]:
    return [each.shown for each in found.hot().exclude(tier=None)]


def hot() -> list[str | None]:
    return [each.tier for each in Contacts.objects.hot().filter(tier="Gold").hot()]


def count() -> int:
    return Accounts.objects.filter(tier="Gold").count()
"""


def modules(*more: dict[str, object]) -> list[ModuleSnapshot]:
    return [
        module("Accounts", field("cf_7", label="Tier")),
        module(
            "Contacts",
            field("lastname", mandatory=True),
            field("cf_1", label="Tier"),
            field("stage", "picklist", values=["Cold Call", "Won"]),
            *more,
        ),
    ]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.vtiger-orm]\noutput = "crm"\n')
    snapshot(*modules()).save(tmp_path / "vtiger-schema")
    assert run(["generate"]) == 0
    return tmp_path


def git(*arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def mypy(cache: Path, *targets: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={cache}", *targets],
        env={"MYPYPATH": f"{ROOT}:.", "PATH": ""},
        capture_output=True,
        text=True,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def customised(text: str = OWN, name: str = "contacts") -> Path:
    assert run(["customise", name.capitalize()]) == 0
    file = Path("crm", "custom", f"{name}.py")
    file.write_text(text)
    assert run(["generate"]) == 0
    return file


@pytest.mark.timeout(240)
def test_customise_writes_once_and_what_it_writes_can_be_used(
    project: Path, capsys: Out, mypy_cache: Path
) -> None:
    plain = contents(project / "crm")
    assert run(["customise", "Contacts"]) == 0
    capsys.readouterr()
    written = contents(project / "crm")
    assert {*written} - {*plain} == {"custom/__init__.py", "custom/contacts.py"}
    assert {name for name in plain if plain[name] != written[name]} == {
        *("__init__.py", "_package.py", "contacts.py"),
        *("_typing/contacts.py", "_typing/contacts.pyi"),
    }
    assert run(["check"]) == 0
    assert mypy(mypy_cache, "crm/custom/contacts.py") == ""
    file = project / "crm" / "custom" / "contacts.py"
    file.write_text(OWN)
    assert run(["customise", "Contacts"]) == 0
    assert "as they are" in capsys.readouterr().out
    assert file.read_text() == OWN
    file.unlink()
    assert run(["check"]) == 1
    assert run(["generate"]) == 0
    assert {**contents(project / "crm")}.items() >= plain.items()


def test_customise_says_what_it_cannot_do(project: Path, capsys: Out) -> None:
    assert run(["customise", "Contact"]) == 1
    assert 'Did you mean "Contacts"?' in capsys.readouterr().err
    settings = '\n[tool.vtiger-orm.modules.Contacts]\nmodel = "shop.people:Contacts"\n'
    table = project / "pyproject.toml"
    table.write_text(table.read_text() + settings)
    assert run(["customise", "Contacts"]) == 1
    assert "The settings say where" in capsys.readouterr().err
    assert not (project / "crm" / "custom").exists()
    (project / "crm" / "custom").symlink_to(project)
    table.write_text('[tool.vtiger-orm]\noutput = "crm"\n')
    assert run(["customise", "Contacts"]) == 1
    assert "is a link" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('[tool.vtiger-orm.modules.Contact]\nmodel = "a:B"', 'Did you mean "Contacts"?'),
        ('[tool.vtiger-orm.modules.Contacts]\nmodel = "a.B"', "write the module and the class"),
        ('[tool.vtiger-orm.modules.Contacts]\nmodell = "a:B"', 'did you mean "model"?'),
        ('[tool.vtiger-orm.modules.Contacts]\nmodel = "a:B"', "has a class Contacts as well"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    project: Path, capsys: Out, settings: str, told: str
) -> None:
    customised()
    table = project / "pyproject.toml"
    table.write_text(f"{table.read_text()}\n{settings}\n")
    assert run(["generate"]) == 1
    assert told in capsys.readouterr().err


def test_own_code_that_is_no_python_is_told(project: Path, capsys: Out) -> None:
    customised()
    (project / "crm" / "custom" / "contacts.py").write_text("class Contacts(:\n")
    for verb, code in (("generate", 1), ("check", 3)):
        assert run([verb]) == code
        assert "custom/contacts.py cannot be read as Python" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ([field("shown")], "", "shown hides the CRM's field Contacts.shown"),
        ([], "class Contacts(ContactsBase):\n    if True:\n        tier = 1\n", "tier hides"),
        ([], "class Contacts(ContactsBase):\n    class Stage: ...\n", "Stage hides"),
        ([], "from .. import Contacts as Me\n", "if TYPE_CHECKING"),
        ([], "from .. import Accounts\n", "if TYPE_CHECKING"),
        ([], "from crm import ContactsQuerySet as Q\n", "if TYPE_CHECKING"),
        ([], "try:\n    from crm import Contacts as Me\nexcept ImportError: ...\n", "if TYPE"),
    ],
)
def test_check_tells_what_does_not_fit(
    project: Path, capsys: Out, more: list[dict[str, object]], code: str, told: str
) -> None:
    file = customised()
    assert run(["check"]) == 0
    file.write_text(OWN + code if code.startswith("class") else code + OWN)
    snapshot(*modules(*more)).save(project / "vtiger-schema")
    assert run(["generate"]) == 0
    capsys.readouterr()
    assert run(["check"]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert "crm/custom/contacts.py:" in error


def test_check_tells_uses_of_what_is_gone(project: Path, capsys: Out) -> None:
    customised()
    accounts, contacts = modules()
    described = contacts.to_json()
    described["describe"]["fields"] = [
        each for each in described["describe"]["fields"] if each["name"] != "cf_1"
    ]
    snapshot(accounts, ModuleSnapshot.model_validate(described)).save(project / "vtiger-schema")
    assert run(["generate"]) == 0
    capsys.readouterr()
    assert run(["check"]) == 1
    error = capsys.readouterr().err
    lines = [number for number, line in enumerate(OWN.splitlines(), 1) if "tier" in line]
    for line in lines:
        assert f"contacts.py:{line}  tier is gone" in error, line


def test_checkers_only_and_late_imports_are_no_circle(project: Path) -> None:
    file = customised()
    head = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from .. import Accounts\n"
    file.write_text(head + OWN + "\n    def a(self):\n        from .. import Accounts\n")
    assert run(["check"]) == 0


def test_own_classes_elsewhere_are_checked_and_may_import_other_models(
    project: Path, capsys: Out
) -> None:
    (project / "shop").mkdir()
    people = project / "shop" / "people.py"
    people.write_text(
        "from crm import Accounts\nfrom crm.contacts import ContactsBase\n\n\n"
        "class Person(ContactsBase):\n    def account(self) -> type[Accounts]:\n"
        "        return Accounts\n"
    )
    table = project / "pyproject.toml"
    settings = '\n[tool.vtiger-orm.modules.Contacts]\nmodel = "shop.people:Person"\n'
    table.write_text(table.read_text() + settings)
    assert run(["generate"]) == 0
    assert run(["check"]) == 0
    code = "from crm import Contacts\nfrom shop.people import Person\nassert Contacts is Person"
    environment = {"PYTHONPATH": f"{ROOT}:."}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    people.write_text("from crm import Contacts\n" + people.read_text())
    assert run(["check"]) == 1
    assert "shop/people.py:1" in capsys.readouterr().err
    for text in ("class Persons: ...\n", "def f() -> None:\n    Person = 1\n"):
        people.write_text(text)
        assert run(["check"]) == 1
        assert "names Person, and there is no such class here" in capsys.readouterr().err
    for text in ("from x import *\n", "Person = object\n", "from crm.contacts import Person\n"):
        people.write_text(text)
        assert run(["check"]) == 0, text
    people.unlink()
    capsys.readouterr()
    assert run(["check"]) == 1
    assert "shop/people.py:1  [tool.vtiger-orm.modules.Contacts]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("class Person: ...\n", "shop/people.py:4  Person does not inherit from ContactsBase"),
        ("class Person(AccountsBase): ...\n", "does not inherit from ContactsBase"),
        ("class Person(Mixin): ...\n", ""),
        ("class Mine(Generic[T]): ...\nclass Person(Mine[int]): ...\n", "does not inherit"),
        ("class Mine(ContactsBase): ...\nclass Person(Mine): ...\n", ""),
        ("class Contacts: ...\nclass Person(ContactsBase): ...\n", ""),
        ("class Person(ContactsBase): ...\nclass People(ContactsBase): ...\n", "QuerySetBase"),
        ("class People(ContactsQuerySetBase):\n    add = 1\n", "add is hidden by what every"),
        ("class People(ContactsQuerySetBase):\n    def loaded(self): ...\n", "loaded is hidden"),
        ("class Person(ContactsBase):\n    def loaded(self): ...\n", ""),
        ("class Other(ContactsQuerySetBase):\n    def add(self): ...\n", ""),
    ],
)
def test_own_classes_that_cannot_stand_for_the_package_s(
    project: Path, capsys: Out, code: str, told: str
) -> None:
    """mypy says nothing of what does not fit inside of the stubs."""
    (project / "shop").mkdir()
    head = (
        "from crm.accounts import AccountsBase\n"
        "from crm.contacts import ContactsBase\n"
        "from crm._typing.contacts import ContactsQuerySetBase\n"
    )
    people = project / "shop" / "people.py"
    people.write_text(head + code)
    table = project / "pyproject.toml"
    lines = "\n[tool.vtiger-orm.modules.Contacts]\n"
    lines += 'model = "shop.people:Person"\n' if "class Person" in code else ""
    lines += 'queryset = "shop.people:People"\n' if "class People" in code else ""
    if "Other" in code:
        lines += 'queryset = "shop.people:Elsewhere"\n'
        people.write_text(people.read_text() + "Elsewhere = Other\n")
    table.write_text(table.read_text() + lines)
    assert run(["generate"]) == 0
    capsys.readouterr()
    assert run(["check"]) == (1 if told else 0)
    error = capsys.readouterr().err
    assert told in error if told else not error


@pytest.mark.timeout(240)
def test_migrate_rewrites_own_code_too(project: Path, capsys: Out, mypy_cache: Path) -> None:
    customised()
    (project / "app").mkdir()
    (project / "app" / "main.py").write_text(APP)
    assert mypy(mypy_cache, "app", "crm/custom") == ""
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "x")
    pairs = ["Contacts=Person", "file Contacts=people", "Contacts.cf_1=level"]
    pairs.append("Contacts.stage.Cold Call=PHONED")
    assert run(["names", "set", *pairs]) == 0
    assert run(["generate"]) == 0
    assert run(["migrate", "app"]) == 0, capsys.readouterr().out
    assert "Next: vtiger-orm generate" in capsys.readouterr().out
    assert run(["generate"]) == 0
    assert not (project / "crm" / "custom" / "contacts.py").exists()
    words = {"Contacts": "Person", "contacts": "people", "tier": "level", "COLD_CALL": "PHONED"}
    own, app = OWN, APP.replace('(tier="Gold").count', '(TIER="Gold").count')
    for old, new in words.items():
        own, app = own.replace(old, new), app.replace(old, new)
    assert (project / "crm" / "custom" / "people.py").read_text() == own
    assert (project / "app" / "main.py").read_text() == app.replace("TIER", "tier")
    assert run(["check"]) == 0
    assert mypy(mypy_cache, "app", "crm/custom") == ""
    assert run(["migrate", "app", "--force"]) == 0
    assert "0 files rewritten" in capsys.readouterr().out
