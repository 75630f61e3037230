"""Law of minimal writes: a save changes exactly the fields the user changed."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Contacts
from generated.demo import connect as connect_demo
from tests.support.examples import examples
from vtiger_orm.emulator import Crm
from vtiger_orm.values.writing import encode

TEXT = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc"]),
    max_size=30,
).map(lambda text: text.strip() or None)

CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "firstname": TEXT,
    "department": TEXT,
    "description": TEXT,
    "mailingstreet": TEXT,
    "birthday": st.none() | st.dates(date(1901, 1, 1), date(2099, 1, 1)),
    "donotcall": st.booleans(),
    "leadsource": st.none() | st.sampled_from(list(Contacts.LeadSource)),
    "multi_select": st.lists(
        st.sampled_from([each for each in Contacts.MultiSelect if "|##|" not in each]),
        unique=True,
        max_size=3,
    ),
}

WRITTEN_BY_THE_CRM = {"modifiedtime", "modifiedby", "label"}


@pytest.fixture(scope="module")
def crm() -> Any:
    with Crm() as own:
        yield own


@given(
    first=st.fixed_dictionaries({}, optional=CHANGES),
    second=st.fixed_dictionaries({}, optional=CHANGES),
    partial=st.booleans(),
)
@examples(40)
def test_law_minimal_writes(
    crm: Crm, first: dict[str, Any], second: dict[str, Any], partial: bool
) -> None:
    with (
        crm.rolled_back(),
        connect_demo(crm.url, *crm.credentials(), transport=crm.transport()),
    ):
        everyone: Any = Contacts.objects
        contact = everyone.create(lastname="Law", **first)
        if partial:
            contact = everyone.only("lastname", *second).get(id=contact.id)
        before = crm.run("retrieve", id=str(contact.id))
        loaded = {name: getattr(contact, name) for name in second}
        for name, value in second.items():
            setattr(contact, name, value)
        fields = {name: Contacts.meta.fields[name] for name in second}
        expected = {
            each.wire
            for name, each in fields.items()
            if encode(each, getattr(contact, name)) != encode(each, loaded[name])
        }
        with crm.count_calls() as calls:
            contact.save()
        assert calls.number == (1 if expected else 0)
        after = crm.run("retrieve", id=str(contact.id))
        changed = {name for name in after if after[name] != before.get(name)} - WRITTEN_BY_THE_CRM
        assert changed == expected
        assert contact.crm.adjusted == ()
        assert contact.changes == {}


def test_what_operations_remember_does_not_travel(crm: Crm) -> None:
    with crm.rolled_back(), connect_demo(crm.url, *crm.credentials(), transport=crm.transport()):
        contact = Contacts.objects.create(lastname="x" * 90)
        assert contact.crm.adjusted
        for twin in (pickle.loads(pickle.dumps(contact)), copy.copy(contact)):
            assert twin == contact
            assert twin.crm.adjusted == ()


def test_numbers_come_back_as_written(crm: Crm) -> None:
    with crm.rolled_back(), connect_demo(crm.url, *crm.credentials(), transport=crm.transport()):
        contact = Contacts.objects.create(lastname="x", preis_in_eur=Decimal("0.10"))
        assert contact.preis_in_eur == Decimal("0.1")
        contact.preis_in_eur = Decimal("1234.50")
        contact.save()
        assert contact.preis_in_eur == Decimal("1234.5")
        assert contact.crm.adjusted == ()
