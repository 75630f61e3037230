"""A generated package of the demo CRM with code that an application wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from types import ModuleType

from vtiger_codegen.building.own_code import OwnCode
from vtiger_codegen.generate import Options, generate
from vtiger_codegen.naming.lock import FILE_NAME, load_lock

from tests.codegen.packages import imported
from tests.codegen.snapshots import DEMO
from vtiger_orm.metadata.snapshot import Snapshot

CONTACTS = """\
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr

from .._typing.contacts import ContactsQuerySetBase
from ..contacts import ContactsBase


class ContactsQuerySet(ContactsQuerySetBase):
    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.tag = "none"

    def hot(self) -> Self:
        return self.filter(leadsource=Contacts.LeadSource.COLD_CALL)

    def tagged(self, tag: str) -> Self:
        again = self.all()
        again = again.filter(id__in=[]) | again
        again.tag = tag
        return again


class Contacts(ContactsBase, ordering=("-lastname", "firstname")):
    greeting: ClassVar[str] = "Dear"
    _asked: int = PrivateAttr(default=0)

    @property
    def full_name(self) -> str:
        return f"{self.greeting} {self.lastname}"

    def colleagues(self) -> ContactsQuerySet:
        return Contacts.objects.filter(account_id=self.account_id).hot()

    def asked(self) -> int:
        self._asked += 1
        return self._asked
"""

ACCOUNTS = """\
from typing import Self

from .._typing.accounts import AccountsQuerySetBase


class AccountsQuerySet(AccountsQuerySetBase):
    def banks(self) -> Self:
        return self.filter(industry="Banking")
"""

OWN: Mapping[str, str] = {
    "custom/__init__.py": "",
    "custom/contacts.py": CONTACTS,
    "custom/accounts.py": ACCOUNTS,
}

MODULES = ("Accounts", "Contacts", "Groups", "Potentials", "Users")


@cache
def _snapshot() -> Snapshot:
    return Snapshot.load(DEMO)


def files(
    own: Mapping[str, str] = OWN, settings: Mapping[str, OwnCode] | None = None
) -> dict[PurePosixPath, str]:
    """The package and the own code in it."""
    options = Options(include=MODULES, own=settings or {})
    plain = _plain() if own or settings else {}  # what is in it already need not be formatted
    made = generate(
        _snapshot(),
        load_lock(DEMO / FILE_NAME),
        options,
        current=lambda path: own.get(str(path), plain.get(path)),
    )
    return made.files | {PurePosixPath(path): text for path, text in own.items()}


@cache
def _plain() -> dict[PurePosixPath, str]:
    return files({})


@contextmanager
def package(folder: Path, own: Mapping[str, str] = OWN) -> Iterator[ModuleType]:
    """The package, imported."""
    with imported(folder, files(own)) as found:
        yield found
