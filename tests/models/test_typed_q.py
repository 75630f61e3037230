"""`Contacts.objects.q(...)`: a condition that knows its module."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.sample_package import Accounts, Contacts
from vtiger_orm import InvalidLookup, Q

people, companies = Contacts.objects, Accounts.objects


def test_it_means_what_filter_means() -> None:
    condition = people.q(lastname="Ames") | ~people.q(donotcall=True)
    plain = Q(lastname="Ames") | ~Q(donotcall=True)
    assert people.filter(condition).selection == people.filter(plain).selection
    assert people.exclude(condition).selection == people.exclude(plain).selection
    assert people.q(people.q(lastname="x"), email=None) == Q(Q(lastname="x"), email=None)


def test_names_and_values_are_checked_when_it_is_made() -> None:
    with pytest.raises(InvalidLookup, match="Did you mean 'lastname'"):
        people.q(lastnme="x")
    with pytest.raises(InvalidLookup, match="birthday"):
        people.q(birthday="1990")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: companies.filter(people.q(lastname="x")),
        lambda: companies.exclude(~people.q(lastname="x")),
        lambda: companies.q(people.q(email=None)),
        lambda: companies.filter(Q(accountname="x") | people.q(email=None)),
        lambda: companies.q(accountname="x") | people.q(email=None),
        lambda: people.q(email=None) & companies.q(accountname="x"),
    ],
)
def test_it_goes_with_its_own_module_alone(wrong: Any) -> None:
    with pytest.raises(InvalidLookup, match=r"made for Contacts|Accounts and Contacts"):
        wrong()


def test_it_goes_with_plain_conditions() -> None:
    mixed = Q(lastname="x") & people.q(email=None)
    assert people.filter(mixed).selection == people.filter(lastname="x", email=None).selection
