"""`bulk_update_or_create`: each row once in the CRM, whatever was there and whatever breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Contacts, Potentials, connect
from vtiger_orm import Session
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.errors import InvalidLookup, InvalidValue, MultipleRecords, VtigerError
from vtiger_orm.session import RetryPolicy
from vtiger_orm.writing.report import Status


@pytest.fixture
def crm() -> Iterator[Crm]:
    with Crm(data=None) as empty:
        yield empty


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with opened(crm) as session:
        yield session


def opened(crm: Crm) -> Session:
    return connect(
        crm.url,
        *crm.credentials(),
        transport=crm.transport(),
        retry=RetryPolicy(attempts=1, longest_work=0.0),
    )


def people(number: int, **more: Any) -> list[dict[str, object]]:
    return [{"email": f"p{n}@example.org", "lastname": f"Name {n}", **more} for n in range(number)]


def test_the_second_run_writes_nothing(crm: Crm, session: Session) -> None:
    rows = people(120)
    first = Contacts.objects.bulk_update_or_create(rows, key="email")
    assert first.counts == {Status.DONE: 120}
    assert all(row.item.created for row in first)
    with crm.count_calls() as calls:
        again = Contacts.objects.bulk_update_or_create(rows, key="email")
    assert again.counts == {Status.UNCHANGED: 120}
    assert calls.number <= 6
    assert Contacts.objects.count() == 120


def test_only_what_differs_is_sent(crm: Crm, session: Session) -> None:
    Contacts.objects.bulk_update_or_create(people(30), key="email")
    rows = people(32)
    rows[3]["lastname"] = "Other"
    rows[4]["email"] = "P4@EXAMPLE.org"  # the same to the CRM
    report = Contacts.objects.bulk_update_or_create(rows, key="email")
    assert report.counts == {Status.DONE: 3, Status.UNCHANGED: 29}
    assert [row.item.created for row in report if row.status is Status.DONE] == [False, True, True]
    assert Contacts.objects.get(email="p3@example.org").lastname == "Other"
    assert Contacts.objects.count() == 32


def test_bad_rows_do_not_stop_good_ones(session: Session) -> None:
    for _ in range(2):
        Contacts(lastname="Twin", email="twin@example.org").save()
    rows: list[dict[str, object]] = [
        {"email": "a@example.org", "lastname": "A"},
        {"email": None, "lastname": "no key"},
        {"email": "b@example.org", "lastnam": "B"},
        {"email": "A@example.org ", "lastname": "again"},
        {"email": "twin@example.org", "lastname": "C"},
        {"email": "c@example.org"},
        {"email": "d@example.org", "lastname": "D", "birthday": "tomorrow"},
        {"email": "e@example.org", "lastname": "E"},
    ]
    report = Contacts.objects.bulk_update_or_create(rows, key="email")
    assert [row.status for row in report] == [
        Status.DONE,
        *[Status.FAILED] * 6,
        Status.DONE,
    ]
    told = [str(row.error) for row in report]
    assert "has no email" in told[1]
    assert "lastname" in told[2]
    assert "has the key of row 1" in told[3]
    assert isinstance(report[4].error, MultipleRecords)
    assert "lastname" in told[5]
    assert isinstance(report[3].error, InvalidValue)
    rows[5]["lastname"] = "C"
    good = Contacts.objects.bulk_update_or_create([rows[5]], key=["email"])
    assert good.ok


def test_a_key_of_several_fields(session: Session) -> None:
    rows: list[dict[str, object]] = [
        {"firstname": first, "lastname": last, "title": "x"}
        for first in ("Ann", "Bob")
        for last in ("Ames", "Bell", "O'Neil \\ %_")
    ]
    for _ in range(2):
        report = Contacts.objects.bulk_update_or_create(rows, key=["firstname", "lastname"])
        assert report.ok
    assert Contacts.objects.count() == 6


def test_a_key_that_the_crm_changes_makes_one_record_at_most(session: Session) -> None:
    long = "x" * 300
    rows = [{"lastname": long}, {"lastname": "smile \U0001f600"}, {"lastname": "plain"}]
    counts = []
    for _ in range(2):
        Contacts.objects.bulk_update_or_create(rows, key="lastname")
        counts.append(Contacts.objects.count())
    assert counts[0] == counts[1] <= 3


def test_wrong_keys_are_told_before_anything_is_sent(crm: Crm, session: Session) -> None:
    with crm.count_calls() as calls:
        with pytest.raises(InvalidLookup, match="email"):
            Contacts.objects.bulk_update_or_create(people(1), key="emial")
        with pytest.raises(InvalidLookup, match="needs a key"):
            Contacts.objects.bulk_update_or_create(people(1), key=())
    assert calls.number == 0


async def test_awaited(crm: Crm) -> None:
    async with opened(crm):
        report = await Contacts.objects.abulk_update_or_create(people(3), key="email")
        assert report.ok
        assert await Contacts.objects.acount() == 3


FAULTS: Final[list[faults.Fault]] = [
    faults.LostAnswer(),
    faults.ServerError(),
    faults.DroppedConnection(),
]


@pytest.fixture(scope="module")
def template() -> Iterator[Crm]:
    with Crm(data=None) as empty:
        yield empty


@given(data=st.data())
def test_whatever_breaks_the_next_runs_make_each_row_once(
    template: Crm, data: st.DataObject
) -> None:
    """Law: lost answers, refusals and dead servers at any call make no double."""
    with template.copy() as crm, opened(crm):
        rows = people(data.draw(st.integers(1, 25)))
        Contacts.objects.bulk_update_or_create(rows[: data.draw(st.integers(0, 5))], key="email")
        for each in data.draw(st.lists(st.sampled_from(FAULTS), max_size=3)):
            crm.faults.next(each, after=data.draw(st.integers(0, 25)))
        for _ in range(5):
            try:
                report = Contacts.objects.bulk_update_or_create(rows, key="email")
            except VtigerError:  # the reading of the keys broke
                continue
            if report.ok:
                break
        stored = crm.engine.store.rows('SELECT email FROM "m_Contacts" WHERE _state = 0')
        assert sorted(email for (email,) in stored) == sorted(str(row["email"]) for row in rows)


NUMBERS: Final = st.none() | st.decimals(0, 99, places=2) | st.decimals(0, 99, places=5)
TEXTS: Final = st.none() | st.text(st.sampled_from("aé'\"\\ %\n\U0001f600<>"), max_size=20)


@given(data=st.data())
def test_what_the_crm_makes_of_values_is_not_sent_again(template: Crm, data: st.DataObject) -> None:
    """Law: the same rows again write nothing, also where the CRM rounds, zeroes and replaces."""
    row = st.fixed_dictionaries(
        {
            "amount": NUMBERS,
            "probability": NUMBERS,
            "nextstep": TEXTS,
            "description": TEXTS,
            "isconvertedfrompotential": st.none() | st.booleans(),
        }
    )
    always = {"closingdate": "2026-05-01", "sales_stage": "Prospecting"}
    with template.copy() as crm, opened(crm):
        rows = [
            {"potentialname": f"Deal {number}", **always, **each}
            for number, each in enumerate(data.draw(st.lists(row, min_size=1, max_size=4)))
        ]
        rows = [{n: v for n, v in each.items() if n in Potentials.meta.fields} for each in rows]
        first = Potentials.objects.bulk_update_or_create(rows, key="potentialname")
        assert first.ok, [str(each.error) for each in first.failed]
        again = Potentials.objects.bulk_update_or_create(rows, key="potentialname")
        assert again.counts == {Status.UNCHANGED: len(rows)}, rows


def test_a_longer_text_and_a_finer_number_are_sent(crm: Crm, session: Session) -> None:
    """What only may be what the CRM made of a value is not taken for it."""
    always = {"potentialname": "D", "closingdate": "2026-05-01", "sales_stage": "Prospecting"}
    short = {
        **always,
        "description": "A text of more than twenty characters",
        "probability": "0.13",
    }
    longer = {**short, "description": f"{short['description']}, and more", "probability": "0.125"}
    for row in (short, longer):
        assert Potentials.objects.bulk_update_or_create([row], key="potentialname").ok
    found = Potentials.objects.get()
    assert (found.description, str(found.probability)) == (longer["description"], "0.125")
