"""An own class that lies outside of the package; the settings say where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.golden.own.expected.package.accounts import AccountsBase

if TYPE_CHECKING:
    from tests.golden.own.expected.package import Contacts


class Account(AccountsBase, ordering=("accountname",)):
    """An account of the shop."""

    def first_contact(self) -> Contacts | None:
        from tests.golden.own.expected.package import Contacts

        return Contacts.objects.filter(account_id=self.id).hot().first()
