"""A random application does the same before and after it is migrated to random names."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from vtiger_codegen.application.migration import migrate, new_names
from vtiger_codegen.application.vocabulary import Vocabulary, vocabulary
from vtiger_codegen.generate import Options, generate, selected
from vtiger_codegen.naming.addresses import Named, every_name, with_names
from vtiger_codegen.naming.assignment import name_everything
from vtiger_codegen.naming.lock import FILE_NAME, NamesError, NamesLock, load_lock

from tests.codegen.packages import write
from tests.codegen.snapshots import DEMO
from tests.support.examples import examples
from vtiger_orm import Session
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.snapshot import Snapshot

SCHEMA = Snapshot.load(DEMO)
OPTIONS = Options(include=("Contacts", "Accounts", "Users", "Groups"))
MODULES = selected(SCHEMA, OPTIONS)
LOCK = name_everything(MODULES, load_lock(DEMO / FILE_NAME))

IMPORTS = (
    "from crm import Accounts, Contacts",
    "from crm import *",
    "import crm\nfrom crm import Contacts\nAccounts = crm.Accounts",
)

HEAD = """
from vtiger_orm import Count, Max, Q

leadsource = "industry"  # not of the package


class Person:
    lastname = "own"
"""

PIECES = (
    """
def {name}():
    cold = Contacts.objects.filter(leadsource=Contacts.LeadSource.COLD_CALL)
    return [contact.lastname for contact in cold.order_by("-lastname")[:4]]
""",
    """
def {name}():
    found = Contacts.objects.filter(account_id__in=Accounts.objects.filter(
        industry=Accounts.Industry.BANKING,
    ))
    return sorted(str(x.account_id) for x in found.select_related("account_id"))
""",
    """
def {name}():
    asked = Q(lastname__startswith="S") | ~Q(department=None)
    return Contacts.objects.exclude(Q(lastname__startswith="S") | Q(department=None)).count(), (
        str(asked) == ""
    )
""",
    """
def {name}():
    rows = Contacts.objects.values("lastname", 'leadsource').order_by("lastname", "id")[:5]
    return [(row["lastname"], row.get("leadsource")) for row in rows]
""",
    """
def {name}():
    def describe(contact: Contacts) -> str:
        '''industry, lastname'''
        return f"{{contact.lastname}} {{contact.department}} {{Person.lastname}}"

    return [describe(each) for each in Contacts.objects.order_by("id")[:3]]
""",
    """
def {name}():
    account = Accounts.objects.order_by("accountname").first()
    names = [each.lastname for each in account.related.contacts] if account else []
    return sorted(names), getattr(account, "accountname")
""",
    """
def {name}():
    new = Contacts(lastname="lastname", leadsource="Cold Call", **{{"department": "x"}})
    new.department = "industry"
    match new:
        case Contacts(department=found):
            return found, new.lastname, new.leadsource == "Cold Call", leadsource
""",
    """
def {name}():
    def pairs():
        for number, each in enumerate(Accounts.objects.only("accountname", "industry")[:3]):
            yield number, each.accountname, each.industry is not None

    return list(pairs())
""",
    """
def {name}():
    from crm import ContactsCreate, ContactsUpdate

    body = ContactsCreate(lastname="lastname", leadsource=Contacts.LeadSource.COLD_CALL)
    body.department = "department"
    new = Contacts(**body)
    new.crm.apply(ContactsUpdate(department=None))
    return body["lastname"], body.leadsource, new.lastname, new.department, len(body.keys())
""",
    """
def {name}():
    asked = Contacts.objects.q(lastname__startswith="S") | ~Contacts.objects.q(department=None)
    return Contacts.objects.filter(asked).count()
""",
    """
def {name}():
    from functools import partial

    find = partial(Contacts.objects.filter, lastname__startswith="S")
    without = partial(find, department=None)
    found = sorted(find(**dict(leadsource=None)), key=lambda each: (each.lastname, str(each.id)))
    known = Contacts.objects.in_bulk([each.id for each in found])
    rows = Contacts.objects.values_list("lastname", "department", named=True).order_by("id")
    return (
        [each.lastname for each in found],
        list(map(lambda each: each.department, known.values())),
        [(row.lastname, row.department) for row in rows[:3]],
        without().count(),
    )
""",
    """
def {name}():
    class Company:
        everything = Accounts.objects.order_by("accountname")

        def largest(self) -> "Accounts | None":
            return self.everything.first()

        @property
        def name(self):
            found = self.largest()
            return found and found.accountname

    def named(companies: "dict[str, Accounts]") -> "list[str]":
        return [key + (each.accountname or "") for key, each in companies.items()]

    one = Company().largest()
    return Company().name, named({{"industry": one}}) if one else None
""",
    """
def {name}():
    from crm import ContactsRow

    def told(row: ContactsRow):
        return row["lastname"], row["birthday__year"]

    most = Contacts.objects.aggregate(lastname=Max("lastname"), n=Count())
    found = Contacts.objects.order_by("id").values("lastname", "birthday__year")[:3]
    return sorted(map(str, most.values())), [told(row) for row in found]
