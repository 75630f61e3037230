"""The door to what a record keeps to itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.hand_made import Accounts, Contacts, package
from vtiger_orm.errors import ConfigError, NoSession
from vtiger_orm.models import Record
from vtiger_orm.records.handle import (
    belong,
    handed_out_by,
    id_of,
    load,
    outgoing,
    package_of,
    recall,
    remember,
    runner_of,
    saved_id,
    settle,
)
from vtiger_orm.records.state import FieldChange

ROW = {"id": "12x407", "lastname": "Lovelace"}
SESSION: Any = object()


class Memory:
    """What `record.crm` would remember."""

    def __init__(self, lost: bool) -> None:
        self.lost = lost

    def changes(self) -> dict[str, FieldChange]:
        return {}

    def doubt(self) -> Memory | None:
        return self if self.lost else None


def test_the_package_is_that_of_the_class() -> None:
    assert package_of(Contacts) is package
    with pytest.raises(ConfigError, match="stands for no module"):
        package_of(Record)


def test_an_id_is_told_of_records_references_and_text() -> None:
    (contact,) = load(Contacts, [ROW], None)
    new = Contacts(lastname="x")
    assert [saved_id(contact), saved_id(new)] == ["12x407", None]
    some: list[Any] = [contact, contact.id, "12x407", new]
    assert [id_of(each) for each in some] == ["12x407", "12x407", "12x407", None]


def test_a_record_goes_by_the_session_it_belongs_to() -> None:
    (contact,) = load(Contacts, [ROW], SESSION)
    assert handed_out_by(contact) is runner_of(contact) is SESSION
    new = Contacts(lastname="x")
    assert handed_out_by(new) is None
    with pytest.raises(NoSession):
        runner_of(new)
    belong(new, SESSION)
    assert runner_of(new) is SESSION


def test_an_answer_settles_what_was_to_be_sent() -> None:
    account = Accounts(accountname="Acme")
    assert outgoing(account) == {"accountname": "Acme"}
    settle(account, {"id": "11x3", "accountname": "ACME", "cf_9": "new"}, SESSION)
    assert outgoing(account) == {}
    assert (saved_id(account), account.accountname, dict(account.extra)) == (
        "11x3",
        "ACME",
        {"cf_9": "new"},
    )
    assert handed_out_by(account) is SESSION


@pytest.mark.parametrize("lost", [True, False])
def test_only_a_doubt_goes_with_a_copy(lost: bool) -> None:
    contact, memory = Contacts(lastname="x"), Memory(lost)
    assert recall(contact) is None
    remember(contact, memory)
    assert recall(contact) is memory
    assert recall(contact.model_copy()) is (memory if lost else None)
