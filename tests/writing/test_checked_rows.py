"""A server that answers rows which were not asked for: nothing is written to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from generated.demo import Contacts, connect
from tests.support.kinds import NO_REPETITION
from vtiger_orm import MisansweredQuery, OutcomeUnknown, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import DroppedConnection, Exchange, LostAnswer
from vtiger_orm.emulator.http import Response

contacts: Any = Contacts.objects
WRITES = ("create", "revise", "update", "delete")


@dataclass(frozen=True)
class Misread:
    """The rows of other records: a query is answered with another text in place of one."""

    text: str
    other: str

    def apply(self, exchange: Exchange) -> Response:
        response = exchange.proceed()
        return replace(
            response, body=response.body.replace(self.text.encode(), self.other.encode())
        )


@pytest.fixture
def crm() -> Iterator[Crm]:
    with Crm(data=None) as own:
        for name in ("Solid", "Liquid"):
            own.create(
                "Contacts", {"lastname": name, "department": "Sales", "email": "a@b.example"}
            )
        yield own


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as own:
        own.identify()
        yield own


ASK: dict[str, Callable[[], Any]] = {
    "update": lambda: contacts.filter(lastname="Solid").update(department="x"),
    "update, other columns": lambda: contacts.filter(lastname="Solid").only("id").update(title="x"),
    "delete": lambda: contacts.filter(lastname="Solid").delete(),
    "get_or_create": lambda: contacts.get_or_create(lastname="Solid"),
    "update_or_create": lambda: contacts.update_or_create(
        lastname="Solid", defaults={"department": "x"}
    ),
    "bulk_update_or_create": lambda: contacts.bulk_update_or_create(
        [{"lastname": "Solid", "department": "x"}], key="lastname"
    ),
    "bulk_update_or_create, several rows": lambda: contacts.bulk_update_or_create(
        [{"lastname": name, "department": "x"} for name in ("Solid", "Liquid")], key="lastname"
    ),
    "a long key": lambda: contacts.get_or_create(lastname="Solid", description="x" * 40),
}


@pytest.mark.parametrize("way", ASK)
def test_a_row_that_does_not_satisfy_the_condition_stops_the_write(
    crm: Crm, session: Session, way: str
) -> None:
    if way == "a long key":
        crm.create("Contacts", {"lastname": "Solid", "description": "x" * 40})
    crm.faults.always(Misread('"Solid"', '"Gas"'), operation="query")
    with (
        crm.count_calls() as calls,
        pytest.raises(MisansweredQuery, match="condition that it does not satisfy") as told,
    ):
        ASK[way]()
    assert not set(calls.operations).intersection(WRITES)
    assert "lastname='Gas'" in str(told.value)
    assert told.value.statement.startswith("select id")
    assert "id__in=[...]" in str(told.value)


@pytest.mark.parametrize("way", ASK)
def test_rows_that_satisfy_it_are_written_as_ever(crm: Crm, session: Session, way: str) -> None:
    ASK[way]()


def test_rows_that_are_decided_here_are_left_out(crm: Crm, session: Session) -> None:
    """An exclusion is decided on the rows, so none of them gets as far as a write."""
    crm.faults.always(Misread('"Solid"', '"Gas"'), operation="query")
    assert contacts.filter(department="Sales").exclude(lastname="Gas").delete() == 1
    crm.faults.clear()
    assert [each.lastname for each in contacts.all()] == ["Solid"]


def test_reading_is_not_checked(crm: Crm, session: Session) -> None:
    crm.faults.always(Misread('"Solid"', '"Gas"'), operation="query")
    assert [each.lastname for each in contacts.filter(lastname="Solid")] == ["Gas"]


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_create_is_not_settled_by_the_row_of_another(crm: Crm, done: bool) -> None:
    """By an external id it is looked for before it is repeated: what is answered must have it."""
    lost: Any = LostAnswer() if done else DroppedConnection()
    session = connect(
        crm.url,
        *crm.credentials(),
        transport=crm.transport(),
        external_ids={"Contacts": "department"},
        retry=NO_REPETITION,
    )
    crm.create("Contacts", {"lastname": "Other", "department": "EXT-7"})
    with session:
        session.identify()
        crm.faults.always(Misread('"EXT-7"', '"EXT-8"'), operation="query")
        crm.faults.next(lost, operation="create")
        contact = Contacts(lastname="Mine", department="EXT-7")
        with crm.count_calls() as calls, pytest.raises(OutcomeUnknown):
            contact.save()
        assert calls.operations["create"] == 1
        assert contact.crm.in_doubt
        with pytest.raises(MisansweredQuery, match="department='EXT-8'"):
            contact.crm.resolve()
        assert contact.crm.in_doubt