""",
    """
def {name}():
    found = Accounts.objects.order_by("id").prefetch_related("contacts__account_id")[:2]
    return [sorted(str(x.account_id) for x in each.related.contacts) for each in found]
""",
)


@cache
def crm() -> Crm:
    return Crm()


def words(lock: NamesLock) -> Vocabulary:
    return vocabulary(MODULES, lock, ("crm",))


def install(folder: Path, lock: NamesLock) -> None:
    """The package under these names; what black would do to it does not matter."""
    write(folder / "crm", generate(SCHEMA, lock, OPTIONS, locked=True).files)


@contextmanager
def only_in(folder: Path) -> Iterator[None]:
    """Import `crm` and `app` from this folder."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] in ("crm", "app")]:
            del sys.modules[name]


def results(folder: Path, application: str) -> list[Any]:
    """What every function of an application returns on the embedded CRM."""
    (folder / "app.py").write_text(application, encoding="utf-8")
    with only_in(folder):
        package = importlib.import_module("crm")
        with Session(
            crm().url, *crm().credentials(), transport=crm().transport(), package=package.package
        ) as session:
            package.configure(session=session)
            app = importlib.import_module("app")
            calls = [value for name, value in vars(app).items() if name.startswith("piece_")]
            return [json.dumps(call(), default=str) for call in calls]


identifiers = st.from_regex(r"[a-z][a-z0-9]{1,8}(_[a-z][a-z0-9]{1,4})?", fullmatch=True)
EVERY = {each.address: each for each in every_name(MODULES, LOCK)}
USED = st.sampled_from(
    [
        *("Contacts", "Accounts", "file Contacts", "Contacts.lastname", "Contacts.leadsource"),
        *("Contacts.department", "Contacts.account_id", "Accounts.industry"),
        *("Accounts.accountname", "picklist Contacts.leadsource", "Accounts.related.Contacts"),
        *("Contacts.leadsource.Cold Call", "picklist Accounts.industry", "Contacts.birthday"),
    ]
)
ANY = st.sampled_from([name for name in EVERY if name.startswith(("Contacts", "Accounts"))])

other_names = st.dictionaries(USED | ANY, identifiers, min_size=1, max_size=8)
"""New names by address."""


def lock_with(names: dict[str, str]) -> NamesLock:
    """The lock with these names, if it can have them."""
    given: list[tuple[Named, str]] = []
    for address, name in names.items():
        thing = EVERY[address]
        if thing.kind in ("class", "picklist"):
            name = name.title().replace("_", "")
        given.append((thing, name.upper() if thing.kind == "member" else name))
    # A class that the application has itself is left to somebody.
    assume(not {name for _, name in given} & {"Person", "Q", "Count", "Max"})
    try:
        return name_everything(MODULES, with_names(LOCK, given), locked=True)
    except NamesError:
        assume(False)
        raise


applications = st.builds(
    lambda imports, pieces: (
        imports
        + HEAD
        + "".join(piece.format(name=f"piece_{number}") for number, piece in enumerate(pieces))
    ),
    st.sampled_from(IMPORTS),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4),
)


def rewritten(file: Path, before: Vocabulary, after: Vocabulary, *, fresh: bool = True) -> int:
    found = migrate(before, new_names(before, after), [file], [file] if fresh else [])
    assert all(each.why.startswith("perhaps") for each in found.remarks)  # texts like a name
    for each in found.files:
        each.file.write_bytes(each.content)
    return len(found.files)


@examples(12)
@given(applications, other_names)
def test_a_migrated_application_gives_the_same_results(
    tmp_path_factory: pytest.TempPathFactory, application: str, names: dict[str, str]
) -> None:
    lock = lock_with(names)
    former, today = words(LOCK), words(lock)
    old, new = (tmp_path_factory.mktemp(name) for name in ("old", "new"))
    install(old, LOCK)
    install(new, lock)
    expected = results(old, application)
    file = new / "app.py"
    file.write_text(application, encoding="utf-8")
    rewritten(file, former, today)
    migrated = file.read_text(encoding="utf-8")
    assert results(new, migrated) == expected
    rewritten(file, today, former)
    assert file.read_text(encoding="utf-8") == application


@examples(25)
@given(applications, other_names)
def test_migrating_twice_is_migrating_once(
    tmp_path_factory: pytest.TempPathFactory, application: str, names: dict[str, str]
) -> None:
    former, today = words(LOCK), words(lock_with(names))
    file = tmp_path_factory.mktemp("twice") / "app.py"
    file.write_text(application, encoding="utf-8")
    rewritten(file, former, today)
    once = file.read_bytes()
    found = migrate(former, new_names(former, today), [file], ())
    assert [each.content for each in found.files] in ([], [once])
    assert file.read_bytes() == once
