"""Fields that this user may not see, or that were removed since the pull."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, connect
from vtiger_orm import Session
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.accounts import HIDDEN_FIELD
from vtiger_orm.errors import AccessDenied, ConfigError, NotLoaded, ValuesAdjusted

HIDDEN = ("mobile", "department", "birthday")


@pytest.fixture
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        crm.engine.accounts.restrict("admin", HIDDEN_FIELD, "Contacts", *HIDDEN)
        yield crm


def connected(crm: Crm, **settings: object) -> Session:
    transport = crm.transport()
    given: Any = {"transport": transport, "async_transport": transport, **settings}
    return connect(crm.url, *crm.credentials(), **given)


def test_the_refusal_tells_the_cure(crm: Crm) -> None:
    with connected(crm), pytest.raises(AccessDenied, match=r"defer\(\.\.\.\).*missing_fields="):
        list(Contacts.objects[:1])


def test_refused_columns_are_learnt_once_and_left_out(crm: Crm) -> None:
    with connected(crm, missing_fields="defer") as session:
        with session.count_calls() as calls:
            first = list(Contacts.objects.order_by("lastname")[:3])
        assert calls.count <= len(HIDDEN) + 4
        with crm.count_calls() as asked:
            again = list(Contacts.objects.filter(lastname__startswith="S"))
            found = list(Accounts.objects.prefetch_related("contacts")[:2])
        assert again
        assert found
        assert not any("mobile" in query for query in asked.queries)
        assert first[0].lastname
        for name in HIDDEN:
            with pytest.raises(NotLoaded, match=r"refuses this user's queries.*missing_fields"):
                getattr(first[0], name)
        assert Contacts.objects.count() > 3


async def test_it_is_the_same_awaited(crm: Crm) -> None:
    async with connected(crm, missing_fields="defer"):
        found = [each async for each in Contacts.objects[:5]]
        assert len(found) == 5
        with pytest.raises(NotLoaded, match="missing_fields"):
            _ = found[0].mobile


def test_conditions_and_orders_on_them_are_refused(crm: Crm) -> None:
    with connected(crm, missing_fields="defer"):
        for queryset in (
            Contacts.objects.filter(mobile="1"),
            Contacts.objects.exclude(department=None),
            Contacts.objects.order_by("birthday"),
        ):
            for _ in range(2):  # before and after it is learnt
                with pytest.raises(AccessDenied, match="is hidden from this session's user"):
                    list(queryset)


def test_what_is_written_to_them_is_told(crm: Crm) -> None:
    with connected(crm, missing_fields="defer"):
        contact = Contacts.objects.only("lastname").first()
        assert contact
        contact.mobile = "+49 1"
        contact.firstname = "Ada"
        contact.save()
        assert [(each.field, str(each.why)) for each in contact.crm.adjusted] == [
            ("mobile", "absent")
        ]
        made = Contacts.objects.create(lastname="Made", department="Sales")
        assert [(each.field, str(each.why)) for each in made.crm.adjusted] == [
            ("department", "absent")
        ]
        report = Contacts.objects.bulk_create([Contacts(lastname="Many", mobile="1")])
        assert report.adjusted


def test_strict_sessions_raise_for_them(crm: Crm) -> None:
    with connected(crm, strict=True), pytest.raises(ValuesAdjusted, match="mobile"):
        Contacts.objects.create(lastname="Strict", mobile="+49 1")


def test_other_settings_are_refused(crm: Crm) -> None:
    with pytest.raises(ConfigError, match="missing_fields is 'refuse' or 'defer'"):
        connected(crm, missing_fields="ignore")
