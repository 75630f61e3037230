"""The law of round trip, through the whole stack: what is written is read back equal from the
embedded CRM, and a query for the very value finds its record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Accounts, Contacts, Events, connect
from tests.properties.test_literals import NASTY
from vtiger_orm import Session
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.capabilities import Capabilities

IN_DATABASE = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])
"""What a utf8mb3 column holds; the rest is reported as adjusted, which has tests of its own."""


def texts(longest: int) -> st.SearchStrategy[str]:
    held = st.sampled_from([each for each in NASTY if max(each) <= "\uffff"])
    return (held | st.text(IN_DATABASE, max_size=longest)).filter(
        lambda text: bool(text.strip(" ")) and len(text) <= longest
    )


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "firstname": texts(40),
    "description": texts(200),
    "f_1st_text_quoted_b": texts(90),
    "owners_note": texts(90),
    "phone": texts(50),
    "url_link": texts(90),
    "birthday": st.dates(date(1000, 1, 1), date(9999, 12, 31)),
    "from_": st.times().map(lambda each: each.replace(microsecond=0)),
    "class_": st.integers(-(2**31), 2**31 - 1),
    "preis_in_eur": st.decimals(-9999, 9999, places=2),
    "decimal_grosse_m2": st.decimals(-999, 999, places=2),
    "is_it_so": st.booleans(),
    "leadsource": st.sampled_from(list(Contacts.LeadSource)),
    "multi_select": st.lists(
        st.sampled_from([each for each in Contacts.MultiSelect if "|##|" not in each]),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    "account_id": st.just(Accounts.ref("11x125")),
}


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as own:
        yield own


@pytest.fixture(scope="module")
def session(crm: Crm) -> Iterator[Session]:
    known = Capabilities(precedence="sql", collation="general_ci")
    with connect(crm.url, *crm.credentials(), transport=crm.transport(), capabilities=known) as own:
        yield own


def same(left: object, right: object) -> bool:
    if isinstance(left, Decimal) and isinstance(right, Decimal | int):
        return left == right
    if isinstance(right, list):
        return isinstance(left, tuple) and list(left) == right
    return left == right


@given(values=st.fixed_dictionaries({}, optional=FIELDS))
def test_what_is_written_is_read_and_found(
    crm: Crm, session: Session, values: dict[str, Any]
) -> None:
    contacts: Any = Contacts.objects
    with crm.rolled_back():
        made = contacts.create(lastname="Round trip", **values)
        assert made.crm.adjusted == ()
        read = contacts.get(id=made.id)
        for name, value in values.items():
            assert same(getattr(made, name), value), f"{name} as answered"
            assert same(getattr(read, name), value), f"{name} as read"
            assert contacts.filter(**{name: value}, id=made.id).exists(), f"{name} by value"
            if isinstance(value, list):
                assert contacts.filter(**{f"{name}__has_all": value}, id=made.id).exists()
            else:
                assert contacts.filter(**{f"{name}__in": [value]}, id=made.id).exists()
            assert not contacts.exclude(**{name: value}).filter(id=made.id).exists()
            if isinstance(value, str) and name not in ("leadsource", "account_id"):
                for lookup in ("contains", "startswith", "endswith"):
                    assert contacts.filter(**{f"{name}__{lookup}": value}, id=made.id).exists()
            if isinstance(value, date | int | Decimal) and not isinstance(value, bool):
                assert contacts.filter(**{f"{name}__range": (value, value)}, id=made.id).exists()
        for name, value in values.items():
            setattr(read, name, None if not isinstance(value, bool) else not value)
        read.save()
        for name, value in values.items():
            blank = getattr(contacts.get(id=made.id), name)
            assert blank is (not value) if isinstance(value, bool) else not blank


@given(moment=st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)), begin=st.times())
def test_moments_and_hours(crm: Crm, session: Session, moment: datetime, begin: time) -> None:
    events: Any = Events.objects
    begin = begin.replace(microsecond=0)
    with crm.rolled_back():
        made = events.create(
            subject="Round trip",
            activitytype="Call",
            eventstatus="Planned",
            date_start=moment.date(),
            due_date=moment.date(),
            time_start=begin,
            time_end=begin,
            duration_hours=1,
        )
        read = events.get(id=made.id)
        assert (read.date_start, read.time_start) == (moment.date(), begin)
        assert events.filter(date_start=moment.date(), time_start=begin, id=made.id).exists()
        assert events.filter(modifiedtime=read.modifiedtime, id=made.id).exists()
        assert events.filter(modifiedtime__date=read.modifiedtime.date(), id=made.id).exists()
