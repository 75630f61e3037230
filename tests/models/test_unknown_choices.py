"""Picklist values that the package does not know, in conditions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, connect
from vtiger_orm import InvalidLookup, Q, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.writing.rules import UnknownPicklistValue


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as own:
        yield own


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as own:
        yield own


contacts: Any = Contacts.objects
accounts: Any = Accounts.objects


def test_a_value_is_told_once_in_a_session_with_the_one_that_was_meant(session: Session) -> None:
    with pytest.warns(UnknownPicklistValue, match="Did you mean 'Web Site'") as told:
        assert list(contacts.filter(leadsource="Web Sit")) == []
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert contacts.filter(leadsource="Web Sit").count() == 0
        assert contacts.filter(leadsource__in=["Web Sit", "Cold Call"])[:3].exists()


@pytest.mark.parametrize(
    "ask",
    [
        lambda: contacts.filter(leadsource="Nowhere").count(),
        lambda: contacts.exclude(leadsource="Nowhere").exists(),
        lambda: contacts.filter(
            Q(lastname="x") | Q(leadsource__in=["Cold Call", "Nowhere"])
        ).first(),
        lambda: contacts.filter(account_id__in=accounts.filter(industry="Nowhere")).count(),
        lambda: list(contacts.filter(leadsource="Nowhere").values("id")),
        lambda: contacts.filter(leadsource="Nowhere").update(department="x"),
        lambda: contacts.filter(leadsource="Nowhere").delete(),
    ],
)
def test_every_way_of_asking_tells(session: Session, ask: Any) -> None:
    with pytest.warns(UnknownPicklistValue, match="'Nowhere' is not a value of"):
        ask()


def test_known_values_are_not_told_of_however_they_are_written(session: Session) -> None:
    for value in (Contacts.LeadSource.WEB_SITE, "web site ", "WEB SITE", None, ""):
        contacts.filter(leadsource=value).count()
    contacts.filter(leadsource__startswith="Web Sit").count()


def test_in_strict_mode_it_is_an_error_and_nothing_is_sent(crm: Crm) -> None:
    with connect(crm.url, *crm.credentials(), transport=crm.transport(), strict=True) as session:
        session.identify()
        with crm.count_calls() as calls:
            for ask in (contacts.filter(leadsource="Web Sit"), contacts.exclude(leadsource="X")):
                with pytest.raises(InvalidLookup, match=r"is not a value of Contacts\.leadsource"):
                    ask.count()
                with pytest.raises(InvalidLookup, match=r"is not a value of Contacts\.leadsource"):
                    list(ask)
        assert not calls.number


async def test_awaited_alike(session: Session) -> None:
    async with session:
        with pytest.warns(UnknownPicklistValue, match="'Web Sit' is not a value"):
            assert await contacts.filter(leadsource="Web Sit").acount() == 0
